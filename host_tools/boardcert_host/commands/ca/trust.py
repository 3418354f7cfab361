"""`boardcert ca trust` and `boardcert ca untrust`."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ...console import questions, results, say
from ...errors import CHECKED_AND_BAD, COULD_NOT_RUN, OK, USAGE, Error
from ..shared import Command, add_json, print_json
from .place import store_in

if TYPE_CHECKING:
    from ...trust.anchors import Anchor, Outcome

_TRUST_EXAMPLES = """\
examples:
  boardcert ca trust                      your own CA, in every store of this computer
  boardcert ca trust ca.crt --only nss    another CA, in Firefox and Chromium only
"""
_UNTRUST_EXAMPLES = """\
examples:
  boardcert ca untrust
  boardcert ca untrust ca.crt --only system
"""
_KINDS = ("system", "nss", "java")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="the CA's certificate (default: your own CA's)",
    )
    kinds = "one kind of store only: the system's, Firefox and Chromium, or Java's"
    add("--only", choices=_KINDS, help=kinds)
    add("--yes", action="store_true", help="do not ask")
    add_json(parser)


def _run_trust(arguments: argparse.Namespace) -> int:
    return _run(arguments, True)


def _run_untrust(arguments: argparse.Namespace) -> int:
    return _run(arguments, False)


def _run(arguments: argparse.Namespace, trusted: bool) -> int:
    from ...trust.anchors import DONE, FAILED, KEPT, read_anchor

    anchor = read_anchor(arguments.file or store_in(None).certificate_file)
    if not arguments.yes:
        _ask(anchor, trusted)
    outcomes = _change(anchor, trusted, arguments.only)
    if arguments.json:
        print_json({"ca": anchor.title, "stores": [asdict(outcome) for outcome in outcomes]})
    else:
        for one in outcomes:
            line = f"{one.status:<8} {one.store}: {one.detail}"
            results().print(line, markup=False)
    if any(outcome.status == FAILED for outcome in outcomes):
        return COULD_NOT_RUN
    is_done = any(outcome.status in (DONE, KEPT) for outcome in outcomes)
    return OK if is_done else COULD_NOT_RUN


def _change(anchor: "Anchor", trusted: bool, only: str | None) -> "list[Outcome]":
    from ...trust.java_store import change_java
    from ...trust.nss_databases import change_nss
    from ...trust.system_store import change_system

    # The system first: Debian passes its CAs on to Java.
    functions: tuple[Callable[[Anchor, bool], list[Outcome]], ...]
    functions = (change_system, change_nss, change_java)
    found = []
    for kind, change in zip(_KINDS, functions, strict=True):
        if only in (None, kind):
            found += change(anchor, trusted)
    return found


def _ask(anchor: "Anchor", trusted: bool) -> None:
    """Ask the user; raise Error unless the answer is yes."""
    from ...certificates.certificate import describe

    described = describe(anchor.certificate)
    if not sys.stdin.isatty():
        raise Error("no terminal to confirm it", "--yes confirms it", USAGE)
    questions().print(f"CA           {described['subject']}", markup=False)
    questions().print(f"fingerprint  {described['fingerprint']}", markup=False)
    if trusted:
        say("anyone with its private key can then impersonate any server it may sign for")
    question = f"Shall it be {'trusted' if trusted else 'trusted no longer'} here? [y/N] "
    questions().print(question, markup=False, end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Error("nothing was changed", None, CHECKED_AND_BAD)


ACTIONS = {
    "trust": Command(
        "make this computer trust the CA: the system, Firefox and Chromium, Java",
        _TRUST_EXAMPLES,
        _add_arguments,
        _run_trust,
    ),
    "untrust": Command("undo what trust did", _UNTRUST_EXAMPLES, _add_arguments, _run_untrust),
}
