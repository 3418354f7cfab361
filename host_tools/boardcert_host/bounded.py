"""Run programs whose output is not trusted, with limits of time and output."""

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

_PIECE_BYTES = 65536


class TooMuchOutputError(Exception):
    """A program wrote more than the limit."""


def run_bounded(
    command: Sequence[str],
    timeout_s: float,
    limit_bytes: int,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run *command* and return its exit code, and as text what it wrote.

    At most *limit_bytes* of either stream: with more it is stopped, TooMuchOutputError. *on_line*
    is called with each whole line on stdout, in a thread of its own; *timeout_s* is of silence
    then, so that a slow line may take its time. Raises subprocess.TimeoutExpired as subprocess.run
    does.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    streams = [
        _Stream(process, process.stdout, limit_bytes, on_line),
        _Stream(process, process.stderr, limit_bytes),
    ]
    try:
        code = _wait_heard(process, timeout_s, streams) if on_line else process.wait(timeout_s)
    finally:
        process.kill()
        process.wait()
        for stream in streams:
            stream.thread.join()
    if any(stream.is_over for stream in streams):
        raise TooMuchOutputError
    stdout, stderr = (stream.data.decode("utf-8", "replace") for stream in streams)
    return subprocess.CompletedProcess(command, code, stdout, stderr)


def _wait_heard(
    process: subprocess.Popen[bytes], timeout_s: float, streams: Sequence["_Stream"]
) -> int:
    """Return the exit code. Raises subprocess.TimeoutExpired after *timeout_s* without output."""
    while True:
        heard = max(stream.heard for stream in streams)
        try:
            return process.wait(max(heard + timeout_s - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            if heard == max(stream.heard for stream in streams):
                raise


class _Stream:
    """Reads one pipe of *process* in a thread; kills it when more than *limit_bytes* come."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        pipe: IO[bytes] | None,
        limit_bytes: int,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        self.data = bytearray()
        self.is_over = False
        self.heard = time.monotonic()  # When it last wrote, or began.
        self._on_line = on_line
        self._told_bytes = 0
        self.thread = threading.Thread(
            target=self._read, args=(process, pipe, limit_bytes), daemon=True
        )
        self.thread.start()

    def _read(self, process: subprocess.Popen[bytes], pipe: IO[bytes], limit_bytes: int) -> None:
        with pipe:
            while piece := pipe.raw.read(_PIECE_BYTES):  # pyright: ignore[reportAttributeAccessIssue]
                if len(self.data) + len(piece) > limit_bytes:
                    self.is_over = True
                    process.kill()
                    return
                self.data += piece
                self.heard = time.monotonic()
                if self._on_line:
                    self._call_back(self._on_line)

    def _call_back(self, on_line: Callable[[str], None]) -> None:
        """Hand on the lines that have ended since the last time."""
        end = max(self.data.rfind(b"\n"), self.data.rfind(b"\r")) + 1
        for line in self.data[self._told_bytes : end].decode("utf-8", "replace").splitlines():
            on_line(line)
        self._told_bytes = max(self._told_bytes, end)
