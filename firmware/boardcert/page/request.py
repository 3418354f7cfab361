"""Tokens, origins and cookies in requests to the page, and cookies in its answers."""

from .http import HTTPError, unauthorized

COOKIE = "__Host-session"
"""Browsers take a cookie with that prefix over HTTPS only, and send it to this host alone."""

_COOKIE_ATTRIBUTES = "; Path=/; Secure; HttpOnly; SameSite=Strict"


def set_cookie(secret: str | None) -> dict:
    """Return the header that begins a session, or with None ends it."""
    cookie = "; Max-Age=0" if secret is None else secret
    return {"Set-Cookie": f"{COOKIE}={cookie}{_COOKIE_ATTRIBUTES}"}


def find_cookie(request) -> str | None:
    """Return the secret of a session that the browser sends, or None."""
    for cookie in request.header(b"cookie").split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == COOKIE:
            return value
    return None


def find_token(request) -> str | None:
    """Return the token in the Authorization header, None without one; HTTPError for others."""
    if not request.has(b"authorization"):
        return None
    scheme, _, token = request.header(b"authorization").partition(" ")
    if scheme.lower() != "bearer":
        raise unauthorized("send `Authorization: Bearer` and the token")
    return token


def sender(request):
    """Return the address that *request* comes from, without the port."""
    peer = request.connection.get_extra_info("peername")
    if isinstance(peer, bytearray):  # The unix port returns a sockaddr_in or sockaddr_in6.
        return bytes(peer[:2] + peer[4:])
    return peer and peer[0]


def check_origin(request) -> None:
    """Raise HTTPError unless a page of this very site has sent *request*.

    Browsers state where a POST comes from; a request with a cookie that does not is refused.
    """
    if request.has(b"origin"):
        is_own = request.header(b"origin") == "https://" + request.header(b"host")
    else:
        is_own = request.header(b"sec-fetch-site") == "same-origin"
    if not is_own:
        raise HTTPError(403, "the request comes from another site")
