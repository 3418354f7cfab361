"""Compile the tests before the workers start, as each of them would compile all the first time."""

import contextlib
import subprocess
import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]


def compile_tests(pycache: Path) -> None:
    """Collect every test once, in two processes, unless *pycache* shows that this was done.

    Python, pytest and hypothesis each cache a module's results. Errors in the tests are left to the
    workers, which collect again.
    """
    done = pycache / "tests_are_compiled"
    if done.exists():
        return
    folders = [str(path.parent) for path in sorted(_TESTS.glob("*/test_*.py"))]
    middle = len(folders) // 2
    # By PYTEST_ADDOPTS, these might have workers as well, and so no end.
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "--numprocesses", "0"]
    processes = [
        subprocess.Popen([*command, *sorted(set(half))], stdout=subprocess.DEVNULL)
        for half in (folders[:middle], folders[middle:])
    ]
    for process in processes:
        process.wait()
    with contextlib.suppress(OSError):  # Of a read-only tree, nothing is kept.
        done.touch()
