"""P-256, P-521, all EC key types, and other programs' signatures, compared with `cryptography`."""

import os
from itertools import product
from types import ModuleType

import pytest
from boardcert.certificates import keys, signatures
from boardcert.crypto import ecdsa, p256_comb, p384_bigint, p384_comb, p521_comb
from boardcert.crypto.curves import P256, P521
from boardcert.crypto.ec import P384, EngineCurve
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

_THEIRS: dict[str, ec.EllipticCurve] = {
    "p256": ec.SECP256R1(),
    "p384": ec.SECP384R1(),
    "p521": ec.SECP521R1(),
}
_OURS = {"p256": P256, "p384": P384, "p521": P521}
_HASHES: tuple[hashes.HashAlgorithm, ...] = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
_HASH_OF = dict(zip(_OURS, _HASHES, strict=True))
_COMBS = {"p256": p256_comb, "p384": p384_comb, "p521": p521_comb}
_EVERY_CURVE = pytest.mark.parametrize("name", _OURS)
_OTHER_CURVES = pytest.mark.parametrize("name", ["p256", "p521"])
_seeds = st.integers(min_value=0, max_value=2**600)


def _point(name: str, d: int) -> tuple[int, int]:
    """Return d G by cryptography; *d* is not 0."""
    numbers = ec.derive_private_key(d, _THEIRS[name]).public_key().public_numbers()
    return numbers.x, numbers.y


def _multiply_base(curve: EngineCurve, d: int) -> tuple[int, int] | None:
    """Return d G as the engine computes it by itself."""
    return curve.engine().multiply_add(d, 0, curve.g, os.urandom)


@_OTHER_CURVES
@settings(max_examples=80, deadline=None, derandomize=True)
@given(_seeds)
def test_base_multiplication(name: str, seed: int) -> None:
    """k G is right for any scalar."""
    d = seed % (_OURS[name].n - 1) + 1
    assert _multiply_base(_OURS[name], d) == _point(name, d)


@_OTHER_CURVES
def test_base_multiplication_at_both_ends(name: str) -> None:
    """k G is right for the smallest and largest scalars, odd and even, and powers of two."""
    curve = _OURS[name]
    scalars = [1 << bit for bit in range(0, curve.bits - 1, 3)] + list(range(1, 65))
    for d in [*scalars, *(curve.n - d for d in scalars)]:
        assert _multiply_base(curve, d) == _point(name, d), hex(d)


@_OTHER_CURVES
@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from([0, 0xFF, 0x80, 0xAB]), min_size=66, max_size=66))
def test_base_multiplication_of_patterns(name: str, pattern: list[int]) -> None:
    """k G is right for scalars whose comb teeth repeat: runs of zeros and ones."""
    d = int.from_bytes(bytes(pattern), "big") % (_OURS[name].n - 1) + 1
    assert _multiply_base(_OURS[name], d) == _point(name, d)


@_OTHER_CURVES
@settings(max_examples=15, deadline=None, derandomize=True)
@given(_seeds, _seeds, _seeds)
def test_sum_of_two_multiplications(name: str, u1: int, u2: int, d: int) -> None:
    """u1 G + u2 (d G) = (u1 + u2 d) G."""
    curve = _OURS[name]
    u1, u2, d = u1 % curve.n, u2 % curve.n, d % (curve.n - 1) + 1
    total = (u1 + u2 * d) % curve.n
    expected = _point(name, total) if total else None
    assert curve.multiply_add(u1, u2, _point(name, d)) == expected


def _last_entries(k: int, comb: ModuleType) -> list[int]:
    """Return the scalar that each block of a comb adds in the last column for an odd *k*."""
    bits = comb.TEETH * comb.BLOCKS * comb.SPACING
    signs = (k + 2**bits - 1) // 2
    places = [i * comb.SPACING for i in range(comb.TEETH * comb.BLOCKS)]
    scalars = [1 << place if signs >> place & 1 else -1 << place for place in places]
    return [
        sum(scalars[block * comb.TEETH : (block + 1) * comb.TEETH]) for block in range(comb.BLOCKS)
    ]


def _exceptional_scalars(curve: EngineCurve, comb: ModuleType) -> set[int]:
    """Return the odd k for which a sum in the comb equals plus or minus the next entry.

    With two blocks, of entries e and f at the last column: k - e - f = +-e, or k - f = +-f. At
    the columns before, the sum is too small to be more than an integer's multiple of n away.
    """
    found = set()
    for signs in product((1, -1), repeat=2 * comb.TEETH):
        scalars = [sign << i * comb.SPACING for i, sign in enumerate(signs)]
        e, f = sum(scalars[: comb.TEETH]), sum(scalars[comb.TEETH :])
        for k in (2 * e + f, f, 2 * f):
            if k % curve.n & 1 and _last_entries(k % curve.n, comb) == [e, f]:
                found.add(k % curve.n)
    return found


