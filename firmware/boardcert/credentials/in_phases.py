"""Do a task of sources or tasks; release its modules while certificates are made.

See phases. Finding the modules again costs some 40 ms, and saves 9 KB of memory when it is
shortest: during the arithmetic of a board without a kernel. Where the firmware runs a kernel, which
takes less, they stay.
"""

from .phases import Maker, Wanted, make_wanted


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
        has_kernel = _has_kernel(wanted)
        if not has_kernel:
            lent.give_back()
        _load_making(has_kernel)
        maker.add(make_wanted(wanted))
        if not has_kernel:
            lent.give_back()


def _has_kernel(wanted: tuple) -> bool:
    """Return whether there is a kernel for what is *wanted*, and load its code if so."""
    _, arguments = wanted
    if arguments[1] != "p384":
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


def _load_making(has_kernel: bool) -> None:
    """Load the kernels, or what hashes without them, while there is little else in memory.

    The code of a function is read into one piece of memory, up to 8 KB. Later there was none for
    it on an ESP32-C3: its heap grew, and took what TLS needs. *has_kernel*: then also load what the
    task needs again, which stays: an ESP32 takes 30 ms to find a file.
    """
    if has_kernel:
        from ..certificates import keys  # noqa: F401
    try:  # Once more, where memory was short: the modules that decide are gone now.
        from ..crypto import kernel_code  # noqa: F401  # pyright: ignore[reportAttributeAccessIssue]
    except (ImportError, ValueError, MemoryError):
        from ..crypto import sha384
    from ..crypto import sha384  # noqa: F401
