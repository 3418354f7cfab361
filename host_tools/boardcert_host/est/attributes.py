"""Compare what a server wants in requests, /csrattrs (RFC 7030, section 4.5), with a board's.

A board makes its request by itself, so nothing is added to it: what it lacks is reported, and the
server decides whether that is enough.
"""

from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pyasn1.codec.der import decoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import univ
from pyasn1_alt_modules import rfc7030

from .answer import Answer
from .content import body
from .problems import strange

# Without attributes, or without the operation: section 4.5.2 has both; others refuse it.
_NONE = (204, 401, 403, 404, 405, 501)
_CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7"  # noqa: S105 (an OID)
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"
_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
_SIGNATURES = ("1.2.840.10045.4.3.", "1.2.840.113549.1.1.")
_CURVES = {
    "1.2.840.10045.3.1.7": ("P-256", "p256"),
    "1.3.132.0.34": ("P-384", "p384"),
    "1.3.132.0.35": ("P-521", "p521"),
}
_KEY_HINT = "boardcert set HOST key_type={}, then boardcert new-key HOST"

Wanted = dict[str, list[str]]
"""OIDs, and the values of each that are OIDs or numbers themselves."""


def wanted(answer: Answer, place: str) -> Wanted:
    """Return what /csrattrs says. Raises Error for what cannot be read."""
    if answer.status in _NONE or not answer.data:
        return {}
    try:
        found, rest = decoder.decode(body(answer, place), asn1Spec=rfc7030.CsrAttrs())
        if rest:
            raise strange(place, "more than attributes for requests")
        return dict(_entries(found))
    except (PyAsn1Error, ValueError) as error:  # The latter of a number too long to be written.
        raise strange(place, "attributes for requests that cannot be read") from error


def _entries(found: Iterable) -> Iterator[tuple[str, list[str]]]:
    for one in found:
        if one.getName() == "oid":
            yield str(one["oid"]), []
            continue
        values = [decoder.decode(bytes(value))[0] for value in one["attribute"]["attrValues"]]
        texts = [
            str(one) for one in values if isinstance(one, univ.ObjectIdentifier | univ.Integer)
        ]
        yield str(one["attribute"]["attrType"]), texts


def lacking(asked: Wanted, request: x509.CertificateSigningRequest) -> list[str]:
    """Return sentences about what a server asks for and *request* lacks."""
    key = request.public_key()
    found = []
    if _CHALLENGE_PASSWORD in asked:
        found.append("wants requests bound to the TLS connection, which a board cannot make")
    if isinstance(key, ec.EllipticCurvePublicKey):
        found += _about_curve(asked, key.curve.name)
    if isinstance(key, rsa.RSAPublicKey):
        found += _about_rsa(asked, key.key_size)
    signature = request.signature_algorithm_oid.dotted_string
    hashes = [oid for oid in asked if oid.startswith(_SIGNATURES) and oid != _RSA_ENCRYPTION]
    if hashes and signature not in hashes:
        found.append(f"wants requests signed by {', '.join(map(_oid_words, hashes))}")
    has = {extension.oid.dotted_string for extension in request.extensions}
    missing = [oid for oid in asked.get(_EXTENSION_REQUEST, []) if oid not in has]
    if missing:
        found.append(f"wants extensions that a board does not ask for: {', '.join(missing)}")
    return found


def _about_curve(asked: Wanted, name: str) -> list[str]:
    """Return what is wrong with a key on the curve that cryptography calls *name*."""
    if _EC_PUBLIC_KEY not in asked:
        return (
            ["wants RSA keys; " + _KEY_HINT.format("rsa2048")] if _RSA_ENCRYPTION in asked else []
        )
    curves = [_CURVES.get(oid, (oid, "p384")) for oid in asked[_EC_PUBLIC_KEY]]
    own = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}.get(name)
    if not curves or own in [title for title, _ in curves]:
        return []
    titles = " or ".join(title for title, _ in curves)
    return [f"wants keys on {titles}; " + _KEY_HINT.format(curves[0][1])]


def _about_rsa(asked: Wanted, bits: int) -> list[str]:
    if _RSA_ENCRYPTION not in asked:
        return ["wants EC keys; " + _KEY_HINT.format("p384")] if _EC_PUBLIC_KEY in asked else []
    sizes = asked[_RSA_ENCRYPTION]
    if not sizes or str(bits) in sizes:
        return []
    return [f"wants RSA keys of {' or '.join(sizes)} bits"]


def _oid_words(oid: str) -> str:
    return getattr(x509.ObjectIdentifier(oid), "_name", oid)
