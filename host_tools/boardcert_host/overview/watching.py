"""`boardcert watch`: looks at the inventory again and again, and shows what has changed."""

import contextlib
import time
from collections.abc import Callable

from .. import clock
from ..console import print_plain, terminal
from ..errors import Error
from ..inventory import store
from ..inventory.telling import Change
from . import terminal as views
from .state import look, worst
from .terminal import View
from .verifying import Verification

_CHANGES_OF_A_LOOK = 1000


class Watch:
    """Looks each *interval_s* seconds; *verification*: what runs beside it.

    *is_over*: asked after each look whether to end; without it, Ctrl-C does.
    """

    def __init__(
        self,
        interval_s: float,
        verification: Verification,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._interval_s = interval_s
        self._verification = verification
        self._is_over = is_over

    def on_terminal(self) -> None:
        """Show it live, on a screen of its own: the terminal is left as it was."""
        from rich.live import Live

        console = terminal()
        view = self._look(console.size.height)  # Before the screen changes: it may raise Error.
        with (
            contextlib.closing(self._verification),
            Live(console=console, screen=True, auto_refresh=False) as live,
        ):
            while True:
                live.update(views.draw(view, *console.size), refresh=True)
                if self._is_over():
                    return
                view = self._next(view, console.size.height)

    def on_pipe(self) -> None:
        """Print the counts when they have changed, and each change, the oldest first."""
        with contextlib.closing(self._verification):
            view, shown, known = self._look(1), "", None
            while True:
                counts = views.count_words(view.overview)
                found = {_mark(one): one for one in reversed(view.overview.changes)}
                new = found.keys() - known if known is not None else ()
                lines = [views.change_words(one) for key, one in found.items() if key in new]
                if counts != shown:
                    lines.append(f"{clock.as_minute(view.overview.at)} {counts}")
                if lines:
                    print_plain("\n".join(lines))
                shown, known = counts, found.keys()
                if self._is_over():
                    return
                view = self._next(view, 1)

    def _look(self, height: int) -> View:
        with store.reading() as connection:
            overview = look(connection, None, _CHANGES_OF_A_LOOK)
            rows = [row for rows in worst(connection, views.rows_that_fit(height)) for row in rows]
        return View(overview, rows, self._verification.words)

    def _next(self, before: View, height: int) -> View:
        """Look again; on errors, such as a server that restarts, keep what was seen last."""
        time.sleep(self._interval_s)
        self._verification.go_on()
        try:
            return self._look(height)
        except Error as error:
            return View(before.overview, before.rows, error.message)


def _mark(one: Change) -> tuple[object, str, str]:
    """Return what a change is known by: the words of a verdict have how often it was found."""
    return one.at, one.host, one.words.partition(" ")[0]
