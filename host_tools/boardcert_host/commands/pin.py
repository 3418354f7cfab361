"""`boardcert pin` and `boardcert label`: known boards, and stickers for them."""

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ..certificates.fingerprint import key_fingerprint, to_compare
from ..console import agrees, aligned, print_plain, questions, results, say
from ..errors import CHECKED_AND_BAD, OK, USAGE, Error
from ..targets import parse_host
from .shared import (
    Command,
    add_force,
    add_json,
    add_name,
    check_free,
    complete_hosts,
    given_pin,
    pinned_as,
    print_json,
    read_report,
)

_PIN_EXAMPLES = """\
examples:
  boardcert pin add kitchen.local --usb /dev/ttyACM0  trust the board on the cable
  boardcert pin add kitchen.local:20034               trust what it serves, after comparing
  boardcert pin list
  boardcert pin forget kitchen.local
"""
_LABEL_EXAMPLES = """\
examples:
  boardcert label kitchen.local                       kitchen.local.svg, of a board that is pinned
  boardcert label kitchen.local -o kitchen.png --usb /dev/ttyACM0
"""


def _add_pin_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("action", choices=["add", "list", "forget"])
    complete_hosts(add("host", nargs="?", metavar="HOST[:PORT]", help="as for `verify`"))
    add("--usb", metavar="PORT", help="add: read it over this serial port, not from the network")
    add(
        "--pin",
        metavar="SHA256",
        help="add: the fingerprint or pin it must have",
    )
    add_name(parser)
    add("--yes", action="store_true", help="add: trust on first use, without comparing")
    add_json(parser)


def _run_pin(arguments: argparse.Namespace) -> int:
    from ..trust import pins
    from ..trust.location import name_for
    from ..trust.look_up import place_of

    if arguments.action == "list":
        return _list(arguments.json)
    if arguments.action == "forget":
        pin, word = pins.forget_pin(pinned_as(arguments.host, arguments.name)), "forgotten"
    else:
        facts, port, address = _over_usb(arguments) if arguments.usb else _served(arguments)
        place = place_of(arguments.host, arguments.name)
        host = name_for(place, arguments.host, facts)
        pin, is_new = pins.add_pin(host, facts, port, address, bool(arguments.usb))
        word = "pinned" if is_new else "already known, with the same key"
    if arguments.json:
        print_json({"result": word, "pin": asdict(pin)})
    else:
        results().print(f"{pin.host}: {word}, {pin.public_key_pin}", markup=False)
    return OK


def _check_pin(arguments: argparse.Namespace) -> None:
    """Raise Error for an argument that the action lacks, or that it would ignore."""
    action, hint = arguments.action, "boardcert pin --help"
    if action == "list" and arguments.host:
        raise Error(f"pin list takes no HOST: {arguments.host}", hint, USAGE)
    if action != "list" and not arguments.host:
        raise Error(f"pin {action} needs a HOST", hint, USAGE)
    only_add = {"--usb": arguments.usb, "--pin": arguments.pin, "--yes": arguments.yes}
    for option, value in only_add.items():
        if value and action != "add":
            raise Error(f"{option} belongs to pin add, not to pin {action}", hint, USAGE)
    given_pin(arguments)
    if arguments.host:
        parse_host(arguments.host)


def _over_usb(arguments: argparse.Namespace) -> tuple[dict[str, Any], int | None, None]:
    """Return the report of the board on the cable, and its page's port; Error for another --pin.

    Its address is not known.
    """
    from .. import targets
    from ..board.reports import portal_port

    host = targets.canonical(arguments.host)  # before the board is asked
    pin = given_pin(arguments)
    facts = read_report(arguments.usb)
    if pin and not pin.matches(facts):
        found = f"the board on the cable has {pin.found_in(facts)}, the pin is {pin.value}"
        raise Error(f"{host} is not pinned: {found}", None, CHECKED_AND_BAD)
    return facts, portal_port(facts), None


def _list(as_json: bool) -> int:
    from ..inventory.place import inventory_place
    from ..trust import pins

    known = pins.load_pins()
    if as_json:
        entries = [asdict(pin) for pin in known]
        print_json({"inventory": str(inventory_place()), "pins": entries})
        return OK
    if known:
        rows = [(pin.host, pin.public_key_pin, pin.first_seen[:10]) for pin in known]
        print_plain("\n".join(aligned(rows)))
    else:
        say("no board is pinned")
    return OK


