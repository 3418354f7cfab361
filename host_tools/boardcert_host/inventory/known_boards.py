"""The file of known boards, in which older versions kept what the inventory keeps."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from .. import clock
from ..errors import Error
from ..targets import canonical, is_address
from . import boards, history

_FILE_VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One entry of the file. *host*: HOST or HOST:PORT; *port*, *address*: where it was last."""

    host: str
    unique_id: str | None
    public_key_pin: str
    fingerprint: str
    first_seen: str
    port: int | None = None
    address: str | None = None


def read(data: bytes, name: str) -> list[Entry]:
    """Read the file of known boards, the oldest first. Raises Error for a damaged one."""
    try:
        content = json.loads(data.decode("utf-8"))
        if content["version"] != _FILE_VERSION:
            raise ValueError(f"version {content['version']!r} is not known")
        entries = _merged(_checked(Entry(**one)) for one in content["boards"])
    except (Error, ValueError, TypeError, KeyError, RecursionError) as error:
        hint = "repair it, or move it away and pin the boards again"
        raise Error(f"the file of known boards {name} is damaged: {error}", hint) from error
    return sorted(entries, key=lambda entry: (entry.first_seen, entry.host))


def add(connection: sa.Connection, entries: Iterable[Entry], source: str) -> list[str]:
    """Add what a file of known boards has; return a sentence for each entry that contradicts."""
    sentences = (_add_known(connection, entry, source) for entry in entries)
    return [sentence for sentence in sentences if sentence]


def _add_known(connection: sa.Connection, entry: Entry, source: str) -> str | None:
    """Add one entry; return a sentence when something of it contradicts what is there."""
    known = boards.by_host(connection, entry.host)
    if known and known.public_key_pin != entry.public_key_pin:
        sentence = (
            f"{entry.host} has another key in the inventory than in {source}, which is left out: "
        )
        sentence += f"{known.public_key_pin}, there {entry.public_key_pin}"
        history.note(connection, "contradiction", entry.host, sentence, known.id)
        return sentence
    facts = {"public_key_pin": entry.public_key_pin, "fingerprint": entry.fingerprint}
    unit = boards.by_unique_id(connection, entry.unique_id)
    board = boards.by_key(connection, entry.public_key_pin)
    sentence = _contradiction(connection, entry, unit, board)
    if entry.unique_id and not sentence:
        facts["unique_id"] = entry.unique_id
    first_seen = clock.from_text(entry.first_seen)
    if board is None:
        board_id = boards.add_board(connection, facts, first_seen)
    else:
        board_id = board.id
        if "unique_id" in facts:
            boards.set_unique_id(connection, board_id, facts["unique_id"])
        if not known:
            history.note_certificate(connection, board_id, facts, first_seen)
    if not known:
        boards.add_host(connection, entry.host, board_id, entry.port, entry.address, first_seen)
        history.note(connection, "imported", entry.host, source, board_id)
    if sentence:
        history.note(connection, "contradiction", entry.host, sentence, board_id)
    return sentence


def _contradiction(connection: sa.Connection, entry: Entry, unit: Any, board: Any) -> str | None:
    """Return what a person must look at: one key of two units, or two keys of one."""
    if board and board.unique_id and entry.unique_id and board.unique_id != entry.unique_id:
        other = boards.title(connection, board)
        return (
            f"TWO BOARDS WITH ONE KEY: {entry.host} (unit {entry.unique_id}) and {other}, "
            f"{entry.public_key_pin}: give both a key of their own (boardcert new-key)"
        )
    if unit and unit.public_key_pin != entry.public_key_pin:
        other = boards.title(connection, unit)
        return f"{entry.host} has the chip number of {other}, and another key: forget the older one"
    return None


def _merged(entries: Iterable[Entry]) -> list[Entry]:
    """Bring hosts to one spelling; ValueError when two entries give one host different keys."""
    merged: dict[str, Entry] = {}
    for entry in entries:
        host = canonical(entry.host)
        before = merged.setdefault(host, replace(entry, host=host))
        if before.public_key_pin != entry.public_key_pin:
            raise ValueError(f"{host} is listed twice, with two keys")
    return list(merged.values())


def _checked(entry: Entry) -> Entry:
    """Raise ValueError when a field cannot be what it should be."""
    if not all(
        isinstance(value, str) for value in (entry.host, entry.fingerprint, entry.first_seen)
    ):
        raise ValueError("a board without host, fingerprint or date")
    if not isinstance(entry.unique_id, str | None):
        raise ValueError(f"{entry.unique_id!r} is not a chip number")
    if not str(entry.public_key_pin).startswith("sha256//"):
        raise ValueError(f"{entry.public_key_pin!r} is not a public-key pin")
    if entry.port is not None and not (type(entry.port) is int and 1 <= entry.port <= 65535):
        raise ValueError(f"{entry.port!r} is not a port")
    if entry.address is not None and not is_address(str(entry.address)):
        raise ValueError(f"{entry.address!r} is not an address")
    clock.from_text(entry.first_seen)
    return entry
