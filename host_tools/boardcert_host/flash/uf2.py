"""The UF2 format (github.com/microsoft/uf2), read strictly: every block is checked first.

A boot loader takes the blocks one by one and skips what is not for it, so that a damaged or wrong
file leaves half a firmware behind. Such a file is refused here, before any of it is copied.
"""

import struct
from dataclasses import dataclass

BLOCK_BYTES = 512
_HEADER = struct.Struct("<8I")
_MAGIC_START = (0x0A324655, 0x9E5D5157)
_MAGIC_END = struct.pack("<I", 0x0AB16F30)
_FLAG_NOT_MAIN_FLASH = 0x00000001
_FLAG_FAMILY_ID = 0x00002000
_FLAG_EXTENSIONS = 0x00008000
# The boot ROMs of RP2040 and RP2350 take blocks of one flash page only.
_PAGE_BYTES = 256

# RP2350-E10: files for that chip may begin with a block that its boot ROM must see and not store.
# It has numbers of its own (0 of 2), this family id and address, and this extension tag.
_IGNORED_FAMILY_ID = 0xE48BFF57
_IGNORED_ADDRESS = 0x10FFFF00
_IGNORE_TAG = struct.pack("<I", 0x9957E304)


@dataclass(frozen=True)
class UF2:
    """The flash contents in a UF2 file. *pages*: {address: 256 bytes}, in the file's order."""

    family_id: int
    pages: dict[int, bytes]

    @property
    def content(self) -> bytes:
        """All pages in the order of their addresses, without what lies between them."""
        return b"".join(self.pages[address] for address in sorted(self.pages))


def read_uf2(data: bytes, family_id: int, start: int, end: int) -> UF2:
    """Read a whole UF2 file for *family_id* whose addresses lie in *start* to *end*.

    Raises ValueError, with the number of the block, when a single block is not as it must be.
    """
    if not data or len(data) % BLOCK_BYTES:
        raise ValueError(f"not a UF2 file: {len(data)} bytes are not a whole number of blocks")
    blocks = [data[at : at + BLOCK_BYTES] for at in range(0, len(data), BLOCK_BYTES)]
    if _is_to_be_ignored(blocks[0]):
        del blocks[0]
    pages: dict[int, bytes] = {}
    for number, block in enumerate(blocks):
        try:
            address, page = _read_block(block, number, len(blocks), family_id)
            if not start <= address <= end - _PAGE_BYTES:
                raise ValueError(f"address {address:#x} lies outside the flash")
            if address in pages:
                raise ValueError(f"address {address:#x} comes twice")
        except ValueError as error:
            raise ValueError(f"block {number}: {error}") from None
        pages[address] = page
    if not pages:
        raise ValueError("no block is for the flash")
    return UF2(family_id, pages)


def _read_block(block: bytes, number: int, total: int, family_id: int) -> tuple[int, bytes]:
    """Return address and contents of one block; ValueError if it is not block *number*."""
    *magic, flags, address, size, found_number, found_total, family = _HEADER.unpack_from(block)
    if tuple(magic) != _MAGIC_START or not block.endswith(_MAGIC_END):
        raise ValueError("not a UF2 file: wrong magic number")
    if (found_number, found_total) != (number, total):
        raise ValueError(f"it says {found_number} of {found_total}; the file has {total}")
    if flags & _FLAG_NOT_MAIN_FLASH:
        raise ValueError("it is not for the flash")
    if not flags & _FLAG_FAMILY_ID:
        raise ValueError("it names no family of chips")
    if family != family_id:
        raise ValueError(f"made for the family {family:#010x}, this board is {family_id:#010x}")
    if size != _PAGE_BYTES or address % _PAGE_BYTES:
        raise ValueError(f"{size} bytes at {address:#x} are not one flash page")
    return address, block[_HEADER.size : _HEADER.size + _PAGE_BYTES]


def _is_to_be_ignored(block: bytes) -> bool:
    """Return whether this is the block of RP2350-E10, in every detail."""
    flags = _FLAG_FAMILY_ID | _FLAG_EXTENSIONS
    head = (*_MAGIC_START, flags, _IGNORED_ADDRESS, _PAGE_BYTES, 0, 2, _IGNORED_FAMILY_ID)
    tag = block[_HEADER.size + _PAGE_BYTES :][: len(_IGNORE_TAG)]
    return _HEADER.unpack_from(block) == head and tag == _IGNORE_TAG and block.endswith(_MAGIC_END)
