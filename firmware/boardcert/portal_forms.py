"""The page's forms, for browsers with or without JavaScript: each is answered by the page.

Not by a redirect: after a change of certificate, the next connection would meet the new one before
its reader has seen the new fingerprint. Each form token serves once, so that a reload repeats
nothing.
"""

from .portal import ACTIONS, Portal, set_cookie
from .portal_access import HTTPError, Session, check_origin, is_equal, unauthorized
from .portal_page import Outcome

_DONE = {
    "install": "The certificate is installed, and serves from now on.",
    "remove": "The installed certificate is removed.",
    "renew": "The certificate is signed again, with the same key.",
    "new-key": "The board has made a new key.",
    "reset": "The board is as it was at first boot. Its new token is told over USB.",
    "restart": "The board restarts. Load this page again in a few seconds.",
}


def take_form(portal: Portal, request):
    """Do what a form asks for, and return the answer."""
    action = ""
    try:
        form = _read(request)
        action = form.get("action", "")
        if action == "sign-in":
            session = portal.open_session(request, form.get("token"))
            return b"", 303, set_cookie(session, "/")
        session = _check_session(portal, request, form)
        if action == "sign-out":
            portal.access.close_session(session)
            return b"", 303, set_cookie(None, "/")
        if action not in ACTIONS:
            raise HTTPError(400, "there is no such form")
        wiped = portal.perform(action, form)
    except HTTPError as error:
        outcome = Outcome(error.message, True, action, error.field)
        return portal.page(request, outcome, error.status, error.headers)
    return portal.page(request, Outcome(f"{_DONE[action]} {wiped or ''}"))


def _read(request) -> dict:
    """Return the fields of an URL-encoded form, as text; HTTPError if it is none."""
    try:
        form = request.form
    except ValueError as error:
        raise HTTPError(400, "the form cannot be read") from error
    if form is None:
        raise HTTPError(415, "send application/x-www-form-urlencoded")
    return {name: form[name] for name in form if isinstance(form[name], str)}


def _check_session(portal: Portal, request, form: dict) -> Session:
    """Return the session whose page has sent the form, for the first time; HTTPError if not."""
    session = portal.session(request)
    if session is None:
        raise unauthorized("your session has ended: sign in again")
    check_origin(request)
    if not is_equal(form.get("form", ""), session.form_token):
        raise HTTPError(403, "this form is out of date, and has changed nothing: try again")
    portal.access.renew_form(session)
    return session
