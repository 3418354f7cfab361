"""Where boardcert's own data is, and where it keeps what it has fetched."""

import os
from pathlib import Path

import platformdirs

from .errors import Error


def data_directory(name: str) -> Path:
    """Return the directory *name* ("firmware", "boards") of a checkout or of an installed wheel."""
    package = Path(__file__).resolve().parent
    for candidate in (package / "_data" / name, package.parents[1] / name):
        if candidate.is_dir():
            return candidate
    raise Error(f"this installation has no directory {name}", "install boardcert again")


def kept_directory(variable: str, name: str) -> Path:
    """Return where something is kept: what *variable* says, or *name* in the user's data."""
    chosen = os.environ.get(variable)
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("boardcert")) / name


def cache_directory() -> Path:
    """Return where downloads and built packages are: $BOARDCERT_CACHE, or the user's cache."""
    chosen = os.environ.get("BOARDCERT_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("boardcert"))
