"""A fingerprint as words, as the board's page and its label have it."""

import functools
import runpy
from collections.abc import Callable

from .boards import data_directory


def fingerprint_words(fingerprint: str) -> str:
    """Return the words of "AB:CD:..."; the board's own code makes them."""
    return _encoder()(bytes.fromhex(fingerprint.replace(":", "")))


@functools.cache
def _encoder() -> Callable[[bytes], str]:
    path = data_directory("firmware") / "boardcert" / "page" / "portal_words.py"
    words: Callable[[bytes], str] = runpy.run_path(str(path))["words"]
    return words
