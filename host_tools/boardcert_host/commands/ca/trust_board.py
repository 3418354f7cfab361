"""`boardcert ca trust HOST` and `untrust HOST`: a board's own authority."""

import argparse
import functools
from dataclasses import replace
from typing import TYPE_CHECKING

from ...console import messages, print_plain, say
from ...errors import CHECKED_AND_BAD, OK, Error
from ..shared import given_pin, read_report
from . import stores

if TYPE_CHECKING:
    from ...trust.anchors import Anchor, Outcome
    from ...verify.served_authority import Served


def trust(arguments: argparse.Namespace) -> int:
    """Trust the authority of a board that is known; or only save it, once it is checked."""
    from ...trust import kept_authorities

    served = _served(arguments)
    if arguments.print or arguments.output:
        return _save(served, arguments)
    if not arguments.yes:
        _ask(served)
    earlier = [
        one for one in kept_authorities.kept([served.host]) if one.certificate != served.authority
    ]
    was_kept = kept_authorities.is_kept(served.authority)
    # First the copy: the command for an administrator names it.
    anchor = kept_authorities.keep(served.host, served.authority)
    outcomes = stores.change(anchor, True, arguments.only)
    if not (was_kept or stores.is_done(outcomes) or _is_left(outcomes)):
        kept_authorities.forget(anchor)
    for one in earlier:
        outcomes += _take_back(one, arguments.only)
    code = stores.tell(outcomes, _data(served.host, anchor), arguments.json)
    if stores.is_done(outcomes):
        end = f"{anchor.certificate.not_valid_after_utc:%Y-%m-%d}"
        say(f"valid until {end}, for {_signs_for(served)}")
        say(f"undo: boardcert ca untrust {served.host}")
    return code


def untrust(arguments: argparse.Namespace) -> int:
    """Trust no longer what was imported of a board; the board is not asked."""
    from ...trust import kept_authorities
    from ...trust.look_up import did_you_mean, place_of

    place = place_of(arguments.source, arguments.name)
    anchors = kept_authorities.kept(place.names)
    if not anchors:
        hint = did_you_mean(arguments.source) or "boardcert ca untrust FILE takes another CA"
        message = f"no authority of {arguments.source} was imported here"
        raise Error(message, hint, CHECKED_AND_BAD)
    if not arguments.yes:
        stores.ask([("authority", one.title) for one in anchors], False, "")
    outcomes: list[Outcome] = []
    for one in anchors:
        found = stores.change(one, False, arguments.only)
        _forget(one, found, arguments.only)
        outcomes += found
    return stores.tell(outcomes, _data(arguments.source, *anchors), arguments.json)


def _served(arguments: argparse.Namespace) -> "Served":
    from ...verify.served_authority import served_authority

    asks_usb = functools.partial(read_report, arguments.usb) if arguments.usb else None
    with messages().status(f"asking {arguments.source}"):
        return served_authority(
            arguments.source,
            name=arguments.name,
            pin=given_pin(arguments),
            read_report=asks_usb,
        )


def _save(served: "Served", arguments: argparse.Namespace) -> int:
    from cryptography.hazmat.primitives.serialization import Encoding

    from ...files import write_output

    pem = served.authority.public_bytes(Encoding.PEM)
    if arguments.output:
        write_output(arguments.output, pem, arguments.force)
        say(f"{arguments.output}: the authority of {served.host}; nothing trusts it yet")
    else:
        print_plain(pem.decode().rstrip())
    return OK


def _ask(served: "Served") -> None:
    from ...certificates.certificate import describe

    described = describe(served.authority)
    rows = [
        ("board", served.host),
        ("authority", described["subject"]),
        ("fingerprint", described["fingerprint"]),
        ("valid until", described["not_after"][:10]),
        ("signs for", _signs_for(served)),
    ]
    warning = "anyone who can read the keys of this board can then impersonate all of that"
    stores.ask(rows, True, warning)


def _signs_for(served: "Served") -> str:
    """Return for what, in words: a board has claimed these names itself."""
    from ...ca.board_authority import constrained_to

    return f"{', '.join(constrained_to(served.authority))}, names below these, and any address"


def _take_back(anchor: "Anchor", only: str | None) -> "list[Outcome]":
    """Trust no longer the authority that a board had before; return what changed."""
    from ...trust.anchors import DONE, FAILED

    found = stores.change(anchor, False, only)
    _forget(anchor, found, only)
    return [
        replace(one, detail=f"its earlier authority {one.detail}")
        for one in found
        if one.status in (DONE, FAILED) or one.is_for_administrator
    ]


def _forget(anchor: "Anchor", outcomes: "list[Outcome]", only: str | None) -> None:
    """Remove the copy of an authority when no store may have it any more."""
    from ...trust.kept_authorities import forget

    if not _is_left(outcomes) and not stores.is_anywhere(anchor, only is None):
        forget(anchor)


def _is_left(outcomes: "list[Outcome]") -> bool:
    """Return whether something was not done that may be done later."""
    from ...trust.anchors import FAILED

    return any(one.status == FAILED or one.is_for_administrator for one in outcomes)


def _data(host: str, *anchors: "Anchor") -> dict[str, object]:
    return {
        "host": host,
        "authorities": [{"ca": one.title, "file": str(one.file)} for one in anchors],
    }
