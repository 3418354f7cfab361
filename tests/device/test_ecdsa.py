"""ECDSA against NIST's and RFC 6979's vectors, valid and invalid."""
# ruff: noqa: E501 (a field element is one number)

import vectors
from boardcert.crypto import ecdsa
from boardcert.crypto.curves import P256, P521
from boardcert.crypto.ec import P384, Curve
from boardcert.crypto.ecdsa import hash_of_size
from boardcert.crypto.sha384 import sha384
from helpers import raises, random_bytes

_N = P384.n
# RFC 6979 section A.2.6: the private key, and the nonces for SHA-384.
_D = 0x6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5
_NONCES = {
    b"sample": 0x94ED910D1A099DAD3254E9242AE85ABDE4BA15168EAF0CA87A555FD56D10FBCA2907E3E83BA95368623B8C4686915CF9,
    b"test": 0x015EE46A5BF88773ED9123A5AB0807962D193719503C527B031B4C2D225092ADA71F4A459BC0DA98ADB95837DB8312EA,
}
_CURVES = {"p256": (P256, 32), "p384": (P384, 48), "p521": (P521, 64)}


def _hash(size, message):
    return hash_of_size(size)[0](message)


def test_signatures_with_given_nonce():
    """NIST CAVP SigGen: (r, s) for a given k, verified in both ways."""
    for name in _CURVES:
        curve, size = _CURVES[name]
        for fields in vectors.cases(f"{name}_signatures"):
            digest = _hash(size, fields[0])
            d, x, y, k, r, s = vectors.numbers(fields[1:])
            assert ecdsa.sign_with_nonce(curve, d, digest, k, random_bytes) == (r, s)
            ecdsa.check_own(curve, (d, (x, y)), (digest, (r, s)), random_bytes)
            if vectors.is_slow():
                break
            ecdsa.verify(curve, (x, y), digest, (r, s))


def test_signature_verification():
    """NIST CAVP SigVer, each hash on each curve: modified cases are refused."""
    for name in _CURVES:
        curve, _ = _CURVES[name]
        for fields in vectors.cases(f"{name}_verifications"):
            digest = _hash(fields[0][0], fields[1])
            x, y, r, s, good = vectors.numbers(fields[2:])
            refused = raises(ecdsa.InvalidSignature, ecdsa.verify, curve, (x, y), digest, (r, s))
            assert refused != bool(good)
            if vectors.is_slow():
                break


def test_deterministic_signatures():
    """RFC 6979 A.2.5 to A.2.7: each hash on each curve, shorter and longer than the order."""
    for name in _CURVES:
        curve, _ = _CURVES[name]
        for size, d, message, signature in vectors.cases(f"{name}_rfc6979"):
            d = int.from_bytes(d, "big")
            digest = _hash(size[0], message)
            k = ecdsa.generate_nonce(curve, d, digest)
            if d == _D and size[0] == 48:
                assert k == _NONCES[message]
            pair = ecdsa.sign_with_nonce(curve, d, digest, k, random_bytes)
            assert ecdsa.encode_signature(pair) == signature
            assert ecdsa.decode_signature(signature) == pair
            if vectors.is_slow():
                break


def test_hedged_nonces():
    """Every input changes the nonce; the same inputs give the same."""
    digest, other = sha384(b"a"), sha384(b"b")
    nonces = [
        ecdsa.generate_nonce(P384, _D, digest),
        ecdsa.generate_nonce(P384, _D, digest, bytes(48)),
        ecdsa.generate_nonce(P384, _D, digest, b"\1" * 48),
        ecdsa.generate_nonce(P384, _D, other),
        ecdsa.generate_nonce(P384, _D + 1, digest),
    ]
    assert len(set(nonces)) == len(nonces)
    assert all(0 < k < _N for k in nonces)
    assert ecdsa.generate_nonce(P384, _D, digest, bytes(48)) == nonces[1]


def test_nonces_of_other_orders():
    """RFC 6979's loop works for orders that refuse many candidates, shorter or longer."""
    digest = sha384(b"sample")
    for n, bits in ((0b10001, 5), ((1 << 20) + 7, 21), ((1 << 520) + 1, 521)):
        curve = Curve(n, 0, 0, n, P384.g, bits)
        seen = {ecdsa.generate_nonce(curve, 3, digest, bytes([i])) for i in range(20)}
        assert all(0 < k < n for k in seen)
        assert len(seen) > 1


