"""The record of a batch: a line of JSON for each board that was tried, and the same as CSV.

Lines are only added, under a lock, so that two stations may share a folder, and a batch that was
cut short is taken up again. There is nothing secret in it.
"""

import csv
import io
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO

from ..console import table_cell
from ..errors import Error
from ..files import cannot_read, changing, write_whole

DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Entry:
    """What became of one board. *result*: DONE or FAILED; *started*, *finished*: UTC.

    *serial_number*: as it stands in the host name. What is not known is empty.
    """

    serial_number: str
    host_name: str
    unique_id: str
    result: str
    error: str = ""
    name: str = ""
    public_key_pin: str = ""
    fingerprint: str = ""
    board: str = ""
    firmware: str = ""
    package: str = ""
    url: str = ""
    port: str = ""
    started: str = ""
    finished: str = ""
    log: str = ""

    @property
    def title(self) -> str:
        """What to call the board to a person."""
        return self.host_name or self.name or self.unique_id or self.port


class Record:
    """The files of one batch, in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines_file = folder / "boards.jsonl"
        self.table_file = folder / "boards.csv"
        self.logs = folder / "logs"

    def read(self) -> list[Entry]:
        """Return all entries, the oldest first. A damaged file is an Error, never a shorter list.

        The last line may be half of one: what was writing it has lost its power.
        """
        try:
            *lines, rest = self.lines_file.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise cannot_read(self.lines_file, error) from error
        try:
            return [_entry(line) for line in [*lines, *_whole(rest)] if line]
        except (ValueError, TypeError) as error:
            hint = "move it away to begin another batch"
            raise Error(f"the record {self.lines_file} is damaged", hint) from error

    def latest(self) -> dict[str, Entry]:
        """Return {unique id: last entry} of the boards whose number is known."""
        return {one.unique_id: one for one in self.read() if one.unique_id}

    def add(self, entry: Entry) -> None:
        """Add an entry to the lines, and write the table anew. Raises Error."""
        with changing(self.lines_file, "the record"):
            entries = [*self.read(), entry]
            with self.lines_file.open("ab") as file:
                self._end_last_line(file)
                file.write(json.dumps(asdict(entry)).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            write_whole(self.table_file, _table(entries).encode())

    def _end_last_line(self, file: IO[bytes]) -> None:
        """End a line that lacks only its end, and cut off half of one."""
        data = self.lines_file.read_bytes()
        rest = data[data.rfind(b"\n") + 1 :]
        if _whole(rest):
            file.write(b"\n")
        elif rest:
            file.truncate(len(data) - len(rest))


def _entry(line: bytes) -> Entry:
    """Return the entry in a line of JSON; ValueError or TypeError for any other line."""
    entry = Entry(**json.loads(line))
    if not all(isinstance(value, str) for value in vars(entry).values()):
        raise ValueError("a field that is not a text")
    return entry


def _whole(rest: bytes) -> list[bytes]:
    """Return the last line, when it lacks nothing but its end."""
    try:
        json.loads(rest)
    except ValueError:
        return []
    return [rest]


def _table(entries: list[Entry]) -> str:
    text = io.StringIO()
    names = [field.name for field in fields(Entry)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for entry in entries:
        writer.writerow({name: table_cell(value) for name, value in asdict(entry).items()})
    return text.getvalue()
