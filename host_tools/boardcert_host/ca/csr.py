"""Certificate requests (PKCS#10), judged before a CA answers them.

A request is not trusted. What is taken from it is the public key, whose holder signed it, and
the names, which are shown. Whatever else it asks for is refused, never silently ignored.
"""

import contextlib
import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from ..certificates.certificate import UNREADABLE, HasPublicKey, key_type
from ..errors import CHECKED_AND_BAD, Error
from .names import name_text, parse_name

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

# What a board makes: settings.KEY_TYPES; RSA of other lengths in between is as good.
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_RSA_BITS = range(2048, 4096 + 1)
_RSA_EXPONENT = 65537
_NAME_LIMIT = 64  # RFC 5280, appendix A.1: ub-common-name, and ub-serial-number
_PRINTABLE_STRING = r"[A-Za-z0-9 '()+,./:=?-]+"  # X.680, section 41.4
_MOST_NAMES = 100
_PURPOSES = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
_USAGES = ("key_cert_sign", "crl_sign", "content_commitment", "data_encipherment")


@dataclass(frozen=True)
class Request:
    """What a request asks for. *number*: the board's unique id, the subject's serialNumber."""

    public_key: PublicKey
    common_name: str | None
    number: str | None
    names: tuple[x509.GeneralName, ...]


def read_request(data: bytes) -> Request:
    """Read a request, PEM or DER, and check it. Raises Error with the reason for a refusal."""
    try:
        request = _load(data)
        is_signed = request.is_signature_valid
        extensions = request.extensions
        subject = request.subject
    except UNREADABLE as error:
        raise _refused(f"it cannot be read: {error}") from error
    if not is_signed:
        raise _refused("it is not signed by its own key: altered, or for another key")
    for extension in extensions:
        _check_extension(extension)
    common_name = _attribute(subject, NameOID.COMMON_NAME)
    number = _attribute(subject, NameOID.SERIAL_NUMBER)
    if number and not re.fullmatch(_PRINTABLE_STRING, number):
        number = None
    return Request(_accepted_key(request), common_name, number, _names(extensions))


def request_pem(data: bytes) -> str:
    """Return the request that `read_request` has read as PEM, and nothing that stands around it."""
    return _load(data).public_bytes(Encoding.PEM).decode()


def _load(data: bytes) -> x509.CertificateSigningRequest:
    load = x509.load_pem_x509_csr if b"-----BEGIN" in data else x509.load_der_x509_csr
    return load(data)


def _accepted_key(holder: HasPublicKey) -> PublicKey:
    """Return the public key if it is one that boards make and clients accept. Raises Error."""
    key = holder.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size not in _RSA_BITS:
            raise _refused(f"an RSA key of {key.key_size} bits; 2048 to 4096 are accepted")
        if key.public_numbers().e != _RSA_EXPONENT:
            raise _refused(f"an RSA key with a public exponent other than {_RSA_EXPONENT}")
        return key
    raise _refused(f"a key of type {key_type(holder)}; P-256, P-384, P-521, RSA are accepted")


def _check_extension(extension: x509.Extension[x509.ExtensionType]) -> None:
    """Raise Error for what the certificate of a device does not have."""
    value = extension.value
    if isinstance(value, x509.BasicConstraints):
        if value.ca:
            raise _refused("it asks to be a CA, which could sign for any name")
    elif isinstance(value, x509.KeyUsage):
        if any(getattr(value, name) for name in _USAGES):
            raise _refused("it asks for a key usage that is not for TLS")
    elif isinstance(value, x509.ExtendedKeyUsage):
        for purpose in set(value) - _PURPOSES:
            raise _refused(f"it asks for the purpose {purpose.dotted_string}, which is not TLS")
    elif extension.oid not in (
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ):
        raise _refused(f"it asks for an extension that devices do not get: {extension.oid}")


def _names(extensions: x509.Extensions) -> tuple[x509.GeneralName, ...]:
    """Return the host names and addresses; Error for names of other kinds, and for wildcards."""
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    if len(list(names)) > _MOST_NAMES:
        raise _refused(f"it asks for more than {_MOST_NAMES} names")
    return tuple(_name(name) for name in names)


def _name(name: x509.GeneralName) -> x509.GeneralName:
    """Return a requested name in its one spelling. Raises Error."""
    text = name_text(name)
    if "*" in text:
        raise _refused(f"it asks for the wildcard {text}; only --san grants that")
    if isinstance(name, x509.DNSName | x509.IPAddress):
        with contextlib.suppress(Error):
            return parse_name(text)
    raise _refused(f"it asks for {text!r}, which is not a host name or address")


def _attribute(subject: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    """Return the one short attribute of that kind; whatever else the subject says is left out."""
    values = [attribute.value for attribute in subject.get_attributes_for_oid(oid)]
    text = values[0] if len(values) == 1 else None
    is_usable = isinstance(text, str) and text.isprintable() and 1 <= len(text) <= _NAME_LIMIT
    return text if isinstance(text, str) and is_usable else None


def _refused(reason: str) -> Error:
    return Error(f"the request is refused: {reason}", None, CHECKED_AND_BAD)
