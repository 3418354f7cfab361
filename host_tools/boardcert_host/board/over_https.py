"""The JSON API of a board's page, which `boardcert install`, `csr` and others use over HTTPS.

Every connection is checked against the board's pin, or a CA, before the token is sent over it. An
answer that reports a new key is therefore trusted, and the key is the pin from then on.
"""

import contextlib
import http.client
import json
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..certificates import certificate as certificates
from ..certificates.fingerprint import matches
from ..deadline import Deadline, TimedSSLSocket
from ..errors import CHECKED_AND_BAD, Error
from ..targets import Target, in_local
from ..verify.tls_probe import ca_context, connect, find, handshake_error
from . import reports
from .installable import Installable, now_text

# A handshake, the page's facts.
TIMEOUT_S = 60.0
# An action: a board may take minutes for an RSA key, and overwrites 8 MB of flash in 96 s.
_ACTION_TIMEOUT_S = 600.0
# A board has few connections, and closes one more than that: before anything was sent.
_ATTEMPTS = 6
_RETRY_S = 1
# A board that has put off what it was asked for restarts, twice, and tells then how it went.
_PUT_OFF_TIMEOUT_S = 120
_PUT_OFF_PAUSE_S = 3
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


class BoardAPI:
    """One board's API. *pin*: as `parse_pin` returns it; *ca*: a file, used without a pin.

    *name*: expected in the certificate, when not the host itself. *token*: for all but `report`.
    *timeout_s*: of each step; None: a minute, and ten for what changes something.
    Methods that change something return the board's new report. *names* is what pins call it.
    """

    def __init__(
        self,
        target: Target,
        *,
        name: str | None = None,
        pin: tuple[str, str] | None = None,
        ca: str | None = None,
        token: str | None = None,
        timeout_s: float | None = None,
    ) -> None:
        if pin is None and ca is None:
            raise ValueError("a board is identified by a pin or a CA")
        self.target = target
        self.token = token
        self.names = [str(target), target.host, *([name] if name else [])]
        self._name = name or target.host.partition("%")[0]
        self._pin = pin
        self._ca = ca
        self._timeout_s = timeout_s or TIMEOUT_S
        self._action_timeout_s = timeout_s or _ACTION_TIMEOUT_S

    def report(self) -> dict[str, Any]:
        """Return the public facts about the board's identity."""
        return self._report("GET", "/api/identity")

    def csr(self) -> bytes:
        """Return a certificate request with the board's own key, PEM."""
        data = self._call("GET", "/request.pem")
        number, _ = _put_off(data)
        if number is None:
            return data
        self._await(number, [self._pin])
        return self._call("GET", "/request.pem")

    def install(self, files: Installable) -> dict[str, Any]:
        """Install certificates; without a key, they are for the board's own."""
        content = {"chain": files.chain_pem, "key": files.key_pem, "time": now_text()}
        return self._act("install", content, ("fingerprint", files.fingerprint))

    def remove(self) -> dict[str, Any]:
        """Remove the installed certificate: the generated one serves again."""
        return self._act("remove")

    def renew(self) -> dict[str, Any]:
        """Have the board sign its certificate again, with the same key."""
        return self._act("renew")

    def new_key(self, hostname: str) -> dict[str, Any]:
        """Have the board generate a new key. *hostname*: the board's, as a person has typed it."""
        return self._act("new-key", {"hostname": hostname})

    def reset(self, hostname: str) -> dict[str, Any]:
        """Reset to factory state: new key, new token. *hostname*: as for new_key."""
        return self._act("reset", {"hostname": hostname})

    def change_settings(self, changes: dict[str, str], before: dict[str, Any]) -> dict[str, Any]:
        """Change settings, each as a text; an empty one is the default again.

        Wait for the restart. *before*: the report. With another host name, the board is found by
        that from then on.
        """
        self._call("POST", "/api/settings", changes)
        self._follow_settings(changes, before)
        deadline = time.monotonic() + _PUT_OFF_TIMEOUT_S
        while True:
            time.sleep(_PUT_OFF_PAUSE_S)
            try:
                return self.report()
            except Error as error:
                if error.code == CHECKED_AND_BAD or time.monotonic() > deadline:
                    raise

    def _follow_settings(self, changes: dict[str, str], before: dict[str, Any]) -> None:
        """Find the page where it is after the restart."""
        port = changes.get("portal_port", "")
        if port.isdecimal():
            self.target = replace(self.target, port=int(port))
        host = changes.get("hostname", "").lower()
        if host and in_local(self.target.host) == in_local(before["hostname"]):
            self.target = replace(self.target, host=in_local(host))
            self._name = self.target.host
        self.names += [str(self.target), self.target.host]

    def restart(self) -> None:
        """Start the board's program again."""
        self._call("POST", "/api/restart", {})

    def served(self) -> dict[str, Any]:
        """Return what the certificate says that a new connection shows; it is checked as always."""
        with self._connected() as (_, described):
            return described

    def _act(
        self,
        action: str,
        content: dict[str, Any] | None = None,
        expected: tuple[str, str] | None = None,
    ) -> dict[str, Any]:
        """Have the board do *action*. *expected*: the pins that identify it afterwards, if known.

        Otherwise by those of now, or by those in its answer, which came over a connection
        that was checked.
        """
        data = self._call("POST", f"/api/{action}", content or {})
        number, pin = _put_off(data)
        if number is None:
            report = self._read(data)
        else:
            expected = ("public_key_pin", pin) if pin else expected
            report = self._await(number, [expected, self._pin] if expected else [self._pin])
        self._pin, self._ca = ("public_key_pin", report["public_key_pin"]), None
        return report

    def _await(self, number: str, pins: Sequence[tuple[str, str] | None]) -> dict[str, Any]:
        """Wait for the restart and the outcome of task *number*; return the board's report.

        *pins*: any of which may identify it then. Raises Error, also when the task was refused.
        """
        deadline = time.monotonic() + _PUT_OFF_TIMEOUT_S
        while True:
            time.sleep(_PUT_OFF_PAUSE_S)
            try:
                report = self._report_by(pins)
            except Error:
                if time.monotonic() > deadline:
                    raise
                continue
            outcome = report.get("outcome")
            if isinstance(outcome, dict) and outcome.get("id") == number:
                break
            if time.monotonic() > deadline:
                raise self._strange(f"no outcome of the deferred task ({number})")
        if outcome.get("error"):
            field = f"the {outcome['field']}: " if outcome.get("field") else ""
            reason = f"{self.target} refuses {field}{outcome['error']}"
            raise Error(reason, None, CHECKED_AND_BAD)
        return report | {"wiped": outcome.get("wiped")}

    def _report_by(self, pins: Sequence[tuple[str, str] | None]) -> dict[str, Any]:
        """Return the report of the board, known by any of *pins*, or by its CA."""
        first, *others = pins
        try:
            self._pin = first
            return self.report()
        except Error as error:
            if not others or error.code != CHECKED_AND_BAD:
                raise
        return self._report_by(others)

    def _report(self, method: str, path: str, content: dict | None = None) -> dict[str, Any]:
        return self._read(self._call(method, path, content))

    def _read(self, data: bytes) -> dict[str, Any]:
        """Return the report in an answer."""
        try:
            report = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._strange("invalid JSON") from error
        if not isinstance(report, dict):
            raise self._strange("an answer that is not a report")
        flaw = reports.flaw(report)
        if flaw:
            raise self._strange(flaw)
        return report

    def _call(self, method: str, path: str, content: dict[str, Any] | None = None) -> bytes:
        """Make one request over one connection, and return the body of its answer."""
        limit_s = self._timeout_s
        with self._connected() as (secure, _):
            if method == "POST" and limit_s < self._action_timeout_s:
                limit_s = self._action_timeout_s
                secure.deadline = Deadline(limit_s)
            connection = http.client.HTTPConnection(self._name, self.target.port, timeout=limit_s)
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
            raise self._strange("too long an answer")
        if not 200 <= answer.status < 300:
            raise self._refusal(answer, data)
        return data

    @contextlib.contextmanager
    def _connected(self) -> Iterator[tuple[TimedSSLSocket, dict[str, Any]]]:
        """Yield a connection to the right board, and what its certificate says. Raises Error."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # The pin decides, see _recognise.
        if self._pin is None and self._ca:
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
            return connect(context, find(self.target, deadline), deadline, self._name)
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
        if self._pin and not matches(described, self._pin):
            raise self._wrong(f"shows {described[self._pin[0]]}, but its pin is {self._pin[1]}")
        return described

    def _wrong(self, reason: str, hint: str = _OTHER_HINT) -> Error:
        message = f"{self.target} {reason}; nothing was sent to it"
        return Error(message, hint, CHECKED_AND_BAD)

    def _silent(self, method: str, limit_s: float, error: Exception) -> Error:
        reason = f"within {limit_s:g} s" if isinstance(error, TimeoutError) else "in full"
        hint = "it may have done what was asked: see boardcert verify"
        return Error(f"{self.target} did not answer {reason}", hint if method == "POST" else None)

    def _strange(self, what: str) -> Error:
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


def _put_off(data: bytes) -> tuple[str | None, str | None]:
    """Return the number of the task that the board has deferred until it restarts, or None.

    Also the pin of the key that it uses then, if it says so.
    """
    try:
        answer = json.loads(data)
        number, pin = answer["put_off"], answer["public_key_pin"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None, None
    return (str(number), pin if isinstance(pin, str) else None)


def _reason(data: bytes) -> str | None:
    """Return "FIELD: MESSAGE", or the message alone, of an answer that is an error."""
    try:
        error = json.loads(data)["error"]
        field = f"the {error['field']}: " if error.get("field") else ""
        return f"{field}{error['message']}"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
