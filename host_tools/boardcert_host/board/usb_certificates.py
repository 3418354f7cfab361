"""Certificates of a board on a serial port: get its request, install what a CA has signed."""

import base64
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import CHECKED_AND_BAD, Error
from .installable import now_text
from .mpremote import ask, run
from .programs import identity_code

_TIMEOUT_S = 180  # A board without an identity makes it first; RSA keys take their time.
_REQUEST = """
import json, boardcert
from binascii import b2a_base64
print(json.dumps(b2a_base64(boardcert.identity().csr({names})).decode()))
"""
# Run on the board: install {chain}, {key}; a refusal is an answer, everything else an error.
_INSTALL = """
import json, boardcert
from binascii import a2b_base64 as decode
chain = [
{chain}
]
key = {key}
me = boardcert.identity()
try:
    me.install(chain, key, {today!r})
    print(json.dumps({{"fingerprint": me.fingerprint}}))
except ValueError as error:
    print(json.dumps({{"refused": str(error)}}))
"""


def read_request(port: str, names: Sequence[str] = ()) -> bytes:
    """Return a certificate request (DER) with the board's key, for its own names or these *names*.

    The board's program is interrupted: `mpremote.reset` starts it again.
    """
    code = _REQUEST.format(names=list(names) if names else "")
    answer = ask(port, identity_code(port) + code, _TIMEOUT_S)
    try:
        return base64.b64decode(answer, validate=False)
    except (TypeError, ValueError) as error:
        raise Error(f"the board at {port} sent an unreadable request") from error


def install(port: str, chain: Sequence[bytes], key: bytes | None = None) -> str:
    """Install a certificate chain (DER, leaf first) and return the fingerprint that is served now.

    *key*: its private key (DER), None for the board's own. Raises Error with the board's reason
    when it refuses; it has changed nothing then.
    """
    lines = "\n".join(f"decode({base64.b64encode(der)!r})," for der in chain)
    secret = f"decode({base64.b64encode(key)!r})" if key else "None"
    code = _INSTALL.format(chain=lines, key=secret, today=now_text())
    answer = _ask_in_private(port, identity_code(port) + code)
    facts = answer if isinstance(answer, dict) else {}
    if isinstance(facts.get("fingerprint"), str):
        return facts["fingerprint"]
    if isinstance(facts.get("refused"), str):
        reason = facts["refused"]
        raise Error(f"the board at {port} refused the certificate: {reason}", None, CHECKED_AND_BAD)
    hint = "whether it has installed it is not known: see boardcert verify"
    raise Error(f"the board at {port} sent an unreadable answer", hint)


def _ask_in_private(port: str, code: str) -> Any:
    """Run *code* and return the JSON value that it prints last.

    From a file that only its owner may read: the words of a command line are shown to all.
    """
    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        script = Path(directory) / "install.py"
        script.write_text(code)
        lines = run(port, "run", str(script), timeout_s=_TIMEOUT_S).strip().splitlines()
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError, RecursionError):
        return None
