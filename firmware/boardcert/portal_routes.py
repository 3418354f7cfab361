"""Who answers which request to the page and its API, and with what.

What portal_send is to send is a tuple of a status, a dict of headers, a kind of body and its
data: nothing in it keeps a module in memory.
"""

from .portal_access import Access, Session
from .portal_http import (
    ACTIONS,
    PUT_OFF,
    HTTPError,
    PutOff,
    check_origin,
    find_cookie,
    find_token,
    sender,
    set_cookie,
    unauthorized,
)

_METHODS = {"/": "GET, POST", "/api/identity": "GET", "/api/session": "POST, DELETE"}


async def find_answer(portal, request) -> tuple:
    """Return the answer of *portal* to *request*, see above, after doing what it asks for."""
    try:
        return await Routes(portal, request).find()
    except HTTPError as error:
        return error.status, error.headers, "error", (error.message, error.field)
    except PutOff as error:
        told = {"put_off": error.number, "public_key_pin": error.pin, "message": PUT_OFF}
        return 202, {"Retry-After": "15"}, "json", told


class Routes:
    """The answers of *portal* to one *request*."""

    def __init__(self, portal, request) -> None:
        self.portal = portal
        self.request = request
        self.access = Access(portal.access, portal.identity.admin_token)

    async def find(self) -> tuple:
        """Return the answer; HTTPError for a request that is refused."""
        head = self.request.head
        path, _, _ = head.target.decode().partition("?")
        method = head.method.decode()
        allowed = _allowed(path)
        if method == "HEAD" and "GET" in allowed:
            method = "GET"
        if method not in allowed.split(", "):
            if "GET" in allowed:
                allowed += ", HEAD"
            raise HTTPError(405, "this path does not take that method", None, {"Allow": allowed})
        if path == "/":
            return await self._take_form() if method == "POST" else self.page()
        if path == "/api/identity":
            return 200, {}, "status", None
        if path == "/api/session":
            return await (self._sign_in() if method == "POST" else self._sign_out())
        if path.startswith("/api/"):
            return await self._act(path[len("/api/") :])
        return await self._download(path[1:])

    def page(self, outcome=None, status: int = 200, headers: dict | None = None) -> tuple:
        """Answer with the page for who has sent the request, with the *outcome* of a form."""
        session = self.session()
        form_token = session.form_token if session else None
        return status, headers or {}, "page", (form_token, outcome)

    async def _take_form(self) -> tuple:
        from .portal_forms import take_form

        return await take_form(self)

    async def _download(self, name: str) -> tuple:
        """Answer with the certificate or a request, DER, or PEM with all that it has."""
        me = self.portal.identity
        is_pem = name.endswith(".pem")
        if name.startswith("request"):
            self.authorize()
            from .portal_actions import make_request

            label, found = "CERTIFICATE REQUEST", [await make_request(self)]
            suffix, kind = "csr", "application/pkcs10"
        else:
            label, found = "CERTIFICATE", me.chain
            suffix, kind = "crt", "application/pkix-cert"
        file_name = f"{me.hostname}.{suffix}{'.pem' if is_pem else ''}"
        headers = {
            "Content-Type": "application/x-pem-file" if is_pem else kind,
            "Content-Disposition": f'attachment; filename="{file_name}"',
        }
        return 200, headers, "pem" if is_pem else "der", (label, found)

    async def _sign_in(self) -> tuple:
        from .portal_body import text

        if self.request.head.length > self.portal.small_body_bytes:
            raise HTTPError(413, "this is more than a sign-in needs")
        session = self.open_session(text(await self.fields(), "token"))
        return 204, set_cookie(session.secret), "", None

    async def _sign_out(self) -> tuple:
        session = self.authorize()
        if session is None:
            raise HTTPError(400, "a token opens no session, so there is none to end")
        self.access.close_session(session)
        return 204, set_cookie(None), "", None

    async def _act(self, action: str) -> tuple:
        self.authorize()
        values = await self.fields() if self.request.head.length else {}
        from .portal_actions import perform

        return 200, {}, "status", await perform(self, action, values)

    async def fields(self) -> dict:
        """Return the fields of the body, see portal_body."""
        from .portal_body import read_fields

        return await read_fields(self.request)

    def session(self) -> Session | None:
        """Return the session that the request's cookie belongs to."""
        secret = find_cookie(self.request)
        return self.access.find_session(secret) if secret and self.portal.is_secure else None

    def open_session(self, token: str) -> Session:
        """Return a new session for who knows the *token*; HTTPError if not."""
        self._require_secure()
        if self.request.has(b"origin"):  # A program sends none; another site's page does.
            check_origin(self.request)
        if not token:
            raise HTTPError(422, "the token is missing", "token")
        self.access.check_token(token, sender(self.request))
        return self.access.open_session()

    def authorize(self) -> Session | None:
        """Return if the sender may administer, the session if there is one; HTTPError if not."""
        self._require_secure()
        token = find_token(self.request)
        if token is not None:
            self.access.check_token(token, sender(self.request))
            return None
        session = self.session()
        if session is None:
            raise unauthorized("sign in, or send the token of this board")
        if self.request.head.method not in (b"GET", b"HEAD"):
            check_origin(self.request)
        return session

    def _require_secure(self) -> None:
        if not self.portal.is_secure:
            raise HTTPError(403, "without encryption the board can be read only")


def _allowed(path: str) -> str:
    """Return the methods that *path* takes; HTTPError where there is nothing."""
    if path in ("/certificate.pem", "/certificate.der", "/request.pem", "/request.der"):
        return "GET"
    if path.startswith("/api/") and path[len("/api/") :] in ACTIONS:
        return "POST"
    if path not in _METHODS:
        raise HTTPError(404, "there is nothing at this path")
    return _METHODS[path]
