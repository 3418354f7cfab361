"""The configuration page and its JSON API, on Microdot; docs/api.md says what they answer.

Reading needs nothing. Administration needs the board's token: in each request of a program
(Authorization: Bearer), or once, by signing in, for a session of the page. What only one kind of
answer needs is imported for it and released again: the memory is wanted for TLS.
"""

import asyncio
import gc

from microdot import Microdot, Response  # pyright: ignore[reportMissingImports]

from .portal_access import Access, Session
from .portal_actions import act
from .portal_calls import apart, without_staying
from .portal_http import (
    ACTIONS,
    COOKIE,
    MESSAGES,
    HTTPError,
    answering,
    check_origin,
    find_token,
    read_json,
    refusing,
    sender,
    set_cookie,
    unauthorized,
)

RESTART_AFTER_MS = 1000
"""From the answer to the restart that it promises."""


class Portal(Microdot):
    """The application that shows and administers *identity*, see lifecycle.Identity.

    *restart*(): starts the board again. *is_secure*: whether it is served over TLS; if not,
    nothing can be administered. *server*: whose counters are told, or None.
    """

    work_bytes = 65_000
    """Free memory that making a key or checking a chain takes, with a reserve: before, the server
    ends connections that ask for nothing, such as those that browsers open in advance."""

    def __init__(self, identity, restart=None, is_secure: bool = True, server=None) -> None:
        super().__init__()
        self.access = Access(identity.admin_token)
        self.is_secure = is_secure
        self._identity = identity
        self._server = server
        self._restart = restart or _reset_board
        self._is_busy = False
        self._headers = without_staying(_page_headers)
        # Or OPTIONS would be allowed everywhere.
        self.options_handler = None  # pyright: ignore[reportAttributeAccessIssue]
        self.after_request_handlers = [self._finish]
        self.after_error_request_handlers = [self._finish]
        for status in MESSAGES:
            self.error_handlers[status] = answering(status)
        self.error_handlers[405] = self._refuse_method
        self._add_routes()

    def _add_routes(self) -> None:
        get, post = ["GET"], ["POST"]
        for path, methods, handler in (
            ("/", get, self._show),
            ("/", post, self._take_form),
            ("/api/identity", get, self._tell),
            ("/<re:(certificate|request)\\.(pem|der):name>", get, self._download),
            ("/api/session", post, self._sign_in),
            ("/api/session", ["DELETE"], self._sign_out),
            (f"/api/<re:{'|'.join(ACTIONS)}:action>", post, self._act),
        ):
            self.route(path, methods)(refusing(handler))

    async def _show(self, request):
        return await self.page(request)

    async def _take_form(self, request):
        from .portal_forms import take_form

        return await take_form(self, request)

    async def _tell(self, _request):
        return self.status()

    async def _download(self, request, name: str):
        """Answer with the certificate or a request, DER, or PEM with all that it has."""
        me = self._identity
        is_pem = name.endswith(".pem")
        if name.startswith("request"):
            self.authorize(request)
            label, found = "CERTIFICATE REQUEST", [await apart(me.csr)]
            suffix, kind = "csr", "application/pkcs10"
        else:
            label, found = "CERTIFICATE", me.chain
            suffix, kind = "crt", "application/pkix-cert"
        file_name = f"{me.hostname}.{suffix}"
        headers = {
            "Content-Type": "application/x-pem-file" if is_pem else kind,
            "Content-Disposition": f'attachment; filename="{file_name}{".pem" if is_pem else ""}"',
        }
        return without_staying(_pem, label, found) if is_pem else found[0], 200, headers

    async def _sign_in(self, request):
        session = self.open_session(request, read_json(request).get("token"))
        return b"", 204, set_cookie(session.secret)

    async def _sign_out(self, request):
        session = self.authorize(request)
        if session is None:
            raise HTTPError(400, "a token opens no session, so there is none to end")
        self.access.close_session(session)
        return b"", 204, set_cookie(None)

    async def _act(self, request, action: str):
        self.authorize(request)
        told = await self.perform(action, read_json(request) if request.content_length else {})
        status = self.status()
        if told:
            status["wiped"] = told
        return status

    def session(self, request) -> Session | None:
        """Return the session that the request's cookie belongs to."""
        secret = request.cookies.get(COOKIE)
        return self.access.find_session(secret) if secret and self.is_secure else None

    def open_session(self, request, token) -> Session:
        """Return a new session for who knows the *token*; HTTPError if not."""
        self._require_secure()
        if "Origin" in request.headers:  # A program sends none; another site's page does.
            check_origin(request)
        if not isinstance(token, str):
            raise HTTPError(422, "the token is missing", "token")
        self.access.check_token(token, sender(request))
        return self.access.open_session()

    def authorize(self, request) -> Session | None:
        """Return if the sender may administer, the session if there is one; HTTPError if not."""
        self._require_secure()
        token = find_token(request)
        if token is not None:
            self.access.check_token(token, sender(request))
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

    async def perform(self, action: str, values: dict) -> str | None:
        """Do *action*, see portal_actions.act; one at a time, and with the memory for it."""
        if self._is_busy:
            message = "the board is at work for another request"
            raise HTTPError(503, message, None, {"Retry-After": "10"})
        if self._server:
            self._server.make_room(self.work_bytes)
        gc.collect()
        self._is_busy = True
        try:
            if action == "restart":
                self._restarting = asyncio.create_task(self._restart_soon())
                return None
            return await act(self._identity, action, values)
        finally:
            self._is_busy = False
            gc.collect()

    async def _restart_soon(self) -> None:
        await asyncio.sleep_ms(RESTART_AFTER_MS)  # pyright: ignore[reportAttributeAccessIssue]
        self._restart()

    def status(self) -> dict:
        """Return the identity's report, and what else may be told to anyone."""
        return without_staying(_status, self._identity, self._server, self.access.wrong_tokens)

    async def page(self, request, outcome=None, status_code: int = 200, more=None) -> Response:
        """Return the page for who sent *request*, with the *outcome* of a form."""
        session = self.session(request)
        form_token = session.form_token if session else None
        shown = (self.status(), form_token, self.is_secure, outcome)
        chunks = await apart(without_staying, _render, *shown)
        length = str(sum([len(chunk) for chunk in chunks]))
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": length}
        headers.update(more or {})
        return Response((chunk for chunk in chunks), status_code, headers)

    async def _refuse_method(self, request):
        response = HTTPError(405, "this path does not take that method").answer()
        allowed = self.default_options_handler(request)["Allow"].replace(", OPTIONS", "")
        response.headers["Allow"] = allowed
        return response

    async def _finish(self, _request, response):
        """Add what every answer says."""
        response.headers.update(self._headers)
        response.reason = "OK" if response.status_code < 400 else "Refused"
        return response


def _page_headers() -> dict:
    from .portal_style import headers

    return headers()


def _status(*arguments) -> dict:
    from .portal_facts import status

    return status(*arguments)


def _pem(label: str, found: list) -> str:
    from .portal_facts import pem

    return "".join([pem(label, data) for data in found])


def _render(*arguments) -> list:
    """Return the page in chunks, see portal_page.Page for *arguments*."""
    from .portal_page import Page, in_chunks

    return list(in_chunks(Page(*arguments).pieces()))


def _reset_board() -> None:
    from machine import reset

    reset()
