"""HMAC over any hash class (FIPS 198-1)."""

from micropython import const

_INNER = const(0x36)
_OUTER = const(0x5C)


def hmac(new_hash, block_bytes: int, key: bytes, *parts: bytes) -> bytes:
    """Return the HMAC of the concatenated *parts* under *key*.

    *new_hash* makes an object with update and digest, as those of hashlib; *block_bytes*
    is the hash's input block.
    """
    if len(key) > block_bytes:
        long_key = new_hash()
        long_key.update(key)
        key = long_key.digest()
    padded = key + bytes(block_bytes - len(key))
    inner = new_hash()
    inner.update(_masked(padded, _INNER))
    for part in parts:
        inner.update(part)
    outer = new_hash()
    outer.update(_masked(padded, _OUTER))
    outer.update(inner.digest())
    return outer.digest()


def _masked(padded: bytes, mask: int) -> bytes:
    """Return *padded* with each byte XORed with *mask*, in one operation on a big integer."""
    masks = int.from_bytes(bytes((mask,)) * len(padded), "big")
    return (int.from_bytes(padded, "big") ^ masks).to_bytes(len(padded), "big")
