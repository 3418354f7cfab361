"""The boards that were trusted once: what known_hosts is for SSH.

A board is trusted at the first meeting and recognised by its public key from then on. A new
certificate for the same key (renewed, renamed, dated) is the same board; another key is not. One
is replaced only by the board's own word, over a connection that was checked (`follow_key`);
otherwise a person has to forget the old one first.
"""

import contextlib
import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import CHECKED_AND_BAD, Error
from ..files import changing, own_file, write_own_json
from ..targets import Target, canonical, is_address, parse_host

_FILE_VERSION = 1


@dataclass(frozen=True)
class Pin:
    """One known board. *host*: HOST or HOST:PORT, as for `verify`. *first_seen*: UTC.

    *port*: where it serves; *address*: where it was last. None: not known.
    """

    host: str
    unique_id: str | None
    public_key_pin: str
    fingerprint: str
    first_seen: str
    port: int | None = None
    address: str | None = None


def pins_file() -> Path:
    """Return where the known boards are kept: $BOARDCERT_PINS, or the user's configuration."""
    return own_file("BOARDCERT_PINS", "known_boards.json")


def load_pins() -> list[Pin]:
    """Return all known boards, sorted by host. A damaged file is an Error, never an empty list."""
    path = pins_file()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Error(f"cannot read the known boards: {error}") from error
    try:
        content = json.loads(data.decode("utf-8"))
        if content["version"] != _FILE_VERSION:
            raise ValueError(f"version {content['version']!r} is not known")
        pins = _merged(_checked(Pin(**entry)) for entry in content["boards"])
    except (Error, ValueError, TypeError, KeyError) as error:
        hint = "repair it, or move it away and pin the boards again"
        raise Error(f"the file of known boards {path} is damaged: {error}", hint) from error
    return sorted(pins, key=lambda pin: pin.host)


def find_pin(pins: Sequence[Pin], names: Sequence[str]) -> Pin | None:
    """Return what is known of the first of *names*, say HOST:PORT, HOST, that is known at all."""
    by_host = {canonical(pin.host): pin for pin in pins}
    spelled = [canonical(name) for name in names]
    return next((by_host[name] for name in spelled if name in by_host), None)


def port_of(pin: Pin) -> int | None:
    """Return the port where a board serves, None when that is not known."""
    return parse_host(pin.host)[1] or pin.port


def add_pin(
    host: str, facts: dict[str, Any], port: int | None = None, address: str | None = None
) -> tuple[Pin, bool]:
    """Pin a board by *facts*: public_key_pin, fingerprint and, from a report, unique_id.

    *port*, *address*: where it serves; a port in *host* comes first. Returns the pin, and whether
    it is new. The same key under a new certificate refreshes the fingerprint, and what is known of
    the place. Another key raises Error with both pins, and changes nothing.
    """
    host = canonical(host)
    port = parse_host(host)[1] or port
    with _changing() as pins:
        known = pins.get(host)
        if known and known.public_key_pin != facts["public_key_pin"]:
            raise changed_key(known, facts["public_key_pin"])
        if known:
            unique_id = facts.get("unique_id") or known.unique_id
            pin = replace(
                known,
                fingerprint=facts["fingerprint"],
                unique_id=unique_id,
                port=port or known.port,
                address=address or known.address,
            )
        else:
            now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
            pin = Pin(
                host=host,
                unique_id=facts.get("unique_id"),
                public_key_pin=facts["public_key_pin"],
                fingerprint=facts["fingerprint"],
                first_seen=now.isoformat().replace("+00:00", "Z"),
                port=port,
                address=address,
            )
        pins[host] = _checked(pin)
    return pin, known is None


def refresh(facts: dict[str, Any]) -> None:
    """Note the certificate in *facts*, the newest for its key, wherever that key is pinned."""

    def is_older(pin: Pin) -> bool:
        is_same = pin.public_key_pin == facts["public_key_pin"]
        return is_same and pin.fingerprint != facts["fingerprint"]

    if not any(is_older(pin) for pin in load_pins()):
        return
    with _changing() as pins:
        for pin in list(pins.values()):
            if is_older(pin):
                pins[pin.host] = _checked(replace(pin, fingerprint=facts["fingerprint"]))


def note_address(known: Pin, address: str) -> None:
    """Note where a board was met, whose key was the pinned one."""
    if known.address == address:
        return
    with _changing() as pins:
        pin = pins.get(known.host)
        if pin and pin.public_key_pin == known.public_key_pin:
            pins[pin.host] = _checked(replace(pin, address=address))


def forget_pin(host: str) -> Pin:
    """Remove one board, and return what was known of it."""
    host = canonical(host)
    with _changing() as pins:
        if host not in pins:
            raise not_pinned(host)
        return pins.pop(host)


