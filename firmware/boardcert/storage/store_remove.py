"""Delete what store_write has written; store_wipe overwrites what is left of it in flash."""

import os

from .record import exists
from .store import SLOTS
from .store_write import Writer, is_fat, remove_file


class Remover(Writer):
    """A Writer that can also delete."""

    def remove(self, name: str) -> None:
        """Delete every record called *name*, the newest one last."""
        slots = self._examine(name)
        for suffix in [".new"] + sorted(slots, key=lambda suffix: slots[suffix]):
            try:
                self.delete(name + suffix)
            except OSError:  # A directory stands in the way.
                self._move_aside(name + suffix)

    def forget_older(self, name: str) -> None:
        """Delete every record called *name* but the newest, also those that were moved aside."""
        slots = self._examine(name)
        newest = name + max(SLOTS, key=lambda suffix: slots[suffix])
        for file_name in os.listdir(self._directory):
            if file_name.startswith(name + ".") and file_name != newest:
                try:
                    self.delete(file_name)
                except OSError as error:
                    self._notices.append(f"{self._path(file_name)} was not deleted: {error}")

    def delete(self, file_name: str) -> None:
        """Delete a file if it is there; on FAT, overwrite it first."""
        path = self._path(file_name)
        if is_fat(self._directory) and exists(path):
            with open(path, "r+b") as file:
                file.write(bytes(os.stat(path)[6]))
        remove_file(path)
