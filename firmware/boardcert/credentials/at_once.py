"""Do a task of sources or tasks, and what has to be made on the way beside them.

So it is done where the kernel leaves room: finding these modules anew takes 36 ms. in_phases is for
other boards.
"""

from ..modules import borrowed
from .job import Job
from .sources import TASKS


def make_apart(wanted: tuple) -> tuple:
    """Return what generate.make makes of *wanted*; the arithmetic is released again."""
    with borrowed():
        from . import generate

        return generate.make(*wanted)


def run(name: str, arguments: tuple, context: tuple, _lent, make_record=make_apart):
    """Return what the task *name* returns with its *arguments*. The rest: see in_phases, job.Job.

    A name, not a function: a function would keep its modules, and in_phases gives them back, 9 KB.
    """
    task = TASKS.get(name)
    if task is None:
        from .tasks import TASKS as others

        task = others[name]
    context += (make_record,)
    return task(Job(*context), *arguments)
