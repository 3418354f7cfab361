"""`boardcert doctor`: problems of this computer, and what to do about them."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..console import messages, results
from ..errors import CHECKED_AND_BAD, OK
from .shared import Command, add_json, add_name, complete_hosts, print_json

if TYPE_CHECKING:
    from ..doctor.finding import Finding

_EXAMPLES = """\
examples:
  boardcert doctor                  serial ports, names in .local, the clock, Python, Node, browsers
  boardcert doctor kitchen.local    and whether this host is found, and answers
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    help = "a board that does not answer"
    complete_hosts(parser.add_argument("host", nargs="?", metavar="HOST[:PORT]", help=help))
    add_name(parser)
    add_json(parser)


def _run(arguments: argparse.Namespace) -> int:
    with messages().status("looking"):
        found = _look(arguments.host, arguments.name)
    ok = all(one.status != "fail" for one in found)
    if arguments.json:
        print_json({"ok": ok, "findings": [asdict(one) for one in found]})
    else:
        for one in found:
            _print(one)
    return OK if ok else CHECKED_AND_BAD


def _look(host: str | None, name: str | None) -> "list[Finding]":
    from ..doctor import browsers, computer, inventory, names, serial
    from ..trust.look_up import about

    known = inventory.look_at_inventory()
    boards = about(host, name) if host and known.status == "ok" else []
    found = [computer.look_at_python(), computer.look_at_node(), computer.look_at_clock()]
    found += serial.look_at_ports()
    found += [known, names.look_at_mdns(), *browsers.look_at_trust()]
    return [names.look_for_host(host, boards, name), *found] if host is not None else found


def _print(one: "Finding") -> None:
    console = results()
    console.print(f"{one.status:<5} {one.title}: {one.detail}", markup=False)
    for text in (one.what_to_do, one.paste):
        for line in (text or "").splitlines():
            console.print(f"      {line}", markup=False)


COMMANDS = {
    "doctor": Command(
        "look for problems on this computer, and say how to fix them",
        _EXAMPLES,
        _add_arguments,
        _run,
    ),
}
