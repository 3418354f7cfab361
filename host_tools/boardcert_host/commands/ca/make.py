"""`boardcert ca init` and `boardcert ca list`."""

import argparse
import datetime
from pathlib import Path

from ... import clock
from ...console import print_rows, results, say
from ...errors import OK
from ..shared import Command, add_json, print_json
from ..times import duration
from .place import add_ca, add_passphrase, passphrase_of, store_in

_INIT_EXAMPLES = """\
examples:
  boardcert ca init
  boardcert ca init company-ca --name "Example Ltd. boards" --encrypt
  boardcert ca init --permit boards.example --permit 192.168.4.0/24
"""
# Name constraints of the kind iPAddress are in every such CA, to permit or to exclude.
_CONSTRAINED = (
    "clients with BoringSSL refuse what a CA with --permit signs for a board with addresses "
    '("unsupported name constraint type"), and clients with mbedTLS, boards too, cannot load it'
)
_LIST_EXAMPLES = """\
examples:
  boardcert ca list          what was issued, the first to expire first
  boardcert ca list --expiring 30d
  boardcert ca list --json
"""


def _add_init_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    where = "the directory (default: $BOARDCERT_CA, or your data directory)"
    add("directory", nargs="?", type=Path, metavar="DIRECTORY", help=where)
    add("--name", help="its display name (default: boardcert CA and a number)")
    permit = "limit it to a domain, or to addresses such as 192.168.4.0/24; repeatable; then "
    permit += "clients with BoringSSL refuse boards with addresses, and mbedTLS cannot load the CA"
    add("--permit", action="append", default=[], metavar="NAME|NETWORK", help=permit)
    add("--encrypt", action="store_true", help="encrypt its key with a passphrase")
    add_passphrase(parser)
    add_json(parser)


def _run_init(arguments: argparse.Namespace) -> int:
    from ...ca import authorities
    from ...ca.names import name_text
    from ...certificates.certificate import describe

    store, secret = store_in(arguments.directory), passphrase_of(arguments)
    store.check_absent()  # before a person is asked
    is_encrypted = arguments.encrypt or secret.given() is not None
    passphrase = secret.choose() if is_encrypted else None
    now = datetime.datetime.now(datetime.timezone.utc)
    authority = authorities.create(arguments.name, arguments.permit, now)
    store.save(authority, passphrase)
    described = describe(authority.certificate)
    constraints = authority.constraints
    permits = [name_text(name) for name in (constraints and constraints.permitted_subtrees) or ()]
    if arguments.json:
        files = {"certificate_file": str(store.certificate_file), "key_file": str(store.key_file)}
        print_json(files | {"encrypted": is_encrypted, "permits": permits, "ca": described})
        return OK
    protection = "encrypted" if is_encrypted else "not encrypted"
    rows = [
        ("certificate", f"{store.certificate_file}, for everyone who should trust it"),
        ("private key", f"{store.key_file}, readable by you only, {protection}"),
        ("valid until", described["not_after"][:10]),
        ("vouches for", ", ".join(permits) or "any name"),
        ("fingerprint", described["fingerprint"]),
    ]
    print_rows(f"{authority.name}: made", rows)
    if constraints:
        say(f"note: {_CONSTRAINED}")
    place, file = "", ""
    if arguments.directory:
        place, file = f" --ca {store.directory}", f" {store.certificate_file}"
    sign = f"boardcert ca sign --usb PORT --install{place}"
    say(f"next: {sign}, for each board; then boardcert ca trust{file}")
    return OK


def _run_list(arguments: argparse.Namespace) -> int:
    from ...ca.issued import ending
    from ...certificates.certificate import describe

    store = store_in(arguments.ca)
    store.certificates()  # Error when there is no CA.
    issued = sorted(store.issued(), key=lambda one: one.not_valid_after_utc)
    if arguments.expiring:
        issued = ending(issued, clock.now() + duration(arguments.expiring))
    found = [describe(certificate) for certificate in issued]
    if arguments.json:
        print_json({"directory": str(store.directory), "issued": found})
        return OK
    for one in found:
        names = ", ".join(one["names"])
        days = (clock.from_text(one["not_after"]) - clock.now()).days
        line = f"{one['not_after'][:10]}  {days:>5} days  {one['serial_number']}  {names}"
        results().print(line, markup=False)
    if not found:
        what = f"ends within {arguments.expiring}" if arguments.expiring else "has been issued yet"
        say(f"nothing {what}, by the CA in {store.directory}")
    return OK


def _add_list_arguments(parser: argparse.ArgumentParser) -> None:
    due = "what ends within TIME, for example 30d, and has no successor for the same key"
    parser.add_argument("--expiring", metavar="TIME", help=due)
    add_ca(parser)
    add_json(parser)


ACTIONS = {
    "init": Command(
        "make a CA: a key and a certificate", _INIT_EXAMPLES, _add_init_arguments, _run_init
    ),
    "list": Command(
        "list the certificates that it has issued", _LIST_EXAMPLES, _add_list_arguments, _run_list
    ),
}
