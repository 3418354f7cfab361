"""`boardcert ca sign`: sign the request of a board, and install the certificate on it."""

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...console import messages, say
from ...errors import USAGE, Error
from ..shared import (
    Command,
    add_force,
    add_json,
    add_name,
    add_timeout,
    check_free,
    check_timeout,
    given_pin,
    named_file,
)
from .place import add_ca, add_passphrase, passphrase_of, store_in
from .signed import print_signed

if TYPE_CHECKING:
    from cryptography import x509

    from ...board.access import Board
    from ...board.installable import Installable
    from ...ca.authorities import Authority
    from ...ca.csr import Request
    from ...ca.store import Store
    from ...verify.hosts import HostResult

_EXAMPLES = """\
examples:
  boardcert ca sign --usb /dev/ttyACM0 --install       a board on a cable
  boardcert ca sign kitchen.local --install            a board that is pinned, over HTTPS
  boardcert ca sign kitchen.csr -o kitchen.crt         a request in a file
  boardcert ca sign --new-key kitchen.key --san kitchen.local  a key made here; see embed
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help = "the file of a request, or a pinned board"
    add("source", nargs="?", metavar="CSR|HOST[:PORT]", help=help)
    add("--usb", metavar="PORT", help="a board on this serial port; restarts its program")
    help = "generate a P-384 key, and a certificate for it"
    add("--new-key", type=Path, metavar="FILE", help=help)
    help = "grant this name or address, which a request alone would not get; repeatable"
    add("--san", action="append", default=[], metavar="NAME", help=help)
    add("--only-names", action="store_true", help="ignore the names in the request")
    help = "lifetime, at most that of the CA (default: 825, the most that Apple's clients accept)"
    add("--days", type=int, default=825, metavar="N", help=help)
    help = "install it on the board, and check that it is served"
    add("--install", action="store_true", help=help)
    help = "with --usb: where the board serves, to be verified over TLS"
    add("--at", metavar="HOST[:PORT]", help=help)
    help = "the certificate and its issuers (default: NAME.crt, unless --install)"
    add("-o", "--output", type=Path, metavar="FILE", help=help)
    add_force(parser)
    add_name(parser)
    add("--pin", metavar="SHA256", help="fingerprint or public-key pin that HOST must have")
    help = "file with the token of HOST (default: as `boardcert install`)"
    add("--token-file", type=Path, metavar="FILE", help=help)
    add_timeout(parser)
    add_ca(parser)
    add_passphrase(parser)
    add_json(parser)


def _run(arguments: argparse.Namespace) -> int:
    store = store_in(arguments.ca)
    authority = store.load(passphrase_of(arguments).get)  # before a board is asked
    ca_file = arguments.record["ca_file"] = str(store.certificate_file)
    if arguments.new_key:
        files = _sign_new_key(authority, store, arguments)
    else:
        with _board(arguments, ca_file) as board:
            files = _sign_request(board, authority, store, arguments)
    verified = _verify(files, ca_file, arguments) if arguments.install else None
    return print_signed(authority.name, files, verified, arguments)


def _check(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for arguments that do not go together."""
    hint = "boardcert ca sign --help"
    sources = (arguments.source, arguments.usb, arguments.new_key)
    if sum(source is not None for source in sources) != 1:
        raise Error("one of CSR, HOST, --usb PORT and --new-key FILE is needed", hint, USAGE)
    is_board = arguments.usb or (arguments.source and named_file(arguments.source) is None)
    if arguments.install and not is_board:
        raise Error("--install needs a board: HOST, or --usb PORT", hint, USAGE)
    if arguments.at and not (arguments.usb and arguments.install):
        raise Error("--at belongs to --usb PORT --install", hint, USAGE)
    if arguments.days < 1:
        raise Error("--days must be 1 or more", hint, USAGE)
    check_free(arguments.output, arguments.force)
    check_timeout(arguments.timeout)


@contextlib.contextmanager
def _board(arguments: argparse.Namespace, ca_file: str) -> "Iterator[Board | None]":
    """Yield the board that is asked, None for a file; one on a cable starts its program again."""
    from ...board import access
    from ...board.over_usb import BoardUSB

    if arguments.usb:
        cable = BoardUSB(arguments.usb, ())
        yield cable
        cable.restart()  # After an error, `interruptions` does that.
    elif named_file(arguments.source):
        yield None
    else:
        yield access.open_board(
            arguments.source,
            name=arguments.name,
            pin=given_pin(arguments),
            ca=ca_file,
            token_file=arguments.token_file,
            timeout_s=arguments.timeout,
        )


