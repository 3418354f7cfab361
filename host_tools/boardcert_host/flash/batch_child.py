"""One board of a batch: `boardcert flash` as a program of its own, with its log.

If it is killed, or its board unplugged, only that one board is lost.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ..errors import Error

# What a flash says is some KB; a board that does not stop sending is not kept.
_ANSWER_LIMIT_BYTES = 1 << 20
_LOG_LIMIT_BYTES = 1 << 20
_END_TIMEOUT_S = 30


@dataclass(frozen=True)
class Outcome:
    """How it ended. *record*: what `flash --json` printed; *error*: None when all is well."""

    record: dict[str, Any]
    error: str | None


@dataclass(eq=False)
class Child:
    """A running `boardcert flash`, whose story goes to *log*."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def run(self) -> Outcome:
        """Run it to its end."""
        command = [sys.executable, "-m", "boardcert_host", "flash", *self.arguments, "--json"]
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("ab", buffering=0) as log, self._start(command) as process:
                self._process = process
                thread = threading.Thread(target=self._forward, args=(process.stderr, log))
                thread.start()
                answer = process.stdout.read(_ANSWER_LIMIT_BYTES) if process.stdout else b""
                thread.join()
                code = process.wait()
        except OSError as error:
            raise Error(f"cannot run flash: {error}") from error
        return _outcome(answer, code)

    def stop(self) -> None:
        """End it; it starts its board's program again before it goes."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **self.environment, "PYTHONUTF8": "1", "NO_COLOR": "1"},
            # Ctrl-C at the terminal is for the batch, which lets its boards be finished.
            start_new_session=True,
        )

    def _forward(self, pipe: IO[bytes], log: IO[bytes]) -> None:
        """Write what it says to the log, as it comes; read on where the log cannot be written.

        Else the program would wait for ever for somebody to read.
        """
        written = 0
        for line in pipe:
            written += len(line)
            if written <= _LOG_LIMIT_BYTES:
                with contextlib.suppress(OSError):
                    log.write(line)


def _outcome(answer: bytes, code: int) -> Outcome:
    try:
        record = json.loads(answer)
    except ValueError:
        record = {}
    record = record if isinstance(record, dict) else {}
    if code < 0:
        return Outcome(record, f"flash was killed by signal {-code}")
    error = record.get("error")
    if isinstance(error, dict):
        return Outcome(record, str(error.get("message")))
    if code == 0 and record.get("ok") is True:
        return Outcome(record, None)
    steps = record.get("steps") or [{}]
    return Outcome(record, str(steps[-1].get("detail") or f"flash ended with exit code {code}"))


def file_name(text: str) -> str:
    """Return *text* with what file names may hold only."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "board"
