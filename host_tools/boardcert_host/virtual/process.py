"""The Node processes of virtual boards, which talk to Python in lines of JSON."""

import contextlib
import itertools
import json
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, cast

from ..errors import Error
from .node import emulator_modules, find_node

_MAIN = Path(__file__).resolve().with_name("main.mjs")
_REPLY_TIMEOUT_S = 120
_START_TIMEOUT_S = 60
_EXIT_TIMEOUT_S = 60


class EmulatorProcess:
    """A Node process, which runs one board at a time.

    It ends by itself when its standard input closes, which the operating system ensures even
    if this process is killed.
    """

    def __init__(self) -> None:
        node = find_node()
        environment = {**os.environ, "BOARDCERT_NODE_MODULES": str(emulator_modules(node))}
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (until `close`)
        self._process = subprocess.Popen(
            [node.executable, str(_MAIN)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            text=True,
            encoding="utf-8",
            # Ctrl-C at the terminal is for Python, which then shuts the board down properly.
            start_new_session=True,
        )
        self._stdin = cast(TextIO, self._process.stdin)
        self._stdout = cast(TextIO, self._process.stdout)
        self._ids = itertools.count(1)
        self._replies: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._changed = threading.Condition()
        self._events: list[dict[str, Any]] = []
        self._ended = False
        self._reader = threading.Thread(target=self._read, name="virtual board", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id of Node."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether Node is running."""
        return self._process.poll() is None

    def start(self, settings: dict[str, Any]) -> dict[str, int]:
        """Create a board, switch it on, and return the ports of its serial lines: usb and uart."""
        return self.request("start", _START_TIMEOUT_S, settings=settings)

    def request(
        self, command: str, timeout_s: float = _REPLY_TIMEOUT_S, **parameters: Any
    ) -> dict[str, Any]:
        """Send *command* and return the reply."""
        number = next(self._ids)
        reply: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._replies[number] = reply
        try:
            # Its output may have ended while its input still accepts this.
            if self._ended:
                raise self._failure()
            self._stdin.write(json.dumps({"id": number, "command": command, **parameters}) + "\n")
            self._stdin.flush()
            answer = reply.get(timeout=timeout_s)
        except (OSError, ValueError, queue.Empty) as error:
            raise self._failure() from error
        finally:
            del self._replies[number]
        if "error" in answer:
            raise Error(f"the virtual board: {answer['error']}")
        return answer

    def mark(self) -> int:
        """Return a position in the list of events, for `wait`."""
        with self._changed:
            return len(self._events)

    def wait(self, *names: str, since: int, timeout_s: float) -> dict[str, Any]:
        """Return the first event after *since* that has one of *names*."""

        def find() -> dict[str, Any] | None:
            return next((event for event in self._events[since:] if event["event"] in names), None)

        with self._changed:
            self._changed.wait_for(lambda: find() or self._ended, timeout_s)
            event = find()
        if event is None:
            if self._ended:
                raise self._failure()
            raise Error(f"the virtual board was not {' or '.join(names)} after {timeout_s:g} s")
        return event

    def close(self) -> None:
        """Have Node save everything and end; kill it if it does not."""
        with contextlib.suppress(OSError):  # it has ended with unwritten data
            self._stdin.close()
        try:
            self._process.wait(_EXIT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._stdout.close()
        self._errors.close()

    def _read(self) -> None:
        for line in self._stdout:
            message = json.loads(line)
            if "event" in message:
                with self._changed:
                    self._events.append(message)
                    self._changed.notify_all()
            elif reply := self._replies.get(message["id"]):
                reply.put(message)
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        for reply in list(self._replies.values()):
            reply.put({"error": "it has ended"})

    def _failure(self) -> Error:
        """Return why Node ended: its output on standard error."""
        self._errors.seek(0)
        detail = self._errors.read().decode("utf-8", "replace").strip()
        return Error(f"the virtual board has ended: {detail or 'no reason given'}")


class _Kept:
    """Processes whose boards have stopped, kept during `keep_processes`."""

    def __init__(self) -> None:
        self.users = 0
        self.processes: list[EmulatorProcess] = []


_kept = _Kept()


@contextlib.contextmanager
def keep_processes() -> Iterator[None]:
    """Within this context, a board that stops leaves its process to the next one.

    The emulator is already compiled there, so that the next one boots in a tenth of the time.
    """
    _kept.users += 1
    try:
        yield
    finally:
        _kept.users -= 1
        while not _kept.users and _kept.processes:
            _kept.processes.pop().close()


def take_process() -> EmulatorProcess:
    """Return a process without a board: a kept one, or a new one."""
    while _kept.processes:
        process = _kept.processes.pop()
        if process.is_running:
            return process
        process.close()
    return EmulatorProcess()


def give_back(process: EmulatorProcess) -> None:
    """End the board of *process*, and the process as well unless it is kept."""
    try:
        process.request("stop")
    except Error:
        process.close()
        return
    if _kept.users:
        _kept.processes.append(process)
    else:
        process.close()
