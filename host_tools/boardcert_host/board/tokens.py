"""The key ring: the tokens by which boards let this user administer them.

A token is a password. The file is readable by its owner only, and refused if others can read it,
as ssh refuses a private key; no message, repr or record contains a token.
"""

import contextlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import Error
from ..files import SEE_PATHS, changing, own_file, reason, write_own_json
from ..targets import canonical

_FILE_VERSION = 1
# 130 bits in base32, as the board makes them.
_TOKEN = r"[a-z2-7]{26}"  # noqa: S105 (the form of one)


@dataclass(frozen=True)
class Entry:
    """The token of one board, its host as the pins spell it, and the pin of its key."""

    host: str
    public_key_pin: str
    token: str = field(repr=False)


def tokens_file() -> Path:
    """Return where the key ring is: $BOARDCERT_TOKENS, or in the user's configuration."""
    return own_file("BOARDCERT_TOKENS", "tokens.json")


def is_token(text: object) -> bool:
    """Return whether *text* has the form of a token."""
    return isinstance(text, str) and re.fullmatch(_TOKEN, text) is not None


def keep_token(host: str, public_key_pin: str, token: str) -> bool:
    """Put a board's token on the key ring; False when it was there already."""
    if not is_token(token):
        raise Error(f"what {host} sent is not a token", "`boardcert flash` brings it up to date")
    entry = Entry(canonical(host), public_key_pin, token)
    with changing_ring() as entries:
        is_new = entries.get(entry.host) != entry
        entries[entry.host] = entry
    return is_new


def find_token(names: Sequence[str], public_key_pin: str | None = None) -> str | None:
    """Return the token of the first of *names* that has one, else the one for this key.

    A key that boards with several tokens share decides nothing.
    """
    return find_in(load_tokens(), names, public_key_pin)


def find_in(
    entries: Mapping[str, Entry], names: Sequence[str], public_key_pin: str | None = None
) -> str | None:
    """Do the same among *entries*, by host, for one of many boards."""
    for name in map(canonical, names):
        if name in entries:
            return entries[name].token
    found = {entry.token for entry in entries.values() if entry.public_key_pin == public_key_pin}
    return found.pop() if len(found) == 1 else None


def follow_key(token: str, public_key_pin: str) -> None:
    """Record the new key of the board that has this token."""
    with changing_ring() as entries:
        for host, entry in entries.items():
            if entry.token == token:
                entries[host] = replace(entry, public_key_pin=public_key_pin)


def rename(old: str, new: str, keys: Collection[str] | None = None) -> None:
    """Let the token of *old* be that of *new*. Raises Error where that has another one.

    *keys*: the pins of the board's; a token of another board stays. None: it is the board's.
    """
    old, new = old.lower(), canonical(new)  # An old name may be one that nothing else took.
    with changing_ring() as entries:
        if old not in entries or (keys is not None and entries[old].public_key_pin not in keys):
            return
        if new in entries and entries[new].token != entries[old].token:
            raise Error(f"the key ring has another token for {new}")
        entries[new] = replace(entries.pop(old), host=new)


def forget_token(token: str) -> None:
    """Remove a token from the key ring: its board has another one by now."""
    with changing_ring() as entries:
        for host in [host for host, entry in entries.items() if entry.token == token]:
            del entries[host]


@contextlib.contextmanager
def changing_ring() -> Iterator[dict[str, Entry]]:
    """Lock the file for this process, yield {host: entry} to change, and write it at the end."""
    path = tokens_file()
    with changing(path, "the key ring"):
        entries = load_tokens()
        yield entries
        boards = [asdict(entries[host]) for host in sorted(entries)]
        write_own_json(path, {"version": _FILE_VERSION, "boards": boards})


def load_tokens() -> dict[str, Entry]:
    """Return the key ring, {host: entry}. The Error for a damaged file shows nothing of it."""
    path = tokens_file()
    data = _read_own(path)
    if data is None:
        return {}
    try:
        content = json.loads(data)
        if content["version"] != _FILE_VERSION:
            raise ValueError
        return {entry.host: entry for entry in map(entry_of, content["boards"])}
    except (Error, ValueError, TypeError, KeyError):
        hint = "move it away, and read the tokens anew: boardcert token HOST --usb PORT"
        raise Error(f"the key ring {path} is damaged", hint) from None


def entry_of(data: dict[str, Any]) -> Entry:
    """Return an entry from JSON. Raises Error, ValueError, TypeError or KeyError for another."""
    entry = Entry(**data)
    if not is_token(entry.token) or not entry.public_key_pin.startswith("sha256//"):
        raise ValueError
    return replace(entry, host=canonical(entry.host))


def _read_own(path: Path) -> bytes | None:
    """Return the file's content, None without one. Raises Error when others may read it."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            # Windows has no such modes; its user folders are private.
            if os.name == "posix" and mode & 0o077:
                danger = f"others can read the key ring {path} (mode {mode:04o})"
                raise Error(danger, f"chmod 600 {path}")
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Error(f"cannot read the key ring: {reason(error)}", SEE_PATHS) from error