def test_signing_hedges():
    """Two signatures of one digest differ, and both verify."""
    digest = sha384(b"message")
    public_key = P384.multiply_base(_D, random_bytes)
    first = ecdsa.sign(P384, _D, digest, random_bytes)
    second = ecdsa.sign(P384, _D, digest, random_bytes)
    assert first != second
    for signature in (first, second):
        ecdsa.verify(P384, public_key, digest, signature)
        ecdsa.check_own(P384, (_D, public_key), (digest, signature), random_bytes)


def test_public_keys_of_others():
    """A valid signature for d does not hide that Q is not d G."""
    digest = sha384(b"message")
    x, y = P384.multiply_base(_D, random_bytes)
    signature = ecdsa.sign(P384, _D, digest, random_bytes)
    for other in ((x, P384.p - y), P384.g, P384.multiply_base(_D + 1, random_bytes)):
        assert _own_is_refused(_D, other, digest, signature)
    off_curve = x, y ^ 1
    arguments = P384, (_D, off_curve), (digest, signature), random_bytes
    assert raises(ValueError, ecdsa.check_own, *arguments)


def _own_is_refused(d, public_key, digest, signature):
    arguments = P384, (d, public_key), (digest, signature), random_bytes
    return raises(ecdsa.InvalidSignature, ecdsa.check_own, *arguments)


def test_signatures_that_do_not_verify():
    """Another digest, key or number, or one out of range, does not verify."""
    digest = sha384(b"message")
    public_key = P384.multiply_base(_D, random_bytes)
    r, s = ecdsa.sign(P384, _D, digest, random_bytes)
    ecdsa.verify(P384, public_key, digest, (r, _N - s))  # This is ECDSA's own symmetry.
    for bad in (
        (s, r),
        (0, s),
        (r, 0),
        (_N, s),
        (r, _N),
        (r + _N, s),
        (r, s + _N),
        (r, 1),
    ):
        assert raises(ecdsa.InvalidSignature, ecdsa.verify, P384, public_key, digest, bad), bad
        assert _own_is_refused(_D, public_key, digest, bad), bad
    other = sha384(b"other")
    assert raises(ecdsa.InvalidSignature, ecdsa.verify, P384, public_key, other, (r, s))
    assert raises(ecdsa.InvalidSignature, ecdsa.verify, P384, P384.g, digest, (r, s))
    assert _own_is_refused(_D, public_key, other, (r, s))
    assert _own_is_refused(_D + 1, public_key, digest, (r, s))


def test_sum_at_infinity():
    """A signature whose point is infinity is refused before it is used."""
    digest = sha384(b"message")
    z = int.from_bytes(digest, "big") % _N
    r = _N - z  # With d = 1, u1 + u2 d = (z + r)/s = 0.
    assert raises(ecdsa.InvalidSignature, ecdsa.verify, P384, P384.g, digest, (r, 1))
    assert _own_is_refused(1, P384.g, digest, (r, 1))


def test_bad_arguments():
    """Out-of-range scalars and nonces, wrong digest lengths and points off the curve fail."""
    digest = sha384(b"message")
    for bad in (0, _N, _N + 1, -1):
        assert raises(ValueError, ecdsa.sign_with_nonce, P384, bad, digest, 5, random_bytes)
        assert raises(ValueError, ecdsa.sign_with_nonce, P384, _D, digest, bad, random_bytes)
        assert raises(ValueError, ecdsa.sign, P384, bad, digest, random_bytes)
    for bad in (b"", digest[:47], digest + b"\0"):
        assert raises(ValueError, ecdsa.sign, P384, _D, bad, random_bytes)
        assert raises(ValueError, ecdsa.verify, P384, P384.g, bad, (1, 1))
    assert raises(ValueError, ecdsa.verify, P384, (1, 1), digest, (1, 1))


def test_signature_encoding_is_strict():
    """A signature is exactly one SEQUENCE of two positive INTEGERs."""
    good = ecdsa.encode_signature((0x80, 0x7F))
    assert good == b"\x30\x07\x02\x02\x00\x80\x02\x01\x7f"
    assert ecdsa.decode_signature(good) == (0x80, 0x7F)
    for bad in (
        b"",
        good[:-1],
        good + b"\0",
        b"\x30\x03\x02\x01\x05",
        b"\x30\x09\x02\x01\x05\x02\x01\x05\x02\x01\x05",
        b"\x30\x06\x02\x01\x85\x02\x01\x05",
        b"\x30\x07\x02\x02\x00\x05\x02\x01\x05",
        b"\x31\x06\x02\x01\x05\x02\x01\x05",
    ):
        assert raises(ValueError, ecdsa.decode_signature, bad), bad
