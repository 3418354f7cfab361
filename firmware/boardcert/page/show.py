"""The page, as the sender of a request may see it, and its forms before they are read."""

from .access import Access, Session
from .http import ENDED, HTTPError, refusal, unauthorized
from .request import check_origin, find_cookie


async def find(portal, request) -> tuple:
    """Return the step that a request for the page leads to, see portal."""
    method = request.head.method
    if method in (b"GET", b"HEAD"):
        return show(portal, request)
    if method != b"POST":
        return ("routes.find",)  # It refuses that.
    try:
        return "body.read", "forms.take", _check_sender(portal, request)
    except HTTPError as error:
        return refusal(error, ("", {}))


def _check_sender(portal, request) -> list | None:
    """Return what is kept of the sender's session, or None; HTTPError for a long form without."""
    session = find_session(portal, request, Access(portal.access, portal.identity.admin_token))
    if session:
        check_origin(request)
        return session.kept
    if request.head.length > portal.small_body_bytes:
        raise unauthorized(ENDED)
    return None


def find_session(portal, request, access: Access) -> Session | None:
    """Return the session that the cookie of *request* belongs to."""
    secret = find_cookie(request)
    return access.find_session(secret) if secret and portal.is_secure else None


def show(portal, request, outcome=None, status: int = 200, headers=None) -> tuple:
    """Answer with the page for the sender of *request*, with the *outcome* of a form."""
    access = Access(portal.access, portal.identity.admin_token)
    session = find_session(portal, request, access)
    if session and not session.form_token:
        access.renew_form(session)
    return status, headers or {}, "page", (session and session.form_token, outcome)


async def page(portal, request, *data) -> tuple:
    """Return the answer that show makes of *data*."""
    return show(portal, request, *data)
