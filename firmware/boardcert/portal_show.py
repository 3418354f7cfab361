"""The page for who has sent a request: whether that is a browser that has signed in."""

from .portal_access import Access, Session
from .portal_request import find_cookie


def find_session(portal, request, access: Access) -> Session | None:
    """Return the session that the cookie of *request* belongs to."""
    secret = find_cookie(request)
    return access.find_session(secret) if secret and portal.is_secure else None


def show(portal, request, outcome=None, status: int = 200, headers=None) -> tuple:
    """Answer with the page for who has sent *request*, with the *outcome* of a form."""
    access = Access(portal.access, portal.identity.admin_token)
    session = find_session(portal, request, access)
    if session and not session.form_token:
        access.renew_form(session)
    return status, headers or {}, "page", (session and session.form_token, outcome)


async def page(portal, request, *data) -> tuple:
    """Return the answer that show makes of *data*."""
    return show(portal, request, *data)
