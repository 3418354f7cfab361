"""How much work an encrypted file requires before its passphrase can be tried.

The author of the file chooses the amount, and opening it cannot be interrupted: a file that would
take minutes, or all of the memory, is not opened. The highest number of PBKDF2 rounds that OWASP
recommends is 1,300,000.
"""

import itertools
import math
from collections.abc import Iterator

# Of all that a file holds, together: some 2 s, and with PKCS#12, where no passphrase and an empty
# one are tried first, 6.
_MOST_ROUNDS = 10_000_000
# Of scrypt (RFC 7914, section 2): N * r * p blocks of 128 bytes are computed, N * r kept.
_MOST_BLOCKS = 1 << 23
_SCRYPT = bytes.fromhex("2b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
_INTEGER, _OCTET_STRING, _OBJECT_IDENTIFIER = 0x02, 0x04, 0x06
_CONSTRUCTED = 0x20
_INDEFINITE = 0x80
_END = b"\0\0"

_AGAIN = "openssl can write it again with fewer"
TOO_MANY = f"it asks for more than {_MOST_ROUNDS:,} rounds to try its passphrase; {_AGAIN}"
TOO_LARGE = "it asks for too much memory and time to try its passphrase, by scrypt"
TOO_DEEP = "it is nested too deeply"

_Node = tuple[int, bytes, "list[_Node]"]


def why_too_many(data: bytes) -> str | None:
    """Return why the PKCS#8 or PKCS#12 file *data* (DER, or BER) is not opened; None: it may be."""
    try:
        nodes = [_element(data, 0, len(data))[0]]
    except IndexError:  # Damaged: opening it will report that.
        return None
    except RecursionError:
        return TOO_DEEP
    if sum(_rounds(nodes)) > _MOST_ROUNDS:
        return TOO_MANY
    return TOO_LARGE if any(one > _MOST_BLOCKS for one in _scrypt_blocks(nodes)) else None


def _rounds(nodes: list[_Node]) -> Iterator[int]:
    """Yield the rounds of each derivation of a key: the INTEGER that follows a salt.

    PBKDF2-params (RFC 8018, A.2), PBEParameter (A.3), pkcs-12PbeParams and MacData (RFC 7292).
    """
    for (tag, _, _), (next_tag, content, _) in itertools.pairwise(nodes):
        if (tag, next_tag) == (_OCTET_STRING, _INTEGER):
            yield int.from_bytes(content, "big")
    for _, _, inside in nodes:
        yield from _rounds(inside)


def _scrypt_blocks(nodes: list[_Node]) -> Iterator[int]:
    """Yield N * r * p of each scrypt-params (RFC 7914, section 7.1)."""
    for (tag, oid, _), (_, _, parameters) in itertools.pairwise(nodes):
        if (tag, oid) == (_OBJECT_IDENTIFIER, _SCRYPT):
            numbers = (content for tag, content, _ in parameters[1:4] if tag == _INTEGER)
            yield math.prod(int.from_bytes(number, "big") for number in numbers)
    for _, _, inside in nodes:
        yield from _scrypt_blocks(inside)


def _elements(data: bytes, at: int, end: int) -> tuple[list[_Node], int]:
    """Return the elements in data[at:end], or up to the end of contents, and where they end."""
    found: list[_Node] = []
    while at < end and data[at : at + 2] != _END:
        node, at = _element(data, at, end)
        found.append(node)
    return found, at


def _element(data: bytes, at: int, end: int) -> tuple[_Node, int]:
    """Return (tag, content, the elements inside) of one element, and where it ends.

    NSS leaves lengths open, which BER allows; what is encrypted has nothing inside. IndexError for
    what is not BER.
    """
    tag, first = data[at], data[at + 1]
    at += 2
    if first == _INDEFINITE:
        inside, after = _elements(data, at, end)
        content, after = data[at:after], after + len(_END)
    else:
        count = first & ~_INDEFINITE if first & _INDEFINITE else 0
        length = int.from_bytes(data[at : at + count], "big") if count else first
        at, after = at + count, at + count + length
        content = data[at:after]
        inside = _elements(data, at, after)[0] if tag & _CONSTRUCTED else []
    if after > end:
        raise IndexError("truncated")
    if tag & ~_CONSTRUCTED == _OCTET_STRING:
        tag, content = _OCTET_STRING, b"".join(piece[1] for piece in inside) or content
        inside = _inside(content)
    return (tag, content, inside), after


def _inside(content: bytes) -> list[_Node]:
    """Return the elements that an OCTET STRING holds, none if it holds something else."""
    try:
        return _elements(content, 0, len(content))[0]
    except IndexError:
        return []
