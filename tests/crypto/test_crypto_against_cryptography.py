"""The device's cryptography compared with the package `cryptography`, hashlib and hmac."""

import hashlib
import hmac
import os

import pytest
from boardcert.certificates import keys
from boardcert.crypto import ecdsa, p384_bigint, sha384
from boardcert.crypto.drbg import HMACDRBG
from boardcert.crypto.ec import P384, Curve
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given, settings
from hypothesis import strategies as st

_ENGINE = p384_bigint.make_engine(P384)
_scalars = st.integers(min_value=1, max_value=P384.n - 1)
_digests = st.binary(min_size=48, max_size=48)
_PREHASHED = ec.ECDSA(Prehashed(hashes.SHA384()))


def _private_key(d: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(d, ec.SECP384R1())


def _point(d: int, curve: ec.EllipticCurve | None = None) -> tuple[int, int]:
    """Return d G by cryptography; *d* is not 0."""
    numbers = ec.derive_private_key(d, curve or ec.SECP384R1()).public_key().public_numbers()
    return numbers.x, numbers.y


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_scalars)
def test_base_multiplication(d: int) -> None:
    """k G is right for any scalar."""
    assert _ENGINE.multiply_add(d, 0, P384.g, os.urandom) == _point(d)


@pytest.mark.parametrize("distance", range(64))
def test_base_multiplication_at_both_ends(distance: int) -> None:
    """k G is right for the smallest and the largest scalars, odd and even."""
    for d in (1 + distance, P384.n - 1 - distance):
        assert _ENGINE.multiply_add(d, 0, P384.g, os.urandom) == _point(d)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from([0, 1, 0xFFFFFFFF, 0x80000000, 0xDEADBEEF]), min_size=12, max_size=12)
)
def test_base_multiplication_of_patterns(words: list[int]) -> None:
    """k G is right for scalars whose comb teeth repeat: long runs of zeros and ones."""
    d = sum(word << 32 * i for i, word in enumerate(words)) % (P384.n - 1) + 1
    assert _ENGINE.multiply_add(d, 0, P384.g, os.urandom) == _point(d)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(_scalars, _scalars, _scalars)
def test_sum_of_two_multiplications(u1: int, u2: int, d: int) -> None:
    """u1 G + u2 (d G) = (u1 + u2 d) G, by the engine and in general."""
    total = (u1 + u2 * d) % P384.n
    expected = _point(total) if total else None
    point = _point(d)
    assert _ENGINE.multiply_add(u1, u2, point, os.urandom) == expected
    assert Curve.multiply_add(P384, u1, u2, point) == expected


@settings(max_examples=25, deadline=None, derandomize=True)
@given(_scalars, _digests)
def test_our_signatures_verify(d: int, digest: bytes) -> None:
    """cryptography verifies the device's signatures."""
    signature = ecdsa.encode_signature(ecdsa.sign(P384, d, digest, os.urandom))
    _private_key(d).public_key().verify(signature, digest, _PREHASHED)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(_scalars, _digests, st.integers(0, 383))
def test_their_signatures_verify(d: int, digest: bytes, bit: int) -> None:
    """The device verifies cryptography's, and none with one bit changed in digest, r or s."""
    r, s = decode_dss_signature(_private_key(d).sign(digest, _PREHASHED))
    public_key = _point(d)
    ecdsa.verify(P384, public_key, digest, (r, s))
    ecdsa.check_own(P384, (d, public_key), (digest, (r, s)), os.urandom)
    changed = (int.from_bytes(digest, "big") ^ 1 << bit).to_bytes(48, "big")
    for bad in ((changed, (r, s)), (digest, (r ^ 1 << bit, s)), (digest, (r, s ^ 1 << bit))):
        with pytest.raises(InvalidSignature):
            signature = encode_dss_signature(*bad[1])
            _private_key(d).public_key().verify(signature, bad[0], _PREHASHED)
        with pytest.raises(ecdsa.InvalidSignature):
            ecdsa.verify(P384, public_key, *bad)
        with pytest.raises(ecdsa.InvalidSignature):
            ecdsa.check_own(P384, (d, public_key), bad, os.urandom)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(_scalars)