@_EVERY_CURVE
def test_the_scalar_for_which_the_comb_meets_itself(name: str) -> None:
    """For the one such scalar, and its negative, the engine returns the right result."""
    curve, comb = _OURS[name], _COMBS[name]
    engine = p384_bigint.make_engine(curve) if name == "p384" else curve.engine()
    scalars = _exceptional_scalars(curve, comb)
    assert len(scalars) == 1
    for k in scalars:
        for scalar in (k, curve.n - k):
            found = engine.multiply_add(scalar, 0, curve.g, os.urandom)
            assert found == _point(name, scalar)


@_EVERY_CURVE
@settings(max_examples=15, deadline=None, derandomize=True)
@given(_seeds)
def test_keys_are_read_by_both(name: str, seed: int) -> None:
    """SEC 1 and SubjectPublicKeyInfo are the same bytes on both sides, with leading zeros too."""
    n = _OURS[name].n
    for d in (seed % (n - 1) + 1, seed % 2**200 + 1):
        theirs = ec.derive_private_key(d, _THEIRS[name])
        sec1 = theirs.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        spki = theirs.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ours = keys.from_der(sec1)
        assert ours.to_der() == sec1
        assert ours.public_key_der == spki
        assert keys.key_matches(sec1, spki)
        ours.check(b"", ours.sign(b"", os.urandom), os.urandom)


@_EVERY_CURVE
@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.binary(max_size=300))
def test_generated_pairs_sign_for_both(name: str, data: bytes) -> None:
    """cryptography verifies signatures of a new pair, and the pair those of cryptography."""
    key = keys.generate(name, os.urandom)
    theirs = load_der_private_key(key.to_der(), None)
    assert isinstance(theirs, ec.EllipticCurvePrivateKey)
    algorithm = ec.ECDSA(_HASH_OF[name])
    theirs.public_key().verify(key.sign(data, os.urandom), data, algorithm)
    key.check(data, theirs.sign(data, algorithm), os.urandom)
    with pytest.raises(ecdsa.InvalidSignature):
        key.check(data + b"!", theirs.sign(data, algorithm), os.urandom)


def _spki(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _algorithm(kind: str, size: int) -> bytes:
    """Return the AlgorithmIdentifier of ECDSA or RSA with a hash of so many bytes."""
    number = size // 16
    if kind == "ecdsa":
        return bytes.fromhex("300a06082a8648ce3d0403") + bytes([number])
    return bytes.fromhex("300d06092a864886f70d0101") + bytes([9 + number, 5, 0])


@_EVERY_CURVE
@pytest.mark.parametrize("chosen", _HASHES, ids=lambda chosen: chosen.name)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(data=st.binary(max_size=200), bit=st.integers(0, 255))
def test_their_ecdsa_verifies(
    name: str, chosen: hashes.HashAlgorithm, data: bytes, bit: int
) -> None:
    """Any hash on any curve verifies; a changed bit in r, s or the data does not."""
    key = ec.generate_private_key(_THEIRS[name])
    signature = key.sign(data, ec.ECDSA(chosen))
    arguments = _spki(key), _algorithm("ecdsa", chosen.digest_size)
    signatures.verify(*arguments, data, signature)
    r, s = ecdsa.decode_signature(signature)
    for bad in ((r ^ 1 << bit, s), (r, s ^ 1 << bit), (s, r)):
        with pytest.raises(ecdsa.InvalidSignature):
            signatures.verify(*arguments, data, ecdsa.encode_signature(bad))
    with pytest.raises(ecdsa.InvalidSignature):
        signatures.verify(*arguments, data + b"!", signature)


@pytest.mark.parametrize(
    ("bits", "exponent"), [(2048, 65537), (2048, 3), (2049, 65537), (2055, 65537), (3072, 65537)]
)
def test_their_rsa_verifies(bits: int, exponent: int) -> None:
    """Any key length verifies; a changed byte or another padding does not."""
    key = rsa.generate_private_key(exponent, bits)  # type: ignore[arg-type]
    data = os.urandom(100)
    for chosen in _HASHES:
        arguments = _spki(key), _algorithm("rsa", chosen.digest_size)
        signature = key.sign(data, padding.PKCS1v15(), chosen)
        signatures.verify(*arguments, data, signature)
        key.public_key().verify(signature, data, padding.PKCS1v15(), chosen)
        changed = signature[:-1] + bytes([signature[-1] ^ 1])
        pss = padding.PSS(padding.MGF1(chosen), chosen.digest_size)
        for bad in (changed, key.sign(data, pss, chosen)):
            with pytest.raises(ecdsa.InvalidSignature):
                signatures.verify(*arguments, data, bad)
            with pytest.raises(InvalidSignature):
                key.public_key().verify(bad, data, padding.PKCS1v15(), chosen)
