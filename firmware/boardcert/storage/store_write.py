"""Write identities so that after a loss of power either the old or the new one is there.

There are two ways, depending on the file system:

- littlefs and POSIX: the file is written under a new name (NAME.new), flushed and closed, and
  renamed over the old one (NAME.bin), which is atomic there.
- FAT: a rename is not atomic, so there are two slots, NAME.bin and NAME.alt. A save writes the
  slot that does not hold the newest identity, with a higher generation number. This holds as
  far as the medium writes single sectors whole; raw flash under FAT, where a directory sector is
  erased before it is written again, cannot promise it.

What was not written here is never overwritten: it is moved to a name ending in .bad first.
"""

import errno
import hashlib
import json
import os
import struct

from .. import DamagedError
from .record import exists
from .store import (
    AUTHORITY_KEY,
    CERTIFICATE,
    DIGEST_BYTES,
    FACTS,
    HEADER,
    HEADER_BYTES,
    MAGIC,
    MAX_FILE_BYTES,
    PRIVATE_KEY,
    SLOTS,
    VERSION,
    Record,
    read,
    read_text,
)

# What a slot holds, in ascending order of value: something damaged or not ours; an empty file, as a
# loss of power leaves on FAT; no file; a record.
_FOREIGN = 0
_TORN = 1
_ABSENT = 2
_RECORD = 3
_DIRECTORY_MODE = 0x4000  # In os.stat()[0].


def encode(record: Record) -> list:
    """Return the bytes of a file, in pieces; ValueError when they would not be accepted back."""
    values = [(PRIVATE_KEY, record.private_key)]
    if record.authority_key:
        values.append((AUTHORITY_KEY, record.authority_key))
    values += [(CERTIFICATE, certificate) for certificate in record.chain]
    values.append((FACTS, json.dumps(record.facts).encode()))
    pieces = [b""]
    for tag, value in values:
        pieces += [struct.pack(">BH", tag, len(value)), value]
    size = sum([len(piece) for piece in pieces])
    pieces[0] = struct.pack(HEADER, MAGIC, VERSION, record.generation, size)
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    pieces.append(digest.digest())
    size += HEADER_BYTES + DIGEST_BYTES
    if not 1 <= len(record.chain) <= 8 or size > MAX_FILE_BYTES:
        raise ValueError("a chain has one to eight certificates, and 16 KB with the key")
    return pieces


class Writer:
    """Write to one directory. *notices*: a list that gets a sentence per finding."""

    def __init__(self, directory: str, notices: list) -> None:
        self._directory = directory
        self._notices = notices

    def save(self, name: str, new: Record) -> None:
        """Write *new* as the newest record called *name*; OSError when that fails.

        Sets its generation. Afterwards a load gives *new*; after a loss of power at any moment
        it gives *new* or what it gave before.
        """
        _make_directory(self._directory)
        slots = self._examine(name)
        new.generation = max([generation for _, generation in slots.values()]) + 1
        two_slots = is_fat(self._directory)
        slot = min(SLOTS, key=lambda suffix: slots[suffix]) if two_slots else SLOTS[0]
        if slots[slot][0] == _FOREIGN:
            self._move_aside(name + slot)
        if two_slots:
            _write(self._path(name + slot), encode(new))
        else:
            self._replace(name, slot, encode(new))

    def set_aside(self, name: str) -> None:
        """Move every intact record called *name* aside, because this version has no use for it."""
        slots = self._examine(name)
        for suffix in SLOTS:
            if slots[suffix][0] == _RECORD:
                self._move_aside(name + suffix)

    def read_mark(self) -> str | None:
        """Return what write_mark wrote last on this board, or None."""
        return read_text(self._path("marker")) or _nvs_read()

    def write_mark(self, text: str) -> None:
        """Write *text* where it outlives the identity: a file, and on esp32 the NVS as well.

        The NVS survives even when the file system is made anew; the file serves without it.
        """
        self.write_text("marker", text)
        try:
            _nvs_write(text)
        except OSError as error:
            self._notices.append(f"the marker was not written to the NVS: {error}")

    def write_text(self, name: str, text: str) -> None:
        """Write a small file whose loss in a power cut does no harm."""
        self.write_pieces(name, [text.encode()])

    def write_pieces(self, name: str, pieces) -> None:
        """As write_text, of what may be larger. *pieces*: any iterable of bytes."""
        _make_directory(self._directory)
        self._replace(name, "", pieces)

    def _path(self, file_name: str) -> str:
        return f"{self._directory}/{file_name}"

    def _examine(self, name: str) -> dict:
        """Return {suffix: (what the slot holds, the record's generation or 0)}."""
        slots = {}
        for suffix in SLOTS:
            try:
                found = read(self._path(name + suffix))
                slots[suffix] = (_RECORD, found.generation) if found else (_ABSENT, 0)
            except DamagedError:
                is_empty = is_empty_file(self._path(name + suffix))
                slots[suffix] = (_TORN if is_empty else _FOREIGN), 0
        return slots

    def _move_aside(self, file_name: str) -> None:
        """Rename a file that is not ours to a free name ending in .bad, and report it."""
        path = self._path(file_name)
        aside = path + ".bad"
        number = 1
        while exists(aside):
            number += 1
            aside = f"{path}.{number}.bad"
        os.rename(path, aside)
        self._notices.append(f"{path} was not valid; it is kept as {aside}")

    def _replace(self, name: str, suffix: str, pieces) -> None:
        """Write NAME.new and rename it over the file *name* + *suffix*."""
        new_path = self._path(name + ".new")
        _write(new_path, pieces)
        os.rename(new_path, self._path(name + suffix))


def is_fat(directory: str) -> bool:
    """Return whether *directory* is on FAT, where a name cannot hold an asterisk.

    Only FAT answers EINVAL; the others that it does not exist.
    """
    try:
        os.stat(f"{directory}/*")
    except OSError as error:
        return error.errno == errno.EINVAL
    return False


def _write(path: str, pieces) -> None:
    """Write a whole file and flush it to the medium; remove it again when it does not fit."""
    try:
        with open(path, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
    except OSError:
        remove_file(path)
        raise
    if hasattr(os, "sync"):
        os.sync()


def _nvs():
    """Return the esp32's non-volatile storage, or None on other boards."""
    try:
        from esp32 import NVS
    except ImportError:
        return None
    return NVS("boardcert")


def _nvs_read() -> str | None:
    buffer = bytearray(128)
    try:
        nvs = _nvs()
        if nvs is None:
            return None
        return bytes(buffer[: nvs.get_blob("pin", buffer)]).decode()
    except OSError:  # There is no such blob, or no NVS to be had.
        return None


def _nvs_write(text: str) -> None:
    nvs = _nvs()
    if nvs is not None:
        nvs.set_blob("pin", text.encode())
        nvs.commit()


def _make_directory(path: str) -> None:
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise OSError(error.errno, f"cannot create the directory {path}") from error


def is_empty_file(path: str) -> bool:
    """Return whether there is a file at *path* with nothing in it."""
    try:
        details = os.stat(path)
    except OSError:
        return False
    return not details[0] & _DIRECTORY_MODE and details[6] == 0


def remove_file(path: str) -> None:
    """Remove the file at *path* if it is there; OSError when that fails."""
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
