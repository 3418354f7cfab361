"""Who answers which request to the page and its API, and how an answer is sent."""

import gc
import json
import sys

from .portal_access import Access, Session
from .portal_file import head_lines
from .portal_http import (
    ACTIONS,
    HTTPError,
    busy,
    check_origin,
    find_cookie,
    find_token,
    sender,
    set_cookie,
    unauthorized,
)

_PIECE_BYTES = 900
NO_MEMORY = (
    "the board lacks the memory for this beside its connections: try again soon, or over USB"
)

_METHODS = {"/": "GET, POST", "/api/identity": "GET", "/api/session": "POST, DELETE"}


class Answer:
    """What is sent: *pieces*() gives the body's bytes anew each time, so that they can be counted.

    *headers*: beside those of every answer.
    """

    def __init__(self, status: int, headers: dict, pieces=None) -> None:
        self.status = status
        self.headers = headers
        self.pieces = pieces or tuple


class Routes:
    """The answers of *portal* to one *request*."""

    def __init__(self, portal, request) -> None:
        self.portal = portal
        self.request = request
        self.access = Access(portal.access, portal.identity.admin_token)

    async def find(self) -> Answer:
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
            return await self._take_form() if method == "POST" else self._page()
        if path == "/api/identity":
            return self.told()
        if path == "/api/session":
            return await (self._sign_in() if method == "POST" else self._sign_out())
        if path.startswith("/api/"):
            return await self._act(path[len("/api/") :])
        return await self._download(path[1:])

    def told(self, wiped: str | None = None) -> Answer:
        """Return the answer of the API that tells the identity's state."""
        status = self.status()
        if wiped:
            status["wiped"] = wiped
        return _json_answer(200, {}, status)

    def status(self) -> dict:
        """Return the identity's report, and what else may be told to anyone."""
        from .portal_facts import status

        portal = self.portal
        return twice(lambda: status(portal.identity, portal.server, portal.access.wrong_tokens))

    def _page(self) -> Answer:
        from .portal_page import page

        return page(self)

    async def _take_form(self) -> Answer:
        from .portal_forms import take_form

        return await take_form(self)

    async def _download(self, name: str) -> Answer:
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
        if not is_pem:
            return Answer(200, headers, lambda: found[:1])
        from .portal_facts import pem

        return Answer(200, headers, lambda: (line for der in found for line in pem(label, der)))

    async def _sign_in(self) -> Answer:
        from .portal_body import text

        if self.request.head.length > self.portal.small_body_bytes:
            raise HTTPError(413, "this is more than a sign-in needs")
        session = self.open_session(text(await self.fields(), "token"))
        return Answer(204, set_cookie(session.secret))

    async def _sign_out(self) -> Answer:
        session = self.authorize()
        if session is None:
            raise HTTPError(400, "a token opens no session, so there is none to end")
        self.access.close_session(session)
        return Answer(204, set_cookie(None))

    async def _act(self, action: str) -> Answer:
        self.authorize()
        values = await self.fields() if self.request.head.length else {}
        from .portal_actions import perform

        return self.told(await perform(self, action, values))

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


async def answer(portal, request) -> None:
    """Answer *request*; what is refused, or fails for lack of memory, is answered as well."""
    routes = Routes(portal, request)
    try:
        await _send(request, await routes.find())
    except HTTPError as error:
        await _send(request, _refusal(error))
    except MemoryError as error:
        if request.has_begun:
            raise
        sys.print_exception(error)
        gc.collect()
        await _send(request, _refusal(busy(NO_MEMORY)))


def twice(function):
    """Return function(); when memory lacks, once more, without what the first try has left."""
    try:
        return function()
    except MemoryError:
        gc.collect()
    return function()


def _refusal(error: HTTPError) -> Answer:
    body = {"error": {"message": error.message, "field": error.field}}
    return _json_answer(error.status, error.headers, body)


def _json_answer(status: int, headers: dict, body: dict) -> Answer:
    """Return an answer in JSON, of which no more than one member is written at once."""

    def pieces():
        separator = "{"
        for name in body:
            yield f"{separator}{json.dumps(name)}: {json.dumps(body[name])}".encode()
            separator = ", "
        yield b"}"

    answer = Answer(status, {"Content-Type": "application/json; charset=UTF-8"}, pieces)
    answer.headers.update(headers)
    return answer


async def _send(request, answer: Answer) -> None:
    """Send *answer*: its head with its length, then its pieces, several short ones at once."""
    size = twice(lambda: sum([len(piece) for piece in answer.pieces()]))
    # What was not read of a body would have to be: who has sent it is no administrator.
    request.is_kept = request.is_kept and not request.has_long_rest()
    word = "OK" if answer.status < 400 else "Refused"
    lines = [f"HTTP/1.1 {answer.status} {word}".encode(), f"Content-Length: {size}".encode()]
    lines += [f"{name}: {answer.headers[name]}".encode() for name in answer.headers]
    request.begin(lines + head_lines())
    del lines
    for chunk in in_chunks(answer.pieces()):
        await request.write(chunk)


def in_chunks(pieces):
    """Yield the bytes of *pieces*, several short ones at once: each chunk is a TLS record."""
    waiting, size = [], 0
    for piece in pieces:
        if size + len(piece) > _PIECE_BYTES and waiting:
            yield b"".join(waiting)
            waiting, size = [], 0
        waiting.append(piece)
        size += len(piece)
    yield b"".join(waiting)
