"""Defer signing until the next boot, and do what was deferred: see wishes."""

from .. import board
from ..modules import borrowed
from ..storage.record import WISH, exists


def defer_signing(me, reason: str | None) -> None:
    """Write to flash that the certificate has to be signed again; without *reason*, no longer."""
    wish = reason and f"{reason} {board.addresses()}"
    if wish == me.wish:
        return
    with borrowed():
        from . import wishes

        if reason:
            me._add_notices([wishes.put_off_signing(me._directory, reason)])
        else:
            wishes.withdraw(me._directory)
    me.wish = wish


def fulfil_wish(me) -> None:
    """Do what was deferred until now."""
    if not has_wish(me._directory):
        return
    me.took_memory = True
    with borrowed():
        from .fulfil import fulfil

        fulfil(me)


def has_wish(directory: str) -> bool:
    """Return whether something was deferred until this boot."""
    return exists(f"{directory}/{WISH}")
