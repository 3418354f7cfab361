"""The content of an EST server's answers: base64, in lines or not, of certificates-only PKCS#7.

RFC 7030, section 4.1.3 and 4.2.3; RFC 8951, section 3: whatever Content-Transfer-Encoding says.
"""

import base64
import binascii
import re

from cryptography import x509

from ..certificates import containers
from ..certificates.certificate import parse
from .answer import Answer
from .problems import strange

_PKCS7 = ("application/pkcs7-mime", "application/x-pkcs7-mime")
# Some servers send PEM, which the standard has not.
_ARMOUR = re.compile(rb"-----(BEGIN|END) [A-Z0-9 #]+-----")


def body(answer: Answer, place: str) -> bytes:
    """Return the DER in *answer*. Raises Error for what is not base64."""
    if answer.data[:1] == b"\x30":  # A SEQUENCE: some servers send it as it is.
        return answer.data
    text = b"".join(_ARMOUR.sub(b"", answer.data).split())
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise strange(place, "data that is not base64") from None


def certificates(answer: Answer, place: str) -> list[x509.Certificate]:
    """Return the certificates in *answer*, each once, in its order. Raises Error."""
    if answer.kind not in _PKCS7:
        shown = answer.kind if answer.kind.isprintable() else ""
        raise strange(place, f"{shown or 'an unknown kind of content'} in place of certificates")
    data = body(answer, place)
    try:
        return list(dict.fromkeys(parse(one) for one in containers.read_pkcs7(data)))
    except ValueError as error:
        raise strange(place, f"certificates that cannot be read: {error}") from error
