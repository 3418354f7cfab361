"""The user's own certificate authority: what it signs, and by which rules.

Objects in, certificates out; store keeps them. The profile is that of RFC 5280 which OpenSSL
(strict too), browsers and linters accept: critical basicConstraints and keyUsage, the key
identifiers of subject and issuer, serial numbers of 16 random bytes.
"""

import datetime
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..certificates.certificate import Kind, find_extension, name_words
from ..certificates.read_files import PrivateKey
from ..errors import CHECKED_AND_BAD, USAGE, Error
from .csr import Request
from .names import make_constraints, name_text, permits

# Ten years with up to three leap days, and the day before: it begins on that.
CA_DAYS = 3654
# Apple's clients refuse more for any server, even from a CA that their owner trusts.
DEVICE_DAYS = 825
_SECOND = datetime.timedelta(seconds=1)
_DAY = datetime.timedelta(days=1)
_COMMON_NAME_LIMIT = 64
_SERIAL_BYTES = 16
_HASHES: dict[str, hashes.SHA384 | hashes.SHA512] = {
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
_DEVICE_PURPOSES = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


@dataclass(frozen=True)
class Authority:
    """A CA: its certificate, and its private key, which repr() does not show.

    *intermediates*: what a server sends after its own certificate; none for a self-signed CA, which
    its clients already have.
    """

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)
    intermediates: Sequence[x509.Certificate] = ()

    @property
    def name(self) -> str:
        """What people call it: the common name, else the whole subject."""
        return common_name(self.certificate)

    @property
    def constraints(self) -> x509.NameConstraints | None:
        """The names that it may sign for; None if they are not limited."""
        return _extension(self.certificate, x509.NameConstraints)

    def issue(
        self,
        request: Request,
        names: Sequence[x509.GeneralName],
        days: int,
        now: datetime.datetime,
    ) -> x509.Certificate:
        """Return a certificate for the request's key and *names*.

        It is valid for *days*, but not beyond the CA. Raises Error for a name outside its
        constraints, no name at all, or an expired CA.
        """
        self._check_names(names)
        if request.public_key == self.certificate.public_key():
            raise _refused("the request is for the CA's own key")
        not_before, not_after = self.dates(days, now)
        builder = _builder(
            _device_subject(request, names, self.name),
            self.certificate.subject,
            request.public_key,
            (not_before, not_after),
        )
        identifier = _key_identifier(self.certificate)
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_key_usage("digital_signature"), True),
            (x509.ExtendedKeyUsage(_DEVICE_PURPOSES), False),
            (x509.SubjectAlternativeName(names), False),
            (x509.SubjectKeyIdentifier.from_public_key(request.public_key), False),
            (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
        ]
        return _sign(builder, extensions, self.key)

    def _check_names(self, names: Sequence[x509.GeneralName]) -> None:
        if not names:
            hint = "--san NAME adds one; browsers refuse a certificate without a name"
            raise Error("the certificate would have no name", hint, USAGE)
        outside = [name_text(name) for name in names if not permits(self.constraints, name)]
        if outside:
            raise _refused(f"{self.name} must not sign for {', '.join(outside)}")

    def dates(
        self, days: int, now: datetime.datetime
    ) -> tuple[datetime.datetime, datetime.datetime]:
        """Return begin and end of what is signed now, within those of the CA. Raises Error."""
        begin, end = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        if not begin <= now < end:
            dates = f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
            raise _refused(f"{self.name} is valid from {dates} only")
        not_before = max(begin, _yesterday(now))
        if days > (end - not_before).days:  # Compared as numbers: it may be too large for a date.
            return not_before, end
        return not_before, not_before + days * _DAY - _SECOND


def create(name: str | None, permitted: Iterable[str], now: datetime.datetime) -> Authority:
    """Return a new self-signed CA for end-entity certificates only: P-384, ten years.

    *permitted*: see names.make_constraints. Raises Error, a usage error, for a bad argument.
    """
    constraints = make_constraints(permitted)
    key = ec.generate_private_key(ec.SECP384R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    subject = _name(_checked_name(name or f"boardcert CA {identifier.digest[:4].hex().upper()}"))
    begin = _yesterday(now)
    dates = (begin, begin + CA_DAYS * _DAY - _SECOND)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_key_usage("key_cert_sign", "crl_sign"), True),
        (identifier, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ]
    if constraints:
        extensions.append((constraints, True))
    return Authority(
        _sign(_builder(subject, subject, key.public_key(), dates), extensions, key), key
    )


def check_ca(certificate: x509.Certificate) -> None:
    """Raise Error unless *certificate* is a CA's."""
    basic = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    if not (basic and basic.ca and (usage is None or usage.key_cert_sign)):
        reason = "its certificate may not sign others"
        raise Error(f"{common_name(certificate)} is not a CA: {reason}", None, CHECKED_AND_BAD)


def common_name(certificate: x509.Certificate) -> str:
    """Return the subject's common name, else the whole subject."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name_words(certificate.subject)


def _checked_name(name: str) -> str:
    if not 1 <= len(name) <= _COMMON_NAME_LIMIT or not name.isprintable():
        raise Error(f"the name of a CA has 1 to {_COMMON_NAME_LIMIT} characters", None, USAGE)
    return name


def _device_subject(request: Request, names: Sequence[x509.GeneralName], issuer: str) -> x509.Name:
    """Return the subject: the requested common name, unless it claims too much, and the number.

    A name without a dot claims nothing on the Internet; one with dots must be among *names*. The
    name of the *issuer* is reserved for it.
    """
    texts = [name_text(name) for name in names]
    wanted = request.common_name
    is_claim = wanted is not None and ("." in wanted or ":" in wanted or wanted == issuer)
    if wanted is None or (is_claim and wanted.lower() not in texts):
        wanted = next((text for text in texts if len(text) <= _COMMON_NAME_LIMIT), None)
    if wanted is None:
        raise _refused(
            f"all names are longer than {_COMMON_NAME_LIMIT} characters; add a short one"
        )
    return _name(wanted, request.number)


def _name(name: str, number: str | None = None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if number:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, number))
    return x509.Name(attributes)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    dates: tuple[datetime.datetime, datetime.datetime],
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(issuer, subject, public_key, _serial_number(), *dates)


def _serial_number() -> int:
    """Return a random positive number that always takes 16 bytes (RFC 5280, 4.1.2.2)."""
    first, *rest = secrets.token_bytes(_SERIAL_BYTES)
    return int.from_bytes(bytes([first & 0x3F | 0x40, *rest]), "big")


def _sign(
    builder: x509.CertificateBuilder,
    extensions: Iterable[tuple[x509.ExtensionType, bool]],
    key: PrivateKey,
) -> x509.Certificate:
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    curve = key.curve.name if isinstance(key, ec.EllipticCurvePrivateKey) else ""
    return builder.sign(key, _HASHES.get(curve, hashes.SHA256()))


def _key_usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in _USAGES})


def _key_identifier(certificate: x509.Certificate) -> x509.SubjectKeyIdentifier:
    """Return the subjectKeyIdentifier in the CA's certificate, else the usual digest of its key."""
    found = _extension(certificate, x509.SubjectKeyIdentifier)
    return found or x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())


def _extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    found = find_extension(certificate, kind)
    return found.value if found else None


def _yesterday(now: datetime.datetime) -> datetime.datetime:
    """Return the midnight before the last one, since clients' clocks may be slow."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - _DAY


def _refused(reason: str) -> Error:
    return Error(f"nothing was signed: {reason}", None, CHECKED_AND_BAD)
