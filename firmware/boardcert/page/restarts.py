"""Restart the board after an answer, and have the browser load the page again."""

import asyncio

from .http import PUT_OFF, PutOff

_AFTER_MS = 1000
"""From the answer to the restart that it announces."""

_RELOAD_S = 20
"""From an answer in a browser until it loads the page again: the board has restarted by then."""

RELOADS = " This page reloads in 20 seconds."


def restart(portal) -> None:
    """Restart the board in a moment, when the answer has been sent."""
    portal.restarting = asyncio.create_task(portal.restart_soon(_AFTER_MS))


def reload_from(place: str) -> dict:
    """Return the header that makes a browser load *place* after the restart."""
    return {"Refresh": f"{_RELOAD_S}; url={place}"}


def url_after(old: str, request, new: str) -> str:
    """Return the URL after the restart: by the *new* name if the *old* one was used.

    *new*: another host name, the same, or empty.
    """
    host, _, port = request.header(b"host").partition(":")
    if not new or host.lower() != _full_name(old):
        return "/"
    return f"https://{_full_name(new)}:{port or 443}/"


def _full_name(name: str) -> str:
    return name if "." in name else name + ".local"


def put_off_step(request, put_off: PutOff, action: str) -> tuple:
    """Return the step that answers that *action* is done after a restart."""
    if request.is_form():
        message = f"{PUT_OFF[0].upper()}{PUT_OFF[1:]}.{RELOADS}"
        return "show.page", (message, False, action, None, {}), 200, reload_from("/")
    answer = {"put_off": put_off.number, "public_key_pin": put_off.pin, "message": PUT_OFF}
    return 202, {"Retry-After": "15"}, "json", answer
