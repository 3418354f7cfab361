"""A program that changes the DNS: PROGRAM present|cleanup NAME VALUE, exit code 0 on success."""

import subprocess
from pathlib import Path

from ..errors import USAGE, Error

_TIMEOUT_S = 300
_STDERR = 2


class Hook:
    """The program at *path*, or on the path of commands; what it prints goes to stderr."""

    def __init__(self, path: str) -> None:
        self._path = path

    def present(self, domain: str, name: str, value: str) -> None:
        """Run it to write the record."""
        del domain  # The name has it.
        self._run("present", name, value)

    def remove(self, name: str, value: str) -> None:
        """Run it to remove the record."""
        self._run("cleanup", name, value)

    def _run(self, action: str, name: str, value: str) -> None:
        command = [self._path, action, name, value]
        called = f"{Path(self._path).name} {action} {name}"
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=_STDERR,  # Stdout is for results.
                timeout=_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired as error:
            raise Error(f"{called} has not ended within {_TIMEOUT_S} s") from error
        except OSError as error:
            hint = "--dns-hook names an executable file"
            raise Error(f"cannot run {self._path}: {error.strerror}", hint, USAGE) from error
        if done.returncode:
            hint = "its output is above"
            raise Error(f"{called} failed with exit code {done.returncode}", hint)
