"""Bars that show on a terminal how far long work is."""

import contextlib
from collections.abc import Callable, Iterator

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn

from .console import messages


def bars(*columns: ProgressColumn) -> Progress:
    """Return bars on stderr that are gone at the end; they show on a terminal only."""
    console = messages()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextlib.contextmanager
def counting(
    words: str, total: int | None, *more: ProgressColumn
) -> Iterator[Callable[[int], None]]:
    """Yield a function that advances a bar by a number of things done.

    *total*: None where that is not known beforehand. *more*: columns after the count.
    """
    with bars(TextColumn(words), BarColumn(), MofNCompleteColumn(), *more) as progress:
        task = progress.add_task("", total=total)
        yield lambda count: progress.advance(task, count)
