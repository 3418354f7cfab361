"""The JSON API of a board's page, which `boardcert install`, `csr` and others use over HTTPS.

Every connection is checked against the board's pin, or a CA, before the token is sent over it. An
answer that reports a new key is therefore trusted, and the key is the pin from then on.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cryptography import x509

from ..certificates import certificate
from ..certificates.fingerprint import KeyPin
from ..errors import CHECKED_AND_BAD, Error
from ..targets import Target, in_local
from . import reports
from .checked_https import CheckedHTTPS
from .installable import Installable, now_text

# A board that restarts serves again within a minute, two if it is slow to join its Wi-Fi.
_RESTART_TIMEOUT_S = 120
# One that has deferred a task restarts twice; its report then has the outcome. Before it serves, it
# may overwrite its free flash: in 12 to 30 s a MB.
_PUT_OFF_TIMEOUT_S = 600
_PUT_OFF_PAUSE_S = 3


class BoardAPI:
    """One board's API. *pin*: what it must have; *ca*: a file, used without a pin.

    *name*: expected in the certificate, when not the host itself. *token*: for all but `report`.
    *timeout_s*: of each step; None: a minute, and ten for what changes something.
    Methods that change something return the board's new report. *names* is what pins call it.
    """

    def __init__(
        self,
        target: Target,
        *,
        name: str | None = None,
        pin: KeyPin | None = None,
        ca: str | None = None,
        token: str | None = None,
        timeout_s: float | None = None,
    ) -> None:
        expected = name or target.host.partition("%")[0]
        self.https = CheckedHTTPS(target, expected, pin, ca, token, timeout_s)
        self.names = [str(target), target.host, *([name] if name else [])]

    @property
    def target(self) -> Target:
        """Where the page is."""
        return self.https.target

    @property
    def token(self) -> str | None:
        """The token that it is administered with."""
        return self.https.token

    def report(self) -> dict[str, Any]:
        """Return the public facts about the board's identity."""
        return self._report("GET", "/api/identity")

    def csr(self, names: Sequence[str] = ()) -> bytes:
        """Return a certificate request with the board's own key, PEM.

        *names*: DNS names and addresses, which it is for instead of the board's own. A board with
        an older package does not know of that: `ca.csr.require_names` sees it.
        """
        path = f"/request.pem?names={','.join(names)}" if names else "/request.pem"
        data = self.https.call("GET", path)
        number, _ = _put_off(data)
        if number is None:
            return data
        self._await(number, [self.https.pin])
        return self.https.call("GET", path)

    def install(self, files: Installable) -> dict[str, Any]:
        """Install certificates; without a key, they are for the board's own."""
        content = {"chain": files.chain_pem, "key": files.key_pem, "time": now_text()}
        return self._act("install", content, KeyPin.of_certificate(files.fingerprint))

    def remove(self) -> dict[str, Any]:
        """Remove the installed certificate: the generated one serves again."""
        return self._act("remove")

    def renew(self) -> dict[str, Any]:
        """Have the board sign its certificate again, with the same key."""
        return self._act("renew")

    def new_key(self, hostname: str) -> dict[str, Any]:
        """Have the board generate a new key. *hostname*: the board's, as typed by the user."""
        return self._act("new-key", {"hostname": hostname})

    def reset(self, hostname: str) -> dict[str, Any]:
        """Reset to factory state: new key, new token. *hostname*: as for new_key."""
        return self._act("reset", {"hostname": hostname})

    def change_settings(self, changes: dict[str, str], before: dict[str, Any]) -> dict[str, Any]:
        """Change settings, each as a text; an empty one is the default again.

        Wait for the restart. *before*: the report. With another host name, the board is found by
        that from then on.
        """
        self.https.call("POST", "/api/settings", changes)
        self._follow_settings(changes, before)
        # Without an authority, the key of that is wiped.
        wait_s = _PUT_OFF_TIMEOUT_S if "chain" in changes else _RESTART_TIMEOUT_S
        return self._after_restart([self.https.pin], lambda report: True, wait_s)

    def _follow_settings(self, changes: dict[str, str], before: dict[str, Any]) -> None:
        """Find the page where it is after the restart."""
        port = changes.get("portal_port", "")
        if port.isdecimal():
            self.https.target = replace(self.target, port=int(port))
        host = changes.get("hostname", "").lower()
        if host and in_local(self.target.host) == in_local(before["hostname"]):
            self.https.target = replace(self.target, host=in_local(host))
            self.https.name = self.target.host
        self.names += [str(self.target), self.target.host]

    def restart(self) -> None:
        """Start the board's program again."""
        self.https.call("POST", "/api/restart", {})

    def served(self) -> dict[str, Any]:
        """Return what the certificate says that a new connection shows; it is checked as always."""
        with self.https.connected() as (_, described):
            return described

    def certificate(self) -> x509.Certificate:
        """Return the certificate that a new connection shows; it is checked as always."""
        with self.https.connected() as (secure, _):
            return certificate.parse(secure.getpeercert(True) or b"")

    def _act(
        self,
        action: str,
        content: dict[str, Any] | None = None,
        expected: KeyPin | None = None,
    ) -> dict[str, Any]:
        """Have the board do *action*. *expected*: the pins that identify it afterwards, if known.

        Otherwise by those of now, or by those in its answer, which came over a connection
        that was checked.
        """
        data = self.https.call("POST", f"/api/{action}", content or {})
        number, pin = _put_off(data)
        if number is None:
            report = self._read(data)
        else:
            expected = KeyPin.of_key(pin) if pin else expected
            report = self._await(number, [*([expected] if expected else []), self.https.pin])
        self.https.trust_only(KeyPin.of_key(report["public_key_pin"]))
        return report

    def _await(self, number: str, pins: Sequence[KeyPin | None]) -> dict[str, Any]:
        """Wait for the restart and the outcome of task *number*; return the board's report.

        *pins*: any of which may identify it then. Raises Error, also when the task was refused.
        """
        report = self._after_restart(
            pins, lambda report: _outcome(report).get("id") == number, _PUT_OFF_TIMEOUT_S
        )
        outcome = _outcome(report)
        if outcome.get("error"):
            field = f"the {outcome['field']}: " if outcome.get("field") else ""
            reason = f"{self.target} refuses {field}{outcome['error']}"
            raise Error(reason, None, CHECKED_AND_BAD)
        return report | {"wiped": outcome.get("wiped")}

    def _after_restart(
        self, pins: Sequence[KeyPin | None], is_it: Callable[[dict[str, Any]], bool], wait_s: float
    ) -> dict[str, Any]:
        """Wait for the restart and the report that *is_it*. *pins*: any of which identifies it."""
        deadline = time.monotonic() + wait_s
        while True:
            time.sleep(_PUT_OFF_PAUSE_S)
            try:
                report = self._report_by(pins)
                if is_it(report):
                    return report
                failure = self.https.strange("no outcome of the deferred task")
            except Error as error:
                if error.code == CHECKED_AND_BAD:
                    raise
                failure = error
            if time.monotonic() > deadline:
                raise failure

    def _report_by(self, pins: Sequence[KeyPin | None]) -> dict[str, Any]:
        """Return the report of the board, known by any of *pins*, or by its CA."""
        first, *others = pins
        try:
            self.https.pin = first
            return self.report()
        except Error as error:
            if not others or error.code != CHECKED_AND_BAD:
                raise
        return self._report_by(others)

    def _report(self, method: str, path: str, content: dict | None = None) -> dict[str, Any]:
        return self._read(self.https.call(method, path, content))

    def _read(self, data: bytes) -> dict[str, Any]:
        """Return the report in an answer."""
        try:
            report = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self.https.strange("invalid JSON") from error
        if not isinstance(report, dict):
            raise self.https.strange("an answer that is not a report")
        flaw = reports.flaw(report)
        if flaw:
            raise self.https.strange(flaw)
        return report


def _outcome(report: dict[str, Any]) -> dict[str, Any]:
    """Return what a report says of the task that was deferred last, empty without one."""
    outcome = report.get("outcome")
    return outcome if isinstance(outcome, dict) else {}


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
