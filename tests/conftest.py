"""Make the device package, and CPython's stand-in for `micropython`, importable."""

import os
import sys
from collections.abc import Generator
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


@pytest.fixture(autouse=True)
def no_known_boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep away from the boards that the user of this computer has pinned."""
    monkeypatch.setenv("BOARDCERT_PINS", str(tmp_path / "known_boards.json"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With BOARDCERT_NO_SKIPS set, as in CI, a skipped test has failed."""
    report = yield
    if report.skipped and os.environ.get("BOARDCERT_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped, where nothing may be skipped: {report.longrepr}"
    return report
