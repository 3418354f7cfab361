"""What is kept of a board by its name, beside its pins, follows it to another name."""

import functools
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from ..acme.kept import SHELF as ORDERS
from ..board import tokens
from ..board.reports import own_name
from ..console import say, say_error
from ..enrolment.shelf import Entry, Shelf
from ..errors import Error
from ..est.kept import SHELF as ENROLMENTS
from ..targets import parse_host, renamed
from ..trust import kept_authorities
from ..verify.extension_checks import dns_name_covers

_SHELVES: tuple[tuple[Shelf[Any], str], ...] = ((ORDERS, "acme"), (ENROLMENTS, "est"))


def follow(old: str, new: str, is_own: bool, keys: Collection[str] | None = None) -> bool:
    """Let token, copies of its authority, and renewals of the board called *old* be those of *new*.

    *is_own*: whether the board calls itself so now; else its certificates are for *old* still.
    *keys*: the pins of the board's, where another board may be called *old*: what is known to be
    of another key stays. Its pins have followed already: what cannot is said. Return whether all
    could.
    """
    steps: list[tuple[str, str, Callable[[], None]]] = [
        ("its token", f"boardcert token {new} --usb PORT", lambda: tokens.rename(old, new, keys)),
        ("its authority", f"boardcert ca trust {new}", lambda: kept_authorities.rename(old, new)),
    ]
    for shelf, command in _SHELVES:
        for host in shelf.hosts():
            to = renamed(host, old, new)
            if to != host and not _is_of_others(shelf, host, keys):
                hint = f"boardcert {command} {host} --forget"
                hint += f", then boardcert {command} {to} with all its options"
                step = functools.partial(shelf.rename, host, to, is_own)
                steps.append((f"the renewal of {host}", hint, step))
    return all([_is_done(*step) for step in steps])


def _is_of_others(shelf: Shelf[Any], host: str, keys: Collection[str] | None) -> bool:
    """Return whether what is kept of *host* is known to be of another key than *keys*; say so."""
    if keys is None:
        return False
    entry = _loaded(shelf, host)
    pin = entry and entry.public_key_pin
    if not pin or pin in keys:
        return False
    say(f"note: the renewal of {host} stays: it is for the key of another board")
    return True


def _is_done(what: str, hint: str, step: Callable[[], None]) -> bool:
    """Do a *step*; where that fails, say so, and return False."""
    try:
        step()
    except (Error, OSError) as error:
        say_error(f"{what} did not follow: {error}", hint)
        return False
    return True


def say_forgotten(names: Iterable[str]) -> None:
    """Say that boards with these *names* are renewed still, though they are not known any more."""
    wanted = {parse_host(name)[0] for name in names}
    for shelf, command in _SHELVES:
        for host in shelf.hosts():
            if parse_host(host)[0] in wanted:
                say(f"note: {host} is renewed still: boardcert {command} {host} --forget ends that")


def say_removed(before: dict[str, Any], report: dict[str, Any]) -> None:
    """Say what is to be done when a certificate that is renewed is not served any more.

    *before*, *report*: of the board, before the change and after.
    """
    if before["source"] != "installed" or report["source"] == "installed":
        return
    for shelf, command in _SHELVES:
        if host := _host_of(shelf, before["fingerprint"]):
            again = f"boardcert {command} {host}"
            say(f"note: {again} gets another certificate; with --forget, it is renewed no longer")


def say_outdated(before: dict[str, Any], report: dict[str, Any]) -> None:
    """Say what is to be done about an installed certificate that lacks a board's new name.

    *before*, *report*: of the board, before the change and after. A request by EST is for the new
    name from then on, where it was for the old one.
    """
    old, new = own_name(before), own_name(report)
    is_for_new = any(dns_name_covers(name, new) for name in report["names"])
    if old == new or report["source"] != "installed" or is_for_new:
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
