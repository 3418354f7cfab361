"""Requests to an EST server: over TLS that is verified, and as the user that it asks for."""

import contextlib
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import requests
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from .. import __version__
from ..deadline import Deadline
from ..enrolment.tls import ContextAdapter
from ..errors import Error
from ..passwords import Password
from .answer import Answer
from .plan import Plan
from .problems import AGAIN, explained, strange
from .tls import verifying_context

_TIMEOUT_S = 45
# A timeout begins again with every byte.
_WHOLE_S = 120
# A chain has some kilobytes; more is no answer.
_LIMIT_BYTES = 1 << 20
_UNAUTHORIZED = 401


class Server:
    """The server of *plan*. *asks*: a person for a password that is missing, once it is needed.

    *context*: TLS, verified by default as the plan says.
    """

    def __init__(self, plan: Plan, asks: bool, context: ssl.SSLContext | None = None) -> None:
        self._plan = plan
        self._asks = asks
        self._auth: AuthBase | Callable[..., requests.PreparedRequest] = _nobody
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"boardcert/{__version__}"
        adapter = ContextAdapter(verifying_context(plan, asks) if context is None else context)
        self._session.mount("https://", adapter)

    def get(self, operation: str) -> Answer:
        """Ask for /cacerts or /csrattrs. Raises Error when there is no answer."""
        return self._as_user("GET", operation, None, {})

    def post(self, operation: str, body: bytes) -> Answer:
        """Send a request, base64. Raises Error when there is no answer.

        The transfer encoding is as RFC 7030 has it; servers ignore it since RFC 8951, section 3.1.
        """
        head = {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}
        return self._as_user("POST", operation, body, head)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _as_user(
        self, method: str, operation: str, body: bytes | None, head: dict[str, str]
    ) -> Answer:
        """Send it; once more as the user when the server asks who that is (section 3.2.3)."""
        answer = self._send(method, operation, body, head)
        user = self._plan.login.user
        if answer.status != _UNAUTHORIZED or user is None or self._auth is not _nobody:
            return answer
        offered = answer.headers.get("www-authenticate", "").lower()
        password = self._password(user)
        self._auth = HTTPBasicAuth(user.encode(), password.encode())  # UTF-8: RFC 7617, 2.1.
        if "digest " in offered:
            self._auth = HTTPDigestAuth(user, password)
        return self._send(method, operation, body, head)

    def _send(
        self, method: str, operation: str, body: bytes | None, head: dict[str, str]
    ) -> Answer:
        """Send it, and read the answer; Error when that takes too long, however it drips."""
        try:
            return Deadline(_WHOLE_S).wait_for(
                lambda: self._exchange(method, operation, body, head)
            )
        except TimeoutError:
            raise Error(f"{self._plan.place} did not answer in time", AGAIN) from None

    def _password(self, user: str) -> str:
        login = self._plan.login
        file = Path(login.password_file) if login.password_file else None
        what = f"password of {user} at {self._plan.place}"
        secret = Password(what, "--password-file", "BOARDCERT_EST_PASSWORD", file)
        return secret.get() if self._asks else secret.required()

    def _exchange(
        self, method: str, operation: str, body: bytes | None, head: dict[str, str]
    ) -> Answer:
        url = f"{self._plan.url}/{operation}"
        with explained(self._plan), contextlib.ExitStack() as stack:
            answer = stack.enter_context(
                self._session.request(
                    method,
                    url,
                    data=body,
                    headers=head,
                    auth=self._auth,  # pyright: ignore[reportArgumentType] (a function will do)
                    timeout=_TIMEOUT_S,
                    allow_redirects=False,  # Section 3.2.1: a person has to agree.
                    stream=True,
                )
            )
            data = b"".join(_limited(answer, self._plan.place))
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, answer.reason or "", kind, headers, data)


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave *request* without a user; by default requests looks for one in ~/.netrc."""
    return request


def _limited(answer: requests.Response, place: str) -> Iterator[bytes]:
    count = 0
    for chunk in answer.iter_content(1 << 16):
        count += len(chunk)
        if count > _LIMIT_BYTES:
            raise strange(place, "too long an answer")
        yield chunk
