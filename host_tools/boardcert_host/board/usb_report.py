"""What a board reports about itself over USB: its identity, and its memory."""

from typing import Any

from ..errors import Error
from . import mpremote, programs, reports

_MEMORY = """
import gc, json
gc.collect()
print(json.dumps({"used_bytes": gc.mem_alloc(), "free_bytes": gc.mem_free()}))
"""
_REPORT = "import json, boardcert; print(json.dumps(boardcert.identity().report()))"
# What else is read of a report here, and what it is.
_REPORT_FIELDS = {
    "source": str,
    "generated": bool,
    "notices": list,
    "timings_ms": dict,
}
_UPDATE_HINT = "`boardcert flash` brings its package up to date"


def read_report(port: str) -> dict[str, Any]:
    """Read what the board says of its identity; without one, the board makes it now.

    The board's program is interrupted: `reset` starts it again.
    """
    report = mpremote.ask(port, programs.identity_code(port) + _REPORT, timeout_s=180)
    if not isinstance(report, dict):
        raise Error(f"the board at {port} sent a malformed report")
    flaw = reports.flaw(report)
    for name, kind in _REPORT_FIELDS.items():
        if not isinstance(report.get(name), kind):
            flaw = flaw or f"a report without {name}"
    if flaw:
        raise Error(f"the board at {port} sent {flaw}", _UPDATE_HINT)
    return report


def read_memory(port: str) -> dict[str, int]:
    """Return how much of the board's heap is in use, after a garbage collection, and is free.

    It is that of the program that is running, which is interrupted, unless it was before.
    """
    output = mpremote.run(port, "exec", _MEMORY, resumes=True)
    return mpremote.object_of(port, output, {"used_bytes": int, "free_bytes": int})
