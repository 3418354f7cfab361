"""An acme-dns server: a DNS server with one name for each domain, which may change no other.

The domain's own DNS is changed once, by hand: `_acme-challenge.kitchen.example.org` becomes a
CNAME for the name that the server gives. Its API: github.com/joohoi/acme-dns, README.
"""

import json
from typing import Any
from urllib.parse import urlsplit

import requests

from ..errors import CHECKED_AND_BAD, Error
from ..files import write_own_json
from . import kept
from .propagation import find_alias

_TIMEOUT_S = 30
_FIELDS = ("username", "password", "fulldomain", "subdomain")


class Service:
    """The server at *url*. *server*: HOST:PORT of the resolver by which the CNAME is looked for.

    What it gives for a domain is kept, for the owner only, see `kept`.
    """

    def __init__(self, url: str, server: str | None) -> None:
        self._url = url.rstrip("/")
        self._server = server

    def present(self, domain: str, name: str, value: str) -> None:
        """Have the server answer with *value*; it remembers the one before, too."""
        account = self._account(domain)
        target = account["fulldomain"].rstrip(".").lower()
        if find_alias(name, self._server) != target:
            hint = f"add it once, then run this again: {name}. CNAME {target}."
            raise Error(f"{name} is not a CNAME for {target} yet", hint, CHECKED_AND_BAD)
        headers = {"X-Api-User": account["username"], "X-Api-Key": account["password"]}
        self._post("update", {"subdomain": account["subdomain"], "txt": value}, headers)

    def remove(self, name: str, value: str) -> None:
        """Leave it: the server forgets values itself, and nobody else reads the name."""

    def _account(self, domain: str) -> dict[str, str]:
        """Return what the server has given for *domain*; registered now, if it has not."""
        path = kept.service_file(domain)
        if path.exists():
            content = json.loads(path.read_bytes())
            if content.get("url") == self._url:
                return content
        content = self._post("register", None, {})
        if not all(isinstance(content.get(field), str) for field in _FIELDS):
            raise Error(f"{self._place} is not an acme-dns server", "see --acme-dns")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_own_json(path, content | {"url": self._url})
        return content

    def _post(self, action: str, content: Any, headers: dict[str, str]) -> dict[str, Any]:
        """Return the answer, a JSON object. Raises Error."""
        try:
            answer = requests.post(
                f"{self._url}/{action}", json=content, headers=headers, timeout=_TIMEOUT_S
            )
            data = answer.json()
        except requests.JSONDecodeError:
            raise Error(f"{self._place} is not an acme-dns server", "see --acme-dns") from None
        except requests.RequestException:
            raise Error(f"{self._place} is unreachable", "run it again") from None
        if not answer.ok or not isinstance(data, dict):
            reason = data.get("error") if isinstance(data, dict) else answer.reason
            hint = "has it forgotten this domain? remove its file below acme-dns, and run it again"
            raise Error(f"{self._place} refuses to {action}: {reason}", hint, CHECKED_AND_BAD)
        return data

    @property
    def _place(self) -> str:
        return urlsplit(self._url).netloc.rpartition("@")[2]
