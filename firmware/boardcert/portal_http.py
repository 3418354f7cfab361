"""What requests carry and what answers say, for the page: tokens, origins, cookies, errors."""

ACTIONS = ("install", "remove", "renew", "new-key", "reset", "restart")
"""What an administrator may do; in each path of the API, and in each form of the page."""

COOKIE = "__Host-session"
"""Browsers take a cookie with that prefix over HTTPS only, and send it to this host alone."""

NO_MEMORY = "the board lacks the memory beside its connections: try again soon, or over USB"

PUT_OFF = "the board restarts to do this: in some 15 seconds it tells what came of it"

_COOKIE_ATTRIBUTES = "; Path=/; Secure; HttpOnly; SameSite=Strict"


class HTTPError(Exception):
    """A request that is refused. *field*: the name of the input that is to blame, or None."""

    def __init__(
        self, status: int, message: str, field: str | None = None, headers: dict | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.headers = headers or {}


class PutOff(Exception):
    """What was asked for is done at the next boot, which comes now.

    *number*: of its outcome; *pin*: of the key that serves then, or None where that is not known.
    """

    def __init__(self, number: str, pin: str | None) -> None:
        super().__init__(number)
        self.number = number
        self.pin = pin


def unauthorized(message: str, field: str | None = None) -> HTTPError:
    """Return the HTTPError 401, with the header that RFC 9110, 11.6.1, asks for."""
    return HTTPError(401, message, field, {"WWW-Authenticate": "Bearer"})


def busy(message: str, wait_s: int = 10) -> HTTPError:
    """Return the HTTPError 503: the same request may do in *wait_s* seconds."""
    return HTTPError(503, message, None, {"Retry-After": str(wait_s)})


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
    if isinstance(peer, bytearray):  # The unix port tells a sockaddr_in or sockaddr_in6.
        return bytes(peer[:2] + peer[4:])
    return peer and peer[0]


def check_origin(request) -> None:
    """Raise HTTPError unless a page of this very site has sent *request*.

    Browsers say where a POST comes from; whoever shows a cookie and does not say it is refused.
    """
    if request.has(b"origin"):
        is_own = request.header(b"origin") == "https://" + request.header(b"host")
    else:
        is_own = request.header(b"sec-fetch-site") == "same-origin"
    if not is_own:
        raise HTTPError(403, "the request comes from another site")
