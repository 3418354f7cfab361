"""Where a CA is kept: a directory with ca.crt, ca.key, and issued/SERIAL.crt for each certificate.

$BOARDCERT_CA names the directory; by default, it is in the user's data directory. ca.key is PKCS#8,
readable by its owner only, encrypted if a passphrase was chosen. In ca.crt, the CAs above this one
may follow it.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ..certificates.read_files import PrivateKey, read_certificates, read_key
from ..directories import kept_directory
from ..errors import Error
from ..files import write_new, write_whole
from . import pkcs8
from .authorities import Authority, check_ca

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Store:
    """The directory of one CA."""

    directory: Path

    @property
    def certificate_file(self) -> Path:
        """Its certificate, which is public: clients that trust the CA need it."""
        return self.directory / "ca.crt"

    @property
    def key_file(self) -> Path:
        """Its private key, readable by the owner only."""
        return self.directory / "ca.key"

    def save(self, authority: Authority, passphrase: str | None) -> None:
        """Store a new CA. Raises Error, and changes nothing, if there is one already."""
        self.check_absent()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(self.key_file, private_pem(authority.key, passphrase))
        certificate = authority.certificate.public_bytes(Encoding.PEM)
        try:
            write_new(self.certificate_file, certificate, 0o644)
        except BaseException:
            self.key_file.unlink()
            raise

    def check_absent(self) -> None:
        """Raise Error if there is a CA, or a part of one."""
        for path in (self.certificate_file, self.key_file):
            if path.exists():
                hint = "a CA is never overwritten; name another directory"
                raise Error(f"{path} exists already", hint)

    def load(self, ask_passphrase: Callable[[], str]) -> Authority:
        """Return the CA. *ask_passphrase* is called if its key is encrypted. Raises Error."""
        certificate, *above = self.certificates()
        key = self._load_key(ask_passphrase)
        if key.public_key() != certificate.public_key():
            raise Error(f"{self.key_file} is not the key of {self.certificate_file}")
        intermediates = [one for one in (certificate, *above) if one.issuer != one.subject]
        return Authority(certificate, key, intermediates)

    def certificates(self) -> list[x509.Certificate]:
        """Return the CA's certificate, and those above it. Raises Error."""
        try:
            data = self.certificate_file.read_bytes()
        except FileNotFoundError as error:
            hint = "`boardcert ca init` makes one; --ca DIRECTORY names another place"
            raise Error(f"there is no CA in {self.directory}", hint) from error
        found = read_certificates(data, str(self.certificate_file))
        check_ca(found[0])
        return found

    def record(self, certificate: x509.Certificate) -> Path:
        """Keep a copy of an issued certificate, named by its serial number; return its path."""
        path = self.directory / "issued" / f"{certificate.serial_number:032x}.crt"
        write_whole(path, certificate.public_bytes(Encoding.PEM))
        return path

    def issued(self) -> list[x509.Certificate]:
        """Return the certificates that were issued."""
        paths = sorted((self.directory / "issued").glob("*.crt"))
        return [read_certificates(path.read_bytes(), str(path))[0] for path in paths]

    def _load_key(self, ask_passphrase: Callable[[], str]) -> PrivateKey:
        data = self.key_file.read_bytes()
        if os.name == "posix" and self.key_file.stat().st_mode & _OTHERS:
            hint = f"chmod 600 {self.key_file}, if nobody has read it"
            raise Error(f"{self.key_file} is readable by others", hint)
        return read_key(data, str(self.key_file), ask_passphrase)


def default_store() -> Store:
    """Return the user's own CA: in $BOARDCERT_CA, or in the user's data directory."""
    return Store(kept_directory("BOARDCERT_CA", "ca"))


def private_pem(key: PrivateKey, passphrase: str | None = None) -> bytes:
    """Return a private key as PKCS#8 PEM, encrypted if there is a passphrase."""
    form, encryption = PrivateFormat.PKCS8, NoEncryption()
    if passphrase is None:
        return key.private_bytes(Encoding.PEM, form, encryption)
    return pkcs8.encrypt(key.private_bytes(Encoding.DER, form, encryption), passphrase)
