"""SHA-384, SHA-512 and their HMAC against the vectors of NIST and the RFC."""

import vectors
from boardcert.crypto.ecdsa import hash_of_size
from boardcert.crypto.sha384 import hmac, sha384
from boardcert.crypto.sha512 import sha512
from helpers import raises

_HASHES = {"sha384": sha384, "sha512": sha512}


def _hmac_sha384(key, *parts):
    return hmac(sha384, 128, key, *parts)


def test_short_messages():
    """NIST CAVP ShortMsg: every length from 0 to 128 bytes."""
    for name in _HASHES:
        for message, digest in vectors.cases(f"{name}_short"):
            assert _HASHES[name](message) == digest, len(message)


def test_long_messages():
    """NIST CAVP LongMsg: up to 12,800 bytes."""
    for message, digest in vectors.cases("sha384_long"):
        assert sha384(message) == digest, len(message)
    for message, digest in vectors.cases("sha512_long", heavy=True):
        assert sha512(message) == digest, len(message)


def test_monte_carlo():
    """NIST CAVP SHA384Monte: each digest hashes the three before it, a thousand times over."""
    for seed, expected in vectors.cases("sha384_monte", heavy=True):
        first = second = third = seed
        for _ in range(1000):
            first, second, third = second, third, sha384(first, second, third)
        assert third == expected


def test_hmac():
    """RFC 4231, keys longer than a block included."""
    for name in _HASHES:
        for key, message, mac in vectors.cases(f"hmac_{name}"):
            assert hmac(_HASHES[name], 128, key, message) == mac
            middle = len(message) // 2
            assert hmac(_HASHES[name], 128, key, message[:middle], b"", message[middle:]) == mac


def test_hmac_key_at_the_block_length():
    """A key of one block is used as it is; a longer one is hashed first."""
    key = b"k" * 128
    assert _hmac_sha384(key + b"k", b"m") == _hmac_sha384(sha384(key + b"k"), b"m")
    assert _hmac_sha384(key, b"m") != _hmac_sha384(sha384(key), b"m")
    assert _hmac_sha384(key[:127], b"m") == _hmac_sha384(key[:127] + b"\0", b"m")


def test_pieces_make_the_same_digest():
    """A message gives one digest however it is split, at lengths around block ends."""
    message = bytes(i * 7 & 0xFF for i in range(400))
    for function in (sha384, sha512):
        for size in (0, 1, 110, 111, 112, 127, 128, 129, 239, 240, 255, 256, 257, 400):
            whole = function(message[:size])
            assert function(message[: size // 3], b"", message[size // 3 : size]) == whole, size
            if size:
                assert function(message[: size - 1]) != whole, size


def test_hashes_by_the_length_of_their_digest():
    """SHA-256, SHA-384 and SHA-512 of "abc" (FIPS 180-4 examples); their blocks."""
    for size, block, start in ((32, 64, "ba7816bf"), (48, 128, "cb00753f"), (64, 128, "ddaf35a1")):
        function, block_bytes = hash_of_size(size)
        digest = function(b"a", b"bc")
        assert (len(digest), block_bytes, digest[:4].hex()) == (size, block, start)
    for size in (0, 20, 28, 33, 128):
        assert raises(ValueError, hash_of_size, size)
