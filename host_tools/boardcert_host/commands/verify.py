"""`boardcert verify`: connect to boards over TLS, and check what they serve."""

import argparse
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..certificates.fingerprint import to_compare
from ..console import in_groups, results, say_error
from ..errors import USAGE, Error
from ..targets import parse_host
from ..verify.printing import print_checks
from .shared import (
    Command,
    add_name,
    ca_file,
    check_timeout,
    complete_hosts,
    given_pin,
    print_json,
    read_report,
)
from .verify_many import add_many, check_many, is_of_many, run_many

if TYPE_CHECKING:
    from ..verify.judging import HostResult

_EXAMPLES = """\
examples:
  boardcert verify kitchen.local                   a board that was flashed or pinned here
  boardcert verify kitchen.local:443 hall.local:443  applications
  boardcert verify https://192.168.4.1:20034 --name kitchen.local
  boardcert verify [fd00::7]:443 --pin sha256//RkRNzHZNo2LdBLSMtNYwVXIHTDTBIUpdTRVRGxUtB9k=
  boardcert verify kitchen.local --usb /dev/ttyACM0
  boardcert verify kitchen.local --ca company-ca.pem --json
  boardcert verify --all                           every board of the inventory, the worst first
  boardcert verify --all --json | jq 'select(.ok == false)'
  boardcert verify --tag greenhouse --changed-since 7d
  boardcert verify --all --prometheus /var/lib/prometheus/node-exporter/boardcert.prom
  boardcert verify - < hosts.txt                   a host on each line
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help = "a board or its URL (default port: as pinned, or 443); - reads a list from stdin"
    complete_hosts(add("hosts", nargs="*", metavar="HOST[:PORT]", help=help))
    add_name(parser)
    add(
        "--pin",
        metavar="SHA256",
        help="fingerprint of the key or the certificate in hex, or a sha256// pin",
    )
    ca = "the CA that must have issued the certificate: a PEM file, or the directory of a CA "
    ca += "(default: your own CA, for what it has issued)"
    add("--ca", type=ca_file, metavar="FILE|DIRECTORY", help=ca)
    add(
        "--usb",
        metavar="PORT",
        help="compare with the board on this serial port; restarts its program",
    )
    add(
        "--timeout",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="time limit of each step (default: 10)",
    )
    add_many(parser)
    json = "print one JSON object on stdout; for many boards, one a line as each is verified, and "
    json += "a last one with the counts"
    add("--json", action="store_true", help=json)


def _check(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for options that do not go with these hosts."""
    if is_of_many(arguments):
        check_many(arguments)
        return
    if arguments.prometheus:
        raise Error("--prometheus is for many boards", "with --all, --tag or -", USAGE)
    if not arguments.hosts:
        raise Error("verify needs a HOST, or --all", "boardcert verify --help", USAGE)
    single = {"--name": arguments.name, "--pin": arguments.pin, "--usb": arguments.usb}
    for option, value in single.items():
        if value and len(arguments.hosts) > 1:
            raise Error(f"{option} belongs to one host, not to {len(arguments.hosts)}", None, USAGE)
    check_timeout(arguments.timeout)
    given_pin(arguments)
    for host in arguments.hosts:
        parse_host(host)


def _run(arguments: argparse.Namespace) -> int:
    if is_of_many(arguments):
        return run_many(arguments)
    from ..trust import look_up
    from ..trust.location import find
    from ..verify import hosts, judging
    from ..verify.known import known_boards
    from ..verify.own_ca import own_ca_file
    from ..verify.reasons import reasons_of
    from ..verify.remembering import remember

    options = hosts.Options(
        name=arguments.name,
        pin=given_pin(arguments),
        known_boards=known_boards,
        ca_file=arguments.ca,
        own_ca=own_ca_file(),
        read_report=functools.partial(read_report, arguments.usb) if arguments.usb else None,
        timeout_s=arguments.timeout,
    )
    boards = look_up.about_all([(text, arguments.name) for text in arguments.hosts])
    targets = [find(text, boards, arguments.name).target for text in arguments.hosts]
    found = hosts.verify_hosts(targets, options)
    _suggest(arguments.hosts, found)
    ok = all(result.ok for result in found)
    arguments.record |= {
        "ok": ok,
        "hosts": [result.to_json() | {"reasons": reasons_of(result)} for result in found],
    }
    if not arguments.json:
        for result in found:
            _print_host(result)
    code = judging.exit_code(found)
    remember(found, known_boards(found), code)
    if arguments.json:
        print_json(arguments.record)
    return code


def _suggest(hosts: Sequence[str], found: "Sequence[HostResult]") -> None:
    """Name the known boards that are called nearly as one that was not found."""
    from ..trust.look_up import did_you_mean
    from ..verify.network_errors import NOT_FOUND, Unreachable

    for text, result in zip(hosts, found, strict=True):
        if isinstance(result.error, Unreachable) and result.error.kind == NOT_FOUND:
            result.error.hint = did_you_mean(text) or result.error.hint


def _print_host(result: Any) -> None:
    """Print one host: an error on stderr, or its checks and what can be pinned on stdout."""
    if result.error:
        say_error(result.error.message, result.error.hint)
        return
    console = results()
    described = result.certificate
    verdict = "valid" if result.ok else "NOT VALID"
    by = ", by its own authority" if result.authority else ""
    console.print(f"{result.target}: {verdict}{by}", markup=False)
    print_checks(console, result.checks)
    if described:
        first, *rest = to_compare(described["public_key_pin"])
        lines = [("key's fingerprint", first), *(("", line) for line in rest)]
        first, *rest = in_groups(described["fingerprint"])
        lines += [("certificate's", first), *(("", line) for line in rest)]
        lines.append(("public key pin", described["public_key_pin"]))
        for title, line in lines:
            console.print(f"      {title:<22}  {line}", markup=False)


COMMANDS = {
    "verify": Command(
        "connect to boards over TLS, and check what they serve",
        _EXAMPLES,
        _add_arguments,
        _run,
        _check,
    ),
}