def test_keys_are_read_by_both(d: int) -> None:
    """SEC 1 and SubjectPublicKeyInfo are the same bytes on both sides."""
    theirs = _private_key(d)
    sec1 = theirs.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    spki = theirs.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    ours = keys.from_der(sec1)
    assert ours.to_der() == sec1
    assert ours.public_key_der == spki
    ours.check(b"", ours.sign(b"", os.urandom), os.urandom)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.binary(max_size=300))
def test_key_pair_signs(data: bytes) -> None:
    """cryptography reads a generated pair, and verifies with it."""
    key = keys.generate("p384", os.urandom)
    theirs = serialization.load_der_private_key(key.to_der(), None)
    assert isinstance(theirs, ec.EllipticCurvePrivateKey)
    theirs.public_key().verify(key.sign(data, os.urandom), data, ec.ECDSA(hashes.SHA384()))


_NIST_P256 = Curve(
    2**256 - 2**224 + 2**192 + 2**96 - 1,
    -3,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    _point(1, ec.SECP256R1()),
    256,
)
_SECP256K1 = Curve(
    2**256 - 2**32 - 977,
    0,
    7,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    _point(1, ec.SECP256K1()),
    256,
)


@pytest.mark.parametrize(
    ("curve", "theirs"), [(_NIST_P256, ec.SECP256R1()), (_SECP256K1, ec.SECP256K1())]
)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(d=st.integers(1, 2**255), e=st.integers(1, 2**255))
def test_other_curves(curve: Curve, theirs: ec.EllipticCurve, d: int, e: int) -> None:
    """General arithmetic with a = -3 and a = 0 gives the same shared secret and sum."""
    point = curve.multiply_base(d, os.urandom)
    assert point == _point(d, theirs)
    shared = curve.multiply(e, point, os.urandom)
    public_key = ec.EllipticCurvePublicNumbers(*point, theirs).public_key()
    expected = ec.derive_private_key(e, theirs).exchange(ec.ECDH(), public_key)
    assert shared[0].to_bytes(32, "big") == expected
    assert curve.multiply_add(d, e, point) == _point(d * (e + 1) % curve.n, theirs)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(max_size=600), st.binary(max_size=300))
def test_hashes(data: bytes, key: bytes) -> None:
    """SHA-384 and HMAC-SHA-384 agree with hashlib and hmac."""
    assert sha384.sha384(data) == hashlib.sha384(data).digest()
    assert sha384.hmac(sha384.sha384, 128, key, data) == hmac.digest(key, data, "sha384")


class _ReferenceDRBG:
    """A second HMAC_DRBG, with the names of SP 800-90A, section 10.1.2."""

    def __init__(self, seed: bytes) -> None:
        self.k, self.v = bytes(32), b"\1" * 32
        self.update(seed)

    def update(self, data: bytes) -> None:
        self.k = hmac.digest(self.k, self.v + b"\0" + data, "sha256")
        self.v = hmac.digest(self.k, self.v, "sha256")
        if data:
            self.k = hmac.digest(self.k, self.v + b"\1" + data, "sha256")
            self.v = hmac.digest(self.k, self.v, "sha256")

    def generate(self, n: int, additional: bytes) -> bytes:
        if additional:
            self.update(additional)
        output = b""
        while len(output) < n:
            self.v = hmac.digest(self.k, self.v, "sha256")
            output += self.v
        self.update(additional)
        return output[:n]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.binary(min_size=48, max_size=80),
    st.binary(max_size=40),
    st.binary(max_size=40),
    st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=40)), max_size=6),
)
def test_drbg(
    entropy: bytes, nonce: bytes, personal: bytes, requests: list[tuple[int, bytes]]
) -> None:
    """Any sequence of requests and a reseeding gives the same as the second implementation."""
    ours = HMACDRBG(entropy, nonce, personal)
    reference = _ReferenceDRBG(entropy + nonce + personal)
    for n, additional in requests:
        assert ours.generate(n, additional) == reference.generate(n, additional)
    ours.reseed(entropy, personal)
    reference.update(entropy + personal)
    assert ours.generate(100) == reference.generate(100, b"")
