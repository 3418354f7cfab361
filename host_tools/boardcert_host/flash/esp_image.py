"""The layout of a MicroPython image for an ESP32: boot loader, partition table, application.

The .bin of a release is one file for all three and fills what lies between them, where the board
keeps its non-volatile storage, with 0xFF. Written as it is, it would erase that storage.
"""

import struct
from dataclasses import dataclass

# Where ESP-IDF puts the partition table, unless a build says otherwise; MicroPython's do not.
_TABLE_ADDRESS = 0x8000
_TABLE_BYTES = 0x1000
_ENTRY = struct.Struct("<2sBBII16sI")
_ENTRY_MAGIC = b"\xaa\x50"
_TYPE_APPLICATION = 0
_IMAGE_MAGIC = 0xE9
# The upper half of byte 3 of an image's header: the flash it is built for, 1 MiB << n.
_FLASH_SIZE_BYTE = 3


@dataclass(frozen=True)
class Piece:
    """A part of an image and the flash address where it belongs."""

    address: int
    data: bytes


@dataclass(frozen=True)
class ESPImage:
    """An image in its pieces. *flash_bytes*: the flash that it needs at least."""

    boot_loader: Piece
    application: Piece
    flash_bytes: int

    @property
    def pieces(self) -> list[Piece]:
        """All that is to be written."""
        return [self.boot_loader, self.application]


def read_image(data: bytes, offset: int) -> ESPImage:
    """Take apart a release image that starts at the flash address *offset*.

    Raises ValueError when it is not one, or when there is more than 0xFF between its pieces.
    """
    head_bytes = _TABLE_ADDRESS + _TABLE_BYTES - offset
    if len(data) <= head_bytes or data[0] != _IMAGE_MAGIC:
        raise ValueError("it does not start with a boot loader")
    start = _application_address(data[_TABLE_ADDRESS - offset : head_bytes]) - offset
    if not head_bytes <= start < len(data) or data[start] != _IMAGE_MAGIC:
        raise ValueError("its partition table points to an application that is not there")
    if data[head_bytes:start].strip(b"\xff"):
        raise ValueError("it holds data that would overwrite the board's non-volatile storage")
    return ESPImage(
        Piece(offset, data[:head_bytes]),
        Piece(offset + start, data[start:]),
        1024 * 1024 << (data[_FLASH_SIZE_BYTE] >> 4),
    )


def _application_address(table: bytes) -> int:
    """Return the address of the first application partition."""
    for at in range(0, len(table), _ENTRY.size):
        magic, kind, _, address, *_ = _ENTRY.unpack_from(table, at)
        if magic != _ENTRY_MAGIC:
            break
        if kind == _TYPE_APPLICATION:
            return address
    raise ValueError("it has no partition table with an application in it")
