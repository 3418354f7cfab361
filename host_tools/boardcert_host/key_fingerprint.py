"""A key's fingerprint: what a person compares, as it stays when a certificate is signed again."""

import base64
from typing import Any


def key_fingerprint(public_key_pin: str) -> str:
    """Return the digest of "sha256//BASE64" as "AB:CD:...", the way browsers show one."""
    digest = base64.b64decode(public_key_pin.removeprefix("sha256//"))
    return digest.hex(":").upper()


def matches(facts: dict[str, Any], pin: tuple[str, str]) -> bool:
    """Return whether a certificate or a report with these *facts* is the one with *pin*.

    *pin*: as `verify.parse_pin` returns it; a fingerprint may be the key's, or the certificate's,
    as older labels have it.
    """
    kind, wanted = pin
    if facts[kind] == wanted:
        return True
    return kind == "fingerprint" and key_fingerprint(facts["public_key_pin"]) == wanted
