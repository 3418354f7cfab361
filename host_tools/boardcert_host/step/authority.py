"""A step-ca on the network: its root, checked by the token's digest; and its signature.

Its API: POST /1.0/sign with {"csr", "ott"}, GET /root/SHA256.
"""

import hashlib
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..ca.store import read_certificates
from ..console import neutral
from ..enrolment.exchange import TooLongError, exchange, session_over, unverified
from ..errors import CHECKED_AND_BAD, COULD_NOT_RUN, Error
from ..files import read_small
from ..verify.tls_probe import unverified_context
from .token import Token

_CREATED = 201
_NOT_STEP = "is this the URL of a step-ca? it is in the token"
_HINTS = {
    401: "a token is good once, and for minutes: step ca token makes another",
    403: "the names of the token and of the request have to be the same",
}


class Authority:
    """The CA of *token*. *root_file*: its root; None: by the token's digest, else the system's."""

    def __init__(self, token: Token, root_file: Path | None) -> None:
        self._token = token
        self._place = urlsplit(token.url).netloc
        self._context = self._trusting(root_file)

    def sign(self, request_pem: bytes) -> list[x509.Certificate]:
        """Return the certificate for a request, and those of its issuers. Raises Error."""
        content = {"csr": request_pem.decode(), "ott": self._token.text}
        answer = self._call(self._context, "POST", "/1.0/sign", content)
        chain = answer.get("certChain") or [answer.get("crt"), answer.get("ca")]
        try:
            return [x509.load_pem_x509_certificate(one.encode()) for one in chain if one]
        except (ValueError, TypeError, AttributeError) as error:
            raise self._strange("certificates that cannot be read") from error

    def _trusting(self, root_file: Path | None) -> ssl.SSLContext:
        roots: list[x509.Certificate] = []
        if root_file:
            roots = read_certificates(read_small(root_file), str(root_file))
        elif self._token.root:
            roots = [self._root_by_digest(self._token.root)]
        if not roots:
            return ssl.create_default_context()
        pem = b"".join(one.public_bytes(Encoding.PEM) for one in roots).decode()
        context = ssl.create_default_context(cadata=pem)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _root_by_digest(self, digest: str) -> x509.Certificate:
        """Return the root; what is sent over a connection that is not verified is held to that."""
        with unverified():
            answer = self._call(unverified_context(), "GET", f"/root/{digest}", None)
        try:
            root = x509.load_pem_x509_certificate(answer["ca"].encode())
        except (KeyError, ValueError, AttributeError) as error:
            raise self._strange("a root that cannot be read") from error
        if hashlib.sha256(root.public_bytes(Encoding.DER)).hexdigest() != digest:
            message = f"the root of {self._place} is not that of the token; nothing was sent to it"
            raise Error(message, None, CHECKED_AND_BAD)
        return root

    def _call(
        self, context: ssl.SSLContext, method: str, path: str, content: dict[str, str] | None
    ) -> dict[str, Any]:
        try:
            with session_over(context) as session:
                got, data = exchange(session, method, self._token.url + path, json=content)
        except requests.exceptions.SSLError as error:
            hint = "--root FILE names its root"
            raise Error(f"{self._place} has no certificate that is trusted here", hint) from error
        except requests.exceptions.RequestException as error:
            raise Error(f"{self._place} is unreachable", _NOT_STEP) from error
        except TimeoutError:
            raise Error(f"{self._place} did not answer in time", _NOT_STEP) from None
        except TooLongError:
            raise self._strange("too long an answer") from None
        status = got.status_code
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._strange("data that is not JSON") from error
        if not isinstance(answer, dict):
            raise self._strange("an answer that is not step-ca's")
        if status not in (200, _CREATED):
            words = neutral(str(answer.get("message", "")))[:300].rstrip(".")
            asked = "/root" if path.startswith("/root/") else path
            message = f"{self._place} answers {asked} with {status}: {words}"
            code = CHECKED_AND_BAD if 400 <= status < 500 else COULD_NOT_RUN
            raise Error(message, _HINTS.get(status, _NOT_STEP), code)
        return answer

    def _strange(self, what: str) -> Error:
        return Error(f"{self._place} sent {what}", _NOT_STEP)
