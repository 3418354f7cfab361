"""The Node process of one virtual board, and the JSON lines that pass between it and Python."""

import contextlib
import itertools
import json
import os
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any, TextIO, cast

from ..errors import Error
from .node import emulator_modules, find_node

_MAIN = Path(__file__).resolve().with_name("main.mjs")
_REPLY_TIMEOUT_S = 30
_EXIT_TIMEOUT_S = 10


class EmulatorProcess:
    """Start Node with *settings*; its standard error goes to the file *log*.

    Node ends by itself when its standard input closes, which the operating system sees to even
    when this process is killed.
    """

    def __init__(self, settings: dict[str, Any], log: Path) -> None:
        node = find_node()
        environment = {**os.environ, "BOARDCERT_NODE_MODULES": str(emulator_modules(node))}
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [node.executable, str(_MAIN), json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                text=True,
                encoding="utf-8",
                # Ctrl-C at the terminal is for Python, which then lets the board end in order.
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
        """Whether Node is there."""
        return self._process.poll() is None

    def request(self, command: str, **parameters: Any) -> dict[str, Any]:
        """Send *command* and return the reply."""
        number = next(self._ids)
        reply: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._replies[number] = reply
        try:
            self._stdin.write(json.dumps({"id": number, "command": command, **parameters}) + "\n")
            self._stdin.flush()
            answer = reply.get(timeout=_REPLY_TIMEOUT_S)
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
        """Let Node store everything and end; kill it when it does not."""
        with contextlib.suppress(OSError):  # when it has ended with something still to be written
            self._stdin.close()
        try:
            self._process.wait(_EXIT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._stdout.close()

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
        """Say why Node ended: its own last event, or what it wrote on standard error."""
        failed = [event["message"] for event in self._events if event["event"] == "failed"]
        detail = failed[-1] if failed else self._log.read_text("utf-8", "replace").strip()
        reason = detail or "no reason given"
        return Error(f"the virtual board has ended: {reason}", f"see {self._log}")
