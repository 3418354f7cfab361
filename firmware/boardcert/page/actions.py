"""The actions of an administrator, with the fields of a form or of a JSON object."""

import asyncio
import gc
from binascii import a2b_base64

from .. import Error, RefusedError
from .http import HTTPError, PutOff, busy, forget, refusal, text
from .restarts import RELOADS, put_off_step, reload_from, restart, url_after

_OVER_USB = "this board lacks the memory for that: do it over USB"

_ONCE = ("remove",)
"""Not repeated: the second time, it could no longer report what became of the key."""

_RESTARTING = ("restart", "settings")
"""Actions that end with a restart; they are done at once, even if memory is short."""

_WITH_KEY = ("new-key", "reset")
"""Actions that need another key."""

_SETTINGS = ("hostname", "prefix", "names", "validity_days", "key_type", "portal_port", "https")
_SETTINGS += ("chain",)
_SETTING_BYTES = 4096  # The settings have limits of their own, and name them.

_DONE = {
    "install": "The certificate is installed and served.",
    "remove": "The installed certificate is removed.",
    "renew": "The certificate is signed again, with the same key.",
    "new-key": "The board has a new key.",
    "reset": "The board is reset. Its new token is available over USB.",
    "restart": "The board restarts.",
    "settings": "The settings are stored, and the board restarts with them. Your browser may ask "
    "about the changed certificate: its public key is the same as before.",
}


async def act(portal, request, action: str, values: dict) -> tuple:
    """Do *action*, and return the step that answers, see portal."""
    try:
        wiped = await perform(portal, request, action, values)
    except HTTPError as error:
        return refusal(error, (action, values) if request.is_form() else None)
    except PutOff as error:
        return put_off_step(request, error, action)
    if not request.is_form():
        return 200, {}, "status", wiped
    message, headers = _DONE[action], None
    if action in _RESTARTING:
        message += RELOADS
        headers = reload_from(
            url_after(portal.identity.hostname, request, text(values, "hostname"))
        )
    if wiped:
        message += f" {wiped[0].upper()}{wiped[1:]}."
    forget(values)
    return "show.page", (message, False, action, None, {}), 200, headers


async def make_request(portal, request, is_pem: bool, names: list | None) -> tuple:
    """Answer with a certificate request, signed by the board's own key; *names*: see its csr()."""
    try:
        made = await _request(portal, names)
    except RefusedError as error:
        return refusal(HTTPError(422, str(error), error.field))
    except HTTPError as error:
        return refusal(error)
    except PutOff as error:
        return put_off_step(request, error, "request")
    return 200, {}, "pem" if is_pem else "der", ("CERTIFICATE REQUEST", "csr", [made])


async def _request(portal, names: list | None) -> bytes:
    """Return the request; PutOff as perform."""
    me = portal.identity
    if me.lacks_memory():
        from ..credentials.wishes import stored_request

        stored = stored_request(me._directory, names)
        if stored:
            return a2b_base64(stored)
        _put_off(portal, "request", {}, names)
    return await _with_room(portal, "request", lambda: me.csr(names))


async def perform(portal, request, action: str, values: dict) -> str | None:
    """Do *action*, one at a time, and with the memory for it; HTTPError when it is refused.

    Return a sentence on how far an old key was wiped, or None. PutOff when it is done after a
    restart.
    """
    me = portal.identity  # There may be another portal of it.
    if me.is_at_work:
        raise busy("the board is busy with another request")
    me.is_at_work = True
    try:
        if action not in _RESTARTING and me.lacks_memory():
            _put_off(portal, action, values)
        made = None
        if action in _WITH_KEY:
            made = await _make_key(portal, request, text(values, "hostname"))
        wiped = None
        if action in _TASKS:
            # No local name here may refer to what a task reads: it would outlast the call.
            task = _TASKS[action]
            wiped = await _with_room(portal, action, task, me, values, made)
        if action in _RESTARTING:
            restart(portal)
        return wiped
    except RefusedError as error:
        raise HTTPError(422, str(error), error.field) from error
    except (Error, OSError, ValueError) as error:
        raise HTTPError(500, f"{type(error).__name__}: {error}") from error
    finally:
        me.is_at_work = False
        # Before the answer is made: made among the garbage, it would leave holes.
        gc.collect()
        if portal.server:  # And what browsers have opened meanwhile must leave room for it.
            portal.server.make_room(portal.turn_bytes)


def _put_off(portal, action: str, values: dict, names: list | None = None) -> None:
    """Defer *action* to the next boot, which comes now: raise PutOff.

    Not if it makes another key: the client could not know that the new one is the board's.
    """
    if action in _WITH_KEY:
        raise HTTPError(503, _OVER_USB)
    brought = _brought(values) if action == "install" else None
    forget(values)
    from ..credentials.wishes import generated_pin, put_off

    directory = portal.identity._directory
    number = put_off(directory, action, brought, names)
    restart(portal)
    raise PutOff(number, generated_pin(directory) if action == "remove" else None)


async def _with_room(portal, action: str, function, *arguments):
    """Return function(*arguments), tried twice if need be; HTTPError 503 when memory lacks."""
    for attempt in range(2):
        if portal.server:
            portal.server.make_room(portal.work_bytes)
        gc.collect()
        try:
            return await _apart(function, *arguments)
        except MemoryError:
            if attempt or action in _ONCE:
                break
    gc.collect()
    raise busy()


async def _apart(function, *arguments):
    """Return function(*arguments), called from a task of its own, with more of the stack left."""

    async def call():
        return function(*arguments)

    return await asyncio.create_task(call())


# Each does an action on the Identity, with the values, or with a key that was made for it, and
# returns how far an old key was wiped, or None.


def _change_settings(me, values: dict, _) -> None:
    wanted = {}
    for name in values:
        if name in _SETTINGS:
            wanted[name] = text(values, name, _SETTING_BYTES) if values[name] else None
    me.change_settings(**wanted)


def _install(me, values: dict, _) -> None:
    me.install(*_brought(values))


def _remove(me, _, __) -> str:
    return me.remove()


def _renew(me, _, __) -> None:
    me.renew()


def _new_key(me, _, made: bytes | None) -> str:
    return me.new_key(made)


def _reset(me, _, made: bytes | None) -> str:
    return me.reset(made)


_TASKS = {
    "settings": _change_settings,
    "install": _install,
    "remove": _remove,
    "renew": _renew,
    "new-key": _new_key,
    "reset": _reset,
}
"""By the names in http.ACTIONS; "restart" does nothing before the board restarts."""


def _brought(values: dict) -> tuple:
    """Return what texts has read: the certificates, and key and time, each or None."""
    chain, keys = [[data for _, (data,) in values[name]] for name in ("chain", "key")]
    today = text(values, "time") if values.get("time") else None
    return chain, keys[0] if keys else None, today


async def _make_key(portal, request, typed: str) -> bytes | None:
    """Generate another key, if that takes long; *typed* must be the board's host name.

    Meanwhile, other requests have their turn.
    """
    me = portal.identity
    if typed.strip() != me.hostname:
        raise HTTPError(422, "this is not the board's host name", "hostname")
    from ..credentials.background_key import key_for

    portal.leave_turn(request)
    try:
        return await key_for(me)
    finally:
        await portal.take_turn(request)
