"""Weak keys: each weakness is found, and no strong key is reported."""

import hashlib
import json
import math

import gmpy2
import pytest
from badkeys.allkeys import block
from boardcert_host.certificates import shared_primes, weak_keys
from boardcert_host.errors import Error
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from primes import prime

_E = 65537
# ROCA's keys of up to 960 bits are made from the primes below 168.
_PRIMORIAL = math.prod(number for number in range(2, 168) if gmpy2.is_prime(number))


def roca_prime(exponent, seed):
    """Return k M + 65537^exponent mod M ("The Return of Coppersmith's Attack", section 2.3)."""
    start = prime(256, seed) // _PRIMORIAL * _PRIMORIAL + pow(_E, exponent, _PRIMORIAL)
    while not gmpy2.is_prime(start):
        start += _PRIMORIAL
    return start


def wiener():
    """Return a modulus, and the public exponent for a private one of 100 bits."""
    p, q = prime(1024, "a"), prime(1024, "b")
    return p * q, pow(prime(100, "d"), -1, (p - 1) * (q - 1))


_WEAK = {
    "(Fermat)": (prime(1024, "a") * int(gmpy2.next_prime(prime(1024, "a"))), _E),
    "(ROCA, ": (roca_prime(123456, "a") * roca_prime(98765, "b"), _E),
    "a small factor": (prime(2040, "a") * 251, _E),
    "(Wiener)": wiener(),
    "1024 bits, where 2048 are": (prime(512, "a") * prime(512, "b"), _E),
    "no RSA key can have": (prime(1024, "a") * prime(1024, "b"), 1),
}


@pytest.mark.parametrize("words", _WEAK)
def test_a_weak_rsa_key_is_told(words):
    """A weak RSA key is reported with its weakness."""
    assert words in weak_keys.rsa_weaknesses(*_WEAK[words])[0]


def test_a_sound_key_has_no_weakness():
    """No weakness is found in boards' key types, and their strength follows NIST's table."""
    strengths = {ec.SECP256R1(): 128, ec.SECP384R1(): 192, ec.SECP521R1(): 256}
    for curve, bits in strengths.items():
        key = ec.generate_private_key(curve).public_key()
        assert (weak_keys.weaknesses(key), weak_keys.strength_bits(key)) == ([], bits)
    key = rsa.RSAPublicNumbers(_E, prime(1024, "a") * prime(1024, "b")).public_key()
    assert (weak_keys.weaknesses(key), weak_keys.strength_bits(key)) == ([], 112)
    assert not weak_keys.is_exponent_small(key)
    assert weak_keys.is_exponent_small(rsa.RSAPublicNumbers(3, key.public_numbers().n).public_key())


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Install a list of compromised keys as badkeys stores it; return the key on it."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    x = key.public_numbers().x
    entry = hashlib.sha256(x.to_bytes((x.bit_length() + 7) // 8, "big")).digest()[:15] + b"\7"
    folder = tmp_path / "badkeys"
    folder.mkdir()
    (folder / "blocklist.dat").write_bytes(b"".join(sorted([entry, bytes(16), b"\xff" * 16])))
    lists = {"blocklists": [{"id": "7", "name": "documentation"}]}
    (folder / "badkeysdata.json").write_text(json.dumps(lists))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # badkeys determines its folder once, and caches the file.
    monkeypatch.setattr(block, "_cachedir", lambda: f"{folder}/")
    monkeypatch.setattr(block, "_bldata", False)
    monkeypatch.setattr(block, "_blmeta", False)
    return key


def test_a_compromised_key_is_named(listed):
    """A compromised key is reported with its list; another key of the same kind is not."""
    told = ["on the list of compromised keys (documentation)"]
    assert weak_keys.weaknesses(listed) == told
    assert weak_keys.weaknesses(ec.generate_private_key(ec.SECP256R1()).public_key()) == []
    assert weak_keys.update_hint() is None


def test_a_damaged_list_is_a_sentence(listed, tmp_path):
    """A damaged list is reported with its path and the remedy."""
    (tmp_path / "badkeys" / "badkeysdata.json").write_text("{")
    with pytest.raises(Error, match=r"list of compromised keys in .* is damaged"):
        weak_keys.weaknesses(listed)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 16, 17])
def test_shared_primes_are_found_among_any_number_of_keys(count):
    """Shared primes are found among any number of keys, without false alarms."""
    moduli = [prime(256, f"p{at}") * prime(256, f"q{at}") for at in range(count)]
    assert shared_primes.groups(moduli) == []
    if count > 1:
        moduli[-1] = prime(256, "p0") * prime(256, "new")
        assert shared_primes.groups(moduli) == [[moduli[0], moduli[-1]]]
        assert shared_primes.groups(moduli[:-1] + moduli[:1]) == []


def test_a_key_that_shares_both_primes_is_in_both_groups():
    """A key that shares both primes is in both groups."""
    a, b, *others = (prime(256, name) for name in "abcdefg")
    moduli = [a * b, a * others[0], a * others[1], b * others[2], others[3] * others[4]]
    found = {frozenset(group) for group in shared_primes.groups(moduli)}
    assert found == {frozenset(moduli[:3]), frozenset((moduli[0], moduli[3]))}
