"""The command line: a table of commands, each a thin layer over the module that does the work."""

import argparse
import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import __version__
from .boards import board_names, load_board
from .console import in_groups, messages, print_checks, results, say_error
from .errors import CHECKED_AND_BAD, COULD_NOT_RUN, OK, USAGE, Error

_EXIT_CODES = "exit codes: 0 done or valid, 1 checked and bad, 2 usage, 3 could not run"

_TOP_EXAMPLES = """\
examples:
  boardcert demo                                   see a board make its certificate, without a board
  boardcert verify kitchen.local:20034             check what a board serves
  boardcert verify 192.168.4.1 --usb /dev/ttyACM0  first trust: compare with the board on the cable
"""
_DEMO_EXAMPLES = """\
examples:
  boardcert demo            tell the story; leaves build/demo.json and build/demo-cert.pem
  boardcert demo --json     the same, and the record on standard output
"""
_VERIFY_EXAMPLES = """\
examples:
  boardcert verify kitchen.local                   port 443
  boardcert verify kitchen.local:20034 hall.local  several boards
  boardcert verify 192.168.4.1 --name kitchen.local
  boardcert verify [fd00::7]:443 --pin sha256//RkRNzHZNo2LdBLSMtNYwVXIHTDTBIUpdTRVRGxUtB9k=
  boardcert verify kitchen.local --usb /dev/ttyACM0
  boardcert verify kitchen.local --ca company-ca.pem --json
"""
_VIRTUAL_EXAMPLES = """\
examples:
  boardcert virtual                     a board with empty flash, gone when you stop it
  boardcert virtual --directory board1  one that keeps its flash there
"""
_FIRMWARE_EXAMPLES = """\
examples:
  boardcert firmware                print the path of the Pico W image; fetch it first if need be
  boardcert firmware RPI_PICO_W
"""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose help begins with examples and whose errors are ours."""

    def __init__(self, *, prog: str, examples: str, description: str) -> None:
        super().__init__(prog=prog, description=description, epilog=_EXIT_CODES)
        self._examples = examples

    def format_help(self) -> str:
        return f"{self._examples}\n{super().format_help()}"

    def error(self, message: str) -> NoReturn:
        raise Error(message, f"{self.prog} --help", USAGE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. The only place that catches Error."""
    try:
        arguments = _parser().parse_args(argv)
        code: int = arguments.run(arguments)
        return code
    except Error as error:
        say_error(error.message, error.hint)
        return error.code
    except KeyboardInterrupt:
        say_error("interrupted", None)
        return COULD_NOT_RUN


def _parser() -> _Parser:
    parser = _Parser(
        prog="boardcert",
        examples=_TOP_EXAMPLES,
        description="MicroPython boards that make their own certificates: try and verify them.",
    )
    parser.add_argument("--version", action="version", version=f"boardcert {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (summary, examples, add_arguments, run) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary, examples=examples)
        add_arguments(command)
        command.set_defaults(run=run)
    return parser


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def _print_json(data: dict[str, Any]) -> None:
    print(json.dumps({"boardcert": __version__} | data, indent=2))


def _add_demo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", default="build", metavar="DIRECTORY", help="where the files go (build)"
    )
    _add_json(parser)


def _run_demo(arguments: argparse.Namespace) -> int:
    from .demo import run_demo

    # The story is the result, unless the record is asked for.
    ok, record = run_demo(Path(arguments.output), messages() if arguments.json else results())
    if arguments.json:
        _print_json(record)
    return OK if ok else CHECKED_AND_BAD


def _add_verify_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("hosts", nargs="+", metavar="HOST[:PORT]", help="a board; the port is 443 if not given")
    add("--name", help="the name expected in the certificate (HOST)")
    add("--pin", metavar="SHA256", help="fingerprint in hex, or public-key pin in base64")
    add("--ca", metavar="FILE", help="PEM file of the CA that must have issued the certificate")
    add("--usb", metavar="PORT", help="serial port of this board: compare; restarts its program")
    add("--timeout", type=float, default=10.0, metavar="SECONDS", help="for each step (10)")
    _add_json(parser)


