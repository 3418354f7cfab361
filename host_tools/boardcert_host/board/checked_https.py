"""Requests to a board's page over HTTPS, each over a connection that is checked first.

By the board's pin, or by a CA, before the token is sent over it.
"""

import contextlib
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from typing import Any

from ..certificates import certificate as certificates
from ..certificates.fingerprint import KeyPin
from ..deadline import Deadline, TimedSSLSocket
from ..errors import CHECKED_AND_BAD, Error
from ..targets import Target
from ..verify.network_errors import handshake_error
from ..verify.tls_probe import ca_context, connect, find, unverified_context

# A handshake, the page's facts.
TIMEOUT_S = 60.0
# An action: a board may take minutes for an RSA key, and overwrites 8 MB of flash in 96 s.
_ACTION_TIMEOUT_S = 600.0
# A board has few connections, and closes any more than that before anything is sent.
_ATTEMPTS = 6
_RETRY_S = 1
_BUSY = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
_ANSWER_LIMIT_BYTES = 65536
_TOKEN_HINT = "on its cable: boardcert token HOST --usb PORT"  # noqa: S105 (how to get one)
_OTHER_HINT = "another board answers, or this one has a new key; see boardcert verify"
_HINTS = {
    401: _TOKEN_HINT,
    403: "the board's page refuses this client: see its settings",
    404: "is this boardcert's page? `boardcert flash` brings a board up to date",
    413: "it accepts up to three certificates and one key",
    429: "wrong tokens were tried, here or elsewhere: try again later",
}


class CheckedHTTPS:
    """Requests to one board. *pin*: what it must have; *ca*: a file, used without a pin.

    *name*: expected in the certificate. *token*: sent with each request, unless None.
    *timeout_s*: of each request; None: a minute, and ten for what changes something.
    """

    def __init__(
        self,
        target: Target,
        name: str,
        pin: KeyPin | None,
        ca: str | None,
        token: str | None,
        timeout_s: float | None,
    ) -> None:
        if pin is None and ca is None:
            raise ValueError("a board is identified by a pin or a CA")
        self.target = target
        self.name = name
        self.pin = pin
        self.token = token
        self._ca = ca
        self._timeout_s = timeout_s or TIMEOUT_S
        self._action_timeout_s = timeout_s or _ACTION_TIMEOUT_S

    def trust_only(self, pin: KeyPin) -> None:
        """Identify the board by *pin* from now on."""
        self.pin, self._ca = pin, None

    def call(self, method: str, path: str, content: dict[str, Any] | None = None) -> bytes:
        """Make one request over one connection, and return the body of its answer."""
        limit_s = self._timeout_s
        with self.connected() as (secure, _):
            if method == "POST" and limit_s < self._action_timeout_s:
                limit_s = self._action_timeout_s
                secure.deadline = Deadline(limit_s)
            connection = http.client.HTTPConnection(self.name, self.target.port, timeout=limit_s)
            # Never another connection than the one that was checked.
            connection.sock, connection.auto_open = secure, 0
            headers = {"Accept": "application/json, */*", "Connection": "close"}
            if self.token:
                headers["Authorization"] = f"Bearer {self.token}"
            body = None
            if content is not None:
                headers["Content-Type"] = "application/json"
                body = json.dumps(content).encode()
            try:
                connection.request(method, path, body, headers)
                with connection.getresponse() as answer:
                    data = answer.read(_ANSWER_LIMIT_BYTES + 1)
                    if answer.length and len(data) <= _ANSWER_LIMIT_BYTES:
                        raise http.client.IncompleteRead(data, answer.length)
            except (OSError, http.client.HTTPException) as error:
                raise self._silent(method, limit_s, error) from error
        if len(data) > _ANSWER_LIMIT_BYTES:
            raise self.strange("too long an answer")
        if not 200 <= answer.status < 300:
            raise self._refusal(answer, data)
        return data

    @contextlib.contextmanager
    def connected(self) -> Iterator[tuple[TimedSSLSocket, dict[str, Any]]]:
        """Yield a connection to the right board, and what its certificate says. Raises Error."""
        context = unverified_context()  # The pin decides, see _recognise.
        if self.pin is None and self._ca:
            context = ca_context(self._ca)
            context.check_hostname = True
        attempts, deadline = _ATTEMPTS, Deadline(self._timeout_s)
        while True:
            try:
                secure = self._connect(context, deadline)
                break
            except Error as error:
                attempts -= 1
                if not attempts or not isinstance(error.__cause__, _BUSY):
                    raise
            time.sleep(_RETRY_S)
        with secure:
            yield secure, self._recognise(secure.getpeercert(True))

    def _connect(self, context: ssl.SSLContext, deadline: Deadline) -> TimedSSLSocket:
        try:
            return connect(context, find(self.target, deadline), deadline, self.name)
        except TimeoutError as error:  # Between two tries.
            raise Error(f"{self.target} did not answer within {self._timeout_s:g} s") from error
        except ssl.SSLCertVerificationError as error:
            reason = f"is not pinned, and no client of {self._ca} trusts it: {error.verify_message}"
            hint = f"on its cable: boardcert pin add {self.target.host} --usb PORT; or --pin SHA256"
            raise self._wrong(reason, hint) from error
        except ssl.SSLError as error:
            raise handshake_error(error, self.target) from error

    def _recognise(self, der: bytes | None) -> dict[str, Any]:
        """Return what the certificate says, if it is the board's. Raises Error if not."""
        try:
            described = certificates.describe(certificates.parse(der or b""))
        except ValueError as error:
            raise self._wrong("shows an unreadable certificate") from error
        if self.pin and not self.pin.matches(described):
            found = self.pin.found_in(described)
            raise self._wrong(f"shows {found}, but its pin is {self.pin.value}")
        return described

    def _wrong(self, reason: str, hint: str = _OTHER_HINT) -> Error:
        message = f"{self.target} {reason}; nothing was sent to it"
        return Error(message, hint, CHECKED_AND_BAD)

    def _silent(self, method: str, limit_s: float, error: Exception) -> Error:
        reason = f"within {limit_s:g} s" if isinstance(error, TimeoutError) else "in full"
        hint = "it may have done what was asked: see boardcert verify"
        return Error(f"{self.target} did not answer {reason}", hint if method == "POST" else None)

    def strange(self, what: str) -> Error:
        """Return the Error for an answer that a board's page never gives; *what*: describes it."""
        return Error(f"{self.target} sent {what}", _HINTS[404])

    def _refusal(self, answer: http.client.HTTPResponse, data: bytes) -> Error:
        """Return the Error for an answer other than 200."""
        status, reason = answer.status, _reason(data) or answer.reason
        if status == http.client.UNPROCESSABLE_ENTITY:
            return Error(f"{self.target} refuses {reason}", None, CHECKED_AND_BAD)
        if status == http.client.UNAUTHORIZED:
            reason = "wrong token" if self.token else "a token is required"
        if status == http.client.TOO_MANY_REQUESTS:
            seconds = answer.getheader("Retry-After", "")
            reason += f" ({seconds} s)" if seconds.isdecimal() else ""
        return Error(f"{self.target} answered {status}: {reason}", _HINTS.get(status))


def _reason(data: bytes) -> str | None:
    """Return "FIELD: MESSAGE", or the message alone, of an answer that is an error."""
    try:
        error = json.loads(data)["error"]
        field = f"the {error['field']}: " if error.get("field") else ""
        return f"{field}{error['message']}"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
