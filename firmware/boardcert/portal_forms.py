"""The page's forms, for browsers with or without JavaScript: each is answered by the page.

Not by a redirect: after a change of certificate, the next connection would meet the new one before
its reader has seen the new fingerprint. Each form token serves once, so that a reload repeats
nothing.
"""

from .portal_access import Session, is_equal
from .portal_body import text
from .portal_http import (
    ACTIONS,
    PUT_OFF,
    HTTPError,
    PutOff,
    check_origin,
    set_cookie,
    unauthorized,
)

_DONE = {
    "install": "The certificate is installed, and serves from now on.",
    "remove": "The installed certificate is removed.",
    "renew": "The certificate is signed again, with the same key.",
    "new-key": "The board has made a new key.",
    "reset": "The board is as it was at first boot. Its new token is told over USB.",
    "restart": "The board restarts. Load this page again in a few seconds.",
}
_ENDED = "your session has ended: sign in again"


async def take_form(routes) -> tuple:
    """Do what a form asks for, and return the answer; *routes*: see portal_routes.Routes."""
    action, values = "", {}
    request = routes.request
    try:
        if request.head.length > routes.portal.small_body_bytes and routes.session() is None:
            raise unauthorized(_ENDED)
        values = await routes.fields()
        action = text(values, "action")
        if action == "sign-in":
            session = routes.open_session(text(values, "token"))
            return _redirect(session.secret)
        session = _check_session(routes, values)
        if action == "sign-out":
            routes.access.close_session(session)
            return _redirect(None)
        if action not in ACTIONS:
            raise HTTPError(400, "there is no such form")
        from .portal_actions import perform

        wiped = await perform(routes, action, values)
    except HTTPError as error:
        kept = values if error.status == 503 else {}
        outcome = error.message, True, action, error.field, kept
        return routes.page(outcome, error.status, error.headers)
    except PutOff:
        return routes.page((PUT_OFF[0].upper() + PUT_OFF[1:] + ".", False, action, None, {}))
    told = _DONE[action]
    if wiped:
        told += f" {wiped[0].upper()}{wiped[1:]}."
    return routes.page((told, False, action, None, {}))


def _redirect(secret: str | None) -> tuple:
    headers = set_cookie(secret)
    headers["Location"] = "/"
    return 303, headers, "", None


def _check_session(routes, values: dict) -> Session:
    """Return the session whose page has sent the form, for the first time; HTTPError if not."""
    session = routes.session()
    if session is None:
        raise unauthorized(_ENDED)
    check_origin(routes.request)
    if not is_equal(text(values, "form"), session.form_token):
        raise HTTPError(403, "this form is out of date, and has changed nothing: try again")
    routes.access.renew_form(session)
    return session
