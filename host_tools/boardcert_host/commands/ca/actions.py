"""`boardcert ca`: a certificate authority of your own, for boards and their clients."""

import argparse

from ..shared import Command
from . import make, renew, sign, trust

_EXAMPLES = """\
examples:
  boardcert ca init                                     once: its key and certificate
  boardcert ca sign --usb /dev/ttyACM0 --install        for each board, here on its cable
  boardcert ca renew --all                              once a week: what ends within 30 days
  boardcert ca trust                                    on each computer that connects to boards
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    rows = {**make.ACTIONS, **sign.ACTIONS, **renew.ACTIONS, **trust.ACTIONS}
    for name, row in rows.items():
        action = actions.add_parser(
            name, help=row.summary, description=row.summary, examples=row.examples
        )
        row.add_arguments(action)
        action.set_defaults(run_action=row.run, check=row.check, parser=action)


def _run(arguments: argparse.Namespace) -> int:
    code: int = arguments.run_action(arguments)
    return code


COMMANDS = {
    "ca": Command(
        "make your own CA, sign certificates of boards with it, and trust it",
        _EXAMPLES,
        _add_arguments,
        _run,
    ),
}
