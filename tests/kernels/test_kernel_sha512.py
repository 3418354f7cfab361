"""The SHA-512 kernel's machine code against published vectors, hashlib, and its cycle budget."""

import hashlib
import os

import cryptography_vectors
import pytest
from emulated_kernels import KERNELS, SHA512, Sha512Kernel
from mpy_machine_code import build, load

_BUDGET_CYCLES = 18_750  # 0.15 ms at 125 MHz.
_BUDGET_INSTRUCTIONS = 12_100  # The limit of the others, with the call's own 500.
_BUDGET_BYTES = {"armv6m": 1300, "rv32imc": 3700, "xtensawin": 3700}

# FIPS 180-4 sections 5.3.4 and 5.3.5.
_SHA384_INITIAL = bytes.fromhex(
    "cbbb9d5dc1059ed8629a292a367cd5079159015a3070dd17152fecd8f70e5939"
    "67332667ffc00b318eb44a8768581511db0c2e0d64f98fa747b5481dbefa4fa4"
)
_SHA512_INITIAL = bytes.fromhex(
    "6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1"
    "510e527fade682d19b05688c2b3e6c1f1f83d9abfb41bd6b5be0cd19137e2179"
)


class _Kernel(Sha512Kernel):
    def digest(self, initial: bytes, message: bytes) -> bytes:
        """Return the words of the digest that starts from the state *initial*."""
        padding = bytes([0x80]) + bytes((111 - len(message)) % 128)
        padded = message + padding + (8 * len(message)).to_bytes(16, "big")
        size = 128 * self.MOST_BLOCKS
        for offset in range(0, len(padded), size):
            initial = self.compress(initial, padded[offset : offset + size])
        return initial


@pytest.fixture(scope="module", params=["armv6m", "rv32imc", "xtensawin"])
def arch(request):
    """Return an architecture with this kernel."""
    return request.param


@pytest.fixture(scope="module")
def functions(arch, tmp_path_factory):
    return load(build(KERNELS / SHA512[arch], tmp_path_factory.mktemp("mpy"), arch))


@pytest.mark.parametrize("name", ["SHA384ShortMsg", "SHA384LongMsg"])
def test_cavp_vectors(arch, functions, name):
    """Every CAVP SHA-384 message of whole bytes (cryptography-vectors, hashes/SHA2)."""
    kernel = _Kernel(functions, arch=arch)
    count = 0
    with cryptography_vectors.open_vector_file(f"hashes/SHA2/{name}.rsp", "r") as lines:
        for line in lines:
            key, _, value = line.strip().partition(" = ")
            if key == "Len":
                size = int(value) // 8
            elif key == "Msg":
                message = bytes.fromhex(value)[:size]
            elif key == "MD":
                assert kernel.digest(_SHA384_INITIAL, message)[:48].hex() == value
                count += 1
    assert count >= 128


@pytest.mark.parametrize("offset", [0, 1, 2, 3])
def test_random_messages_at_any_address(arch, functions, offset):
    """All eight state words agree with hashlib around each padding boundary.

    On ESP32s, only word addresses are tried, as all bytes objects have these.
    """
    kernel = _Kernel(functions, offset if arch == "armv6m" else 4 * offset, arch=arch)
    for size in [*range(4), *range(109, 131), 239, 240, 255, 256, 257, 40_000]:
        message = os.urandom(size)
        expected = hashlib.sha512(message).digest()
        assert kernel.digest(_SHA512_INITIAL, message) == expected, message.hex()


def test_extreme_words_carry(arch, functions):
    """Chains of blocks of zeros, ones and single bits produce each half-word carry."""
    kernel = _Kernel(functions, arch=arch)
    bits = b"".join((1 << bit).to_bytes(128, "big") for bit in range(0, 1024, 7))
    for message in (bytes(12_800), b"\xff" * 12_800, bits, b"\xff\xff\xff\xff\0\0\0\0" * 1600):
        assert kernel.digest(_SHA512_INITIAL, message) == hashlib.sha512(message).digest()


def test_nothing_depends_on_the_data(arch, functions):
    """Path, addresses and cycles are the same for any state and block, and within the budget."""
    kernel = _Kernel(functions, observe=True, arch=arch)
    observed = set()
    for fill in (bytes, lambda size: b"\xff" * size, os.urandom, os.urandom):
        kernel.compress(fill(64), fill(256))
        machine = kernel.machine
        observed.add((tuple(machine.path), tuple(machine.accesses), machine.cycles))
    assert len(observed) == 1
    assert machine.cycles <= 2 * _BUDGET_CYCLES
    assert arch == "armv6m" or machine.instructions <= 2 * _BUDGET_INSTRUCTIONS


def test_code_is_small(arch, functions):
    """The code is small, as it stays in memory while SHA-384 is used."""
    assert sum(len(function.code) for function in functions.values()) <= _BUDGET_BYTES[arch]
