"""What a CA has issued, by the keys that it was for: which certificates count, and end."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ..certificates.certificate import fingerprint, public_key_pin


@dataclass(frozen=True)
class Issued:
    """The certificates of one key, in the order in which they end."""

    public_key_pin: str
    certificates: Sequence[x509.Certificate]

    @property
    def newest(self) -> x509.Certificate:
        """The certificate that takes the place of all others."""
        return self.certificates[-1]

    @property
    def units(self) -> set[str]:
        """The chip numbers of boards that these certificates name."""
        return {
            str(attribute.value)
            for certificate in self.certificates
            for attribute in certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
        }

    def with_fingerprint(self, text: str) -> x509.Certificate | None:
        """Return the certificate that has this fingerprint, None when it is another's."""
        found = (one for one in self.certificates if _fingerprint(one) == text)
        return next(found, None)


def _fingerprint(certificate: x509.Certificate) -> str:
    return fingerprint(certificate.public_bytes(Encoding.DER))


def by_key(certificates: Iterable[x509.Certificate]) -> list[Issued]:
    """Return what was issued for each key, that which ends first at first."""
    found: dict[str, list[x509.Certificate]] = {}
    for certificate in certificates:
        found.setdefault(public_key_pin(certificate), []).append(certificate)
    for of_one in found.values():
        of_one.sort(key=lambda one: (one.not_valid_after_utc, one.not_valid_before_utc))
    issued = [Issued(pin, of_one) for pin, of_one in found.items()]
    return sorted(issued, key=lambda one: one.newest.not_valid_after_utc)


def ending(
    certificates: Iterable[x509.Certificate], before: datetime.datetime
) -> list[x509.Certificate]:
    """Return what ends before a time, or has ended, and has no successor for the same key."""
    newest = [one.newest for one in by_key(certificates)]
    return [one for one in newest if one.not_valid_after_utc < before]
