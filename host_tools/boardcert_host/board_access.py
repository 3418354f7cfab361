"""What this computer knows of a board that is to be administered: its pin, and its token."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import pins, tokens
from .board_api import TIMEOUT_S, BoardAPI
from .errors import Error
from .passwords import Password
from .targets import PORTAL_PORT, parse_target


def open_board(
    host: str,
    *,
    name: str | None = None,
    pin: tuple[str, str] | None = None,
    ca: str | None = None,
    token_file: Path | None = None,
    timeout_s: float = TIMEOUT_S,
) -> BoardAPI:
    """Return the API of a board as a person names it: HOST, or HOST:PORT.

    It is recognised by *pin*, else by the pin that is known for host or *name*, else by *ca*. The
    token comes from *token_file*, the environment, the key ring, or a prompt. Raises Error.
    """
    target = parse_target(host, PORTAL_PORT)
    names = [str(target), target.host, *([name] if name else [])]
    if pin is None:
        known = pins.find_pin(pins.load_pins(), names)
        pin = ("public_key_pin", known.public_key_pin) if known else None
    if pin is None and ca is None:
        hint = f"boardcert pin add {host} --usb PORT; or give --pin or --ca"
        raise Error(f"{host} is not a board that is known here", hint)
    token = _token(host, names, pin, token_file)
    return BoardAPI(target, name=name, pin=pin, ca=ca, token=token, timeout_s=timeout_s)


def _token(
    host: str, names: Sequence[str], pin: tuple[str, str] | None, token_file: Path | None
) -> str:
    """Return the token of the board. Raises Error when there is none."""
    hint = f"on its cable: boardcert token {host} --usb PORT"
    secret = Password(f"token of {host}", "--token-file", "BOARDCERT_TOKEN", token_file)
    token = secret.given()
    if token is None:
        key = pin[1] if pin and pin[0] == "public_key_pin" else None
        token = tokens.find_token(names, key)
    if token is None and not sys.stdin.isatty():
        raise Error(f"no token of {host} on the key ring", hint)
    token = (secret.get() if token is None else token).strip().lower()
    if not tokens.is_token(token):
        raise Error(f"what was given as the token of {host} is none", hint)
    return token


def note_report(board: BoardAPI, host: str, before: str, report: dict[str, Any]) -> bool:
    """Follow the board's own word on a change that it made for us; return whether its key changed.

    *before*: the public-key pin that it had. Pins and key ring know the new one from now on.
    """
    now = report["public_key_pin"]
    if now == before:
        return False
    pins.follow_key(host, before, report)
    if board.token:
        tokens.follow_key(board.token, now)
    return True
