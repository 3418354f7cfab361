"""Boards' own authorities that this computer was told to trust: a copy of each.

They lie in $BOARDCERT_AUTHORITIES, or in the user's data directory: a folder for each board, named
as it is pinned, and in it a file for each authority. So what was imported can be taken back when
the board is out of reach, or has a new authority.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import platformdirs
from cryptography import x509

from ..files import write_whole
from .anchors import Anchor, read_anchor

_SUFFIX = ".crt"


def is_kept(authority: x509.Certificate) -> bool:
    """Return whether this very certificate was imported, and not taken back since."""
    file = Anchor(authority, Path()).slug + _SUFFIX
    return any(directory().glob(f"*/{file}"))


def keep(host: str, authority: x509.Certificate) -> Anchor:
    """Keep a copy of the authority of the board that is called *host* here."""
    folder = directory() / _folder_name(host)
    anchor = Anchor(authority, folder)
    path = folder / (anchor.slug + _SUFFIX)
    write_whole(path, anchor.pem)
    return Anchor(authority, path)


def kept(hosts: Iterable[str]) -> list[Anchor]:
    """Return the authorities that were imported of the board called so. Raises Error."""
    folders = dict.fromkeys(_folder_name(host) for host in hosts)
    paths = [path for name in folders for path in sorted((directory() / name).glob(f"*{_SUFFIX}"))]
    return [read_anchor(path) for path in paths]


def forget(anchor: Anchor) -> None:
    """Remove a copy: no store has it any more."""
    anchor.file.unlink()


def directory() -> Path:
    """Return the directory of all copies."""
    chosen = os.environ.get("BOARDCERT_AUTHORITIES")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("boardcert")) / "authorities"


def _folder_name(host: str) -> str:
    """Return *host*, HOST or HOST:PORT, as a name that a folder can have on every system."""
    return host.replace(":", "_").replace("[", "").replace("]", "")
