"""What is kept between two runs: the account's key, orders, chains that are not installed yet.

In $BOARDCERT_ACME, or in the user's data: accounts/CA/account.key; boards/HOST.json, which has the
plan, how far the order is, and what was installed last. All of it is for its owner only.
"""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import filelock
import platformdirs

from ..errors import Error
from ..files import write_own_json
from .plan import Plan, plan_from

_LOCK_TIMEOUT_S = 5


@dataclass
class Kept:
    """One board's.

    *order*: the URL of an order that is not finished, and *request*, the board's (PEM), that it is
    for. *chains*: issued (PEM), the CA's choice first, and not installed yet. *records*: TXT
    records that were written, and may be there still. *installed*: what was installed last, as
    `certificate.describe` says it.
    """

    plan: Plan
    order: str | None = None
    request: str | None = None
    chains: list[str] = field(default_factory=list)
    records: list[tuple[str, str]] = field(default_factory=list)
    installed: dict[str, Any] | None = None


def home() -> Path:
    """Return the directory of all this."""
    chosen = os.environ.get("BOARDCERT_ACME")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("boardcert")) / "acme"


def account_directory(directory: str) -> Path:
    """Return where the account at the ACME *directory*, a URL, is kept."""
    host = re.sub(r"[^a-z0-9.-]", "_", urlsplit(directory).netloc.lower())
    digest = hashlib.sha256(directory.encode()).hexdigest()[:8]
    return home() / "accounts" / f"{host}-{digest}"


def service_file(domain: str) -> Path:
    """Return where the credentials of *domain* at an acme-dns server are kept."""
    return home() / "acme-dns" / f"{_file_name(domain)}.json"


def hosts() -> list[str]:
    """Return the boards for which something is kept; `load` tells of a file that is damaged."""
    return sorted(_host_in(path) for path in (home() / "boards").glob("*.json"))


def load(host: str) -> Kept | None:
    """Return what is kept for *host*. Raises Error when the file cannot be read."""
    path = _board_file(host)
    if not path.exists():
        return None
    content = _content(path)
    try:
        values = {name: content[name] for name in ("order", "request", "chains", "installed")}
        records = [(str(name), str(value)) for name, value in content["records"]]
        return Kept(plan_from(content["plan"]), records=records, **values)
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(path) from error


def save(host: str, kept: Kept) -> None:
    """Keep it, whole or not at all."""
    write_own_json(_board_file(host), {"host": host} | asdict(kept))


def forget(host: str) -> None:
    """Keep nothing of the board any more; its account at the CA stays. Raises Error."""
    known = hosts()
    if host not in known:
        hint = f"there are {', '.join(known)}" if known else None
        raise Error(f"nothing was ordered here for {host}", hint)
    with held(host):
        _board_file(host).unlink()


@contextlib.contextmanager
def held(host: str) -> Iterator[None]:
    """Hold the board's file: of two programs that order for it, the second raises Error."""
    path = _board_file(host)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = filelock.FileLock(f"{path}.lock", timeout=_LOCK_TIMEOUT_S, mode=0o600)
    try:
        taken = lock.acquire()
    except filelock.Timeout as error:
        raise Error(f"another program is ordering for {host}", "wait for its end") from error
    with taken:
        yield


def _host_in(path: Path) -> str:
    try:
        return str(_content(path)["host"])
    except Error:
        return path.stem


def _board_file(host: str) -> Path:
    return home() / "boards" / f"{_file_name(host)}.json"


def _file_name(host: str) -> str:
    """Return a file's name for *host*: a name or an address, perhaps with a port."""
    return re.sub(r"[^a-z0-9.-]", "_", host.lower())


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
        if isinstance(content, dict) and isinstance(content.get("host"), str):
            return content
    except (ValueError, RecursionError) as error:
        raise _unreadable(path) from error
    raise _unreadable(path)


def _unreadable(path: Path) -> Error:
    hint = "move it away, and order again with all options"
    return Error(f"{path} is damaged, or of another version", hint)
