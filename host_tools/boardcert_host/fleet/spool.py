"""What was found so far, on disk: memory holds only a few servers, however many there are.

A database of SQLite in a temporary file, which is gone afterwards. At the end it says which keys
were proven at several addresses, what was worst, and how many servers there were of each kind.
"""

import collections
import contextlib
import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import Error
from ..inventory.history import NOT_VALID
from ..verify.reasons import DUPLICATE_KEY, badness
from .findings import Finding

_TABLES = """\
CREATE TABLE findings (
    id INTEGER PRIMARY KEY, asked TEXT, key TEXT, address TEXT, is_v6 INTEGER,
    verdict TEXT, reasons TEXT, badness INTEGER, line TEXT
);
CREATE INDEX by_key ON findings (key);
"""
# Of the database's pages in memory.
_CACHE_KIB = 4096
_PAGE = 500
_NOT_BAD = 1000
# Some of the others with the same key, in the sentence about one.
_MOST_OTHERS = 3
_SEPARATOR = ", "
# The same board may have an address of either family; two of one family are two boards.
_DUPLICATES = """\
CREATE TEMPORARY TABLE duplicates AS
    SELECT key, is_v6 FROM findings WHERE key IS NOT NULL AND address IS NOT NULL
    GROUP BY key, is_v6 HAVING COUNT(DISTINCT address) > 1
"""
_OF_DUPLICATES = """\
SELECT id, key, address, line FROM findings JOIN duplicates USING (key, is_v6)
WHERE id > ? ORDER BY id LIMIT ?
"""
_OTHERS = "SELECT line FROM findings WHERE key = ? AND address <> ? ORDER BY id LIMIT ?"

Entry = dict[str, Any]
"""One server, as `Finding.to_json` describes it."""


class Spool:
    """The findings of one run."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, findings: Iterable[Finding]) -> list[Entry]:
        """Keep what was found; return it as entries."""
        entries = [finding.to_json() for finding in findings]
        self.add_entries(entries)
        return entries

    def add_entries(self, entries: Iterable[Entry]) -> None:
        """Keep entries that were made before, or elsewhere."""
        self._write(
            "INSERT INTO findings VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", map(_row, entries)
        )

    def mark_duplicates(self) -> Iterator[list[Entry]]:
        """Record that keys were proven at several addresses; yield those servers, in pages."""
        self._connection.execute(_DUPLICATES)
        last = 0
        while rows := self._connection.execute(_OF_DUPLICATES, (last, _PAGE)).fetchall():
            last = rows[-1][0]
            entries = {number: self._duplicate(*rest) for number, *rest in rows}
            statement = "UPDATE findings SET verdict = ?, reasons = ?, badness = ?, line = ?"
            changed = ((*_row(one)[4:], number) for number, one in entries.items())
            self._write(f"{statement} WHERE id = ?", changed)
            yield list(entries.values())

    def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return how many servers there are of each verdict, and of each reason, most first."""
        verdicts: collections.Counter[str] = collections.Counter()
        reasons: collections.Counter[str] = collections.Counter()
        query = "SELECT verdict, reasons, COUNT(*) FROM findings GROUP BY verdict, reasons"
        for verdict, text, count in self._connection.execute(query):
            verdicts[verdict] += count
            for reason in filter(None, text.split(_SEPARATOR)):
                reasons[reason] += count
        return dict(verdicts.most_common()), dict(reasons.most_common())

    def worst(self, most: int) -> list[Entry]:
        """Return the servers that are not simply valid, the worst first, at most so many."""
        query = "SELECT line FROM findings WHERE badness < ? ORDER BY badness, id LIMIT ?"
        return [json.loads(line) for (line,) in self._connection.execute(query, (_NOT_BAD, most))]

    def each(self) -> Iterator[Entry]:
        """Yield every server; one that was asked for several times once, as it was found last."""
        query = (
            "SELECT line FROM findings WHERE id IN (SELECT MAX(id) FROM findings GROUP BY asked)"
        )
        for (line,) in self._connection.execute(f"{query} ORDER BY id"):
            yield json.loads(line)

    def _duplicate(self, key: str, address: str, line: str) -> Entry:
        others = self._connection.execute(_OTHERS, (key, address, _MOST_OTHERS)).fetchall()
        names = _SEPARATOR.join(json.loads(other)["asked"] for (other,) in others)
        entry = json.loads(line)
        entry["reasons"] = [DUPLICATE_KEY, *entry["reasons"]]
        sentence = f"TWO BOARDS WITH ONE KEY: {names} has the same, {key}"
        entry["detail"] = "; ".join(filter(None, (sentence, entry["detail"])))
        return entry | {"verdict": NOT_VALID, "ok": False, "again": True}

    def _write(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        try:
            with self._connection:
                self._connection.executemany(statement, rows)
        except sqlite3.Error as error:
            hint = "free some space, or set $TMPDIR to a larger one"
            raise Error(
                f"cannot keep what was found in {tempfile.gettempdir()}: {error}", hint
            ) from error


def _row(entry: Entry) -> tuple[Any, ...]:
    """Return the columns of a server after its number."""
    certificate, address, reasons = entry["certificate"], entry["address"], entry["reasons"]
    key = certificate["public_key_pin"] if certificate else None
    bad = min(map(badness, reasons), default=_NOT_BAD)
    text = _SEPARATOR.join(reasons)
    asked = entry["asked"]
    return (
        asked,
        key,
        address,
        ":" in (address or ""),
        entry["verdict"],
        text,
        bad,
        json.dumps(entry),
    )


@contextlib.contextmanager
def spool() -> Iterator[Spool]:
    """Yield an empty one, which is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        path = Path(directory) / "findings.db"
        # Made in one thread, used in another, never in two at once.
        connection = sqlite3.connect(path, check_same_thread=False)
        with contextlib.closing(connection):
            for pragma in (
                "journal_mode = OFF",
                "synchronous = OFF",
                f"cache_size = -{_CACHE_KIB}",
            ):
                connection.execute(f"PRAGMA {pragma}")
            connection.executescript(_TABLES)
            yield Spool(connection)
