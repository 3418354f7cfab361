"""A board's own authority and a leaf that it signed, made by the firmware's own code on CPython."""

import datetime
import secrets
from collections.abc import Sequence

from boardcert.certificates import authority_certificate, issue, keys
from certificates import Identity
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

UNIT = "e6614103e7174b21"
NAMES = ("kitchen.local", "kitchen.boards.example", "127.0.0.1", "localhost")
Days = tuple[float, float]
_random = secrets.token_bytes


def make_pair(
    names: Sequence[str] = NAMES,
    *,
    permitted: Sequence[str] | None = None,
    days: Days = (-1, 396),
    authority_days: Days = (-1, 3652),
    key: ec.EllipticCurvePrivateKey | None = None,
    authority_key: ec.EllipticCurvePrivateKey | None = None,
    signer: ec.EllipticCurvePrivateKey | None = None,
) -> tuple[Identity, Identity]:
    """Return a leaf and the authority that signed it, valid in *days* from now.

    *permitted*: DNS names, by default the leaf's. *key*: the leaf's. *signer*: signs the leaf
    instead of *authority_key*.
    """
    key, authority_key = key or _new(), authority_key or _new()
    own, signing = _firmwares(authority_key), _firmwares(signer or authority_key)
    subject = authority_certificate.subject_of("kitchen", UNIT)
    allowed = authority_certificate.dns_names(list(names)) if permitted is None else list(permitted)
    tbs = authority_certificate.tbs_authority(
        (subject, own), allowed, _dates(authority_days), _random(issue.SERIAL_BYTES)
    )
    authority = keys.signed(own, tbs, own.sign(tbs, _random))
    tbs = issue.tbs_certificate(
        (issue.encode_subject("kitchen", UNIT), _firmwares(key)),
        list(names),
        _dates(days),
        _random(issue.SERIAL_BYTES),
        (subject, own),
    )
    leaf = keys.signed(signing, tbs, signing.sign(tbs, _random))
    return Identity(key, leaf), Identity(authority_key, authority)


def _new() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


def _firmwares(key: ec.EllipticCurvePrivateKey) -> keys.PrivateKey:
    """Return *key* as the firmware's type."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    key_type = f"p{key.curve.key_size}"
    return keys.PrivateKey(key.private_numbers().private_value, point, key_type)


def _dates(days: Days) -> tuple[tuple[int, ...], ...]:
    now = datetime.datetime.now(datetime.timezone.utc)
    return tuple((now + datetime.timedelta(days=one)).timetuple()[:6] for one in days)
