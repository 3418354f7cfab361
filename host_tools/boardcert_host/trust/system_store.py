"""The operating system's store of trusted CAs, which curl, git, Python and most programs use."""

import ctypes
import hashlib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import write_whole
from .anchors import (
    DONE,
    FAILED,
    KEPT,
    SKIPPED,
    Anchor,
    Outcome,
    StoreError,
    as_root,
    run,
    succeeds,
)

_NAME = "system"
_KEYCHAIN = "/Library/Keychains/System.keychain"


@dataclass(frozen=True)
class _Folder:
    """A folder of CAs on Linux, the ending of its files, and what is run after a change."""

    path: str
    suffix: str
    after_adding: tuple[str, ...]
    after_removing: tuple[str, ...]


# Debian's keeps links to what was removed unless all is made afresh.
_FOLDERS = (
    _Folder(
        "etc/pki/ca-trust/source/anchors",
        ".pem",
        ("update-ca-trust", "extract"),
        ("update-ca-trust", "extract"),
    ),
    _Folder(
        "usr/local/share/ca-certificates",
        ".crt",
        ("update-ca-certificates",),
        ("update-ca-certificates", "--fresh"),
    ),
    _Folder(
        "etc/ca-certificates/trust-source/anchors",
        ".crt",
        ("trust", "extract-compat"),
        ("trust", "extract-compat"),
    ),
    _Folder(
        "usr/share/pki/trust/anchors",
        ".pem",
        ("update-ca-certificates",),
        ("update-ca-certificates",),
    ),
)


def change_system(anchor: Anchor, trusted: bool, root: Path = Path("/")) -> list[Outcome]:
    """Trust *anchor*, or no longer. *root*: where the folders of Linux begin."""
    if sys.platform in ("darwin", "win32"):
        return [_change_by_program(anchor, trusted)]
    folder = _folder(root)
    if folder is None:
        return [Outcome(_NAME, SKIPPED, "no known kind of store")]
    return [_change_folder(folder, root / folder.path, anchor, trusted)]


def is_in_system(anchor: Anchor, root: Path = Path("/")) -> bool | None:
    """Return whether `boardcert ca trust` has put *anchor* there; None if unknown here."""
    folder = None if sys.platform in ("darwin", "win32") else _folder(root)
    return (root / folder.path / (anchor.slug + folder.suffix)).exists() if folder else None


def _folder(root: Path) -> _Folder | None:
    """Return the folder of this system. *root*: where the folders of Linux begin."""
    folders = [folder for folder in _FOLDERS if (root / folder.path).is_dir()]
    # The program may be on an administrator's path only; then the first folder that exists decides.
    ready = [folder for folder in folders if shutil.which(folder.after_adding[0])]
    return next(iter(ready or folders), None)


def _change_folder(folder: _Folder, path: Path, anchor: Anchor, trusted: bool) -> Outcome:
    file = path / (anchor.slug + folder.suffix)
    store = f"{_NAME}, {path}"
    if file.exists() == trusted:
        return Outcome(store, KEPT, "already trusted" if trusted else "it was not trusted")
    if not os.access(path, os.W_OK):
        action = "trust" if trusted else "untrust"
        return Outcome(store, SKIPPED, as_root(action, "system", anchor))
    if shutil.which(folder.after_adding[0]) is None:
        return Outcome(store, SKIPPED, f"no {folder.after_adding[0]} here")
    try:
        if trusted:
            write_whole(file, anchor.pem)
            run(*folder.after_adding)
        else:
            file.unlink()
            run(*folder.after_removing)
    except (OSError, StoreError) as error:
        if trusted:
            file.unlink(missing_ok=True)
        return Outcome(store, FAILED, str(error))
    return Outcome(store, DONE, f"{file.name} {'added' if trusted else 'removed'}")


def _change_by_program(anchor: Anchor, trusted: bool) -> Outcome:
    """Do it as macOS and Windows do: by the command lines that their documentation has.

    On Windows, a user without administrator rights changes their own store; Windows asks first.
    """
    sha1 = hashlib.sha1(anchor.der, usedforsecurity=False).hexdigest().upper()
    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        file = Path(directory) / f"{anchor.slug}.crt"
        file.write_bytes(anchor.pem)
        if sys.platform == "darwin":
            look = ("security", "verify-cert", "-c", str(file))
            add = ("security", "add-trusted-cert", "-d", "-r", "trustRoot", "-k", _KEYCHAIN)
            remove = ("security", "delete-certificate", "-Z", sha1, "-t", _KEYCHAIN)
        else:
            certutil = ("certutil",) if _is_administrator() else ("certutil", "-user")
            look = (*certutil, "-store", "Root", sha1)
            add = (*certutil, "-addstore", "-f", "Root")
            remove = (*certutil, "-delstore", "Root", sha1)
        if succeeds(*look) == trusted:
            return Outcome(_NAME, KEPT, "already trusted" if trusted else "it was not trusted")
        try:
            run(*((*add, file) if trusted else remove))
        except StoreError as error:
            action = "trust" if trusted else "untrust"
            return Outcome(_NAME, FAILED, f"{error}; {as_root(action, 'system', anchor)}")
    return Outcome(_NAME, DONE, "added" if trusted else "removed")


def _is_administrator() -> bool:
    """Return whether this process may change the store of a whole Windows computer."""
    windows: Any = getattr(ctypes, "windll", None)
    return bool(windows and windows.shell32.IsUserAnAdmin())
