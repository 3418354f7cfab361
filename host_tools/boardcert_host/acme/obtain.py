"""A certificate from an ACME CA for a board: the whole procedure, resumed where it stopped.

Progress is recorded after each step. Run again after anything, even a loss of power, it continues
with the order, or with the chain that was issued but not installed.
"""

from acme import client, messages

from ..certificates.certificate import describe
from ..enrolment import delivery
from ..enrolment.renewals import Obtained, OnStep
from ..enrolment.way import covered_name
from . import account, ordering
from .kept import SHELF, Kept
from .plan import Plan, Registration
from .problems import explained
from .propagation import wait_seen
from .records import presented, records_of, remove_all


def obtain(
    plan: Plan, new: Registration, on_step: OnStep, *, anew: bool = False, asks: bool = True
) -> Obtained:
    """Order a certificate, install it, and see it served. *plan*: its way has a host.

    *new*: for an account that is not registered yet. *on_step* is called with each step, in words.
    *anew*: whatever was issued before, and not installed. *asks*: a person for a token that is
    missing. Raises Error.
    """
    host = plan.way.host or ""
    with SHELF.held(host):
        state = _state(host, plan)
        on_step("asking the board for its request")
        pem, request = delivery.ask(plan.way, plan.domains, asks)
        if anew or not all(delivery.is_for(one, request, plan.domains) for one in state.chains):
            state.chains = []
        is_new = not state.chains
        if is_new:
            state.request = pem.decode()
            issue = _Issue(state, host, new, on_step)
            issue.run()
            if not delivery.is_for(state.chains[0], request, plan.domains):
                issue.run()  # The order was taken up, and of the board's key before this one.
        files, remarks = delivery.choose(state.chains, covered_name(plan.domains))
        on_step("installing it on the board")
        delivery.install(plan.way, files, asks)
        state.installed, state.chains, state.request = describe(files.chain[0]), [], None
        SHELF.save(host, state)
    return Obtained(state.installed, files.chain_pem, remarks, is_new)


def _state(host: str, plan: Plan) -> Kept:
    """Return what is kept of the board, for *plan*: what was for other names is forgotten."""
    state = SHELF.load(host)
    if state is None:
        return Kept(plan)
    before, state.plan = state.plan, plan
    if (before.domains, before.directory) != (plan.domains, plan.directory):
        state.order, state.chains = None, []
    return state


class _Issue:
    """One order. *state* is saved for *host* with every step."""

    def __init__(self, state: Kept, host: str, new: Registration, on_step: OnStep) -> None:
        self._state = state
        self._plan = state.plan
        self._host = host
        self._new = new
        self._on_step = on_step
        self._left: list[tuple[str, str]] = []

    def run(self) -> None:
        """Have the chains that the CA offers in the state."""
        plan, records = self._plan, records_of(self._plan.dns)
        if self._state.records:
            self._left = remove_all(records, self._state.records)
            self._keep([])
        with explained(plan.directory):
            acme = account.opened(plan.directory, plan.directory_ca, self._new)
            order = self._order(acme)
            found = [] if ordering.is_decided(order) else ordering.to_prove(acme, order)
        if found:
            wanted: dict[str, list[str]] = {}
            for one in found:
                wanted.setdefault(one.name, []).append(one.value)
            self._on_step(f"writing {len(found)} TXT records")
            with presented(records, found, self._keep):
                wait_seen(wanted, plan.dns.server, plan.dns.wait_s, self._on_step)
                self._on_step("waiting for the CA to check them")
                with explained(plan.directory):
                    ordering.answer(acme, found)
                    order = ordering.await_proof(acme, order)
        self._on_step("waiting for the certificate")
        with explained(plan.directory):
            self._state.chains = ordering.finish(acme, order)
        self._state.order = None
        SHELF.save(self._host, self._state)

    def _order(self, acme: client.ClientV2) -> messages.OrderResource:
        """Return the order that is kept, if the CA still has it, else a new one."""
        state = self._state
        request = (state.request or "").encode()
        order = ordering.take_up(acme, state.order, request) if state.order else None
        if order is None:
            self._on_step("ordering")
            order = ordering.begin(acme, request)
            state.order = order.uri
            SHELF.save(self._host, state)
        return order

    def _keep(self, records: list[tuple[str, str]]) -> None:
        """Keep *records* of this run, and what is left of those before."""
        self._state.records = list(dict.fromkeys([*self._left, *records]))
        SHELF.save(self._host, self._state)
