"""Do a task of sources or tasks; release its modules while certificates are made.

See phases. Finding the modules again costs some 40 ms, and saves 9 KB of memory when it is
shortest: during the arithmetic of a board without a kernel. Where the firmware runs a kernel, which
takes less, they stay.
"""

from ..modules import borrowed
from .phases import Maker, Wanted


def run(task: str, arguments: tuple, context: tuple, lent):
    """Return what *task* returns with its *arguments*. *context*: see job.Job.

    *lent*: the borrowed modules, which are given back between the two, unless a kernel makes it.
    """
    maker = Maker()
    while True:
        try:
            return _begin(task, arguments, context, maker.make)
        except Wanted as given_up:
            wanted = given_up.args[0]
        if _has_kernel(wanted):
            maker.add(_make_beside(wanted))
        else:
            lent.give_back()
            maker.add(_make(wanted))
            lent.give_back()


def _has_kernel(wanted: tuple) -> bool:
    """Return whether there is a kernel for what is *wanted*, and load its code if so."""
    if wanted[1] != "p384":
        return False
    try:
        from ..crypto import kernel_code  # noqa: F401  # pyright: ignore[reportAttributeAccessIssue]
    except (ImportError, ValueError, MemoryError):
        return False
    return True


def _begin(task: str, arguments: tuple, context: tuple, make_record):
    from .at_once import find
    from .job import Job

    context += (make_record,)
    return find(task)(Job(*context), *arguments)


def _make(wanted: tuple):
    """Return what is made, or why it cannot be; no caller may keep a name of generate's."""
    _load_native_code()
    if len(wanted) > 4:
        from .authority import make
    else:
        from .generate import make
    try:
        return make(*wanted)
    except Exception as error:  # noqa: BLE001 (the task reports it, and may go on without)
        return error


def _make_beside(wanted: tuple):
    """Return the same, and release the arithmetic alone."""
    # What the task needs again stays, too: an ESP32 takes 30 ms to find a file.
    from ..certificates import keys  # noqa: F401

    with borrowed():
        return _make(wanted)


def _load_native_code() -> None:
    """Load the kernels, or what hashes without them, while there is little else in memory.

    The code of a function is read into one piece of memory, up to 8 KB. Later there was none for
    it on an ESP32-C3: its heap grew, and took what TLS needs.
    """
    try:
        from ..crypto import kernel_code  # noqa: F401  # pyright: ignore[reportAttributeAccessIssue]
    except (ImportError, ValueError, MemoryError):
        from ..crypto import sha384
    from ..crypto import sha384  # noqa: F401
