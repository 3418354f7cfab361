"""Make the device package, and CPython's stand-in for `micropython`, importable."""

import sys
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parent
sys.path[:0] = [
    str(_TESTS.parent / "firmware"),
    str(_TESTS / "device"),
    str(_TESTS / "device" / "cpython"),
]


def pytest_configure(config: pytest.Config) -> None:
    """Make the test vectors once, before xdist starts its workers."""
    import make_vectors

    if not hasattr(config, "workerinput"):
        make_vectors.make()
