"""The commands that are more than a few lines: each module adds rows to the table in cli.

A row is name: (what it does, examples, the function that adds its arguments, its function).
"""

import argparse
import json
from typing import Any

from .. import __version__
from ..console import print_plain
from ..errors import USAGE, Error

# One day; the operating system refuses some hundred years.
_LONGEST_TIMEOUT_S = 86400


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def check_timeout(timeout_s: float) -> None:
    """Raise Error, a usage error, for a --timeout that cannot be waited for."""
    if not 0 < timeout_s <= _LONGEST_TIMEOUT_S:
        limits = f"more than 0 seconds, at most {_LONGEST_TIMEOUT_S}"
        raise Error(f"--timeout must be {limits}", None, USAGE)


def print_json(data: dict[str, Any]) -> None:
    """Print *data* and the version as one object."""
    print_plain(json.dumps({"boardcert": __version__} | data, indent=2))


def read_report(port: str) -> dict[str, Any]:
    """Read a board's report over USB, and start its program again."""
    from .. import device

    report = device.read_report(port)
    device.reset(port)
    return report
