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
    inner.update(bytes(byte ^ _INNER for byte in padded))
    for part in parts:
        inner.update(part)
    outer = new_hash()
    outer.update(bytes(byte ^ _OUTER for byte in padded))
    outer.update(inner.digest())
    return outer.digest()
