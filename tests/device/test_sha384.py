"""SHA-384 and HMAC-SHA-384 against NIST's and the RFC's vectors."""

import vectors
from boardcert.sha384 import hmac, sha384


def _hmac_sha384(key, *parts):
    return hmac(sha384, 128, key, *parts)


def test_short_messages():
    """NIST CAVP SHA384ShortMsg: every length from 0 to 128 bytes."""
    for message, digest in vectors.cases("sha384_short"):
        assert sha384(message) == digest, len(message)


def test_long_messages():
    """NIST CAVP SHA384LongMsg: up to 12,800 bytes."""
    for message, digest in vectors.cases("sha384_long"):
        assert sha384(message) == digest, len(message)


def test_monte_carlo():
    """NIST CAVP SHA384Monte: each digest hashes the three before it, a thousand times over."""
    for seed, expected in vectors.cases("sha384_monte", heavy=True):
        first = second = third = seed
        for _ in range(1000):
            first, second, third = second, third, sha384(first, second, third)
        assert third == expected


def test_hmac():
    """RFC 4231, keys longer than a block included."""
    for key, message, mac in vectors.cases("hmac_sha384"):
        assert _hmac_sha384(key, message) == mac
        middle = len(message) // 2
        assert _hmac_sha384(key, message[:middle], b"", message[middle:]) == mac


def test_hmac_key_at_the_block_length():
    """A key of one block is used as it is; a longer one is hashed first."""
    key = b"k" * 128
    assert _hmac_sha384(key + b"k", b"m") == _hmac_sha384(sha384(key + b"k"), b"m")
    assert _hmac_sha384(key, b"m") != _hmac_sha384(sha384(key), b"m")
    assert _hmac_sha384(key[:127], b"m") == _hmac_sha384(key[:127] + b"\0", b"m")


def test_pieces_make_the_same_digest():
    """However the message is cut; at every length around the ends of blocks."""
    message = bytes(i * 7 & 0xFF for i in range(400))
    for size in (0, 1, 110, 111, 112, 127, 128, 129, 239, 240, 255, 256, 257, 400):
        whole = sha384(message[:size])
        assert sha384(message[: size // 3], b"", message[size // 3 : size]) == whole, size
        if size:
            assert sha384(message[: size - 1]) != whole, size
