"""Requests to an EST server, over verified TLS, authenticated as it requires."""

import ssl
from pathlib import Path

from requests.auth import HTTPBasicAuth, HTTPDigestAuth

from ..enrolment.exchange import Auth, TooLongError, exchange, nobody, session_over
from ..errors import Error
from ..passwords import Password
from .answer import Answer
from .plan import Plan
from .problems import AGAIN, explained, strange
from .tls import verifying_context

_UNAUTHORIZED = 401


class Server:
    """The server of *plan*. *asks*: a person for a password that is missing, once it is needed.

    *context*: TLS, verified by default as the plan says.
    """

    def __init__(self, plan: Plan, asks: bool, context: ssl.SSLContext | None = None) -> None:
        self._plan = plan
        self._asks = asks
        self._auth: Auth = nobody
        self._session = session_over(verifying_context(plan, asks) if context is None else context)

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
        if answer.status != _UNAUTHORIZED or user is None or self._auth is not nobody:
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
        """Send it, and read the answer. Redirects: section 3.2.1, a person has to agree."""
        place, url = self._plan.place, f"{self._plan.url}/{operation}"
        try:
            with explained(self._plan):
                answer, data = exchange(
                    self._session, method, url, self._auth, data=body, headers=head
                )
        except TimeoutError:
            raise Error(f"{place} did not answer in time", AGAIN) from None
        except TooLongError:
            raise strange(place, "too long an answer") from None
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, answer.reason or "", kind, headers, data)

    def _password(self, user: str) -> str:
        login = self._plan.login
        file = Path(login.password_file) if login.password_file else None
        what = f"password of {user} at {self._plan.place}"
        secret = Password(what, "--password-file", "BOARDCERT_EST_PASSWORD", file)
        return secret.get() if self._asks else secret.required()
