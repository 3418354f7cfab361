"""Two signatures and two key pairs verified in one computation: any fault in one is detected."""

from boardcert.certificates import keys
from boardcert.crypto import ecdsa, ecdsa_pair
from boardcert.crypto.ec import P384
from boardcert.crypto.sha384 import sha384
from helpers import raises, random_bytes

_DATA = (b"the first", b"the second")


def _pair():
    key = keys.generate("p384", random_bytes)
    return key._d, key._public_point


def _read(pairs):
    return [(d, P384.decode_point(encoded)) for d, encoded in pairs]


def test_both_signatures_are_valid():
    """Both signatures verify with the signer's public key, as for clients, and never repeat."""
    pairs = [_pair(), _pair()]
    begun = []
    signatures = ecdsa_pair.sign_both(P384, pairs, _DATA, random_bytes, lambda: begun.append(1))
    point = P384.decode_point(pairs[0][1])
    for data, signature in zip(_DATA, signatures):  # noqa: B905 (MicroPython has no strict)
        ecdsa.verify(P384, point, sha384(data), ecdsa.decode_signature(signature))
    again = ecdsa_pair.sign_both(P384, pairs, _DATA, random_bytes, lambda: None)
    assert begun == [1] and again[0] != signatures[0] and again[1] != signatures[1]


def test_each_fault_is_found():
    """A fault in either key pair, digest or signature, or in the nonce's point, is detected."""
    pairs = [_pair(), _pair()]
    signer, other = _read(pairs)
    stranger = _read([_pair()])[0]
    signed = []
    for data in _DATA:
        digest = sha384(data)
        k = ecdsa.generate_nonce(P384, signer[0], digest, random_bytes(48))
        point = P384.multiply_base(k, random_bytes)
        signature = ecdsa.finish(P384, signer[0], digest, (k, point), random_bytes)
        signed.append((digest, signature, point))
    first, second = signed[0], signed[1][:2]
    ecdsa_pair.check(P384, (signer, other), (first, second), random_bytes)
    digest, (r, s), point = first
    negative = point[0], P384.p - point[1]
    for case in (
        ((signer[0], stranger[1]), other, first, second),
        ((stranger[0], signer[1]), other, first, second),
        (signer, (other[0], stranger[1]), first, second),
        (signer, (stranger[0], other[1]), first, second),
        (signer, other, (sha384(b"another"), (r, s), point), second),
        (signer, other, (digest, (r, s ^ 1), point), second),
        (signer, other, (digest, (r ^ 1, s), point), second),
        (signer, other, (digest, (r, s), stranger[1]), second),
        (signer, other, (digest, (r, s), negative), second),
        (signer, other, first, (sha384(b"another"), second[1])),
        (signer, other, first, (second[0], (second[1][0], second[1][1] ^ 1))),
        (signer, other, first, (second[0], (r, s))),
        (signer, other, (digest, (0, s), (0, 0)), second),
    ):
        arguments = P384, case[:2], case[2:], random_bytes
        assert raises(ecdsa.InvalidSignature, ecdsa_pair.check, *arguments)


def test_points_that_cannot_be_used_are_refused():
    """A point off the curve, a repeated point, and a scalar out of range are refused."""
    pairs = [_pair(), _pair()]
    x_and_y = bytearray(pairs[1][1])
    x_and_y[-1] ^= 1
    sign = ecdsa_pair.sign_both
    for wrong in ((pairs[1][0], bytes(x_and_y)), (0, pairs[1][1]), (P384.n, pairs[1][1])):
        both = [pairs[0], wrong]
        assert raises(ValueError, sign, P384, both, _DATA, random_bytes, lambda: None)
    point = P384.decode_point(pairs[0][1])
    assert raises(ValueError, ecdsa_pair._sum, P384, point, point)
