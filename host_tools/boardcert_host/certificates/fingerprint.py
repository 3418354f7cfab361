"""A key's fingerprint, which people compare: it stays the same when a certificate is re-signed."""

import base64
import functools
import hashlib
import re
import runpy
from collections.abc import Callable
from typing import Any

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


def parse_pin(text: str) -> tuple[str, str]:
    """Read a pin: ("fingerprint", "AB:CD:...") or ("public_key_pin", "sha256//...").

    A fingerprint, of a key or a certificate, is 64 hexadecimal digits, with or without colons and
    spaces; a public key's pin is the base64 of 32 bytes, with or without curl's "sha256//" before
    it. Raises Error, a usage error.
    """
    # As `openssl x509 -fingerprint` and ssh-keygen print it.
    text = re.sub(r"^\s*sha-?256(?: fingerprint=|:(?!//))", "", text, flags=re.IGNORECASE)
    plain = re.sub(r"[:\s]", "", text)
    if re.fullmatch(r"[0-9A-Fa-f]{64}", plain):
        return "fingerprint", bytes.fromhex(plain).hex(":").upper()
    try:
        encoded = text.strip().removeprefix("sha256//")
        if len(base64.b64decode(encoded, validate=True)) == 32:
            return "public_key_pin", "sha256//" + encoded
    except ValueError:
        pass
    hint = "64 hexadecimal digits of the fingerprint, or sha256//BASE64 of the public key"
    raise Error(f"not a SHA-256 pin: {text}", hint, USAGE)


def matches(facts: dict[str, Any], pin: tuple[str, str]) -> bool:
    """Return whether the certificate or report that these *facts* are from has this *pin*.

    *pin*: as `parse_pin` returns it; a fingerprint may be the key's, or the certificate's,
    which older labels have.
    """
    kind, wanted = pin
    if facts[kind] == wanted:
        return True
    return kind == "fingerprint" and key_fingerprint(facts["public_key_pin"]) == wanted


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
