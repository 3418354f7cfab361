"""The page's forms, for browsers with or without JavaScript: each is answered by the page.

Not by a redirect: after a change of certificate, the next connection would meet the new one before
its reader has seen the new fingerprint. Each form token serves once, so that a reload repeats
nothing.
"""

from .portal_access import Session, is_equal
from .portal_http import ACTIONS, HTTPError, check_origin, read_form, set_cookie, unauthorized

_DONE = {
    "install": "The certificate is installed, and serves from now on.",
    "remove": "The installed certificate is removed.",
    "renew": "The certificate is signed again, with the same key.",
    "new-key": "The board has made a new key.",
    "reset": "The board is as it was at first boot. Its new token is told over USB.",
    "restart": "The board restarts. Load this page again in a few seconds.",
}


class Outcome:
    """What came of a form that was sent. *action*, *field*: where an error is shown, or None."""

    def __init__(
        self, text: str, is_error: bool = False, action: str = "", field: str | None = None
    ) -> None:
        self.text = text
        self.is_error = is_error
        self.action = action
        self.field = field


async def take_form(portal, request):
    """Do what a form asks for, and return the answer of *portal*, see portal.Portal."""
    action = ""
    try:
        form = read_form(request)
        action = form.get("action", "")
        if action == "sign-in":
            session = portal.open_session(request, form.get("token"))
            return b"", 303, set_cookie(session.secret, "/")
        session = _check_session(portal, request, form)
        if action == "sign-out":
            portal.access.close_session(session)
            return b"", 303, set_cookie(None, "/")
        if action not in ACTIONS:
            raise HTTPError(400, "there is no such form")
        wiped = await portal.perform(action, form)
    except HTTPError as error:
        outcome = Outcome(error.message, True, action, error.field)
        return await portal.page(request, outcome, error.status, error.headers)
    told = _DONE[action]
    if wiped:
        told += f" {wiped[0].upper()}{wiped[1:]}."
    return await portal.page(request, Outcome(told))


def _check_session(portal, request, form: dict) -> Session:
    """Return the session whose page has sent the form, for the first time; HTTPError if not."""
    session = portal.session(request)
    if session is None:
        raise unauthorized("your session has ended: sign in again")
    check_origin(request)
    if not is_equal(form.get("form", ""), session.form_token):
        raise HTTPError(403, "this form is out of date, and has changed nothing: try again")
    portal.access.renew_form(session)
    return session
