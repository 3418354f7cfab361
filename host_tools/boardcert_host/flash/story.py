"""The steps of a long command, printed for the user and recorded for programs."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn

from ..console import messages
from ..progress import bars


@dataclass(frozen=True)
class Step:
    """What one step did. *status*: "done", "kept" (no change), "skipped" or "failed"."""

    id: str
    status: str
    detail: str
    seconds: float


class Story:
    """Prints steps on *console*, and keeps them in `record`."""

    def __init__(self, console: Console) -> None:
        self.record: dict[str, Any] = {"steps": []}
        self._console = console
        self._began = time.monotonic()

    def step(self, id: str, status: str, detail: str) -> None:
        """Record and print what a step did; it took the time since the previous one."""
        now = time.monotonic()
        step = Step(id, status, detail, round(now - self._began, 1))
        self._began = now
        self.record["steps"].append(asdict(step))
        self._console.print(f"{step.id:<9} {step.status:<8} {step.detail}", markup=False)

    @staticmethod
    def working(title: str) -> contextlib.AbstractContextManager[object]:
        """Show on a terminal that *title* is in progress."""
        return messages().status(title)

    @staticmethod
    @contextlib.contextmanager
    def progress(title: str) -> Iterator[Callable[[int, int], None]]:
        """Yield a function of (bytes done, total bytes) that moves a progress bar on a terminal."""
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        with bars(*columns) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
