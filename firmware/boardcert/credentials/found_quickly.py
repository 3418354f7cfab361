"""Have modules of this package found by one look-up each, while a task of sources or tasks is done.

Apart from in_phases, which a board without a kernel has in memory beside the arithmetic.
"""

import sys

_PLACE = "/boardcert-modules"


class _Compiled:
    """The directory of *package* as a file system in which each compiled module is.

    MicroPython looks for a module as a directory, as a source and compiled before it opens it, and
    littlefs reads what it keeps of the directory each time: 12 of the 24 ms that an ESP32 takes for
    a module. Here, opening it is the only look-up.
    """

    def __init__(self, package) -> None:
        self._package = package
        self._directory = package.__path__

    def mount(self, _is_readonly, _makes) -> None:
        """Do nothing: MicroPython calls this, as all that follows but end."""

    def umount(self) -> None:
        """Do nothing."""

    def stat(self, path: str) -> tuple:
        """Say that a compiled module is a file, and that anything else is not there."""
        if path[-4:] == ".mpy":
            return (0x8000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        raise OSError(2)

    def open(self, path: str, mode: str):
        """Open the module itself; ImportError, as of any import, where it is not there."""
        try:
            return open(self._directory + path, mode)
        except OSError as error:
            raise ImportError(path) from error

    def end(self) -> None:
        """Look for modules as always from now on. The module may be emptied by then."""
        import vfs

        place = self._package.__path__
        self._package.__path__ = self._directory
        vfs.umount(place)


def find_quickly() -> "_Compiled | None":
    """Have modules found by one look-up each, until end(); None where that cannot be."""
    package = sys.modules[__name__.split(".", 1)[0]]
    if str(package.__file__)[-4:] != ".mpy":
        return None
    try:
        import vfs

        found = _Compiled(package)
        vfs.mount(found, _PLACE)
        package.__path__ = _PLACE  # pyright: ignore[reportAttributeAccessIssue] (a text)
        return found
    except (ImportError, OSError):
        return None