def _run_verify(arguments: argparse.Namespace) -> int:
    from . import verify

    single = {"--name": arguments.name, "--pin": arguments.pin, "--usb": arguments.usb}
    for option, value in single.items():
        if value and len(arguments.hosts) > 1:
            raise Error(f"{option} belongs to one host, not to {len(arguments.hosts)}", None, USAGE)
    if not 0 < arguments.timeout < float("inf"):
        raise Error("--timeout must be more than 0 seconds", None, USAGE)
    options = verify.Options(
        name=arguments.name,
        pin=verify.parse_pin(arguments.pin) if arguments.pin else None,
        ca_file=arguments.ca,
        read_report=functools.partial(_read_report, arguments.usb) if arguments.usb else None,
        timeout_s=arguments.timeout,
    )
    found = verify.verify_hosts([verify.parse_target(text) for text in arguments.hosts], options)
    if arguments.json:
        ok = all(result.ok for result in found)
        _print_json({"ok": ok, "hosts": [result.to_json() for result in found]})
    else:
        for result in found:
            _print_host(result)
    return verify.exit_code(found)


def _read_report(port: str) -> dict[str, Any]:
    from . import device

    report = device.read_report(port)
    device.reset(port)
    return report


def _print_host(result: Any) -> None:
    """Print one host: an error on stderr, or its checks and what can be pinned on stdout."""
    if result.error:
        say_error(result.error.message, result.error.hint)
        return
    console = results()
    described = result.certificate
    verdict = "valid" if result.ok else "NOT VALID"
    console.print(f"{result.target}: {verdict}", markup=False)
    print_checks(console, result.checks)
    if described:
        first, *rest = in_groups(described["fingerprint"])
        lines = [("fingerprint", first), *(("", line) for line in rest)]
        for title, line in [*lines, ("public key pin", described["public_key_pin"])]:
            console.print(f"      {title:<22}  {line}", markup=False)


def _add_virtual_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--directory", type=Path, help="where its flash is kept (nowhere)")
    parser.add_argument("--firmware", type=Path, metavar="FILE", help="another UF2 image")
    parser.add_argument(
        "--ring-oscillator",
        default="host",
        metavar="SOURCE",
        help="its noise: host, seed:N (the same every time) or stuck (host)",
    )


def _run_virtual(arguments: argparse.Namespace) -> int:
    from .virtual import run_virtual

    return run_virtual(arguments.directory, arguments.firmware, arguments.ring_oscillator)


def _add_firmware_arguments(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(board_names())
    parser.add_argument(
        "board", nargs="?", default="RPI_PICO_W", metavar="BOARD", help=f"{names} (RPI_PICO_W)"
    )
    _add_json(parser)


def _run_firmware(arguments: argparse.Namespace) -> int:
    from .firmware import firmware_image

    board = load_board(arguments.board)
    path, source = firmware_image(board)
    if arguments.json:
        firmware = board.firmware
        _print_json(
            {"board": board.name, "version": firmware.version, "sha256": firmware.sha256}
            | {"path": str(path), "source": source}
        )
    else:
        print(path)
    return OK


# name: (what it does, examples, its arguments, its function)
COMMANDS = {
    "demo": (
        "see a board make its own certificate and serve it, on this computer",
        _DEMO_EXAMPLES,
        _add_demo_arguments,
        _run_demo,
    ),
    "verify": (
        "connect to boards over TLS and check what they serve, point by point",
        _VERIFY_EXAMPLES,
        _add_verify_arguments,
        _run_verify,
    ),
    "virtual": (
        "run the virtual board until it is stopped",
        _VIRTUAL_EXAMPLES,
        _add_virtual_arguments,
        _run_virtual,
    ),
    "firmware": (
        "fetch the MicroPython image of a board, check it, print its path",
        _FIRMWARE_EXAMPLES,
        _add_firmware_arguments,
        _run_firmware,
    ),
}
