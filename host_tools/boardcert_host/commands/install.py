"""`boardcert install` and `boardcert csr`: a certificate from elsewhere for a board."""

import argparse
import datetime
from pathlib import Path

from ..console import messages, print_plain, results, say
from ..errors import CHECKED_AND_BAD, OK, Error
from .shared import Command, add_force, check_free, print_json
from .with_board import add_host, add_options, change, opened, working

_INSTALL_EXAMPLES = """\
examples:
  boardcert install kitchen.local kitchen.crt               for the board's own key, see csr
  boardcert install kitchen.local chain.pem kitchen.key     with a key from elsewhere
  boardcert install kitchen.local chain.pem --ca company-ca.pem
  boardcert install kitchen.local chain.pem --usb /dev/ttyACM0
"""
_CSR_EXAMPLES = """\
examples:
  boardcert csr kitchen.local -o kitchen.csr      for a CA; the key stays on the board
  boardcert csr kitchen.local --usb /dev/ttyACM0
"""


def _add_install_arguments(parser: argparse.ArgumentParser) -> None:
    add_host(parser)
    add = parser.add_argument
    add("chain", type=Path, metavar="CHAIN", help="its certificate, then those of its issuers")
    add(
        "key",
        type=Path,
        nargs="?",
        metavar="KEY",
        help="its private key, if it is not for the board's own",
    )
    add("--passphrase-file", type=Path, metavar="FILE", help="KEY's, else $BOARDCERT_PASSPHRASE")
    add_options(parser)


def _add_csr_arguments(parser: argparse.ArgumentParser) -> None:
    add_host(parser)
    add = parser.add_argument
    add("-o", "--output", type=Path, metavar="FILE", help="(standard output)")
    add_force(parser)
    add_options(parser)


def _run_install(arguments: argparse.Namespace) -> int:
    from .. import targets
    from ..board import installable
    from ..passwords import Password

    secret = Password(
        "passphrase of the key",
        "--passphrase-file",
        "BOARDCERT_PASSPHRASE",
        arguments.passphrase_file,
    )
    files = installable.read_installable(arguments.chain, arguments.key, secret.get)
    name = arguments.name or targets.parse_target(arguments.host).host
    now = datetime.datetime.now(datetime.timezone.utc)
    for check in installable.check_installable(files, name, now):
        say(f"some clients may refuse it: {check.title}: {check.detail}")
    act = working(arguments, "install", files)
    code = change(arguments, "installed", act, files.fingerprint)
    if arguments.ca:
        _check_trust(arguments)
    return code


def _check_trust(arguments: argparse.Namespace) -> None:
    """Raise Error unless a client that trusts only --ca accepts the chain that is served."""
    from .. import targets
    from ..board.over_https import TIMEOUT_S
    from ..verify.tls_probe import probe_chain

    target = targets.parse_target(arguments.host, targets.PORTAL_PORT)
    name = arguments.name or target.host
    at = target.host, target.port, arguments.timeout or TIMEOUT_S
    _, refusal = probe_chain(*at, name, arguments.ca)
    if refusal:
        message = f"it is installed, but a client that trusts {arguments.ca} refuses it: {refusal}"
        raise Error(message, "are the certificates of its issuers in CHAIN?", CHECKED_AND_BAD)


def _run_csr(arguments: argparse.Namespace) -> int:
    from ..ca.csr import read_request, request_pem
    from ..files import write_output

    check_free(arguments.output, arguments.force)  # before the board is asked
    with opened(arguments) as board, messages().status(f"{arguments.host} is working"):
        request = board.csr()
    read_request(request)  # Signed by its own key, and nothing in it that a CA should refuse.
    text = request_pem(request)
    if arguments.output:
        write_output(arguments.output, text.encode(), arguments.force)
    if arguments.json:
        print_json({"host": arguments.host, "request": text, "file": _text(arguments.output)})
    elif arguments.output:
        results().print(f"{arguments.output}: the request of {arguments.host}", markup=False)
    else:
        print_plain(text.rstrip("\n"))
    return OK


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


COMMANDS = {
    "install": Command(
        "install a certificate on a board, and check that it is served",
        _INSTALL_EXAMPLES,
        _add_install_arguments,
        _run_install,
    ),
    "csr": Command(
        "get a certificate request with a board's own key",
        _CSR_EXAMPLES,
        _add_csr_arguments,
        _run_csr,
    ),
}
