"""A key's fingerprint, which people compare: it stays the same when a certificate is re-signed."""

import base64
import functools
import hashlib
import re
import runpy
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..console import in_groups
from ..directories import data_directory
from ..errors import USAGE, Error


def spki_pin(spki: bytes) -> str:
    """Return "sha256//" and the base64 SHA-256 of a SubjectPublicKeyInfo (DER)."""
    return "sha256//" + base64.b64encode(hashlib.sha256(spki).digest()).decode()


def key_fingerprint(public_key_pin: str) -> str:
    """Return the digest of "sha256//BASE64" as "AB:CD:...", the way browsers show one."""
    digest = base64.b64decode(public_key_pin.removeprefix("sha256//"))
    return digest.hex(":").upper()


class KeyPin(NamedTuple):
    """What a board must have: a "public_key_pin", "sha256//...", or a "fingerprint", "AB:CD:...".

    The fingerprint may be the key's, or the certificate's, which older labels have.
    """

    kind: str
    value: str

    @classmethod
    def of_key(cls, public_key_pin: str) -> "KeyPin":
        """Return the pin of a public key."""
        return cls("public_key_pin", public_key_pin)

    @classmethod
    def of_certificate(cls, fingerprint: str) -> "KeyPin":
        """Return the pin of a certificate."""
        return cls("fingerprint", fingerprint)

    @property
    def public_key_pin(self) -> str | None:
        """The pin of the public key; None of a fingerprint."""
        return self.value if self.kind == "public_key_pin" else None

    def found_in(self, facts: Mapping[str, Any]) -> str:
        """Return what a certificate or report with these *facts* has of the same kind."""
        return str(facts[self.kind])

    def matches(self, facts: Mapping[str, Any]) -> bool:
        """Return whether the certificate or report with these *facts* has this pin."""
        if self.found_in(facts) == self.value:
            return True
        is_key = self.kind == "fingerprint"
        return is_key and key_fingerprint(facts["public_key_pin"]) == self.value


def parse_pin(text: str) -> KeyPin:
    """Read a pin as a person writes it.

    A fingerprint, of a key or a certificate, is 64 hexadecimal digits, with or without colons and
    spaces; a public key's pin is the base64 of 32 bytes, with or without curl's "sha256//" before
    it. Raises Error, a usage error.
    """
    # As `openssl x509 -fingerprint` and ssh-keygen print it.
    text = re.sub(r"^\s*sha-?256(?: fingerprint=|:(?!//))", "", text, flags=re.IGNORECASE)
    plain = re.sub(r"[:\s]", "", text)
    if re.fullmatch(r"[0-9A-Fa-f]{64}", plain):
        return KeyPin.of_certificate(bytes.fromhex(plain).hex(":").upper())
    try:
        encoded = text.strip().removeprefix("sha256//")
        if len(base64.b64decode(encoded, validate=True)) == 32:
            return KeyPin.of_key("sha256//" + encoded)
    except ValueError:
        pass
    hint = "64 hexadecimal digits of the fingerprint, or sha256//BASE64 of the public key"
    raise Error(f"not a SHA-256 pin: {text}", hint, USAGE)


def fingerprint_words(fingerprint: str) -> str:
    """Return "AB:CD:..." as words, by the board's own code."""
    return _encoder()(bytes.fromhex(fingerprint.replace(":", "")))


def to_compare(public_key_pin: str) -> list[str]:
    """Return the fingerprint of a key as lines to compare: hexadecimal groups, and the words."""
    fingerprint = key_fingerprint(public_key_pin)
    return [*in_groups(fingerprint), fingerprint_words(fingerprint)]


@functools.cache
def _encoder() -> Callable[[bytes], str]:
    path = data_directory("firmware") / "boardcert" / "page" / "words.py"
    words: Callable[[bytes], str] = runpy.run_path(str(path))["words"]
    return words
