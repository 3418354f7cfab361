"""Where a board is: one rule for the ports and addresses of all commands.

The port that was named; else the one that its pin has, where flashing or pinning has recorded it;
else 443. The address that its pin has is for when its name is not found; who names the address
itself means the same port.
"""

from collections.abc import Sequence

from ..targets import DEFAULT_PORT, Target, canonical, is_address, parse_host
from .pins import Pin, find_pin


def locate(
    text: str, boards: Sequence[Pin], name: str | None = None, default_port: int = DEFAULT_PORT
) -> Target:
    """Return where the board that a person calls *text* is: HOST, HOST:PORT or a URL.

    *name*: of its certificate, where that is not HOST; it may be pinned by that. Raises Error.
    """
    host, named_port = parse_host(text)
    known = find_pin(boards, names_of(text, name))
    port = named_port or (known and known.port) or _pinned_port(boards, host) or default_port
    address = known.address if known and not is_address(host) else None
    return Target(host, port, address)


def names_of(text: str, name: str | None = None) -> list[str]:
    """Return what the board may be pinned as: HOST:PORT, HOST, and the name in its certificate."""
    names = [canonical(text), parse_host(text)[0], *([name] if name else [])]
    return list(dict.fromkeys(names))


def _pinned_port(boards: Sequence[Pin], host: str) -> int | None:
    """Return the port with which *host* is pinned, or a board that was last there; if it is one."""
    found = {parse_host(pin.host)[1] for pin in boards if parse_host(pin.host)[0] == host}
    found |= {pin.port for pin in boards if pin.address == host}
    found -= {None}
    return found.pop() if len(found) == 1 else None
