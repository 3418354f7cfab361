"""Why a certificate, a request or a public key cannot be read, in words for an administrator.

The library's own messages are for programmers: their details of damage are left out.
"""

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

# An x400Address or an ediPartyName (RFC 5280, section 4.2.1.6) is the last of them.
UNREADABLE = (
    *(ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension),
    x509.UnsupportedGeneralNameType,
    TypeError,  # Of a name with a BIT STRING.
)
"""What cryptography raises for data that it cannot read."""

# Its messages about keys; the OID shows an administrator which program made them.
_UNKNOWN_KEY = re.compile(r"Unknown key type: ([\d.]+)")
_UNKNOWN_CURVE = re.compile(r"Curve ([\d.]+) is not supported")


class UnreadableError(ValueError):
    """Data that cannot be read; the message says why, as `explain` words it."""


def explain(error: BaseException, kind: str) -> str:
    """Return why *error*, one of UNREADABLE, was raised for a file that should hold a *kind*."""
    if isinstance(error, UnreadableError):
        return str(error)
    if isinstance(error, x509.InvalidVersion):
        return f"it is of version {error.parsed_version + 1}, which does not exist"
    if isinstance(error, x509.DuplicateExtension):
        return f"it has an extension twice: {error.oid.dotted_string}"
    if isinstance(error, x509.UnsupportedGeneralNameType):
        return "it has a name of a kind that is not supported: x400Address or ediPartyName"
    if found := _UNKNOWN_KEY.search(str(error)):
        return f"its key is of a type that is not supported: {found[1]}"
    if found := _UNKNOWN_CURVE.search(str(error)):
        return f"its key is on a curve that is not supported: {found[1]}"
    return f"damaged, or not a {kind}"
