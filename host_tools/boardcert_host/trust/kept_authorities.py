"""Copies of the boards' own authorities that this computer trusts.

They lie in $BOARDCERT_AUTHORITIES, or in the user's data directory: a file for each authority, with
what its board is called here, and the certificate. So what was imported can be taken back when the
board is out of reach, or has a new authority.
"""

from collections.abc import Iterable
from pathlib import Path

from cryptography import x509

from ..directories import kept_directory
from ..files import write_whole
from ..targets import renamed
from .anchors import Anchor, read_anchor

_SUFFIX = ".crt"
_BOARD = "board: "


def is_kept(authority: x509.Certificate) -> bool:
    """Return whether this very certificate was imported, and not taken back since."""
    return _anchor(authority).file.exists()


def keep(host: str, authority: x509.Certificate) -> Anchor:
    """Keep a copy of the authority of the board that is called *host* here."""
    anchor = _anchor(authority)
    hosts = _hosts(anchor.file) if anchor.file.exists() else []
    _write(anchor, [*hosts, host])
    return anchor


def rename(old: str, new: str) -> None:
    """Let the authorities of the board called *old* be those of *new*, with the same ports."""
    for path in sorted(directory().glob(f"*{_SUFFIX}")):
        hosts = _hosts(path)
        now = [renamed(host, old, new) for host in hosts]
        if now != hosts:
            _write(read_anchor(path), now)


def kept(hosts: Iterable[str]) -> list[Anchor]:
    """Return the authorities that were imported of the board called so. Raises Error."""
    wanted = set(hosts)
    paths = sorted(directory().glob(f"*{_SUFFIX}"))
    return [read_anchor(path) for path in paths if wanted & set(_hosts(path))]


def forget(anchor: Anchor) -> None:
    """Remove a copy: no store has it any more."""
    anchor.file.unlink()


def directory() -> Path:
    """Return the directory of all copies."""
    return kept_directory("BOARDCERT_AUTHORITIES", "authorities")


def _anchor(authority: x509.Certificate) -> Anchor:
    name = Anchor(authority, directory()).slug
    return Anchor(authority, directory() / (name + _SUFFIX))


def _write(anchor: Anchor, hosts: list[str]) -> None:
    """Write a copy: what its board is called, each name once, and the certificate."""
    lines = [f"{_BOARD}{host}\n" for host in dict.fromkeys(hosts)]
    write_whole(anchor.file, "".join(lines).encode() + anchor.pem)


def _hosts(path: Path) -> list[str]:
    """Return what the board of a copy is called."""
    lines = path.read_text("utf-8", "replace").splitlines()
    return [line.removeprefix(_BOARD) for line in lines if line.startswith(_BOARD)]
