"""The SHA-512 compression functions: viper everywhere, the kernel if the board has one."""

from array import array

from boardcert.crypto import sha512_block

_ENGINES = [sha512_block.compress]
try:
    from boardcert.crypto import kernel_sha512

    _ENGINES.append(kernel_sha512.compress)
except (ImportError, ValueError):  # There is no kernel for this processor: only viper is tested.
    pass

# FIPS 180-4 section 5.3.5.
_INITIAL = bytes.fromhex(
    "6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1"
    "510e527fade682d19b05688c2b3e6c1f1f83d9abfb41bd6b5be0cd19137e2179"
)
# FIPS 180-4's example: SHA-512 of "abc", as 64 bytes.
_ABC_DIGEST = bytes.fromhex(
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
)

# The state after the 64 blocks of `_chain`, by a 64-bit Python model of FIPS 180-4 section 6.4.2.
_CHAIN_STATE = bytes.fromhex(
    "8a3e1570a26f9daea6926c7e6b30d71d74d685f37e54210809fa90d82d6ceb89"
    "6d277cdc65231b896a27e71bb2010673f80c2c36227b85727ef7630e81bd0c18"
)


def _chain(compress) -> bytes:
    """Return the state after 64 blocks cut from one pattern at every alignment."""
    pattern = bytes((i * i >> 3) + 7 * i & 255 for i in range(128 + 64))
    view = memoryview(pattern)
    state = bytearray(_INITIAL)
    work = array("I", bytes(704))
    for offset in range(64):
        compress(state, view[offset : offset + 128], work, 1)
    return bytes(state)


def test_published_example():
    """Each engine hashes "abc" to all 64 bytes of the standard's example."""
    block = bytearray(128)
    block[:4] = b"abc\x80"
    block[127] = 24
    for compress in _ENGINES:
        state = bytearray(_INITIAL)
        compress(state, block, array("I", bytes(704)), 1)
        assert state == _ABC_DIGEST


def test_engines_agree_at_any_alignment():
    """After 64 chained blocks each engine is in the same state, at every address modulo 4."""
    for compress in _ENGINES:
        assert _chain(compress) == _CHAIN_STATE


def test_several_blocks_at_once():
    """Several blocks at an odd address give the same as one after the other."""
    blocks = memoryview(bytes(7 * i & 255 for i in range(1 + 3 * 128)))[1:]
    work = array("I", bytes(704))
    for compress in _ENGINES:
        once, thrice = bytearray(_INITIAL), bytearray(_INITIAL)
        compress(once, blocks, work, 3)
        for i in range(3):
            compress(thrice, blocks[128 * i : 128 * i + 128], work, 1)
        assert once == thrice


def test_block_is_left_as_it_was():
    """An engine reads its block and writes only the state."""
    for compress in _ENGINES:
        block = bytearray(range(128))
        compress(bytearray(_INITIAL), block, array("I", bytes(704)), 1)
        assert block == bytes(range(128))
