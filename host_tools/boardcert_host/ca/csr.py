"""Certificate requests (PKCS#10), checked before a CA answers them.

A request is not trusted. Only the public key, whose holder signed it, and the names, which are
shown, are taken from it. Anything else that a device may ask for is left out and reported; a
request for something that only CAs have is refused.
"""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..certificates.certificate import (
    HasPublicKey,
    is_signature_broken,
    key_type,
    signature_hash,
)
from ..certificates.items import REQUEST, read_items
from ..certificates.unreadable import UNREADABLE
from ..errors import CHECKED_AND_BAD, Error
from ..show.words import hash_words
from .names import name_text, parse_name

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

# The keys of boards: settings.KEY_TYPES; RSA of other lengths in between is accepted as well.
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_RSA_BITS = range(2048, 4096 + 1)
_RSA_EXPONENT = 65537
_NAME_LIMIT = 64  # RFC 5280, appendix A.1: ub-common-name, and ub-serial-number
_PRINTABLE_STRING = r"[A-Za-z0-9 '()+,./:=?-]+"  # X.680, section 41.4
_MOST_NAMES = 100
_PURPOSES = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
# RFC 5280, section 4.2.1.3: left out by the CA, which writes digitalSignature alone.
_USAGES = {
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
}
# openssl's names; Windows and old tutorials ask for these.
_OTHER_NAMES = {
    "1.2.840.113549.1.9.15": "SMIMECapabilities",
    "2.16.840.1.113730.1.1": "nsCertType",
    "2.16.840.1.113730.1.13": "nsComment",
    "1.3.6.1.4.1.311.20.2": "the template of Microsoft's CA",
    "1.3.6.1.4.1.311.21.7": "the template of Microsoft's CA",
}


@dataclass(frozen=True)
class Request:
    """The contents of a request. *number*: the board's unique id, the subject's serialNumber.

    *left_out*: what else it asks for, in words.
    """

    public_key: PublicKey
    common_name: str | None
    number: str | None
    names: tuple[x509.GeneralName, ...]
    left_out: tuple[str, ...] = ()


def read_request(data: bytes, takes_wildcards: bool = False) -> Request:
    """Read and check the one request in *data*, PEM or DER. Raises Error with the reason.

    *takes_wildcards*: it is for another CA, of which a person wants names such as "*.example.org".
    """
    request = _load(data)
    if is_signature_broken(request):
        name = hash_words(signature_hash(request) or "").partition(" ")[0]
        raise _refused(f"its signature was not checked: {name} is broken; sign it with SHA-256")
    try:
        is_signed = request.is_signature_valid
        extensions = request.extensions
        subject = request.subject
    except UNREADABLE as error:
        raise _refused("it cannot be read: it is damaged") from error
    if not is_signed:
        raise _refused("it is not signed by its own key: altered, or for another key")
    left_out = [words for extension in extensions for words in _left_out(extension)]
    common_name = _attribute(subject, NameOID.COMMON_NAME)
    number = _attribute(subject, NameOID.SERIAL_NUMBER)
    if number and not re.fullmatch(_PRINTABLE_STRING, number):
        number = None
    key = _accepted_key(request)
    names = _names(extensions, takes_wildcards)
    return Request(key, common_name, number, names, tuple(left_out))


def require_names(request: Request, names: Sequence[str]) -> None:
    """Raise Error unless *request* is for exactly *names*, in the spelling of `parse_name`."""
    found = {name_text(name) for name in request.names}
    if found != set(names):
        message = f"the board's request is for {', '.join(sorted(found)) or 'no name'}"
        hint = "its package may be older: `boardcert flash` brings it up to date"
        raise Error(f"{message}, not for {', '.join(sorted(names))}", hint)


def request_pem(data: bytes) -> str:
    """Return the request in *data*, which `read_request` accepted, as PEM without other text."""
    return _load(data).public_bytes(Encoding.PEM).decode()


