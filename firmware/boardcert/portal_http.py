"""What requests carry and what answers say, for the portal: tokens, origins, JSON, errors."""

import gc
import sys

ACTIONS = ("install", "remove", "renew", "new-key", "reset", "restart")
"""What an administrator may do; in each path of the API, and in each form of the page."""

COOKIE = "__Host-session"
"""Browsers take a cookie with that prefix over HTTPS only, and send it to this host alone."""

_COOKIE_ATTRIBUTES = "; Path=/; Secure; HttpOnly; SameSite=Strict"

_NO_MEMORY = "the board lacks the memory beside this connection; over USB it has more"

MESSAGES = {
    400: "the request cannot be read",
    404: "there is nothing at this path",
    413: "this is more than the board takes",
    500: "the board has failed; its serial console tells more",
}


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

    def answer(self):
        """Return it as a Response of the API."""
        from microdot import Response  # pyright: ignore[reportMissingImports]

        body = {"error": {"message": self.message, "field": self.field}}
        return Response(body, self.status, self.headers)


def unauthorized(message: str, field: str | None = None) -> HTTPError:
    """Return the HTTPError 401, with the header that RFC 9110, 11.6.1, asks for."""
    return HTTPError(401, message, field, {"WWW-Authenticate": "Bearer"})


def refusing(handler):
    """Return *handler* with an HTTPError turned into its answer."""

    async def handle(request, **parts):
        try:
            return await handler(request, **parts)
        except HTTPError as error:
            return error.answer()
        except MemoryError as error:
            sys.print_exception(error)
            gc.collect()
            return HTTPError(500, _NO_MEMORY).answer()

    return handle


def answering(status: int):
    """Return the handler for what Microdot answers with *status*, one of MESSAGES."""

    async def answer(_request):
        return HTTPError(status, MESSAGES[status]).answer()

    return answer


def set_cookie(secret: str | None, location: str | None = None) -> dict:
    """Return the headers that begin a session, or with None end it; and go to *location*."""
    cookie = "; Max-Age=0" if secret is None else secret
    headers = {"Set-Cookie": f"{COOKIE}={cookie}{_COOKIE_ATTRIBUTES}"}
    if location:
        headers["Location"] = location
    return headers


def find_token(request) -> str | None:
    """Return the token in the Authorization header, None without one; HTTPError for others."""
    given = request.headers.get("Authorization")
    if given is None:
        return None
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer":
        raise unauthorized("send `Authorization: Bearer` and the token")
    return token


def sender(request):
    """Return the address that *request* comes from, without the port."""
    peer = request.client_addr
    if isinstance(peer, bytearray):  # The unix port tells a sockaddr_in or sockaddr_in6.
        return bytes(peer[:2] + peer[4:])
    return peer and peer[0]


def check_origin(request) -> None:
    """Raise HTTPError unless a page of this very site has sent *request*.

    Browsers say where a POST comes from; whoever shows a cookie and does not say it is refused.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        is_own = request.headers.get("Sec-Fetch-Site") == "same-origin"
    else:
        is_own = origin == "https://" + request.headers.get("Host", "")
    if not is_own:
        raise HTTPError(403, "the request comes from another site")


def read_json(request) -> dict:
    """Return the object that the request's body is; HTTPError 415 or 400 if it is none."""
    kind = (request.content_type or "").split(";")[0]
    if kind != "application/json":
        raise HTTPError(415, "send application/json")
    try:
        values = request.json
    except ValueError:
        values = None
    _forget_body(request)
    if not isinstance(values, dict):
        raise HTTPError(400, "the body is not a JSON object")
    return values


def read_form(request) -> dict:
    """Return the fields of an URL-encoded form, as text; HTTPError if it is none."""
    try:
        form = request.form
    except ValueError as error:
        raise HTTPError(400, "the form cannot be read") from error
    _forget_body(request)
    if form is None:
        raise HTTPError(415, "send application/x-www-form-urlencoded")
    return {name: form[name] for name in form if isinstance(form[name], str)}


def _forget_body(request) -> None:
    """Drop what Microdot keeps as long as the request lasts: memory is short."""
    request._body = b""
    request._json = request._form = None


def text(values: dict, name: str) -> str:
    """Return the text that *values* have by that *name*, "" without; HTTPError for others."""
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise HTTPError(422, "this must be text", name)
    return value
