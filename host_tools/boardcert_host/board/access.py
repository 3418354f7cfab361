"""What this computer knows and learns about a board that it administers: its pin and its token."""

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..certificates.fingerprint import KeyPin
from ..errors import CHECKED_AND_BAD, COULD_NOT_RUN, Error
from ..passwords import Password
from ..targets import canonical, parse_host
from ..trust import pins
from ..trust.location import Place
from ..trust.look_up import did_you_mean, place_of, with_keys
from . import reports, tokens
from .over_https import BoardAPI
from .over_usb import BoardUSB

Board = BoardAPI | BoardUSB

_RETRY_S = 1


def open_board(
    host: str,
    *,
    name: str | None = None,
    pin: KeyPin | None = None,
    ca: str | None = None,
    token_file: Path | None = None,
    timeout_s: float | None = None,
    asks: bool = True,
) -> BoardAPI:
    """Return the API of a board that the user calls *host*: HOST, or HOST:PORT.

    It is identified by *pin*, else by the pin known for host or *name*, else by *ca*. The token
    comes from *token_file*, the environment, the key ring, or, with *asks*, a prompt. Raises Error.
    """
    host = canonical(host)
    place = place_of(host, name)
    if pin is None and place.known:
        pin = KeyPin.of_key(place.known.public_key_pin)
    if pin is None and ca is None:
        hint = f"boardcert pin add {host} --usb PORT; or give --pin or --ca"
        raise Error(f"{host} is not a known board", did_you_mean(host) or hint)
    token = _token(host, place.names, pin, token_file, asks)
    board = BoardAPI(place.target, name=name, pin=pin, ca=ca, token=token, timeout_s=timeout_s)
    board.names += place.names
    return board


def _token(
    host: str,
    names: Sequence[str],
    pin: KeyPin | None,
    token_file: Path | None,
    asks: bool,
) -> str:
    """Return the token of the board. Raises Error when there is none."""
    hint = f"on its cable: boardcert token {host} --usb PORT"
    secret = Password(f"token of {host}", "--token-file", "BOARDCERT_TOKEN", token_file)
    token = secret.given()
    if token is None:
        token = tokens.find_token(names, pin.public_key_pin if pin else None)
    if token is None and not (asks and sys.stdin.isatty()):
        raise Error(f"no token of {host} on the key ring", hint)
    token = (secret.get() if token is None else token).strip().lower()
    if not tokens.is_token(token):
        raise Error(f"this is not a valid token of {host}", hint)
    return token


@contextlib.contextmanager
def open_usb(
    host: str | None,
    port: str,
    pin: KeyPin | None = None,
    name: str | None = None,
) -> Iterator[BoardUSB]:
    """Yield the board on a cable; Error when it is not *host*. Its program starts again after.

    Without *host* it may be any board, but a board with a known name must have its key.
    """
    board = BoardUSB(port, [host] if host else [])
    report = board.report()
    place = place_of(host or _called(report), name)
    board.names = place.names
    _check_usb(place, report, pin)
    yield board
    board.restart()  # After an error, `interruptions` does that.


def _called(report: dict[str, Any]) -> str:
    """Return what the board in *report* is called here, or else calls itself.

    Not by its certificate, which may be for public names.
    """
    own = reports.own_name(report)
    known = [pin.host for pin in with_keys([report["public_key_pin"]])]
    return own if own in known or not known else known[0]


def _check_usb(place: Place, report: dict[str, Any], pin: KeyPin | None) -> None:
    """Raise Error unless the board is the one at *place*, and *pin*."""
    is_same = place.known and place.known.public_key_pin == report["public_key_pin"]
    if place.known and not is_same and not place.is_by_address:
        raise pins.changed_key(place.known, report["public_key_pin"])
    its_names = {reports.own_name(report), *report["names"]}
    if not is_same and not set(place.names) & its_names:
        called = " or ".join(name for name in place.names if parse_host(name)[1] is None)
        found = f"the board on the cable is not {called}, but {', '.join(report['names'])}"
        raise Error(found, None, CHECKED_AND_BAD)
    if pin and not pin.matches(report):
        found = f"the board on the cable has {pin.found_in(report)}, the pin is {pin.value}"
        raise Error(found, None, CHECKED_AND_BAD)


def keep_token(board: BoardUSB, host: str, report: dict[str, Any]) -> bool:
    """Add the token of a board on a cable to the key ring; False when it was there already."""
    return tokens.keep_token(host, report["public_key_pin"], board.token())


def follow_report(board: Board, before: str, report: dict[str, Any]) -> bool:
    """Update pins and key ring after a change of the board; return whether its key changed.

    *before*: the public-key pin that it had. *report*: from the board, over a checked connection.
    """
    if report["public_key_pin"] == before:
        pins.refresh(report)
        return False
    pins.follow_key(board.names, before, report)
    token = board.token if isinstance(board, BoardAPI) else tokens.find_token(board.names)
    if token:
        tokens.follow_key(token, report["public_key_pin"])
    return True


def wait_served(board: BoardAPI, fingerprint: str | None, wait_s: float) -> None:
    """Check over TLS what the board serves now; Error when it does not have *fingerprint*.

    A board that is busy or restarting is tried again for *wait_s* seconds.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            described = board.served()
            break
        except Error as error:
            if error.code != COULD_NOT_RUN or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_S)
    if fingerprint and described["fingerprint"] != fingerprint:
        message = f"{board.target} still serves another certificate: {described['fingerprint']}"
        raise Error(message, "restart it: boardcert restart HOST", CHECKED_AND_BAD)
