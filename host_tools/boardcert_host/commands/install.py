"""`boardcert install` and `boardcert csr`: give a board a certificate from elsewhere."""

import argparse
import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import messages, print_plain, results, say
from ..errors import CHECKED_AND_BAD, OK, Error
from .shared import Command, add_force, check_free, print_json
from .with_board import (
    add_host,
    add_options,
    change,
    check_options,
    opened,
    requested_names,
    working,
)

if TYPE_CHECKING:
    from cryptography import x509

_INSTALL_EXAMPLES = """\
examples:
  boardcert install kitchen.local kitchen.crt               for the board's own key, see csr
  boardcert install kitchen.local chain.pem kitchen.key     with a key from elsewhere
  boardcert install kitchen.local kitchen.p12               PKCS#12: with its key
  boardcert install kitchen.local chain.pem --ca company-ca.pem
  boardcert install kitchen.local chain.pem --usb /dev/ttyACM0
"""
_CSR_EXAMPLES = """\
examples:
  boardcert csr kitchen.local -o kitchen.csr      for a CA; the key stays on the board
  boardcert csr --usb /dev/ttyACM0
  boardcert csr kitchen.local --san kitchen.example.org      for an ACME client or a public CA
"""


def _add_install_arguments(parser: argparse.ArgumentParser) -> None:
    add_host(parser)
    add = parser.add_argument
    add(
        "chain",
        type=Path,
        metavar="CHAIN",
        help="its certificate, then those of its issuers; or a .p12, .p7b",
    )
    add(
        "key",
        type=Path,
        nargs="?",
        metavar="KEY",
        help="its private key, if it is not for the board's own",
    )
    add(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="file with its passphrase (default: $BOARDCERT_PASSPHRASE)",
    )
    add_options(parser)


def _add_csr_arguments(parser: argparse.ArgumentParser) -> None:
    add_host(parser, is_optional=True)
    add = parser.add_argument
    names = "ask for this name in place of the board's own; repeatable; without a subject"
    add("--san", action="append", default=[], metavar="NAME", help=names)
    add("-o", "--output", type=Path, metavar="FILE", help="(standard output)")
    add_force(parser)
    add_options(parser)


def _run_install(arguments: argparse.Namespace) -> int:
    from ..board import installable
    from ..passwords import Password
    from ..trust.look_up import place_of

    def ask(name: str) -> str:
        option, file = "--passphrase-file", arguments.passphrase_file
        return Password(f"passphrase of {name}", option, "BOARDCERT_PASSPHRASE", file).get()

    files = installable.read_installable(arguments.chain, arguments.key, ask)
    place = place_of(arguments.host, arguments.name)
    name = arguments.name or place.target.host
    now = datetime.datetime.now(datetime.timezone.utc)
    for check in installable.check_installable(files, name, now):
        say(installable.remark(check))
    missing = installable.missing_issuer(files, _trusted(arguments.ca))
    if missing:
        say(f"note: {missing}")
    act = working(arguments, "install", files)
    code = change(arguments, "installed", act, files.fingerprint)
    if arguments.ca:
        _check_trust(arguments)
    return code


def _trusted(ca_file: str | None) -> "list[x509.Certificate]":
    """Return the CAs that clients of the board are known to trust: --ca, and the user's own."""
    from ..ca.store import read_certificates
    from ..files import read_small
    from ..verify.own_ca import own_ca_file

    files = [file for file in (ca_file, own_ca_file()) if file]
    return [one for file in files for one in read_certificates(read_small(Path(file)), file)]


def _check_trust(arguments: argparse.Namespace) -> None:
    """Raise Error unless a client that trusts only --ca accepts the chain that is served."""
    from ..board.checked_https import TIMEOUT_S
    from ..trust.look_up import place_of
    from ..verify.tls_probe import probe_chain

    target = place_of(arguments.host, arguments.name).target
    name = arguments.name or target.host
    _, refusal = probe_chain(target, arguments.timeout or TIMEOUT_S, name, arguments.ca)
    if refusal:
        message = f"it is installed, but a client that trusts {arguments.ca} refuses it: {refusal}"
        raise Error(message, "are the certificates of its issuers in CHAIN?", CHECKED_AND_BAD)


def _check_csr(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, also for names that no board makes a request for."""
    check_options(arguments)
    requested_names(arguments.san)
    check_free(arguments.output, arguments.force)


def _run_csr(arguments: argparse.Namespace) -> int:
    from ..ca.csr import read_request, request_pem, require_names
    from ..files import write_output

    names = requested_names(arguments.san)
    with opened(arguments) as board, messages().status(f"{arguments.host} is working"):
        request = board.csr(names)
    # Signed by its own key, and nothing in it that a CA should refuse.
    read = read_request(request, takes_wildcards=bool(names))
    if names:
        require_names(read, names)
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
        check_options,
    ),
    "csr": Command(
        "get a certificate request with a board's own key",
        _CSR_EXAMPLES,
        _add_csr_arguments,
        _run_csr,
        _check_csr,
    ),
}
