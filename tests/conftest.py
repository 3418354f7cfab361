"""Make the device package, and CPython's stand-in for `micropython`, importable."""

import functools
import gc
import http.server
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parent
_PROGRAMS_LIMIT_S = 1800
_STARTED_S = time.monotonic()
sys.path[:0] = [
    str(_TESTS.parent / "firmware"),
    str(_TESTS / "device"),
    str(_TESTS / "device" / "cpython"),
    str(_TESTS / "shared"),
]

# The tests import the package's modules many times and start programs: everything is compiled once,
# outside the tree.
_PYCACHE = str(_TESTS.parent / "build" / "pycache")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = _PYCACHE
sys.dont_write_bytecode = False

import micropython  # noqa: E402, F401 (it completes modules that device code imports)
from compiled_tests import compile_tests  # noqa: E402
from http_servers import http_server  # noqa: E402
from longest import FIRST, LONGEST  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    """Make the test vectors once, before xdist starts its workers."""
    import make_vectors

    # A background job of a shell ignores Ctrl-C, and the programs under test would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    if not hasattr(config, "workerinput"):
        make_vectors.make()
        if config.getoption("numprocesses", None):
            compile_tests(Path(_PYCACHE))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files that take longest, then with those of the virtual board."""

    def rank(item: pytest.Item) -> tuple[int, bool]:
        file = _file(item)
        place = LONGEST.index(file) if file in LONGEST else len(LONGEST)
        return place, not file.startswith("board/")

    items.sort(key=rank)


def _file(item: pytest.Item) -> str:
    return "/".join(item.path.parts[-2:])


def pytest_collection_finish() -> None:
    """Exclude what pytest and the tests have loaded from the package's garbage collections."""
    gc.freeze()


def _programs_status() -> str:
    """Return the exit status of the installation of programs by `.ci/run`; empty before its end."""
    if "BOARDCERT_PROGRAMS" not in os.environ:
        return "0\n"
    status = Path(os.environ["BOARDCERT_PROGRAMS"])
    return status.read_text() if status.exists() else ""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Wait for the programs before the time limit of a test begins: a registry may be slow."""
    deadline = _STARTED_S + _PROGRAMS_LIMIT_S
    while _file(item) not in FIRST and not _programs_status() and time.monotonic() < deadline:
        time.sleep(1)
    return (yield)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked needs(program) if that program is not installed."""
    if _file(item) not in FIRST and _programs_status() != "0\n":
        pytest.fail("the programs that tests need could not be installed", pytrace=False)
    for marker in item.iter_markers("needs"):
        for program in marker.args:
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed")


@pytest.fixture(autouse=True)
def no_known_boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Protect the user's pinned boards, their tokens, and the user's CA from the tests."""
    monkeypatch.setenv("BOARDCERT_INVENTORY", str(tmp_path / "inventory.db"))
    monkeypatch.setenv("BOARDCERT_PINS", str(tmp_path / "known_boards.json"))
    monkeypatch.setenv("BOARDCERT_TOKENS", str(tmp_path / "tokens.json"))
    monkeypatch.setenv("BOARDCERT_CA", str(tmp_path / "ca"))
    monkeypatch.setenv("BOARDCERT_ACME", str(tmp_path / "acme"))
    monkeypatch.setenv("BOARDCERT_AUTHORITIES", str(tmp_path / "authorities"))
    monkeypatch.setenv("BOARDCERT_EST", str(tmp_path / "est"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the user an empty home, without Java."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java"))
    return home


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


def _served(directory: Path) -> AbstractContextManager[str]:
    return http_server(functools.partial(_Quiet, directory=str(directory)))


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Serve a directory on loopback, for installers: serve(directory) returns its URL."""
    with ExitStack() as stack:
        yield lambda directory: stack.enter_context(_served(directory))


@pytest.fixture
def firmware_url(serve: Callable[[Path], str]) -> str:
    """Return the URL at which firmware/ is served."""
    return serve(_TESTS.parent / "firmware")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test if BOARDCERT_NO_SKIPS is set, as in CI."""
    report = yield
    if report.skipped and os.environ.get("BOARDCERT_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped, where nothing may be skipped: {report.longrepr}"
    return report
