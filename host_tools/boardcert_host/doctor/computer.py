"""Python, Node and the clock."""

import ctypes
import datetime
import platform
import sys

from ..clock import WRITTEN
from ..virtual.node import present_node
from .finding import FAIL, OK, WARN, Finding

_OLDEST_PYTHON = (3, 10)
# struct timex has 208 bytes on 64-bit Linux, fewer elsewhere; with zeros, adjtimex(2) only reads.
_TIMEX_BYTES = 512
_TIME_ERROR = 5


def look_at_python() -> Finding:
    """Is Python recent enough?"""
    found = f"{platform.python_version()}, {sys.executable}"
    if sys.version_info < _OLDEST_PYTHON:
        wanted = ".".join(map(str, _OLDEST_PYTHON))
        return Finding("python", "Python", FAIL, found, f"install Python {wanted} or later")
    return Finding("python", "Python", OK, found)


def look_at_node() -> Finding:
    """Is there a Node for the virtual board?"""
    node = present_node()
    if node:
        return Finding("node", "Node", OK, node.executable)
    found = "no version that is new enough; only the virtual board needs it"
    hint = "`boardcert demo` and `boardcert virtual` install one from PyPI into this environment"
    return Finding("node", "Node", WARN, found, hint)


def look_at_clock(now: datetime.datetime | None = None) -> Finding:
    """Is the clock right? Certificates are checked and dated by it."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    found = f"{now:%Y-%m-%d %H:%M} UTC"
    hint = "have it set from the network: timedatectl set-ntp true"
    if now < WRITTEN:
        return Finding("clock", "clock", FAIL, f"{found}, before boardcert was written", hint)
    if not _is_synchronised():
        return Finding("clock", "clock", WARN, f"{found}, not synchronised to a time server", hint)
    return Finding("clock", "clock", OK, found)


def _is_synchronised() -> bool:
    """Return what Linux says; True on other systems, which synchronise clocks by default."""
    if sys.platform != "linux":
        return True
    try:
        return ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) != _TIME_ERROR
    except (OSError, AttributeError):
        return True
