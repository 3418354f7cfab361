"""The renewal of many boards: several at a time, each reported as it is done."""

import queue
import threading
from collections.abc import Iterator, Sequence

from ..files import changing
from .candidates import Candidate
from .one_board import Renewer
from .outcomes import Outcome

_Waiting = queue.SimpleQueue[Candidate]
_Done = queue.SimpleQueue[Outcome | Exception]


def renew_all(
    candidates: Sequence[Candidate], renewer: Renewer, parallel: int
) -> Iterator[Outcome]:
    """Yield what became of each board; of one CA, in one program at a time. Raises Error.

    In daemon threads: after Ctrl-C nothing waits for a silent board, and the next run goes on.
    """
    with changing(renewer.store.directory / "renewal", "a renewal"):
        waiting, done = _Waiting(), _Done()
        for candidate in candidates:
            waiting.put(candidate)
        for _ in range(min(parallel, len(candidates))):
            threading.Thread(target=_work, args=(waiting, renewer, done), daemon=True).start()
        for _ in candidates:
            outcome = done.get()
            if isinstance(outcome, Exception):
                raise outcome
            yield outcome


def _work(waiting: _Waiting, renewer: Renewer, done: _Done) -> None:
    while True:
        try:
            candidate = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            done.put(renewer.renew(candidate))
        except Exception as error:  # noqa: BLE001 (raised again where the outcome is used)
            done.put(error)
