"""A one-time token, as `step ca token` makes it: a JWT that says which CA, for which names.

Only the CA can verify it. Here it is read for what would otherwise have to be typed again.
"""

import base64
import datetime
import json
import re
from dataclasses import dataclass, field
from typing import Any

from .. import clock
from ..ca.names import name_text, parse_name
from ..errors import USAGE, Error

_AGAIN = "make one: step ca token kitchen.local --san kitchen.local"
_SIGN = "/1.0/sign"


@dataclass(frozen=True)
class Token:
    """*text*: as it is sent to the CA, once. *url*: the CA's. *names*: for which it may sign.

    *root*: the SHA-256 of the CA's root certificate, hexadecimal; None when it does not say.
    """

    text: str = field(repr=False)
    url: str
    names: tuple[str, ...]
    root: str | None = None


def read_token(text: str) -> Token:
    """Return what a token says. Raises Error, a usage error, for any other text, or an old one."""
    text = text.strip()
    claims = _claims(text)
    expires = claims.get("exp")
    if isinstance(expires, int | float) and expires < clock.now().timestamp():
        end = datetime.datetime.fromtimestamp(expires, datetime.timezone.utc)
        raise Error(f"the token has ended at {clock.as_minute(end)} UTC", _AGAIN, USAGE)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    urls = [one.partition("#")[0] for one in audiences if isinstance(one, str)]
    signing = [url for url in urls if url.startswith("https://") and url.endswith(_SIGN)]
    if not signing:
        raise Error("the token is not one to sign a certificate with", _AGAIN, USAGE)
    names = claims.get("sans") or [claims.get("sub")]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Error("the token names no host", _AGAIN, USAGE)
    found = tuple(dict.fromkeys(name_text(parse_name(str(name))) for name in names))
    root = str(claims.get("sha")).lower()
    is_digest = re.fullmatch(r"[0-9a-f]{64}", root)
    return Token(text, signing[0].removesuffix(_SIGN), found, root if is_digest else None)


def _claims(text: str) -> dict[str, Any]:
    """Return the claims of a JWT (RFC 7519, section 3)."""
    parts = text.split(".")
    try:
        if len(parts) != 3:
            raise ValueError
        content = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):  # Not passed on: it holds the token.
        raise Error("this is not a token of step-ca", _AGAIN, USAGE) from None
    if not isinstance(content, dict):
        raise Error("this is not a token of step-ca", _AGAIN, USAGE)
    return content
