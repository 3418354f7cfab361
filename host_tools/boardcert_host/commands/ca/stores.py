"""What `boardcert ca trust` and `untrust` do to this computer's stores, and how they confirm it."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ...console import agrees, questions, results, say
from ...errors import CHECKED_AND_BAD, COULD_NOT_RUN, OK, USAGE, Error
from ..shared import print_json

if TYPE_CHECKING:
    from ...trust.anchors import Anchor, Outcome

KINDS = ("system", "nss", "java")


def change(anchor: "Anchor", trusted: bool, only: str | None) -> "list[Outcome]":
    """Trust *anchor*, or no longer, in every store, or in those of one kind *only*."""
    from ...trust.java_store import change_java
    from ...trust.nss_databases import change_nss
    from ...trust.system_store import change_system

    # The system first: Debian passes its CAs on to Java.
    functions: tuple[Callable[[Anchor, bool], list[Outcome]], ...]
    functions = (change_system, change_nss, change_java)
    found = []
    for kind, function in zip(KINDS, functions, strict=True):
        if only in (None, kind):
            found += function(anchor, trusted)
    return found


def is_anywhere(anchor: "Anchor", was_asked: bool = False) -> bool:
    """Return whether some store trusts *anchor*, or may: not every system's can be looked into.

    *was_asked*: whether the system's has just said that it does not; a database may have been
    passed over.
    """
    from ...trust.java_store import is_in_java
    from ...trust.nss_databases import trusting_databases
    from ...trust.system_store import is_in_system

    in_databases = any(state is not False for state in trusting_databases(anchor).values())
    in_system = is_in_system(anchor)
    return in_databases or in_system or (in_system is None and not was_asked) or is_in_java(anchor)


def tell(outcomes: "Sequence[Outcome]", data: dict[str, Any], as_json: bool) -> int:
    """Print what became of each store; return the exit code. *data*: what else JSON says."""
    from ...trust.anchors import FAILED

    if as_json:
        print_json(data | {"stores": [asdict(outcome) for outcome in outcomes]})
    else:
        for one in outcomes:
            line = f"{one.status:<8} {one.store}: {one.detail}"
            results().print(line, markup=False)
    if any(outcome.status == FAILED for outcome in outcomes):
        return COULD_NOT_RUN
    return OK if is_done(outcomes) else COULD_NOT_RUN


def is_done(outcomes: "Sequence[Outcome]") -> bool:
    """Return whether at least one store is as it was wanted."""
    from ...trust.anchors import DONE, KEPT

    return any(outcome.status in (DONE, KEPT) for outcome in outcomes)


def ask(rows: Sequence[tuple[str, str]], trusted: bool, warning: str) -> None:
    """Show *rows* and, before it is trusted, *warning*; raise Error unless the answer is yes."""
    if not sys.stdin.isatty():
        raise Error("no terminal to ask at; nothing was changed", "--yes answers yes", USAGE)
    for name, words in rows:
        questions().print(f"{name:<11}  {words}", markup=False)
    if trusted:
        say(warning)
    question = "Trust it on this computer?" if trusted else "Stop trusting it on this computer?"
    if not agrees(question):
        raise Error("nothing was changed", None, CHECKED_AND_BAD)
