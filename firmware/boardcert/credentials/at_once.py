"""Do a task of sources or tasks, and keep its modules loaded while certificates are made.

This is for boards with a kernel, which have the memory: finding the modules again takes 36 ms.
in_phases is for other boards.
"""

from .job import Job
from .sources import TASKS


def run(name: str, arguments: tuple, context: tuple, _lent):
    """Return what the task *name* returns with its *arguments*. *context*: see job.Job."""
    from .phases import Maker, Wanted, make_wanted

    maker = Maker()
    context += (maker.make,)
    task, job = find(name), Job(*context)
    while True:
        try:
            return task(job, *arguments)
        except Wanted as given_up:
            wanted = given_up.args[0]
        maker.add(make_wanted(wanted))


def find(name: str):
    """Return the task *name*.

    in_phases passes the name: the function would keep its modules, 9 KB, which are given back.
    """
    if name in TASKS:
        return TASKS[name]
    from .tasks import TASKS as others

    return others[name]
