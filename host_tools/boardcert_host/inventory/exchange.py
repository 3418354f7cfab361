"""`boardcert export` and `import`: the whole inventory as lines of JSON, from any database.

The first line says what it is, the last how many boards there are, so that a truncated file is
noticed. In between there is a line for each board with all that is known of it, one for each event
of a forgotten board, and one for each key that a board has or had. None of it is secret.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa

from .. import clock
from ..errors import CHECKED_AND_BAD, Error
from ..files import read_stream
from ..targets import canonical, is_address
from . import boards, known_boards, listing, store
from . import keys as keys_of
from .history import VERDICTS, as_data, of_host
from .tables import UTCTime, certificates, events, hosts, keys, tags, verdicts
from .tables import boards as boards_table

FORMAT = 1
_HEAD, _END = "boardcert_inventory", "boards"
_OTHERS = ("event", "key")  # Lines that are no board's.
_PARTS = {"hosts": hosts, "certificates": certificates, "verdicts": verdicts, "events": events}
_LONGEST = 10_000
_LONGEST_LINE = 1 << 24


def export_lines() -> Iterator[str]:
    """Yield the lines of an export, each with its end."""
    count = others = 0
    with store.reading() as connection:
        yield _line({_HEAD: FORMAT, "exported_at": clock.as_text(clock.now())})
        for board in listing.find(connection, listing.Wanted()):
            count += 1
            row = boards.by_key(connection, board["public_key_pin"])
            yield _line(board | of_host(connection, "", row.id if row else None))
        query = sa.select(events).where(events.c.board_id.is_(None)).order_by(events.c.id)
        for event in connection.execute(query).mappings():
            others += 1
            yield _line({"event": as_data(event)})
        for key in connection.execute(sa.select(keys).order_by(*keys.primary_key)).mappings():
            others += 1
            yield _line({"key": as_data(key)})
        yield _line({_END: count, "others": others})


def _line(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False) + "\n"


def import_file(path: Path, source: str) -> tuple[int, int]:
    """Import the lines of an export; return how many boards are new, and how many were known.

    Or the hosts in a file of known boards of an older version. All of it or, with an Error that
    names the line, nothing. If a board is known already, tags and history are merged, and
    what is known of it here stays. *source*: what to call the file.
    """
    # Bytes that are no text reach the line that they are in, which is refused.
    with path.open(encoding="utf-8", errors="surrogateescape") as file:
        is_export = _HEAD in file.read(_LONGEST)
        file.seek(0)
        return (_import_lines if is_export else _import_known_boards)(file, source)


def _import_known_boards(file: TextIO, source: str) -> tuple[int, int]:
    entries = known_boards.read(read_stream(file.buffer, source), source)
    with store.writing() as connection:
        count = sum(boards.by_host(connection, entry.host) is None for entry in entries)
        contradictions = known_boards.add(connection, entries, source)
        if contradictions:
            raise Error(
                contradictions[0], "forget one of the two; nothing was changed", CHECKED_AND_BAD
            )
    return count, len(entries) - count


def _import_lines(file: TextIO, source: str) -> tuple[int, int]:
    counts, lines = {True: 0, False: 0}, _Lines(file)
    with store.writing() as connection:
        try:
            for data in _checked_lines(lines):
                if "event" in data:
                    _add_once(connection, events, {**_row(events, data["event"]), "board_id": None})
                elif "key" in data:
                    _add_key(connection, _row(keys, data["key"]))
                else:
                    counts[_add_board(connection, data)] += 1
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            reason = f"{source} is not an export of an inventory, or is damaged"
            raise Error(f"{reason}: line {lines.number}: {error}", "nothing was changed") from error
    return counts[True], counts[False]


class _Lines:
    """The lines of a file. *number*: of the last that was read, from 1."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        """Yield them. Raises ValueError for one that is not a line of an export."""
        while line := self._file.readline(_LONGEST_LINE + 1):
            self.number += 1
            if len(line) > _LONGEST_LINE:
                raise ValueError("the line is too long")
            yield line


def _checked_lines(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the lines between the first and the last. Raises ValueError."""
    count, others, is_whole = 0, 0, False
    for number, line in enumerate(lines, 1):
        data = json.loads(line)
        if number == 1:
            if data[_HEAD] != FORMAT:
                raise ValueError(f"format {data[_HEAD]!r} is not known")
        elif is_whole:
            raise ValueError("more after its end")
        elif _END in data:
            # Older exports did not count their other lines.
            stated = data[_END], data.get("others", others)
            if stated != (count, others):
                raise ValueError(
                    f"{count} boards and {others} others, of {stated[0]} and {stated[1]}"
                )
            is_whole = True
        else:
            is_other = any(name in data for name in _OTHERS)
            count, others = count + (not is_other), others + is_other
            yield data
    if not is_whole:
        raise ValueError("its end is missing")


