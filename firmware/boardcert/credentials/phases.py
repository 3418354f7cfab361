"""What a task of sources or tasks has to have made on the way: that is made outside of the task.

The task is begun, and given up where it wants a certificate made; that is made; then the task is
begun anew, and takes what was made when it comes to the same place. So whatever it does before must
be such that it can be done twice.

Making is what needs the most of a Pico's stack, of which a task itself takes 1.5 KB: where it was
done inside of the task, an interrupt of the network that answered mDNS, 1.3 KB deep, was seen to
write below the stack's end, into the heap.
"""


class Wanted(BaseException):
    """Gives a task up. Not an Exception: nothing has failed that a task could go on without.

    Its argument: what is wanted, the arguments of generate.make.
    """


class Maker:
    """Hands out what was made so far, in the order in which the task asks for it."""

    def __init__(self) -> None:
        self._made = []
        self._next = 0

    def add(self, made: tuple | Exception) -> None:
        """Keep what was *made*, or why it cannot be, for the task, which begins anew."""
        self._made.append(made)
        self._next = 0

    def make(self, wanted: tuple) -> tuple:
        """Return what was made, or raise what prevented it; give the task up for what is new."""
        if self._next == len(self._made):
            raise Wanted(wanted)
        made = self._made[self._next]
        if isinstance(made, Exception):
            # It stays: the task comes here again, as it stores nothing of this.
            self._next += 1
            raise made
        del self._made[self._next]
        return made
