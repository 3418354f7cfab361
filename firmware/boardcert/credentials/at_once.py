"""Do a task of sources or tasks, and what has to be made on the way beside them.

So it is done where the kernel leaves room: finding these modules anew takes 36 ms. in_phases is for
other boards.
"""

from ..modules import borrowed
from .sources import Manager


def make(wanted: tuple) -> tuple:
    """Return what generate.make makes of *wanted*; the arithmetic is released again."""
    with borrowed():
        from . import generate

        return generate.make(*wanted)


def run(task: str, arguments: tuple, context: tuple, _lent, make_record=make):
    """Return what *task* returns with its *arguments*. The rest: see in_phases, sources.Manager."""
    context += (make_record,)
    return getattr(_kind(task)(*context), task)(*arguments)


def _kind(task: str):
    if task in ("load", "sign", "request"):
        return Manager
    from .tasks import Administrator

    return Administrator