def not_pinned(host: str, hint: str | None = None) -> Error:
    """Return the Error for a *host* that is not known. *hint*: what may have been meant."""
    return Error(f"{host} is not pinned", hint or "`boardcert pin list` names those that are")


def rename(old: str, new: str, facts: dict[str, Any]) -> bool:
    """Let the pins of *old* be those of *new*, when they are of the board in *facts*.

    Those with a port as well. Returns False, and changes nothing, when none is of its key and chip,
    or *new* is pinned already.
    """
    old, new = old.lower(), canonical(new)  # An old name may be one that nothing else took.
    moved = False
    with _changing() as pins:
        taken = {parse_host(host)[0] for host in pins}
        for pin in list(pins.values()):
            name, port = parse_host(pin.host)
            if name == old and new not in taken and _is_of(pin, facts):
                host = str(Target(new, port)) if port else new
                pins[host] = replace(pins.pop(pin.host), host=host)
                moved = True
    return moved


def follow_port(facts: dict[str, Any], old: int, new: int) -> None:
    """Note that the board in *facts* serves its page on port *new* now, not on *old*."""
    with _changing() as pins:
        for pin in list(pins.values()):
            if port_of(pin) == old and _is_of(pin, facts):
                name, port = parse_host(pin.host)
                host = str(Target(name, new)) if port else pin.host
                is_free = host == pin.host or host not in pins
                if is_free:
                    pins[host] = replace(pins.pop(pin.host), host=host, port=new)


def _is_of(pin: Pin, facts: dict[str, Any]) -> bool:
    """Return whether it is the pin of the board in *facts*: of its key, and chip where known."""
    is_same_chip = pin.unique_id in (None, facts.get("unique_id"))
    return is_same_chip and pin.public_key_pin == facts["public_key_pin"]


def follow_key(names: Sequence[str], old: str, facts: dict[str, Any]) -> list[Pin]:
    """Replace the key *old* of a board by that of *facts*, which the board itself reported.

    For a change that we ordered over a connection that was checked. All that this board is called
    follows: *names*, and what is pinned with its unique_id. Returns those pins as they are now.
    """
    spelled = {canonical(name) for name in names}
    changed = []
    with _changing() as pins:
        for pin in list(pins.values()):
            same = pin.unique_id is not None and pin.unique_id == facts.get("unique_id")
            if pin.public_key_pin == old and (pin.host in spelled or same):
                new = {name: facts[name] for name in ("public_key_pin", "fingerprint")}
                pins[pin.host] = _checked(replace(pin, **new))
                changed.append(pins[pin.host])
    return changed


def changed_key(known: Pin, found: str) -> Error:
    """Return the Error for a board that shows another key than the pinned one."""
    return Error(
        f"{known.host} has another key than the one pinned on {known.first_seen[:10]}: "
        f"it shows {found}, pinned is {known.public_key_pin}",
        "another board answers, or this one was erased; if that is expected: "
        f"boardcert pin forget {known.host}",
        CHECKED_AND_BAD,
    )


def _merged(pins: Iterable[Pin]) -> list[Pin]:
    """Bring hosts to one spelling; ValueError when two entries give one host different keys."""
    merged: dict[str, Pin] = {}
    for pin in pins:
        host = canonical(pin.host)
        before = merged.setdefault(host, replace(pin, host=host))
        if before.public_key_pin != pin.public_key_pin:
            raise ValueError(f"{host} is listed twice, with two keys")
    return list(merged.values())


def _checked(pin: Pin) -> Pin:
    """Raise ValueError when a field cannot be what it should be."""
    if not all(isinstance(value, str) for value in (pin.host, pin.fingerprint, pin.first_seen)):
        raise ValueError("a board without host, fingerprint or date")
    if not str(pin.public_key_pin).startswith("sha256//"):
        raise ValueError(f"{pin.public_key_pin!r} is not a public-key pin")
    if pin.port is not None and not (type(pin.port) is int and 1 <= pin.port <= 65535):
        raise ValueError(f"{pin.port!r} is not a port")
    if pin.address is not None and not is_address(str(pin.address)):
        raise ValueError(f"{pin.address!r} is not an address")
    return pin


@contextlib.contextmanager
def _changing() -> Iterator[dict[str, Pin]]:
    """Hold the file for this process, give {host: pin} to change, and write it whole at the end."""
    path = pins_file()
    with changing(path, "the known boards"):
        pins = {pin.host: pin for pin in load_pins()}
        yield pins
        boards = [asdict(pins[host]) for host in sorted(pins)]
        write_own_json(path, {"version": _FILE_VERSION, "boards": boards})
