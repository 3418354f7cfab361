"""What an administrator may do to the identity, with the fields of a form or of a JSON object."""

import asyncio
import gc
from binascii import a2b_base64

from . import Error, RefusedError
from .portal_body import lines, text
from .portal_calls import apart, without_staying
from .portal_http import NO_MEMORY, HTTPError, PutOff, busy

RESTART_AFTER_MS = 1000
"""From the answer to the restart that it promises."""

_OVER_USB = "this board lacks the memory for that beside its page: do it over USB"

_ONCE = ("remove",)
"""Done again, it would not tell any more what became of the key."""


async def perform(routes, action: str, values: dict) -> str | None:
    """Do *action*, one at a time, and with the memory for it; HTTPError when it is refused.

    Return a sentence on how far an old key was wiped, or None. PutOff when it is done after a
    restart.
    """
    portal = routes.portal
    if portal.is_at_work:
        raise busy("the board is at work for another request")
    portal.is_at_work = True
    try:
        if action == "restart":
            _restart(portal)
            return None
        if portal.identity.lacks_memory():
            _put_off(portal, action, values)
        return await _act(routes, action, values)
    except RefusedError as error:
        raise HTTPError(422, str(error), error.field) from error
    except (Error, OSError, ValueError) as error:
        raise HTTPError(500, f"{type(error).__name__}: {error}") from error
    finally:
        portal.is_at_work = False


async def make_request(routes) -> bytes:
    """Return a certificate request, signed by the board's own key; PutOff as perform."""
    me = routes.portal.identity
    if me.lacks_memory():
        from .wishes import stored_request

        stored = stored_request(me._directory)
        if stored:
            return a2b_base64(stored)
        _put_off(routes.portal, "request", {})
    return await _with_room(routes.portal, "request", routes.portal.identity.csr)


def _put_off(portal, action: str, values: dict) -> None:
    """Leave *action* to the next boot, which comes now: raise PutOff.

    Not what makes another key: who asks for it could not know that the new one is the board's.
    """
    if action in ("new-key", "reset"):
        raise HTTPError(503, _OVER_USB)
    today = _today(values)
    chain, key = without_staying(_to_der, values) if action == "install" else ((), None)
    values.clear()
    from .wishes import generated_pin, put_off

    directory = portal.identity._directory
    number = put_off(directory, action, chain, key, today)
    _restart(portal)
    raise PutOff(number, generated_pin(directory) if action == "remove" else None)


def _restart(portal) -> None:
    portal.restarting = asyncio.create_task(portal.restart_soon(RESTART_AFTER_MS))


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
    today = _today(values)
    chain, key = without_staying(_to_der, values)
    me.install(chain, key, today)


def _today(values: dict) -> str | None:
    """Return the time of whoever brings a certificate, if that was sent."""
    return text(values, "time") if values.get("time") else None


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
