"""What is kept of a board by its name, beside its pins, follows it to another name."""

from dataclasses import replace
from typing import Any

from ..acme.kept import SHELF as ORDERS
from ..board import tokens
from ..board.reports import own_name
from ..console import say, say_error
from ..enrolment.shelf import Entry, Shelf
from ..errors import Error
from ..est.kept import SHELF as ENROLMENTS
from ..targets import renamed
from ..trust import kept_authorities


def follow(old: str, new: str, is_own: bool) -> None:
    """Let token, copies of its authority, and renewals of the board called *old* be those of *new*.

    *is_own*: whether the board calls itself so now; else its certificates are for *old* still. Its
    pins have followed already: what cannot is said.
    """
    tokens.rename(old, new)
    kept_authorities.rename(old, new)
    for shelf, command in ((ORDERS, "acme"), (ENROLMENTS, "est")):
        for host in shelf.hosts():
            to = renamed(host, old, new)
            if to == host:
                continue
            try:
                shelf.rename(host, to, is_own)
            except Error as error:
                hint = f"boardcert {command} {host} --forget"
                hint += f", then boardcert {command} {to} with all its options"
                say_error(f"it is still renewed as {host}: {error.message}", hint)


def say_outdated(before: dict[str, Any], report: dict[str, Any]) -> None:
    """Say what is to be done about an installed certificate that lacks a board's new name.

    *before*, *report*: of the board, before the change and after. A request by EST is for the new
    name from then on, where it was for the old one.
    """
    old, new = own_name(before), own_name(report)
    if old == new or report["source"] != "installed" or _are_for(report["names"], new):
        return
    served = report["fingerprint"]
    if _host_of(ORDERS, served):
        return  # By DNS, no CA signs for a name in .local: it never was for that.
    host = _host_of(ENROLMENTS, served)
    names = ", ".join(report["names"]) or "no name"
    what = f"boardcert est {host}" if host else f"boardcert csr {new}, then install"
    say(f"note: the installed certificate is for {names}, not for {new}: {what}")
    try:
        if host:
            _ask_for(host, old, new)
    except Error as error:
        say_error(error.message, f"boardcert est {host} --san NAME asks for other names")


def _host_of(shelf: Shelf[Any], fingerprint: str) -> str | None:
    """Return the board on *shelf* that has got the certificate with this *fingerprint*."""
    for host in shelf.hosts():
        entry = _loaded(shelf, host)
        if entry and entry.installed and entry.installed["fingerprint"] == fingerprint:
            return host
    return None


def _loaded(shelf: Shelf[Any], host: str) -> Entry | None:
    """Return what is kept of *host*; None where that is damaged, which its renewal says."""
    try:
        return shelf.load(host)
    except Error:
        return None


def _ask_for(host: str, old: str, new: str) -> None:
    with ENROLMENTS.held(host):
        entry = ENROLMENTS.load(host)
        if entry:
            names = tuple(new if name == old else name for name in entry.plan.names)
            way = entry.plan.way
            way = replace(way, name=new if way.name == old else way.name)
            entry.plan = replace(entry.plan, names=names, way=way)
            ENROLMENTS.save(host, entry)


def _are_for(names: list[str], wanted: str) -> bool:
    """Return whether a certificate for *names* is one for *wanted*."""
    return wanted in names or f"*.{wanted.partition('.')[2]}" in names
