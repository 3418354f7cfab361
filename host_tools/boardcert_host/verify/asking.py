"""Which handshakes to make with one server, in which order, whatever makes the connections.

`asking` yields the wanted handshakes, and is sent what each has shown. Threads make them for a few
hosts (`hosts`), an event loop for many (the room `fleet`).
"""

from collections.abc import Generator
from dataclasses import dataclass

from ..ca.board_authority import find_authority
from ..errors import Error
from ..targets import Target
from .judging import Gathered, HostResult, Options
from .of_authority import chain_outcome
from .outcomes import Check
from .own_ca import has_issued, is_issued
from .tls_probe import Session


@dataclass(frozen=True)
class Handshake:
    """One that is wanted: as `tls_probe.probe`, or as `probe_chain` when it *is_trusting*."""

    target: Target
    server_name: str
    is_trusting: bool = False
    ca_file: str | None = None


Shown = tuple[Session, str | None]
"""The session, and why a trusting client refuses the chain, None when it does not."""


def asking(target: Target, options: Options) -> Generator[Handshake, Shown, Gathered]:
    """Yield the handshakes with one host, return what they showed; an Error is kept in that."""
    name = options.name or target.host.partition("%")[0]
    result = HostResult(target, name)
    session, chain = Session(), _chain("skip", "no --ca given")
    try:
        session, _ = yield Handshake(target, name)
        result.address = session.address
        result.ca_file = options.ca_file or _own_ca(session, options)
        result.authority = find_authority(session.chain)
        if result.authority and not result.ca_file:
            chain = _chain(*chain_outcome(result.authority, session.chain[0]))
        elif (der := session.certificate) and (result.ca_file or is_issued(der)):
            again, refusal = yield Handshake(target, name, True, result.ca_file)
            chain = _chain_check(result.ca_file, again, refusal, der)
    except Error as error:
        result.error = error
        result.checks = [Check("reachable", "reachable", "fail", error.message)]
    return Gathered(result, session, chain)


def _own_ca(session: Session, options: Options) -> str | None:
    """Return the file of the user's own CA, if it has issued what the server shows."""
    own = options.own_ca
    return own if own and session.certificate and has_issued(own, session.certificate) else None


def _chain(status: str, detail: str) -> Check:
    return Check("chain", "chain to the CA", status, detail)


def _chain_check(ca_file: str | None, again: Session, refusal: str | None, first: bytes) -> Check:
    """Judge the second handshake, of a client that trusts the CA file alone, or this computer's."""
    if refusal:
        alone = f"no --ca given, and this computer does not trust it: {refusal}"
        return _chain("fail", refusal) if ca_file else _chain("skip", alone)
    if again.certificate != first:
        return _chain("fail", "the server sent another certificate the second time")
    return _chain("pass", f"trusted by {ca_file or 'this computer'}")
