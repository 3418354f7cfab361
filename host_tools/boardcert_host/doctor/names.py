"""Names in .local: whether this computer finds boards by them."""

import re
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from ..deadline import Deadline
from ..targets import Target, is_address
from ..trust.location import find
from ..trust.pins import Pin
from .finding import FAIL, OK, WARN, Finding

_LOOK_UP_S = 5.0
_AVAHI = "run/avahi-daemon/socket"
_INSTALL = "sudo apt-get install avahi-daemon libnss-mdns"
_OTHERWISE = "boards that were flashed or verified here are found by their last address as well"


def look_at_mdns(root: Path = Path("/")) -> Finding:
    """Are names in .local looked up by mDNS? *root*: where Linux keeps its files."""
    if sys.platform != "linux":
        return Finding("mdns", "names in .local", OK, "resolved by this system")
    try:
        text = (root / "etc/nsswitch.conf").read_text("utf-8", "replace")
    except OSError:
        text = ""
    line = re.search(r"^\s*hosts:(.*)$", text, re.MULTILINE)
    services = line[1].split("#")[0].split() if line else []
    if any(one.startswith("mdns") for one in services):
        if (root / _AVAHI).exists():
            return Finding("mdns", "names in .local", OK, "resolved by avahi-daemon")
        found = "libnss-mdns is installed, but avahi-daemon does not run"
        paste = "sudo systemctl enable --now avahi-daemon"
        return Finding("mdns", "names in .local", WARN, found, _OTHERWISE, paste)
    if "resolve" in services:
        found = "resolved by systemd-resolved, if mDNS is enabled for the network"
        hint = f"`resolvectl mdns` shows it; {_OTHERWISE}"
        return Finding("mdns", "names in .local", WARN, found, hint, "resolvectl mdns LINK yes")
    found = "not resolved: /etc/nsswitch.conf has no mdns"
    return Finding("mdns", "names in .local", WARN, found, _OTHERWISE, _INSTALL)


def look_for_host(text: str, boards: Sequence[Pin], name: str | None = None) -> Finding:
    """Is the host found, and does anything listen there? *name*: another that it is pinned by."""
    target = find(text, boards, name).target
    title = f"host {target.host}"
    try:
        reached = _found(target)
        socket.create_connection((reached.host, reached.port), _LOOK_UP_S).close()
    except socket.gaierror:
        hint = "use its address, which `boardcert flash` and the board's console print"
        return Finding("host", title, FAIL, "its name cannot be resolved", hint)
    except TimeoutError:
        hint = "is the board on, and in the same network? some networks isolate stations"
        return Finding("host", title, FAIL, "it does not answer", hint)
    except ConnectionRefusedError:
        found = f"it answers, but nothing listens on port {target.port}"
        return Finding("host", title, FAIL, found, target.refused_hint())
    except OSError as error:
        hint = "is this computer in the board's network?"
        return Finding("host", title, FAIL, str(error.strerror or error), hint)
    if reached.host != target.host:
        found = f"its name cannot be resolved; something answers at its last address, {reached}"
        hint = f"`boardcert verify {target.host}` checks whether it is the board"
        return Finding("host", title, WARN, found, hint)
    return Finding("host", title, OK, f"answers on port {target.port}")


def _found(target: Target) -> Target:
    """Return *target*, or its last address if its name cannot be resolved.

    Raises socket.gaierror or TimeoutError without one.
    """
    if is_address(target.host):
        return target
    try:
        Deadline(_LOOK_UP_S).wait_for(lambda: socket.getaddrinfo(target.host, target.port))
    except (socket.gaierror, TimeoutError):
        if target.address is None:
            raise
        return Target(target.address, target.port)
    return target
