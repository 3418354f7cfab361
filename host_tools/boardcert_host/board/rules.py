"""The board's own rules, applied here: what a board would refuse is reported beforehand.

The code is the firmware's, so that there is one set of rules. Only what reads and compares is run
here; signatures are verified by cryptography, see installable.
"""

import datetime
import functools
import importlib
import importlib.util
import sys
import tempfile
import threading
import types
from collections.abc import Mapping, Sequence
from typing import Any

from ..directories import data_directory

_PACKAGE = "boardcert"
# A board has one thread; nothing in its code expects another.
_lock = threading.Lock()


def why_not_served(chain: Sequence[bytes], key: bytes | None, now: datetime.datetime) -> str | None:
    """Return why a board refuses to install *chain* (DER, leaf first), None if it does not.

    *key*: its private key (DER); None: it should be the board's own, which the board judges.
    """
    with _lock:
        refused = _module("").RefusedError
        try:
            _module(".credentials.offer").read(list(chain), key, [], now.timetuple()[:6])
        except refused as error:
            if key is not None or error.field != "key":
                return str(error)
        try:
            _module(".certificates.strict").check(list(chain))
        except refused as error:
            return str(error)
        return None


def why_not_set(changes: Mapping[str, Any]) -> str | None:
    """Return why a board refuses these settings, None if it does not.

    What depends on the board itself, such as settings that its program has fixed, is left to it.
    """
    with _lock, tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        refused = _module("").RefusedError
        try:
            _module(".credentials.change_settings").change_settings(directory, {}, dict(changes))
        except refused as error:
            return str(error)
    return None


def why_not_named(names: Sequence[str]) -> str | None:
    """Return why a board makes no request for so many *names*, None if it does."""
    with _lock:
        try:
            _module(".credentials.settings").check_size(names)
        except ValueError as error:
            return str(error)
    return None


def _module(name: str) -> Any:
    """Return a module of the firmware's package, by its name within that."""
    _provide()
    return importlib.import_module(_PACKAGE + name)


@functools.cache
def _provide() -> None:
    """Make the firmware's package importable, and what of MicroPython it needs to be read."""
    if importlib.util.find_spec("micropython") is None:
        stand_in: Any = types.ModuleType("micropython")
        stand_in.const = lambda value: value
        sys.modules["micropython"] = stand_in
    if _PACKAGE in sys.modules:
        return
    directory = data_directory("firmware") / _PACKAGE
    file = directory / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        _PACKAGE, file, submodule_search_locations=[str(directory)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = module
    spec.loader.exec_module(module)
