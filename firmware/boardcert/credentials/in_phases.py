"""Do a task of sources or tasks; what has to be made on the way, without them in memory.

The task is begun, and given up where it wants a certificate made; that is made; then the task is
begun anew, and takes what was made when it comes to the same place. So whatever it does before
must be such that it can be done twice. It costs some 40 ms, and spares 9 KB of memory where there
is the least: beside the arithmetic of a board without a kernel.
"""


class _Wanted(BaseException):
    """Gives a task up. Not an Exception: nothing has failed that a task could go on without."""


class _Maker:
    """Hands out what was made so far, in the order in which the task asks for it."""

    def __init__(self) -> None:
        self.made = []
        self._next = 0

    def restart(self) -> None:
        """The task begins anew."""
        self._next = 0

    def make(self, wanted: tuple) -> tuple:
        """Return what was made, or raise what prevented it; give the task up for what is new."""
        if self._next == len(self.made):
            raise _Wanted(wanted)
        made = self.made[self._next]
        if isinstance(made, Exception):
            # It stays: the task comes here again, as it stores nothing of this.
            self._next += 1
            raise made
        del self.made[self._next]
        return made


def run(task: str, arguments: tuple, context: tuple, lent):
    """Return what *task* returns with its *arguments*. *context*: see job.Job.

    *lent*: the borrowed modules, which are given back between the two.
    """
    maker = _Maker()
    while True:
        try:
            return _begin(task, arguments, context, lent, maker.make)
        except _Wanted as given_up:
            wanted = given_up.args[0]
        lent.give_back()
        maker.made.append(_make(wanted))
        lent.give_back()
        maker.restart()


def _begin(*arguments):
    from .at_once import run

    return run(*arguments)


def _make(wanted: tuple):
    """Return what is made, or why it cannot be; what makes it must not be in a caller's name."""
    from . import generate

    try:
        return generate.make(*wanted)
    except Exception as error:  # noqa: BLE001 (the task tells, and may go on without)
        return error