def _sign_request(
    board: "Board | None", authority: "Authority", store: "Store", arguments: argparse.Namespace
) -> "Installable":
    """Get the request, answer it, and bring the answer to the board when that is wanted."""
    from ...board import signing
    from ...ca import csr
    from ...files import read_small

    with messages().status("waiting for the request"):
        data = board.csr() if board else read_small(Path(arguments.source))
    host = arguments.source if board else None  # A board on a cable is at hand.
    request = csr.read_request(data)
    if request.left_out:
        arguments.record["left_out"] = list(request.left_out)
        say(f"note: left out of the certificate: {', '.join(request.left_out)}")
    files = _issue(authority, request, store, arguments, host)
    if board and arguments.install:
        with messages().status("installing"):
            arguments.record["installed"] = signing.install(board, files)
    return files


def _sign_new_key(
    authority: "Authority", store: "Store", arguments: argparse.Namespace
) -> "Installable":
    """Make a key here, and its certificate."""
    from ...board import signing
    from ...ca.store import private_pem
    from ...files import write_new

    key, request = signing.new_key()
    # First the key: a certificate without it is good for nothing.
    arguments.record["key_file"] = str(arguments.new_key)
    write_new(arguments.new_key, private_pem(key))
    try:
        return _issue(authority, request, store, arguments)
    except BaseException:
        arguments.new_key.unlink()
        raise


def _issue(
    authority: "Authority",
    request: "Request",
    store: "Store",
    arguments: argparse.Namespace,
    host: str | None = None,
) -> "Installable":
    """Sign; keep a copy in the store, and write the file that was asked for.

    *host*: who sent the request over the network.
    """
    from ...board import signing
    from ...trust import pins
    from ...trust.look_up import place_of

    if arguments.only_names:
        request = replace(request, names=())
    issued = store.issued()
    place = place_of(host, arguments.name) if host else None
    known = signing.known(request, pins.load_pins(), issued, place)
    files = signing.sign(authority, request, arguments.san, arguments.days, known)
    leaf = files.chain[0]
    signing.check_own_key(leaf, issued)
    if arguments.install:
        signing.check_servable(files)
    for name in signing.check_shared(leaf, issued, arguments.san):
        say(f"note: another key already has a certificate for {name}, see boardcert ca list")
    _print_notes(authority.certificate, leaf, arguments.days)
    _keep(files, store, arguments)
    return files


def _keep(files: "Installable", store: "Store", arguments: argparse.Namespace) -> None:
    """Keep a copy in the store, and write the file that was asked for."""
    from ...board import signing
    from ...files import write_output

    leaf = files.chain[0]
    path: Path | None = arguments.output
    if path is None and not arguments.install:
        path = Path(signing.file_name(leaf))
    check_free(path, arguments.force)
    # First the copy: nothing that was signed is unknown to the list.
    arguments.record["copy"] = str(store.record(leaf))
    if path:
        write_output(path, files.chain_pem.encode(), arguments.force)
        arguments.record["file"] = str(path)


def _print_notes(ca: "x509.Certificate", leaf: "x509.Certificate", days: int) -> None:
    """Print which clients will refuse *leaf*, and whether it ends before *days*."""
    from ...ca import authorities, strict

    if reason := strict.why_strict_clients_refuse(ca):
        say(f"note: Python 3.13 and other strict users of OpenSSL refuse this CA: {reason}")
    if days > authorities.DEVICE_DAYS:
        say(f"note: Apple's clients refuse more than {authorities.DEVICE_DAYS} days")
    if leaf.not_valid_after_utc == ca.not_valid_after_utc:
        say(f"note: it expires with the CA, on {leaf.not_valid_after_utc:%Y-%m-%d}")


def _verify(
    files: "Installable", ca_file: str, arguments: argparse.Namespace
) -> "HostResult | None":
    """Look at what the board serves now, where that is known."""
    from ...board import signing
    from ...trust.look_up import place_of

    host = arguments.at or arguments.source
    if host is None:
        return None
    target = place_of(host, arguments.name).target
    with messages().status(f"checking what {target} serves"):
        return signing.verify_served(target, files, ca_file)


ACTIONS = {
    "sign": Command("sign a certificate for a board", _EXAMPLES, _add_arguments, _run, _check),
}
