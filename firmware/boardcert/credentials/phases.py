"""Make the certificates that a task of sources or tasks asks for outside of the task.

The task is started, and abandoned where it asks for a certificate; that is made; then the task is
started again, and gets the certificate at the same place. So everything that it does before must
be repeatable.

Making a certificate needs most of a Pico's stack, of which a task takes 1.5 KB: when it was done
inside the task, an interrupt of the network that answered mDNS, 1.3 KB deep, was seen to write
below the stack's end, into the heap.
"""

from ..modules import borrowed


class Wanted(BaseException):
    """Abandons a task. Not an Exception: nothing has failed that a task could handle.

    Its argument: what is wanted, (whether the board has an authority of its own, which signs; the
    arguments of authority.make, or without one those of generate.make).
    """


def make_wanted(wanted: tuple):
    """Return what is made, or why it cannot be; release the arithmetic again."""
    has_authority, arguments = wanted
    with borrowed():
        if has_authority:
            from .authority import make
        else:
            from .generate import make
        try:
            return make(*arguments)
        except Exception as error:  # noqa: BLE001 (the task reports it, and may go on without)
            return error


class Maker:
    """Returns what was made so far, in the order in which the task asks for it."""

    def __init__(self) -> None:
        self._made = []
        self._next = 0

    def add(self, made: tuple | Exception) -> None:
        """Keep what was *made*, or why it could not be, for the task, which is started again."""
        self._made.append(made)
        self._next = 0

    def make(self, wanted: tuple) -> tuple:
        """Return what was made, or raise what prevented it; abandon the task for a new wish."""
        if self._next == len(self._made):
            raise Wanted(wanted)
        made = self._made[self._next]
        if isinstance(made, Exception):
            # It stays: the task will come here again, as it stores nothing for this.
            self._next += 1
            raise made
        del self._made[self._next]
        return made
