"""A board on a cable, administered as `over_https` does; it needs no pin and no token.

Its program is interrupted: `restart` starts it again.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any

from ..errors import CHECKED_AND_BAD, Error
from . import mpremote, programs, reports, usb_certificates, usb_report
from .installable import Installable
from .tokens import is_token

# The board may sign, or make a key; an RSA key takes minutes.
_TIMEOUT_S = 600
_ACT = """
import json, boardcert
me = boardcert.identity()
outcome = me.{}()
print(json.dumps(dict(me.report(), **({{"wiped": outcome}} if outcome else {{}}))))
"""
_SETTINGS = """
import json, boardcert
try:
    boardcert.identity().change_settings(**json.loads({!r}))
    print("{{}}")
except boardcert.RefusedError as error:
    print(json.dumps({{"refused": error.field + ": " + str(error)}}))
"""
_TOKEN = "import boardcert; print(boardcert.identity().admin_token())"  # noqa: S105 (asks for it)


class BoardUSB:
    """One board at *port*, which pins call one of *names*.

    Methods that change something return the board's new report.
    """

    def __init__(self, port: str, names: Sequence[str]) -> None:
        self.names = names
        self._port = port

    def report(self) -> dict[str, Any]:
        """Return the public facts about the board's identity."""
        return usb_report.read_report(self._port)

    def token(self) -> str:
        """Return the token, by which the board is administered over the network."""
        lines = mpremote.execute(self._port, self._loaded(_TOKEN), _TIMEOUT_S).split()
        if not lines or not is_token(lines[-1]):
            hint = "`boardcert flash` brings it up to date"
            raise Error(f"the board at {self._port} gave no token", hint)
        return lines[-1]

    def csr(self, names: Sequence[str] = ()) -> bytes:
        """Return a certificate request with the board's own key, PEM; *names*: as over HTTPS."""
        body = base64.encodebytes(usb_certificates.read_request(self._port, names))
        title = b"CERTIFICATE REQUEST-----\n"
        return b"-----BEGIN " + title + body + b"-----END " + title

    def install(self, files: Installable) -> dict[str, Any]:
        """Install certificates; without a key, they are for the board's own."""
        usb_certificates.install(self._port, files.chain_der, files.key_der)
        return self.report()

    def remove(self) -> dict[str, Any]:
        """Remove the installed certificate: the generated one serves again."""
        return self._act("remove")

    def renew(self) -> dict[str, Any]:
        """Have the board sign its certificate again, with the same key."""
        return self._act("renew")

    def new_key(self, _hostname: str) -> dict[str, Any]:
        """Have the board generate a new key."""
        return self._act("new_key")

    def reset(self, _hostname: str) -> dict[str, Any]:
        """Reset to factory state: new key, new token."""
        return self._act("reset")

    def change_settings(self, changes: dict[str, str], _before: dict[str, Any]) -> dict[str, Any]:
        """Change settings, each as a text; an empty one is the default again."""
        code = self._loaded(_SETTINGS.format(json.dumps(changes)))
        answer = mpremote.ask_object(self._port, code, {}, _TIMEOUT_S)
        if "refused" in answer:
            reason = f"the board at {self._port} refuses {answer['refused']}"
            raise Error(reason, None, CHECKED_AND_BAD)
        mpremote.soft_reset(self._port)  # Its program does not run.
        return self.report()

    def restart(self) -> None:
        """Start the board's program again."""
        mpremote.reset(self._port)

    def _loaded(self, code: str) -> str:
        """Return *code* with what loads the identity before it."""
        return programs.identity_code(self._port) + code

    def _act(self, method: str) -> dict[str, Any]:
        code = self._loaded(_ACT.format(method))
        report = mpremote.ask(self._port, code, _TIMEOUT_S)
        if not isinstance(report, dict) or reports.flaw(report):
            raise Error(f"the board at {self._port} sent an unreadable answer")
        return report
