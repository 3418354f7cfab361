"""Run a task of an Identity, with borrowed modules."""

from .. import Error
from ..modules import borrowed

_OF_INSTALLED = "the installed certificate "
"""How notices about it begin: they are dropped when another certificate is served."""


def perform(me, task: str, *arguments, lent: borrowed | None = None):
    """Return the outcome of a *task* of sources or tasks for the Identity *me*.

    *lent*: what is borrowed already; it is given back.
    """
    lent = lent or borrowed().begin()
    notices = []
    outcomes = {"generated": me.generated, "signed": me.took_memory, "timings_ms": {}}
    try:
        try:
            from .in_phases import run
        except ImportError:  # With a kernel, there is room for all at once.
            from .at_once import run

        context = outcomes, me._directory, me._arguments, me._progress, notices
        result = run(task, arguments, context, lent)
    except (Error, ValueError, OSError, MemoryError):
        raise
    except Exception as error:  # An invalid signature, a full stack.
        raise Error(f"{task} failed: {error!r}") from error
    finally:
        lent.give_back()
        if outcomes.get("replaced"):
            me.notices[:] = [one for one in me.notices if _OF_INSTALLED not in one]
        me._add_notices(notices)
    me.generated = outcomes["generated"]
    me.took_memory = outcomes["signed"]
    me.timings_ms.update(outcomes["timings_ms"])
    return result
