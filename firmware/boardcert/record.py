"""The file format of an identity: one file holds one, so key and certificate stay together.

    offset  bytes
    0       4      magic: 89 42 43 49 (0x89 "BCI")
    4       1      format version: 1
    5       4      generation number, big-endian: the higher one is the newer
    9       4      length of the records, big-endian
    13             records: tag (1 byte), length (2 bytes, big-endian), value
    end-32  32     SHA-256 over everything before

Records, in this order: 1 private key (DER: SEC 1 or PKCS#1), once; 2 certificate (DER), one to
eight times, the leaf first; 3 facts about its making (a JSON object), once. Nothing may follow.
"""

import hashlib
import json
import struct

from micropython import const

from .errors import DamagedError

MAGIC = b"\x89BCI"
MAX_FILE_BYTES = const(16384)
"""More than an RSA-4096 key and a long chain need; a larger file is not read into memory."""

_VERSION = const(1)
_HEADER = ">4sBII"
_HEADER_BYTES = const(13)
_DIGEST_BYTES = const(32)
_PRIVATE_KEY = const(1)
_CERTIFICATE = const(2)
_FACTS = const(3)


class Record:
    """What one file holds. *private_key*: DER; *chain*: DER certificates, the leaf first."""

    def __init__(self, private_key: bytes, chain: list, facts: dict, generation: int = 0) -> None:
        self.private_key = private_key
        self.chain = chain
        self.facts = facts
        self.generation = generation

    def encode(self) -> bytes:
        """Return the file's bytes; ValueError when they would not be accepted back."""
        records = bytearray()
        _append(records, _PRIVATE_KEY, self.private_key)
        for certificate in self.chain:
            _append(records, _CERTIFICATE, certificate)
        _append(records, _FACTS, json.dumps(self.facts).encode())
        header = struct.pack(_HEADER, MAGIC, _VERSION, self.generation, len(records))
        data = header + bytes(records)
        if not 1 <= len(self.chain) <= 8 or len(data) + _DIGEST_BYTES > MAX_FILE_BYTES:
            raise ValueError("a chain has one to eight certificates, and 16 KB with the key")
        return data + hashlib.sha256(data).digest()


def _append(records: bytearray, tag: int, value: bytes) -> None:
    records.extend(struct.pack(">BH", tag, len(value)))
    records.extend(value)


def decode(data: bytes) -> Record:
    """Return the Record in *data*; raise DamagedError unless every byte is as it was written."""
    if not data:
        raise DamagedError("empty")
    if data[:4] != MAGIC:
        raise DamagedError("not an identity file")
    if len(data) < _HEADER_BYTES + _DIGEST_BYTES:
        raise DamagedError("truncated")
    _, version, generation, length = struct.unpack(_HEADER, data[:_HEADER_BYTES])
    if version != _VERSION:
        raise DamagedError(f"format version {version} is not known")
    end = len(data) - _DIGEST_BYTES
    if _HEADER_BYTES + length != end:
        raise DamagedError("truncated or too long")
    if hashlib.sha256(data[:end]).digest() != data[end:]:
        raise DamagedError("altered: the digest does not match")
    values = _split(data[_HEADER_BYTES:end])
    tags = [tag for tag, _ in values]
    if tags != [_PRIVATE_KEY] + [_CERTIFICATE] * (len(tags) - 2) + [_FACTS] or len(tags) < 3:
        raise DamagedError("unexpected records")
    try:
        facts = json.loads(values[-1][1])
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise DamagedError("unexpected records")
    return Record(values[0][1], [value for _, value in values[1:-1]], facts, generation)


def _split(records: bytes) -> list:
    """Return [(tag, value)]; raise DamagedError unless the lengths add up."""
    values = []
    offset = 0
    while offset < len(records):
        if offset + 3 > len(records):
            raise DamagedError("unexpected records")
        tag, length = struct.unpack(">BH", records[offset : offset + 3])
        offset += 3
        if offset + length > len(records):
            raise DamagedError("unexpected records")
        values.append((tag, bytes(records[offset : offset + length])))
        offset += length
    return values
