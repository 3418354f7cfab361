"""What was asked for: which EST server, how to trust it, how to authenticate, where the board is.

It is kept, so that a renewal needs no more than the board's name.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..enrolment.way import Way, way_from
from ..errors import USAGE, Error

# RFC 7030, section 3.2.2; a label chooses one of a server's CAs.
WELL_KNOWN = "/.well-known/est"
WAIT_S = 300.0
_OPERATIONS = ("cacerts", "simpleenroll", "simplereenroll", "csrattrs")


@dataclass(frozen=True)
class Login:
    """How to authenticate. *user*: for HTTP Basic or Digest; without *password_file*, see Password.

    *certificate*, *key*: PEM files of a TLS client; *passphrase_file*: of the key.
    """

    user: str | None = None
    password_file: str | None = None
    certificate: str | None = None
    key: str | None = None
    passphrase_file: str | None = None


@dataclass(frozen=True)
class Plan:
    """All of it. *url*: what the operations stand below; *server_ca*: a PEM file, the explicit
    trust anchors; None: what this computer trusts.

    *names*: to ask for, in place of the board's own. *wait_s*: for a server that decides later.
    """

    way: Way
    url: str
    server_ca: str | None = None
    login: Login = Login()
    names: tuple[str, ...] = ()
    wait_s: float = WAIT_S

    @property
    def place(self) -> str:
        """What the server is called in sentences."""
        return place_of(self.url)


def place_of(url: str) -> str:
    """Return what the server at *url* is called in sentences."""
    return urlsplit(url).netloc


def server_url(text: str, label: str | None) -> str:
    """Return the URL that operations stand below. Raises Error, a usage error.

    *text*: the server's, with or without the path; *label*: one more part of the path.
    """
    url = text.rstrip("/")
    found = re.fullmatch(r"https://[^/\s@?#]+(/[^\s?#]*)?", url)
    if not found:
        hint = "for example https://est.example.org"
        raise Error(f"not the URL of an EST server: {text}", hint, USAGE)
    path = found[1] or ""
    if path.rpartition("/")[2] in _OPERATIONS:
        raise Error(f"--server without the operation: {url.rpartition('/')[0]}", None, USAGE)
    url = url if path else url + WELL_KNOWN
    if label is None:
        return url
    if not re.fullmatch(r"[A-Za-z0-9._~%-]+", label):
        raise Error(f"not a label: {label}", "one part of a URL's path", USAGE)
    return f"{url}/{label}"


def plan_from(content: dict[str, Any]) -> Plan:
    """Return the plan that `asdict` has made *content* of. Raises TypeError and KeyError."""
    rest = {"way": way_from(content["way"]), "login": Login(**content["login"])}
    return Plan(**{**content, **rest, "names": tuple(content["names"])})
