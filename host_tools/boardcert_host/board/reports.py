"""What a board reports about itself: its form is checked, since commands and pins rely on it."""

import re
from typing import Any

from ..targets import PORTAL_PORT, in_local

# Each field that is read of any report; those with a pattern are compared, kept, or sent back.
_FIELDS = {"hostname": str, "names": list, "public_key_pin": str, "fingerprint": str}
_PATTERNS = {
    "public_key_pin": r"sha256//[A-Za-z0-9+/]{43}=",
    "fingerprint": r"([0-9A-F]{2}:){31}[0-9A-F]{2}",
}


def flaw(report: dict[str, Any]) -> str | None:
    """Return why *report* is not valid, "a report without ..."; None when it is."""
    for name, kind in _FIELDS.items():
        if not isinstance(report.get(name), kind):
            return f"a report without {name}"
    for name, pattern in _PATTERNS.items():
        if not re.fullmatch(pattern, report[name]):
            return f"a report with an unreadable {name}"
    names = report["names"]
    if not names or not all(isinstance(name, str) for name in names):
        return "a report without a name"
    notices = report.get("notices", [])
    is_text = isinstance(notices, list) and all(isinstance(one, str) for one in notices)
    if not is_text or not isinstance(report.get("wiped", ""), str):
        return "an unreadable report"
    return None


def own_name(report: dict[str, Any]) -> str:
    """Return the name by which a board is found, whatever its certificate is for."""
    return in_local(report["hostname"])


def portal_port(report: dict[str, Any]) -> int | None:
    """Return the port of the board's page, None without one; an older board does not say it."""
    port = report.get("portal_port")
    if port is None:
        return PORTAL_PORT
    return port if type(port) is int and 0 < port < 65536 else None