def _load(data: bytes) -> x509.CertificateSigningRequest:
    """Return the one request; a key in the same file is ignored."""
    items = read_items(data)
    requests = [item for item in items if item.kind == REQUEST]
    if len(requests) > 1:
        raise _refused(f"the file holds {len(requests)} requests; sign one at a time")
    unread = [f"it cannot be read: {item.reason}" for item in items if item.reason]
    if unread:
        raise _refused(unread[0])
    if not requests:
        kinds = " and ".join(f"a {kind}" for kind in dict.fromkeys(item.kind for item in items))
        found = f"the file holds {kinds}" if kinds else "the file is empty"
        raise Error(f"there is no request to sign: {found}", None, CHECKED_AND_BAD)
    return requests[0].value


def _accepted_key(holder: HasPublicKey) -> PublicKey:
    """Return the public key if it is one that boards make and clients accept. Raises Error."""
    key, kind = holder.public_key(), key_type(holder)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    if isinstance(key, rsa.RSAPublicKey) and not kind.startswith("rsa-pss"):
        if key.key_size not in _RSA_BITS:
            raise _refused(f"an RSA key of {key.key_size} bits; 2048 to 4096 are accepted")
        if key.public_numbers().e != _RSA_EXPONENT:
            raise _refused(f"an RSA key with a public exponent other than {_RSA_EXPONENT}")
        return key
    raise _refused(f"a key of type {kind}; P-256, P-384, P-521, RSA are accepted")


def _left_out(extension: x509.Extension[x509.ExtensionType]) -> list[str]:
    """Return what the certificate will lack of an extension; Error for one that only CAs have."""
    value = extension.value
    if isinstance(value, x509.BasicConstraints):
        if value.ca:
            raise _refused("it asks to be a CA, which could sign for any name")
        return []
    if isinstance(value, x509.KeyUsage):
        if value.key_cert_sign or value.crl_sign:
            raise _refused("it asks for a key usage that is for CAs: to sign certificates or lists")
        return [f"key usage {words}" for name, words in _USAGES.items() if getattr(value, name)]
    if isinstance(value, x509.NameConstraints):
        raise _refused("it asks for name constraints, which are for CAs")
    if isinstance(value, x509.ExtendedKeyUsage):
        others = [purpose for purpose in value if purpose not in _PURPOSES]
        return [f"purpose {_oid_words(purpose)}" for purpose in others]
    known = (x509.SubjectAlternativeName, x509.SubjectKeyIdentifier)
    return [] if isinstance(value, known) else [f"extension {_oid_words(extension.oid)}"]


def _oid_words(oid: x509.ObjectIdentifier) -> str:
    """Return an OID with its name, where it has one."""
    name = _OTHER_NAMES.get(oid.dotted_string) or getattr(oid, "_name", "")
    is_known = name and name != "Unknown OID"
    return f"{name} ({oid.dotted_string})" if is_known else oid.dotted_string


def _names(extensions: x509.Extensions, takes_wildcards: bool) -> tuple[x509.GeneralName, ...]:
    """Return the host names and addresses. Raises Error for names of other kinds, and wildcards."""
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    if len(list(names)) > _MOST_NAMES:
        raise _refused(f"it asks for more than {_MOST_NAMES} names")
    return tuple(_name(name, takes_wildcards) for name in names)


def _name(name: x509.GeneralName, takes_wildcards: bool) -> x509.GeneralName:
    """Return a requested name in its normal form. Raises Error."""
    text = name_text(name)
    if "*" in text and not takes_wildcards:
        raise _refused(f"it asks for the wildcard {text}; only --san grants that")
    if isinstance(name, x509.DNSName | x509.IPAddress):
        with contextlib.suppress(Error):
            return parse_name(text)
    shown = text if text.isprintable() else ascii(text)[1:-1]
    raise _refused(f"it asks for {shown}, which is not a host name or address")


def _attribute(subject: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    """Return the attribute of that kind, if there is exactly one, and short; else None."""
    values = [attribute.value for attribute in subject.get_attributes_for_oid(oid)]
    text = values[0] if len(values) == 1 else None
    is_usable = isinstance(text, str) and text.isprintable() and 1 <= len(text) <= _NAME_LIMIT
    return text if isinstance(text, str) and is_usable else None


def _refused(reason: str) -> Error:
    return Error(f"the request is refused: {reason}", None, CHECKED_AND_BAD)
