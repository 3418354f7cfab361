"""What an administrator may do to the identity, with the fields of a form or of a JSON object."""

import asyncio
import gc

from . import Error, RefusedError
from .portal_body import lines, text
from .portal_calls import apart, without_staying
from .portal_http import NO_MEMORY, HTTPError, busy

RESTART_AFTER_MS = 1000
"""From the answer to the restart that it promises."""

_ONCE = ("remove",)
"""Done again, it would not tell any more what became of the key."""


async def perform(routes, action: str, values: dict) -> str | None:
    """Do *action*, one at a time, and with the memory for it; HTTPError when it is refused.

    Return a sentence on how far an old key was wiped, or None.
    """
    portal = routes.portal
    if portal.is_at_work:
        raise busy("the board is at work for another request")
    portal.is_at_work = True
    try:
        if action == "restart":
            portal.restarting = asyncio.create_task(portal.restart_soon(RESTART_AFTER_MS))
            return None
        return await _act(routes, action, values)
    except RefusedError as error:
        raise HTTPError(422, str(error), error.field) from error
    except (Error, OSError, ValueError) as error:
        raise HTTPError(500, f"{type(error).__name__}: {error}") from error
    finally:
        portal.is_at_work = False


async def make_request(routes) -> bytes:
    """Return a certificate request, signed by the board's own key."""
    return await _with_room(routes.portal, "request", routes.portal.identity.csr)


async def _act(routes, action: str, values: dict) -> str | None:
    portal = routes.portal
    me = portal.identity
    if action == "install":
        # Not a local name here: it would outlast the call.
        return await _with_room(portal, action, lambda: _install(me, values))
    if action in ("new-key", "reset"):
        made = await _make_key(routes, text(values, "hostname"))
        return await _with_room(
            portal, action, lambda: (me.reset if action == "reset" else me.new_key)(made)
        )
    return await _with_room(portal, action, getattr(me, action))


async def _with_room(portal, action: str, function):
    """Return function(), which may be tried twice; HTTPError 503 when memory lacks both times."""
    for attempt in range(2):
        if portal.server:
            portal.server.make_room(portal.work_bytes)
        gc.collect()
        try:
            return await apart(function)
        except MemoryError:
            if attempt or action in _ONCE:
                break
    gc.collect()
    raise busy(NO_MEMORY)


def _install(me, values: dict) -> None:
    today = text(values, "time") if values.get("time") else None
    chain, key = without_staying(_to_der, values)
    me.install(chain, key, today)


def _to_der(values: dict) -> tuple:
    """Return (the certificates, the key or None), without text around: memory is short."""
    from .pem import certificates_in, key_in

    field = "chain"
    try:
        certificates = certificates_in(lines(_pieces(values, field)))
        field = "key"
        pieces = _pieces(values, field)
        return certificates, key_in(lines(pieces)) if pieces else None
    except ValueError as error:
        raise RefusedError(field, str(error)) from error


def _pieces(values: dict, name: str) -> list:
    return values.get(name) or []


async def _make_key(routes, typed: str) -> bytes | None:
    """Make another key, if that takes long; the board's host name must have been *typed* for it.

    Meanwhile, others have their turn.
    """
    portal = routes.portal
    me = portal.identity
    if typed.strip() != me.hostname:
        raise HTTPError(422, "this is not the board's host name", "hostname")
    from .prepare import key_for

    portal.leave_turn()
    try:
        return await key_for(me)
    finally:
        await portal.take_turn(routes.request)
