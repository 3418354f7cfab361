"""Make the device package, and CPython's stand-in for `micropython`, importable."""

import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(_TESTS.parent / "firmware"), str(_TESTS / "device" / "cpython")]
