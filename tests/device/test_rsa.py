"""RSA keys: generated (short ones, for speed), stored, signing; against published values."""

import vectors
from boardcert.asn1 import der
from boardcert.certificates import keys
from boardcert.crypto import rsa, rsa_generate
from boardcert.crypto.ecdsa import InvalidSignature
from helpers import raises, random_bytes

_BITS = 512


def _generate(bits=_BITS, progress=None):
    return rsa.finish(rsa_generate._Generator(bits, 5, random_bytes, progress).steps())


def _published():
    return rsa.RSAPrivateKey(*vectors.numbers(next(vectors.cases("rsa_keys"))))


def test_published_keys_are_taken():
    """CAVP's keys are the same after storing and loading."""
    for fields in vectors.cases("rsa_keys"):
        key = rsa.RSAPrivateKey(*vectors.numbers(fields))
        copy = keys.from_der(key.to_der())
        assert copy.to_der() == key.to_der()
        assert copy.public_key_der == key.public_key_der
        assert copy.key_type == f"rsa{8 * len(fields[0])}"
        assert keys.key_matches(key.to_der(), key.public_key_der)


def test_published_signatures():
    """CAVP's signatures with SHA-256 are reproduced exactly, whatever the blinding."""
    for fields in vectors.cases("rsa_signatures"):
        key = rsa.RSAPrivateKey(*vectors.numbers(fields[:6]))
        assert key.sign(fields[6], random_bytes) == fields[7]
        key.check(fields[6], fields[7], random_bytes)


def test_private_exponents_are_those_published():
    """The private exponent is the inverse of e modulo the least common multiple."""
    for fields in vectors.cases("rsa_keys"):
        _, _, d, p, q, _ = vectors.numbers(fields)
        assert rsa.finish(rsa_generate._private_exponent(p, q)) == d


def test_generated_key():
    """FIPS 186-5 A.1.3: range and distance of the primes are right, and the key signs."""
    said = []
    key = _generate(progress=said.append)
    n, e, d, p, q, d_p, d_q, q_inverse = key._numbers
    assert (n, e, d_p, d_q) == (p * q, 65537, d % (p - 1), d % (q - 1))
    assert e * d % (p - 1) == 1 and e * d % (q - 1) == 1 and q * q_inverse % p == 1
    assert p * p >> _BITS - 1 == q * q >> _BITS - 1 == 1  # At least the root of 2**(bits - 1).
    assert abs(p - q) > 1 << _BITS // 2 - 100 and d > 1 << _BITS // 2
    for prime in (p, q):
        assert pow(3, prime - 1, prime) == 1 == pow(5, prime - 1, prime)
    assert said[0] == "first prime: 1 candidates tested" and said[-1] == "second prime: found"
    key.check(b"message", key.sign(b"message", random_bytes), random_bytes)


def test_two_keys_differ():
    """Two keys differ because their random bytes do."""
    assert _generate().public_key_der != _generate().public_key_der


def test_only_some_sizes():
    """Unsupported sizes are refused before anything is computed."""
    for bits in (0, 512, 1024, 2047, 2056, 8192):
        assert raises(ValueError, rsa_generate.generate, bits, random_bytes), bits
    assert raises(ValueError, keys.generate, "rsa1024", random_bytes)


def test_random_numbers_that_are_not():
    """The search ends if the bytes are always too small, even, or the same composite."""
    for byte in (b"\x00", b"\xb4", b"\xff", b"\xee"):
        steps = rsa_generate._Generator(_BITS, 5, lambda n, byte=byte: byte * n, None).steps()
        assert raises(RuntimeError, rsa.finish, steps), byte


def test_primes_and_composites():
    """32-bit extremes, a strong pseudoprime to bases 2, 3, 5 and 7, squares, small factors."""
    generator = rsa_generate._Generator(64, 40, random_bytes, None)
    for number in (4294967291, 4294967279, 2147483659, 3221225473):
        assert rsa.finish(generator._is_prime(number)), number
    for number in (3215031751, 2147483661, 4294967295, 65521 * 65521, 65519 * 65521):
        assert not rsa.finish(generator._is_prime(number)), number


