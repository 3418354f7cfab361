"""Weak public keys: private keys that others can compute or have, as far as one key shows it.

The checks are those of the package badkeys, without those that are wrong now and then. What they
need comes with it, but for its list of compromised keys (such as those of Debian's broken OpenSSL,
and of firmware and documentation), which `badkeys --update-bl` brings from the Internet: where it
is on this computer, keys of all kinds are looked up.

badkeys is loaded in functions: it takes a tenth of a second.
"""

import datetime
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from ..errors import Error

# What a check finds, and how a sentence goes on: "its private key ...".
_CHECKS = {
    "rsainvalid": "an exponent that no RSA key can have",
    "smallfactors": "its modulus has a small factor",
    "fermat": "its primes are so close that they can be computed (Fermat)",
    "roca": "made by a library whose primes can be guessed (ROCA, CVE-2017-15361)",
    "rsapoly": "a pattern in its modulus gives its primes away",
    "sharedprimes": "a prime of it is publicly known",
    "smalld": "its private exponent is so small that it can be computed (Wiener)",
}
CHECKED = "ROCA, close, known and small primes, small exponents"
_LEAST_BITS = 2048  # NIST SP 800-131A, revision 2, section 3.
_USUAL_EXPONENT = 65537  # FIPS 186-5, section A.1.1: none below.
_UPDATE = "`badkeys --update-bl` downloads the list of compromised keys"


def list_of_compromised() -> datetime.date | None:
    """Return the date of the list of compromised keys; None if it is not on this computer."""
    try:
        times = [path.stat().st_mtime for path in _list_files()]
    except OSError:
        return None
    return datetime.datetime.fromtimestamp(min(times), datetime.timezone.utc).date()


def _list_files() -> tuple[Path, Path]:
    """Return where badkeys keeps its list; without loading it."""
    cache_home = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(cache_home) if cache_home else Path.home() / ".cache") / "badkeys"
    return folder / "badkeysdata.json", folder / "blocklist.dat"


def update_hint() -> str | None:
    """Return how the list of compromised keys comes here, None where it is."""
    return None if list_of_compromised() else _UPDATE


def weaknesses(key: PublicKeyTypes) -> list[str]:
    """Return what is wrong with a key, the worst first: anyone may have its private key."""
    found: list[str] = []
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        found = rsa_weaknesses(numbers.n, numbers.e)
        looked_up = numbers.n
    elif isinstance(key, ec.EllipticCurvePublicKey):
        looked_up = key.public_numbers().x
    else:
        return []
    name = _compromised(looked_up) if list_of_compromised() else None
    return [*([f"on the list of compromised keys ({name})"] if name else []), *found]


def rsa_weaknesses(modulus: int, exponent: int) -> list[str]:
    """Return what is wrong with an RSA key, without the list of compromised keys."""
    from badkeys import rsakeys

    found = [
        words
        for name, words in _CHECKS.items()
        if getattr(rsakeys, name)(modulus, exponent) is not False
    ]
    bits = modulus.bit_length()
    if bits < _LEAST_BITS:
        found.append(f"{bits} bits, where {_LEAST_BITS} are the least")
    return found


def strength_bits(key: PublicKeyTypes) -> int:
    """Return what it costs to compute the private key, as NIST SP 800-57 part 1, table 2 has it."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return next((bits for bits in (256, 192, 128, 112) if key.key_size >= 2 * bits), 80)
    size = key.key_size if isinstance(key, rsa.RSAPublicKey) else 0
    strengths = ((15360, 256), (7680, 192), (3072, 128), (2048, 112))
    return next((bits for least, bits in strengths if size >= least), 80)


def is_exponent_small(key: PublicKeyTypes) -> bool:
    """Return whether it is an RSA key with an exponent that standards no longer allow."""
    return isinstance(key, rsa.RSAPublicKey) and key.public_numbers().e < _USUAL_EXPONENT


def _compromised(number: int) -> str | None:
    """Return on which list of compromised keys a modulus, or the x of a point, stands."""
    from badkeys.allkeys import blocklist

    try:
        found = blocklist(number)
    except (OSError, ValueError, KeyError, TypeError) as error:
        place = _list_files()[0].parent
        raise Error(f"the list of compromised keys in {place} is damaged", _UPDATE) from error
    return str(found["subtest"]) if found else None
