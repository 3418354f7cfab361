"""`boardcert step`: a certificate from step-ca with a one-time token, for the key of the board."""

import argparse
from pathlib import Path

from .enrolling import print_obtained, showing_steps, way_of
from .shared import Command
from .with_board import add_host, add_options, check_options

_EXAMPLES = """\
examples:
  boardcert step kitchen.local --ott-file ott     after: step ca token kitchen.local > ott
  boardcert step kitchen.local                    asks for the token
  boardcert step --usb /dev/ttyACM0 --ott-file ott --root root_ca.crt
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_host(parser, is_optional=True)
    add = parser.add_argument
    help = "file with the one-time token (default: $BOARDCERT_STEP_TOKEN)"
    add("--ott-file", type=Path, metavar="FILE", help=help)
    help = "the CA's root certificate (default: by the digest in the token)"
    add("--root", type=Path, metavar="FILE", help=help)
    add_options(parser)


def _run(arguments: argparse.Namespace) -> int:
    from ..enrolment.shelf import file_name
    from ..passwords import Password
    from ..step import libraries
    from ..step.token import read_token

    libraries.require()
    from ..step.obtain import obtain

    secret = Password(
        "one-time token", "--ott-file", "BOARDCERT_STEP_TOKEN", arguments.ott_file
    ).get()
    token = read_token(secret)
    way = way_of(arguments)
    host = arguments.record["host"] = way.host
    spare = Path(f"{file_name(host or '')}-chain.pem")
    with showing_steps() as show:
        done = obtain(way, token, arguments.root, spare, lambda step: show(f"{host}: {step}"))
    return print_obtained(arguments, done)


COMMANDS = {
    "step": Command(
        "get a certificate for a board from step-ca with a one-time token",
        _EXAMPLES,
        _add_arguments,
        _run,
        check_options,
    ),
}