def _add_key(connection: sa.Connection, values: Mapping[str, Any]) -> None:
    """Add a key, or what is not known of it here. Raises ValueError for one without its pin."""
    if values.get("public_key") and keys_of.checked(values) is None:
        raise ValueError(f"the public key with the pin {values['public_key_pin']} is another")
    keys_of.note(connection, values["unique_id"], values, values["first_seen"])


def _add_board(connection: sa.Connection, data: Mapping[str, Any]) -> bool:
    """Add one board, or join it with the one that is known; return whether it is new."""
    values = _row(
        boards_table, {name: data[name] for name in data if name not in (*_PARTS, "tags")}
    )
    rows = {name: [_row(table, row) for row in data[name]] for name, table in _PARTS.items()}
    _check(values, rows)
    board = boards.by_key(connection, values["public_key_pin"])
    _refuse_contradictions(connection, values, rows["hosts"], board)
    if board is None:
        added = sa.insert(boards_table).values(values).returning(boards_table.c.id)
        board_id = connection.execute(added).scalar_one()
    else:
        board_id = board.id
        missing = {name: value for name, value in values.items() if not getattr(board, name)}
        if missing:
            mine = boards_table.c.id == board_id
            connection.execute(sa.update(boards_table).where(mine).values(missing))
    keys_of.note(connection, values.get("unique_id"), values, values["first_seen"])
    rows["tags"] = [_row(tags, {"tag": tag}) for tag in data["tags"]]
    for name, table in (*_PARTS.items(), ("tags", tags)):
        for row in rows[name]:
            _add_once(connection, table, row | {"board_id": board_id})
    return board is None


def _refuse_contradictions(
    connection: sa.Connection,
    values: Mapping[str, Any],
    names: list[dict[str, Any]],
    board: sa.Row[Any] | None,
) -> None:
    """Raise Error where the inventory knows it otherwise: a host, a key or a chip number."""
    name = names[0]["host"]
    boards.refuse_twin(connection, name, values)
    unit = boards.by_unique_id(connection, values.get("unique_id"))
    others = [("chip number", name, unit)]
    others += [("name", row["host"], boards.by_host(connection, row["host"])) for row in names]
    for what, host, other in others:
        if other and (board is None or other.id != board.id):
            called = boards.title(connection, other)
            raise Error(
                f"{host} has the {what} of {called}, and another key: {values['public_key_pin']}, "
                f"in the inventory {other.public_key_pin}",
                "forget the older of the two, here or there; nothing was changed",
                CHECKED_AND_BAD,
            )


def _check(values: Mapping[str, Any], rows: Mapping[str, list[dict[str, Any]]]) -> None:
    """Raise ValueError for what no inventory holds."""
    if not values["public_key_pin"].startswith("sha256//"):
        raise ValueError(f"{values['public_key_pin']!r} is not a public-key pin")
    if not rows["hosts"]:
        raise ValueError("a board without a host")
    for row in rows["hosts"]:
        try:
            is_canonical = canonical(row["host"]) == row["host"]
        except Error as error:
            raise ValueError(error.message) from error
        if not is_canonical:
            raise ValueError(f"{row['host']!r} is not how a host is written")
        if row.get("port") is not None and not 1 <= row["port"] <= 65535:
            raise ValueError(f"{row['port']!r} is not a port")
        if row.get("address") is not None and not is_address(row["address"]):
            raise ValueError(f"{row['address']!r} is not an address")
    wrong = {row["verdict"] for row in rows["verdicts"]} - set(VERDICTS)
    if wrong:
        raise ValueError(f"{wrong.pop()!r} is not a verdict")


def _row(table: sa.Table, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values for a row of *table*. Raises ValueError for one that does not fit."""
    known = {column.name for column in table.columns} - {"id", "board_id"}
    if data.keys() - known:
        raise ValueError(f"{min(data.keys() - known)} is not known")
    found = {name: _value(table.columns[name], value) for name, value in data.items()}
    for name in known:
        column = table.columns[name]
        if not column.nullable and column.default is None and found.get(name) is None:
            raise ValueError(f"{name} is missing")
    return found


def _value(column: sa.Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UTCTime):
        return clock.from_text(value)
    if isinstance(column.type, sa.Integer):
        if type(value) is not int or not 0 <= value < 1 << 31:
            raise ValueError(f"{value!r} is not a number for {column.name}")
    elif not isinstance(value, str) or "\0" in value or len(value) > _LONGEST:
        raise ValueError(f"{column.name} is too long, or not a text")
    return value


def _add_once(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> None:
    """Add a row, unless the same is there; of hosts and certificates, one with the same name."""
    named = {"hosts": ("host",), "certificates": ("board_id", "fingerprint", "public_key_pin")}
    names = named.get(table.name, tuple(values))
    same = [table.columns[name].is_not_distinct_from(values[name]) for name in names]
    if connection.execute(sa.select(sa.literal(1)).select_from(table).where(*same)).first() is None:
        connection.execute(sa.insert(table).values(**values))
