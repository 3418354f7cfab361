"""A program that runs on the board in a thread, so that a test can be its client."""

import threading

from boardcert_host.virtual import VirtualBoard


class Program:
    """Run *code* on the board inside the context; `output` is what it has printed, afterwards."""

    def __init__(self, board: VirtualBoard, code: str, timeout_s: float = 60) -> None:
        self.output = ""
        self.board = board
        self._code, self._timeout_s = code, timeout_s
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.output = self.board.exec(self._code, timeout_s=self._timeout_s)
        except Exception as error:  # noqa: BLE001 (reported by __exit__)
            self.failure = error

    @property
    def is_running(self) -> bool:
        """Return whether the program is still running."""
        return self._thread.is_alive()

    def __enter__(self) -> "Program":
        self._thread.start()
        return self

    def __exit__(self, _kind: object, error: object, _traceback: object) -> None:
        if error is not None:
            self.board.reset()  # otherwise the program would wait for a client that never comes
        self._thread.join()
        if error is None and self.failure is not None:
            raise self.failure
