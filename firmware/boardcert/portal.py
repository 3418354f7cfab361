"""The configuration page and its JSON API, on Microdot; docs/api.md says what they answer.

Reading needs nothing. Administration needs the board's token: in each request of a program
(Authorization: Bearer), or once, by signing in, for a session of the page.
"""

import asyncio
import gc
from binascii import b2a_base64, unhexlify

from microdot import Microdot, Response  # pyright: ignore[reportMissingImports]

from . import Error, RefusedError, board, fields
from .portal_access import Access, HTTPError, Session, check_origin, find_token, unauthorized
from .portal_style import headers
from .portal_words import words

RESTART_AFTER_MS = 1000
"""From the answer to the restart that it promises."""

ACTIONS = ("install", "remove", "renew", "new-key", "reset", "restart")

_COOKIE = "__Host-session"  # Browsers take one of that prefix over HTTPS only, and for this host.
_COOKIE_ATTRIBUTES = "; Path=/; Secure; HttpOnly; SameSite=Strict"

_REASONS = {
    200: "OK",
    204: "No Content",
    303: "See Other",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


class Portal(Microdot):
    """The application that shows and administers *identity*, see lifecycle.Identity.

    *restart*(): starts the board again. *is_secure*: whether it is served over TLS; if not,
    nothing can be administered. *server*: whose counters are told, or None.
    """

    def __init__(self, identity, restart=None, is_secure: bool = True, server=None) -> None:
        super().__init__()
        self.access = Access(identity.admin_token)
        self.is_secure = is_secure
        self._identity = identity
        self._server = server
        self._restart = restart or _reset_board
        self._headers = headers()
        # Or OPTIONS would be allowed everywhere.
        self.options_handler = None  # pyright: ignore[reportAttributeAccessIssue]
        self.after_request_handlers = [self._finish]
        self.after_error_request_handlers = [self._finish]
        for status in (400, 404, 413, 500):
            self.error_handlers[status] = _answering(status)
        self.error_handlers[405] = self._refuse_method
        self._add_routes()

    def _add_routes(self) -> None:
        get, post = ["GET"], ["POST"]
        for path, methods, handler in (
            ("/", get, self._show),
            ("/", post, self._take_form),
            ("/api/identity", get, self._tell),
            ("/certificate\\.pem", get, self._certificate_pem),
            ("/certificate\\.der", get, self._certificate_der),
            ("/request\\.pem", get, self._request_pem),
            ("/request\\.der", get, self._request_der),
            ("/api/session", post, self._sign_in),
            ("/api/session", ["DELETE"], self._sign_out),
        ):
            self.route(path, methods)(_refusing(handler))
        for action in ACTIONS:
            self.route(f"/api/{action}", post)(_refusing(self._performing(action)))

    async def _show(self, request):
        return self.page(request)

    async def _take_form(self, request):
        from .portal_forms import take_form

        return take_form(self, request)

    async def _tell(self, _request):
        return self.status()

    async def _certificate_pem(self, _request):
        parts = [_pem("CERTIFICATE", certificate) for certificate in self._identity.chain]
        return self._file("".join(parts), "pem", "application/pem-certificate-chain")

    async def _certificate_der(self, _request):
        return self._file(self._identity.certificate, "der", "application/pkix-cert")

    async def _request_pem(self, request):
        self.authorize(request)
        text = _pem("CERTIFICATE REQUEST", self._identity.csr())
        return self._file(text, "csr.pem", "application/x-pem-file")

    async def _request_der(self, request):
        self.authorize(request)
        return self._file(self._identity.csr(), "csr.der", "application/pkcs10")

    def _file(self, body, suffix: str, kind: str) -> tuple:
        name = f'attachment; filename="{self._identity.hostname}.{suffix}"'
        return body, 200, {"Content-Type": kind, "Content-Disposition": name}

    async def _sign_in(self, request):
        session = self.open_session(request, _read_json(request).get("token"))
        return b"", 204, set_cookie(session)

    async def _sign_out(self, request):
        session = self.authorize(request)
        if session is None:
            raise HTTPError(400, "a token opens no session, so there is none to end")
        self.access.close_session(session)
        return b"", 204, set_cookie(None)

    def _performing(self, action: str):
        async def perform(request):
            self.authorize(request)
            told = self.perform(action, _read_json(request) if request.content_length else {})
            status = self.status()
            if told:
                status["wiped"] = told
            return status

        return perform

    def session(self, request) -> Session | None:
        """Return the session that the request's cookie belongs to."""
        secret = request.cookies.get(_COOKIE)
        return self.access.find_session(secret) if secret and self.is_secure else None

    def open_session(self, request, token) -> Session:
        """Return a new session for who knows the *token*; HTTPError if not."""
        self._require_secure()
        if "Origin" in request.headers:  # A program sends none; another site's page does.
            check_origin(request)
        if not isinstance(token, str):
            raise HTTPError(422, "the token is missing", "token")
        self.access.check_token(token)
        return self.access.open_session()

    def authorize(self, request) -> Session | None:
        """Return if the sender may administer, the session if there is one; HTTPError if not."""
        self._require_secure()
        token = find_token(request)
        if token is not None:
            self.access.check_token(token)
            return None
        session = self.session(request)
        if session is None:
            raise unauthorized("sign in, or send the token of this board")
        if request.method not in ("GET", "HEAD"):
            check_origin(request)
        return session

    def _require_secure(self) -> None:
        if not self.is_secure:
            raise HTTPError(403, "without encryption the board can be read only")

    def perform(self, action: str, values: dict) -> str | None:
        """Do *action* with the *values* of a form or JSON object; HTTPError when it is refused.

        Return a sentence on how far an old key was wiped, or None.
        """
        me = self._identity
        if action in ("new-key", "reset"):
            self._confirm(values.get("hostname"))
        gc.collect()
        try:
            if action == "install":
                return me.install(_text(values, "chain"), _text(values, "key") or None)
            if action == "restart":
                self._restarting = asyncio.create_task(self._restart_soon())
                return None
            return getattr(me, action.replace("-", "_"))()
        except RefusedError as error:
            raise HTTPError(422, str(error), error.field) from error
        except (Error, OSError, ValueError) as error:
            raise HTTPError(500, f"{type(error).__name__}: {error}") from error
        finally:
            gc.collect()

    def _confirm(self, typed) -> None:
        if not isinstance(typed, str) or typed.strip().lower() != self._identity.hostname:
            raise HTTPError(422, "this is not the board's host name", "hostname")

    async def _restart_soon(self) -> None:
        await asyncio.sleep_ms(RESTART_AFTER_MS)  # pyright: ignore[reportAttributeAccessIssue]
        self._restart()

    def status(self) -> dict:
        """Return the identity's report, and what else may be told to anyone."""
        status = self._identity.report()
        fingerprint = unhexlify(status["fingerprint"].replace(":", ""))
        status["words"] = words(fingerprint)
        status["days_left"] = _days_left(status["not_after"])
        status["wrong_tokens"] = self.access.wrong_tokens
        if self._server:
            counted = ("accepted", "refused", "failed")
            status["connections"] = {name: getattr(self._server, name) for name in counted}
        status["memory"] = {"used_bytes": gc.mem_alloc(), "free_bytes": gc.mem_free()}
        return status

    def page(self, request, outcome=None, status_code: int = 200, more=None) -> Response:
        """Return the page for who sent *request*, with the *outcome* of a form."""
        from .portal_page import Page, in_chunks

        session = self.session(request)
        form_token = session.form_token if session else None
        gc.collect()
        pieces = Page(self.status(), form_token, self.is_secure, outcome).pieces()
        length = str(sum([len(piece) for piece in pieces]))
        page_headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": length}
        page_headers.update(more or {})
        return Response(in_chunks(pieces), status_code, page_headers)

    async def _refuse_method(self, request):
        response = _refusal(HTTPError(405, "this path does not take that method"))
        allowed = self.default_options_handler(request)["Allow"].replace(", OPTIONS", "")
        response.headers["Allow"] = allowed
        return response

    async def _finish(self, _request, response):
        """Add what every answer says."""
        response.headers.update(self._headers)
        response.reason = _REASONS.get(response.status_code)
        return response


def set_cookie(session: Session | None, location: str | None = None) -> dict:
    """Return the headers that begin *session*, or end the one there was; and go to *location*."""
    cookie = f"{session.secret}" if session else "; Max-Age=0"
    found = {"Set-Cookie": f"{_COOKIE}={cookie}{_COOKIE_ATTRIBUTES}"}
    if location:
        found["Location"] = location
    return found


def _refusing(handler):
    """Return *handler* with an HTTPError turned into its answer."""

    async def handle(request):
        try:
            return await handler(request)
        except HTTPError as error:
            return _refusal(error)

    return handle


def _answering(status: int):
    async def answer(_request):
        return _refusal(HTTPError(status, _REASONS[status].lower()))

    return answer


def _refusal(error: HTTPError) -> Response:
    body = {"error": {"message": error.message, "field": error.field}}
    return Response(body, error.status, error.headers)


def _read_json(request) -> dict:
    """Return the object that the request's body is; HTTPError 415 or 400 if it is none."""
    kind = (request.content_type or "").split(";")[0]
    if kind != "application/json":
        raise HTTPError(415, "send application/json")
    try:
        values = request.json
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise HTTPError(400, "the body is not a JSON object")
    return values


def _text(values: dict, name: str) -> str:
    value = values.get(name) or ""
    if not isinstance(value, str):
        raise HTTPError(422, "this must be text", name)
    return value


def _pem(label: str, data: bytes) -> str:
    lines = [b2a_base64(data[i : i + 48]).decode() for i in range(0, len(data), 48)]
    return f"-----BEGIN {label}-----\n{''.join(lines)}-----END {label}-----\n"


def _days_left(not_after: str) -> int | None:
    """Return the whole days until *not_after*, negative when it is over; None without a clock."""
    now = board.utc_now()
    if now is None:
        return None
    end = [int(part) for part in not_after[:10].split("-")]
    return fields.day_number(*end) - fields.day_number(*now[:3])


def _reset_board() -> None:
    from machine import reset

    reset()
