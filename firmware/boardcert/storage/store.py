"""Identities as files: their format, and how they are read. store_write writes them.

    offset  bytes
    0       4      magic: 89 42 43 49 (0x89 "BCI")
    4       1      format version: 1
    5       4      generation number, big-endian: the higher one is the newer
    9       4      length of the records, big-endian
    13             records: tag (1 byte), length (2 bytes, big-endian), value
    end-32  32     SHA-256 over everything before

Records, in this order: 1 private key (DER: SEC 1 or PKCS#1), once; 4 private key of the board's
own authority (DER: SEC 1), at most once; 2 certificate (DER), one to eight times, the leaf first;
3 facts about them (a JSON object), once. Nothing may follow. One file holds one identity, so keys
and certificates are never torn apart.

An identity NAME is in NAME.bin or, on FAT, in the newer of NAME.bin and NAME.alt. What is not
valid is reported and never used. With store_write, this is the only module that knows the file
system.
"""

import errno
import hashlib
import json
import os
import struct

from micropython import const

from .. import DamagedError, Error
from .record import Record

CONFIG_NAME = "config.json"

MAGIC = b"\x89BCI"
MAX_FILE_BYTES = const(16384)
"""More than an RSA-4096 key and a long chain need; a larger file is not read into memory."""

MAX_TEXT_BYTES = const(2048)
"""Of config.json; MicroPython takes this memory at once, whatever the file's length."""

SLOTS = (".bin", ".alt")
HEADER = ">4sBII"
VERSION = const(1)
PRIVATE_KEY = const(1)
CERTIFICATE = const(2)
FACTS = const(3)
AUTHORITY_KEY = const(4)
HEADER_BYTES = const(13)
DIGEST_BYTES = const(32)


def load(directory: str, name: str, notices: list, signs: bool = False) -> Record | None:
    """Return the newest valid record called *name*, or None; invalid ones become *notices*.

    *signs*: include the authority's key, if there is one.
    """
    best = None
    for suffix in SLOTS:
        path = f"{directory}/{name}{suffix}"
        try:
            found = read(path, signs)
        except DamagedError as error:
            notices.append(f"{path} was ignored: {error}")
            continue
        if found is not None and (best is None or found.generation > best.generation):
            best = found
    return best


def read(path: str, signs: bool = False) -> Record | None:
    """Return the record in one file, None without the file; raise DamagedError. *signs*: see load.

    The file's bytes do not stay in memory.
    """
    try:
        size = os.stat(path)[6]
        if size > MAX_FILE_BYTES:
            raise DamagedError("not an identity file")
        data = bytearray(size)
        with open(path, "rb") as file:
            file.readinto(data)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        # A directory, or a failing medium: not an identity, and no reason to stop.
        raise DamagedError(f"cannot be read ({error!r})") from error
    try:
        return decode(data, signs)
    finally:
        data[:] = bytes(len(data))


def read_config(directory: str) -> str | None:
    """Return the text of config.json, None without the file; Error when it cannot be read."""
    path = f"{directory}/{CONFIG_NAME}"
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_TEXT_BYTES + 1)
        if len(data) <= MAX_TEXT_BYTES:
            return data.decode()
        reason = f"it has more than {MAX_TEXT_BYTES} bytes"
    except UnicodeError:
        reason = "it is not UTF-8"
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        reason = repr(error)  # Some have no text.
    raise Error(f"{path} cannot be read: {reason}; write it again or delete it")


def parse_config(text: str | None) -> dict:
    """Return the settings in the *text* of config.json, unchecked; Error if not an object."""
    if text is None:
        return {}
    try:
        config = json.loads(text.lstrip("\ufeff"))  # As some editors write it, with a BOM.
    except (ValueError, RuntimeError):  # The latter where it is nested too deeply.
        config = None
    if not isinstance(config, dict):
        raise Error(f"{CONFIG_NAME} is not a JSON object; write it again or delete it")
    return config


def read_text(path: str) -> str | None:
    """Return the text of a small file, or None when it does not exist or is not text."""
    try:
        with open(path) as file:
            return file.read(MAX_TEXT_BYTES)
    except (OSError, UnicodeError):
        return None


def decode(data, signs: bool = False) -> Record:
    """Return the Record in *data*; raise DamagedError unless every byte is as it was written.

    *data*: bytes, or a bytearray. *signs*: see load.
    """
    if not data:
        raise DamagedError("empty")
    data = memoryview(data)
    if data[:4] != MAGIC:
        raise DamagedError("not an identity file")
    if len(data) < HEADER_BYTES + DIGEST_BYTES:
        raise DamagedError("truncated")
    _, version, generation, length = struct.unpack(HEADER, data[:HEADER_BYTES])
    if version != VERSION:
        raise DamagedError(f"unknown format version {version}")
    end = len(data) - DIGEST_BYTES
    if HEADER_BYTES + length != end:
        raise DamagedError("truncated or too long")
    if hashlib.sha256(data[:end]).digest() != data[end:]:
        raise DamagedError("altered: the digest does not match")
    values = _split(data[HEADER_BYTES:end])
    authority_key = None
    if len(values) > 1 and values[1][0] == AUTHORITY_KEY:
        authority_key = values.pop(1)[1]
    tags = [tag for tag, _ in values]
    facts = None
    if tags == [PRIVATE_KEY] + [CERTIFICATE] * (len(tags) - 2) + [FACTS] and len(tags) > 2:
        try:
            facts = json.loads(bytes(values[-1][1]))
        except ValueError:
            pass
    if not isinstance(facts, dict):
        raise DamagedError("unexpected records")
    chain = [bytes(value) for _, value in values[1:-1]]
    record = Record(bytes(values[0][1]), chain, facts, generation)
    if signs and authority_key:
        record.authority_key = bytes(authority_key)
    return record


def _split(records) -> list:
    """Return [(tag, value)], of a memoryview; raise DamagedError unless the lengths add up."""
    values = []
    offset = 0
    while offset < len(records):
        start = offset + 3
        length = int.from_bytes(records[offset + 1 : start], "big")
        offset = start + length
        values.append((records[start - 3], records[start:offset]))
    if offset != len(records):
        raise DamagedError("truncated")
    return values
