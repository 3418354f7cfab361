"""Verify a few hosts: threads connect to them over TLS, and the results are judged."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future

from ..errors import Error
from ..targets import Target
from .asking import Handshake, Shown, asking
from .judging import Gathered, HostResult, Options, judge
from .tls_probe import ca_context, probe, probe_chain

# One handshake takes a board 0.6 s. Sixteen at a time: a dead host does not hold up the others.
_PARALLEL = 16
_RETRY_S = 2


def verify_hosts(targets: Iterable[Target], options: Options) -> list[HostResult]:
    """Connect to all *targets*, several at a time, and check each."""
    if options.ca_file:
        ca_context(options.ca_file)  # Raises Error before anything is sent.
    return judge(_gather_all(list(targets), options), options)


def _gather_all(targets: list[Target], options: Options) -> list[Gathered]:
    """Do `_gather` for all, in daemon threads: after Ctrl-C nothing waits for a silent host."""
    futures: list[tuple[Target, Future[Gathered]]]
    futures = [(target, Future()) for target in targets]
    waiting = iter(futures)
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                target, future = next(waiting, (None, None))
            if target is None or future is None:
                return
            try:
                future.set_result(_gather(target, options))
            except Exception as error:  # noqa: BLE001 (raised again where the result is used)
                future.set_exception(error)

    for _ in range(min(_PARALLEL, len(targets))):
        threading.Thread(target=work, daemon=True).start()
    return [future.result() for _, future in futures]


def verify_when_up(target: Target, options: Options, wait_s: float) -> HostResult:
    """Check one host; while it cannot be reached it is tried again, for *wait_s* seconds."""
    deadline = time.monotonic() + wait_s
    while True:
        (result,) = verify_hosts([target], options)
        if result.error is None or time.monotonic() > deadline:
            return result
        time.sleep(_RETRY_S)


def _gather(target: Target, options: Options) -> Gathered:
    """Do the network part for one host."""
    steps = asking(target, options)
    wanted = next(steps)
    try:
        while True:
            try:
                shown = _shake_hands(wanted, options.timeout_s)
            except Error as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(shown)
    except StopIteration as end:
        return end.value


def _shake_hands(wanted: Handshake, timeout_s: float) -> Shown:
    target, name = wanted.target, wanted.server_name
    if wanted.is_trusting:
        return probe_chain(target, timeout_s, name, wanted.ca_file)
    return probe(target, timeout_s, name), None