def test_signatures_that_do_not_fit():
    """Another message or length, a changed byte, or a number above the modulus is refused."""
    key = _generate()
    signature = key.sign(b"message", random_bytes)
    assert len(signature) == _BITS // 8
    assert raises(InvalidSignature, key.check, b"massage", signature, random_bytes)
    for i in range(0, len(signature), 9):
        changed = bytearray(signature)
        changed[i] ^= 1
        assert raises(InvalidSignature, key.check, b"message", bytes(changed), random_bytes), i
    above = int.from_bytes(signature, "big") + key._numbers[0]
    for wrong in (b"", signature[:-1], b"\0" + signature, above.to_bytes(_BITS // 8 + 1, "big")):
        assert raises(InvalidSignature, key.check, b"message", wrong, random_bytes)


def test_a_fault_in_signing_is_noticed():
    """A fault in one half, which would reveal the factors (Boneh et al.), returns nothing."""
    key = _generate()
    for place in (5, 6, 7):
        numbers = list(key._numbers)
        numbers[place] ^= 2
        faulty = rsa.RSAPrivateKey(*key._numbers[:5], key._numbers[7])
        faulty._numbers = tuple(numbers)
        assert raises(InvalidSignature, faulty.sign, b"message", random_bytes), place


def _encode(*numbers):
    return der.encode_sequence(*[der.encode_integer(number) for number in numbers])


def test_damaged_storage():
    """Truncated or extended keys, and wrong versions, elements and sizes, are refused."""
    key = _published()
    good = key.to_der()
    numbers = (0,) + key._numbers
    assert _encode(*numbers) == good
    for length in range(0, len(good), 97):
        assert raises(ValueError, rsa.RSAPrivateKey.from_der, good[:length]), length
    for wrong in (
        good + b"\0",
        _encode(1, *numbers[1:]),
        _encode(*numbers, 0),
        _encode(*numbers[:8]),
        der.encode_sequence(der.encode_octet_string(b"\0"), _encode(*numbers[1:])),
        _encode(0, *_generate()._numbers),
        good + bytes(4096),
        _encode(*numbers[:8], 1 << 20000),
    ):
        assert raises(ValueError, rsa.RSAPrivateKey.from_der, wrong)


def test_numbers_that_do_not_belong_together():
    """Keys are refused if any number changes, or primes are swapped, doubled or moved."""
    key = _published()
    numbers = list((0,) + key._numbers)
    for place in range(1, 9):
        for change in (1, 2):
            wrong = list(numbers)
            wrong[place] ^= change
            assert raises(ValueError, rsa.RSAPrivateKey.from_der, _encode(*wrong)), place
    n, e, d, p, q, d_p, d_q, q_inverse = key._numbers
    for wrong in (
        (n, e, d, q, p, d_q, d_p, q_inverse),
        (n, e, d + n, p, q, d_p, d_q, q_inverse),
        (n, e, d, p, q, d_q, d_p, q_inverse),
        (n, e, d, p, q, d_p + p - 1, d_q, q_inverse),
        (n, e, d, p, q, d_p, d_q, q_inverse + p),
        (n, e, d, n, 1, d, 0, 1),
        (p * p, e, d, p, p, d_p, d_p, 1),
        (n, 3, d, p, q, d_p, d_q, q_inverse),
        (n, e + (p - 1) * (q - 1), d, p, q, d_p, d_q, q_inverse),
    ):
        assert raises(ValueError, rsa.RSAPrivateKey.from_der, _encode(0, *wrong))


def test_representation_shows_no_secret():
    """The representation contains neither the primes nor anything long enough for them."""
    key = _published()
    assert repr(key) == str(key) == f"<RSAPrivateKey {key.key_type}>"
