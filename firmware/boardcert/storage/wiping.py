"""Delete keys and token so that even after a loss of power no trace remains.

A file WIPING names the task before the first thing is deleted; it is removed when all is
overwritten. If it is there at a boot, the rest of the task is done then.
"""

import os

from ..modules import borrowed
from . import store
from .record import GENERATED, INSTALLED, TOKEN_MARK, WIPING, WISH
from .store import read_text
from .store_remove import Remover

INSTALL = "install"
REMOVE = "remove"
UNINSTALL = "uninstall"
"""A removal of a certificate for a key that stays."""

NEW_KEY = "new-key"
RESET = "reset"
CLONE = "clone"


class Wiper(Remover):
    """Deletes in one directory. *progress*: see Identity."""

    def __init__(self, directory: str, notices: list, progress) -> None:
        super().__init__(directory, notices)
        self._progress = progress

    def begin(self, task: str, pin: str = "-") -> None:
        """Mark that *task* begins. *pin*: of the new key; the task counts once that is stored."""
        self.write_text(WIPING, f"{task} {pin}")

    def finish(self) -> str | None:
        """Delete what the task that has begun is to delete, and overwrite it.

        Return a sentence on how far that went; None if the task did not take effect.
        """
        task, pin = ((read_text(self._path(WIPING)) or "") + " - -").split()[:2]
        message = None
        if pin == "-" or pin == self._generated_pin():
            self._delete(task)
            message = "no key was removed" if task == UNINSTALL else self._overwrite()
        self.delete(WIPING)
        return message

    def _generated_pin(self) -> str | None:
        record = store.load(self._directory, GENERATED, [])
        return record and record.facts.get("public_key_pin")

    def _delete(self, task: str) -> None:
        if task in (REMOVE, UNINSTALL, RESET):
            self.remove(INSTALLED)
        if task in (INSTALL, REMOVE, UNINSTALL, RESET, CLONE):
            self.forget_older(INSTALLED)
        if not has_files(self._directory, INSTALLED):
            self._forget_marks(INSTALLED)
        if task in (NEW_KEY, RESET, CLONE):
            self.forget_older(GENERATED)
        if task == CLONE and not has_files(self._directory, GENERATED):
            self._forget_marks(GENERATED)
        if task == RESET:
            self.forget_token()
            self.delete(WISH)

    def _forget_marks(self, name: str) -> None:
        """Delete the trace of a record called *name*, so that its loss is not reported."""
        for file in os.listdir(self._directory):
            if file.startswith(f"mark.{name}."):
                self.delete(file)

    def forget_token(self) -> None:
        """Delete the token and its mark, so that its loss is not reported."""
        self.delete(TOKEN_MARK)
        self.delete("token")

    def _overwrite(self) -> str:
        with borrowed():
            from .store_wipe import wipe

            return wipe(self._directory, self._progress)


def has_files(directory: str, name: str) -> bool:
    """Return whether there is a file of the record *name*: sound, damaged, torn or set aside."""
    try:
        return any([file.startswith(name + ".") for file in os.listdir(directory)])
    except OSError:
        return False
    except UnicodeError:  # A name on FAT is not UTF-8: there may be such files.
        return True
