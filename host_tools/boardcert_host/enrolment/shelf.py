"""What is kept of each board between two runs, in files for their owner only."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import filelock
from cryptography import x509

from ..certificates.certificate import public_key_pin
from ..directories import kept_directory
from ..errors import Error
from ..files import cannot_read, write_own_json
from ..targets import parse_host

_LOCK_TIMEOUT_S = 5
# In a file, from its change of host until it is saved again: a renaming that is to be ended.
_RENAMED_FROM = "renamed_from"


@dataclass
class Entry:
    """One board's. *plan*: what was asked for, so that a renewal needs only the board's name.

    *request*: the board's (PEM), of which no certificate has come yet. *chains*: issued (PEM), the
    CA's choice first, and not installed yet. *installed*: what was installed last, as
    `certificate.describe` says it.
    """

    plan: Any
    request: str | None = None
    chains: list[str] = field(default_factory=list)
    installed: dict[str, Any] | None = None

    @property
    def public_key_pin(self) -> str | None:
        """The key that the last certificate, or the request for the next one, is for."""
        if self.request:
            return public_key_pin(x509.load_pem_x509_csr(self.request.encode()))
        return (self.installed or {}).get("public_key_pin")

    @property
    def is_unfinished(self) -> bool:
        """Whether something was begun, and is to be taken up."""
        return bool(self.chains)


_Entry = TypeVar("_Entry", bound=Entry)


class Shelf(Generic[_Entry]):
    """The entries of one way to a CA: boards/HOST.json in the directory that *variable* names.

    By default, in *folder* of the user's data. *read*: makes an entry of what `asdict` has made of
    one; KeyError, TypeError or ValueError for anything else.
    """

    def __init__(
        self, variable: str, folder: str, read: Callable[[dict[str, Any]], _Entry]
    ) -> None:
        self._variable = variable
        self._folder = folder
        self._read = read

    def home(self) -> Path:
        """Return the directory of all this."""
        return kept_directory(self._variable, self._folder)

    def hosts(self) -> list[str]:
        """Return the boards for which something is kept; `load` tells of a file that is damaged.

        A file of another name, such as a copy that a person has made, is no board's.
        """
        files = list((self.home() / "boards").glob("*.json"))
        return sorted({host for path in files if (host := self._host_in(path))})

    def load(self, host: str) -> _Entry | None:
        """Return what is kept for *host*. Raises Error when the file cannot be read."""
        path = self._file(host)
        content = self._own_content(path)
        if not content:
            self.hosts()  # Which ends a renaming, if one was interrupted.
            content = self._own_content(path)
        try:
            entry = self._read(content) if content else None
            if entry and not isinstance(entry.public_key_pin, str | None):
                raise TypeError
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _unreadable(path) from error
        return entry

    def save(self, host: str, entry: _Entry) -> None:
        """Keep it, whole or not at all."""
        write_own_json(self._file(host), {"host": host} | asdict(entry))

    def forget(self, host: str) -> None:
        """Keep nothing of the board any more; what belongs to the CA stays. Raises Error."""
        known = self.hosts()
        if host not in known:
            hint = f"they were for {', '.join(known)}" if known else None
            raise Error(f"no certificate was requested here for {host}", hint)
        with self.held(host):
            self._file(host).unlink()

    def rename(self, old: str, new: str, is_own: bool) -> None:
        """Let what is kept of *old* be that of *new*. Raises Error where something is of that.

        *is_own*: whether the board calls itself so now; else its certificate is for the old name,
        unless it has the new one.
        """
        with self.held(old):
            if self._file(new).exists():
                raise Error(f"{new} is renewed already")
            entry = self.load(old)
            if entry:
                has_new = is_own or parse_host(new)[0] in (entry.installed or {}).get("names", ())
                way = entry.plan.way.renamed(old, new, has_new)
                entry.plan = replace(entry.plan, way=way)
                path = self._file(old)  # One file at any moment: two would be two renewals.
                write_own_json(path, {"host": new, _RENAMED_FROM: old} | asdict(entry))
                self._end_rename(path, new)

    def _host_in(self, path: Path) -> str | None:
        """Return the board of a file, once its renaming is ended; None for one of no board."""
        try:
            content = self._settled(path)
        except Error:
            return path.stem if path.stem == file_name(path.stem) else None
        return content["host"] if content else None

    def _own_content(self, path: Path) -> dict[str, Any] | None:
        """Return what a file has that is still its board's once its renaming is ended."""
        content = self._settled(path)
        return content if content and self._file(content["host"]) == path else None

    def _settled(self, path: Path) -> dict[str, Any] | None:
        """Return what a board's file has; None for one of no board. Ends its renaming."""
        try:
            content = _content(path)
        except FileNotFoundError:
            return None
        host = content["host"]
        if path.stem == file_name(host):
            return content
        if path.stem != file_name(str(content.get(_RENAMED_FROM, ""))):
            return None
        self._end_rename(path, host)
        return content

    def _end_rename(self, path: Path, host: str) -> None:
        """Give a file that is about *host* the name for that, unless there is one, or it is gone.

        Another program may do so, too.
        """
        if not self._file(host).exists():
            with contextlib.suppress(FileNotFoundError):
                path.rename(self._file(host))

    @contextlib.contextmanager
    def held(self, host: str) -> Iterator[None]:
        """Hold the board's file: the second of two programs that do so for it raises Error."""
        path = self._file(host)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = filelock.FileLock(f"{path}.lock", timeout=_LOCK_TIMEOUT_S, mode=0o600)
        try:
            taken = lock.acquire()
        except filelock.Timeout as error:
            raise Error(
                f"another program is requesting a certificate for {host}", "wait for its end"
            ) from error
        with taken:
            yield

    def _file(self, host: str) -> Path:
        return self.home() / "boards" / f"{file_name(host)}.json"


def file_name(host: str) -> str:
    """Return a file's name for *host*: a name or an address, perhaps with a port."""
    return re.sub(r"[^a-z0-9.-]", "_", host.lower())


def _content(path: Path) -> dict[str, Any]:
    """Return what a file has. Raises FileNotFoundError, and Error if it cannot be read."""
    try:
        content = json.loads(path.read_bytes())
        if isinstance(content, dict) and isinstance(content.get("host"), str):
            return content
    except FileNotFoundError:
        raise
    except OSError as error:
        raise cannot_read(path, error) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(path) from error
    raise _unreadable(path)


def _unreadable(path: Path) -> Error:
    hint = "move it to another directory, and order again with all options"
    return Error(f"{path} is damaged, or of another version", hint)
