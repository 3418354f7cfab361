"""What a task of sources or tasks works with: settings, files and notices."""

import os
import sys

from .. import Error, board
from ..storage import store
from ..storage.record import WIPING
from .loading import settings_digest
from .settings import Settings

OLDEST_MICROPYTHON = (1, 24, 0)


class Job:
    """One task. For *directory*, *arguments* and *progress* see Identity.

    *outcomes*: a dict for what the task has done: "timings_ms" and "generated"; "signed", whether
    that was tried; "replaced", whether a certificate is no longer served; and for a task that is
    started again, "begun" and "removes", whether what is missing was removed on purpose. *notices*:
    a list of warnings. *make_record*(wanted) calls generate.make; if it raises anything but an
    Exception, the task ends, and is started again: see in_phases.
    """

    def __init__(
        self, outcomes: dict, directory: str, arguments: dict, progress, notices: list, make_record
    ) -> None:
        check_version(sys.implementation.name, sys.implementation.version)
        if not isinstance(directory, str) or not directory:
            raise ValueError(f"directory must be a path: {directory!r}")
        self.outcomes = outcomes
        self.directory = directory
        self.progress = progress
        self.notices = notices
        self.make_record = make_record
        self.settings = Settings(arguments, store.read_config(directory), board.unique_id())
        self.digest = settings_digest(directory, arguments)
        self.seen = [], None
        """Addresses and date, used if the board does not know its own yet."""

    @property
    def names(self) -> list:
        """The names for subjectAltName: those of the settings, then the board's addresses."""
        found = self.settings.names
        addresses = board.addresses() or self.seen[0] or []
        return found + [address for address in addresses if address not in found]

    @property
    def now(self) -> tuple | None:
        """The date, see fields, or None."""
        return board.utc_now() or self.seen[1]

    @property
    def writer(self):
        """The Writer; imported when there is something to write, not beside the arithmetic."""
        from ..storage.store_write import Writer

        return Writer(self.directory, self.notices)

    @property
    def wiper(self):
        """The Wiper, which deletes secrets and overwrites them."""
        from ..storage.wiping import Wiper

        return Wiper(self.directory, self.notices, self.progress)

    def attempt(self, what: str) -> "_Attempt":
        """Return a context whose failure becomes a notice: what is stored is served regardless."""
        return _Attempt(what, self.notices)

    def disown(self, notice: str) -> None:
        """Add *notice*, that the files are another board's, and begin to wipe their secrets."""
        self.notices.append(notice)
        self.outcomes["removes"] = True
        self.wiper.begin("clone")
        self.wiper.forget_token()

    def finish_wipe(self, what: str, message: str) -> None:
        """Finish a deletion that has begun; add a notice how far it went, or that *what* failed."""
        with self.attempt(what):
            if WIPING in self.files() and (how_far := self.wiper.finish()):
                self.notices.append(f"{message}: {how_far}")

    def files(self) -> list:
        """Return the names in the directory, none if there is no directory."""
        try:
            return os.listdir(self.directory)
        except OSError:
            return []
        except UnicodeError:  # On FAT, a computer or a loss of power may leave such a name.
            return self._readable_files()

    def _readable_files(self) -> list:
        """Return the names that are UTF-8, and add a notice that there is one that is not."""
        self.notices.append(
            f"{self.directory} has a file whose name is damaged: remove it with a computer"
        )
        names = []
        entries = os.ilistdir(self.directory)
        while True:
            try:
                names.append(next(entries)[0])
            except UnicodeError:
                continue
            except StopIteration:
                return names


class _Attempt:
    """A context that turns an Exception into a notice."""

    def __init__(self, what: str, notices: list) -> None:
        self._what = what
        self._notices = notices

    def __enter__(self) -> None:
        pass

    def __exit__(self, _, error, __) -> bool:
        if not isinstance(error, Exception):  # Noise, flash, memory, a fault in signing.
            return False
        self._notices.append(f"{self._what} failed: {in_words(error)}")
        return True


def in_words(error: Exception) -> str:
    """Return the kind and the message of *error*; some of MicroPython's have no message."""
    name = type(error).__name__
    return f"{name}: {error}" if str(error) else name


def check_version(name: str, version: tuple) -> None:
    """Raise Error for a MicroPython older than this package was made for.

    *name*, *version*: as in sys.implementation.
    """
    if name == "micropython" and version[:3] < OLDEST_MICROPYTHON:
        have = ".".join([str(part) for part in version[:3]])
        raise Error(f"boardcert needs MicroPython 1.24 or later; this is {have}")