def _served(arguments: argparse.Namespace) -> tuple[dict[str, Any], int, str | None]:
    """Return what the board serves, checked and confirmed by the user, and where."""
    from ..trust.look_up import place_of
    from ..verify import hosts
    from ..verify.own_ca import own_ca_file

    pin = given_pin(arguments)
    target = place_of(arguments.host, arguments.name).target
    options = hosts.Options(name=arguments.name, pin=pin, own_ca=own_ca_file())
    (result,) = hosts.verify_hosts([target], options)
    if result.error:
        raise result.error
    if not result.ok or result.certificate is None:
        raise Error(f"{target} is not valid: {'; '.join(result.failures)}", None, CHECKED_AND_BAD)
    facts = result.certificate
    if pin is None and not arguments.yes:
        _ask(str(target), facts)
    return facts, target.port, result.address


def _ask(host: str, facts: dict[str, Any]) -> None:
    """Ask the user to compare; raise Error unless the answer is yes."""
    if not sys.stdin.isatty():
        hint = "give --pin or --usb, or --yes to trust on first use"
        shown = key_fingerprint(facts["public_key_pin"])
        raise Error(f"no terminal to compare the key of {host}: {shown}", hint, USAGE)
    questions().print(f"{host} shows the key", markup=False)
    for line in to_compare(facts["public_key_pin"]):
        questions().print(f"  {line}", markup=False)
    questions().print(f"in the certificate {facts['fingerprint']}", markup=False)
    if not agrees("Does it match its label, or the console of the board?"):
        raise Error("not pinned", None, CHECKED_AND_BAD)


def _add_label_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help = "a pinned board; its address is on the label"
    complete_hosts(add("host", metavar="HOST[:PORT]", help=help))
    add("-o", "--output", type=Path, metavar="FILE", help="an .svg or a .png (HOST.svg)")
    add("file", nargs="?", type=Path, help=argparse.SUPPRESS)  # As it was named before -o was.
    add("--usb", metavar="PORT", help="read the key's fingerprint over this serial port instead")
    add_name(parser)
    add_force(parser)
    add_json(parser)


def _check_label(arguments: argparse.Namespace) -> None:
    from ..board.label import check_label

    if arguments.file and arguments.output:
        raise Error("the label's file is named twice", "-o FILE", USAGE)
    if named := arguments.output or arguments.file:
        check_label(named)
        check_free(named, arguments.force)


def _run_label(arguments: argparse.Namespace) -> int:
    from ..board import label
    from ..board.reports import portal_port
    from ..enrolment.shelf import file_name
    from ..trust.look_up import did_you_mean, place_of
    from ..trust.pins import not_pinned

    place = place_of(arguments.host, arguments.name)
    target = place.target
    name = arguments.name or target.host
    file = arguments.output or arguments.file or Path(f"{file_name(name)}.svg")
    check_free(file, arguments.force)
    if arguments.usb:
        facts = read_report(arguments.usb)
        if parse_host(arguments.host)[1] is None:
            target = replace(target, port=portal_port(facts) or target.port)
    elif place.known:
        facts = asdict(place.known)
    else:
        hint = did_you_mean(arguments.host)
        hint = hint or f"boardcert pin add {arguments.host}, or --usb PORT"
        raise not_pinned(arguments.host, hint)
    url = f"https://{target}/"
    label.write_label(file, label.Label(url, name, facts["public_key_pin"]), arguments.force)
    if arguments.json:
        digests = {name: facts[name] for name in ("fingerprint", "public_key_pin")}
        digests["key_fingerprint"] = key_fingerprint(facts["public_key_pin"])
        print_json({"file": str(file), "host": str(target), "url": url} | digests)
    else:
        results().print(f"{file}: {name}, {url}", markup=False)
    return OK


COMMANDS = {
    "pin": Command(
        "make a board known, list the known boards, or forget one",
        _PIN_EXAMPLES,
        _add_pin_arguments,
        _run_pin,
        _check_pin,
    ),
    "label": Command(
        "draw a sticker: name, the key's fingerprint, and a QR code of both and the address",
        _LABEL_EXAMPLES,
        _add_label_arguments,
        _run_label,
        _check_label,
    ),
}
