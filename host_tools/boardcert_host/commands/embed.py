"""`boardcert embed`: turn a certificate and its private key into a module of an application."""

import argparse
import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import results, say
from ..errors import OK, USAGE, Error
from .shared import Command, add_force, add_json, check_free, print_json

if TYPE_CHECKING:
    from ..board.installable import Installable

_EXAMPLES = """\
examples:
  boardcert embed kitchen.crt kitchen.key         boardcert_builtin.py, to be frozen or copied
  boardcert embed kitchen.crt kitchen.key --mpy   boardcert_builtin.mpy, smaller, for any processor
  boardcert embed kitchen.p12                     PKCS#12: with its key
  boardcert embed chain.pem key.pem -o build/boardcert_builtin.py
"""
_KEY_HINT = "name its file after that of the certificate"
_VARIABLE = "BOARDCERT_PASSPHRASE"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("certificate", type=Path, metavar="CERT", help="the certificate, then those of its issuers")
    help = "its private key; PEM or DER, as CERT; a .p12 has its own"
    add("key", type=Path, nargs="?", metavar="KEY", help=help)
    add(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="the module (default: boardcert_builtin.py, or .mpy)",
    )
    add("--mpy", action="store_true", help="compile it")
    add_force(parser)
    help = f"file with the passphrase of KEY (default: ${_VARIABLE}, or a prompt)"
    add("--passphrase-file", type=Path, metavar="FILE", help=help)
    add_json(parser)


def _run(arguments: argparse.Namespace) -> int:
    from ..board.embed import MODULE, compile_module, module_source
    from ..ca.authorities import common_name
    from ..certificates.certificate import alternative_names, describe
    from ..files import write_output

    suffix = ".mpy" if arguments.mpy else ".py"
    path: Path = arguments.output or Path(MODULE + suffix)
    if path.suffix != suffix:
        hint = "MODULE.py, or with --mpy MODULE.mpy"
        raise Error(f"{path} has the wrong suffix for its contents", hint, USAGE)
    check_free(path, arguments.force)
    files = _read(arguments)
    leaf = files.chain[0]
    source = module_source(files)
    data = compile_module(source) if arguments.mpy else source.encode()
    write_output(path, data, arguments.force, 0o600)
    if arguments.json:
        print_json({"file": str(path), "certificate": describe(leaf)})
        return OK
    until = f"until {leaf.not_valid_after_utc:%Y-%m-%d}"
    called = ", ".join(alternative_names(leaf)) or common_name(leaf)
    results().print(f"{path}: {called}, {until}; holds the private key", markup=False)
    say(f"next: freeze it, or copy it to the board: mpremote fs cp {path} :/lib/{MODULE}{suffix}")
    return OK


def _read(arguments: argparse.Namespace) -> "Installable":
    """Return certificate and key, with a remark for each check that they do not pass."""
    from ..board.installable import check_installable, read_installable, remark
    from ..certificates.certificate import alternative_names
    from ..passwords import Password

    def ask(name: str) -> str:
        option, file = "--passphrase-file", arguments.passphrase_file
        return Password(f"passphrase of {name}", option, _VARIABLE, file).get()

    files = read_installable(arguments.certificate, arguments.key, ask)
    if files.key is None:
        raise Error(f"the private key of {arguments.certificate} is needed", _KEY_HINT, USAGE)
    names = alternative_names(files.chain[0])
    now = datetime.datetime.now(datetime.timezone.utc)
    for check in check_installable(files, names[0] if names else "", now):
        say(remark(check))
    return files


COMMANDS = {
    "embed": Command(
        "turn a certificate and its private key into a module to compile into an application",
        _EXAMPLES,
        _add_arguments,
        _run,
    ),
}
