"""Steps of portal: find what answers a request, other than the page's own."""

from .access import Access, Session
from .http import ACTIONS, HTTPError, refusal, text, unauthorized
from .request import check_origin, find_token, sender, set_cookie
from .show import find_session


async def find(portal, request) -> tuple:
    """Return the step for *request*, see portal, which does what it asks for."""
    try:
        return Routes(portal, request).find()
    except HTTPError as error:
        return refusal(error)


async def sign_in(portal, request, values: dict) -> tuple:
    """Open a session for a sender who knows the token, from the page or from a program."""
    try:
        session = Routes(portal, request).open_session(text(values, "token"))
    except HTTPError as error:
        return refusal(error, ("sign-in", values) if request.is_form() else None)
    return _signed(request, session.secret)


async def sign_out(portal, request, kept: list) -> tuple:
    """End the session that has *kept*, see access."""
    Routes(portal, request).access.close_session(Session(kept))
    return _signed(request, None)


def _signed(request, secret: str | None) -> tuple:
    headers = set_cookie(secret)
    if not request.is_form():
        return 204, headers, "", None
    headers["Location"] = "/"
    return 303, headers, "", None


class Routes:
    """The answers of *portal* to one *request*."""

    def __init__(self, portal, request) -> None:
        self.portal = portal
        self.request = request
        self.access = Access(portal.access, portal.identity.admin_token)

    def find(self) -> tuple:
        """Return the step; HTTPError for a request that is refused."""
        head = self.request.head
        path, _, _ = head.target.decode().partition("?")
        method = head.method.decode()
        answers = _answers(path)
        if method == "HEAD" and "GET" in answers:
            method = "GET"
        if method not in answers:
            allowed = sorted(answers) + (["HEAD"] if "GET" in answers else [])
            headers = {"Allow": ", ".join(allowed)}
            raise HTTPError(405, "wrong method for this path", None, headers)
        return answers[method](self, path[path.rfind("/") + 1 :])

    # What answers: each gets the last part of the path.

    def identity(self, _) -> tuple:
        """Answer with what anyone may know about the identity."""
        return 200, {}, "status", None

    def read_token(self, _) -> tuple:
        """Answer with a session if the token is right."""
        if self.request.head.length > self.portal.small_body_bytes:
            raise HTTPError(413, "too long for a sign-in")
        return "body.read", "routes.sign_in"

    def sign_out(self, _) -> tuple:
        """End the session that the request belongs to."""
        session = self.authorize()
        if session is None:
            raise HTTPError(400, "there is no session to end")
        return "routes.sign_out", session.kept

    def act(self, action: str) -> tuple:
        """Do the *action* of an administrator."""
        self.authorize()
        if not self.request.head.length:
            return "forms.read", action, {}
        return "body.read", "forms.read", action

    def certificate_request(self, name: str) -> tuple:
        """Answer with a certificate request, DER or PEM; for the names in ?names=, if any."""
        self.authorize()
        _, _, names = self.request.head.target.decode().partition("?names=")
        return "actions.make_request", name.endswith(".pem"), names.split(",") if names else None

    def certificate(self, name: str) -> tuple:
        """Answer with the certificate: DER, or PEM with all its chain."""
        is_pem = name.endswith(".pem")
        me = self.portal.identity
        return 200, {}, "pem" if is_pem else "der", ("CERTIFICATE", "crt", me.chain)

    def authority(self, name: str) -> tuple:
        """Answer with the certificate of the board's own authority."""
        return "authority.answer", name

    def session(self) -> Session | None:
        """Return the session that the request's cookie belongs to."""
        return find_session(self.portal, self.request, self.access)

    def open_session(self, token: str) -> Session:
        """Return a new session if the *token* is right, else raise HTTPError."""
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
            raise HTTPError(403, "without encryption, the page is read-only")


_ANSWERS = {
    "/": {"GET": None, "POST": None},  # By show: what comes here has another method.
    "/api/identity": {"GET": Routes.identity},
    "/api/session": {"POST": Routes.read_token, "DELETE": Routes.sign_out},
    "/certificate.pem": {"GET": Routes.certificate},
    "/certificate.der": {"GET": Routes.certificate},
    "/authority.crt": {"GET": Routes.authority},
    "/authority.mobileconfig": {"GET": Routes.authority},
    "/request.pem": {"GET": Routes.certificate_request},
    "/request.der": {"GET": Routes.certificate_request},
}
"""What answers a path, by the method; and see http.ACTIONS."""


def _answers(path: str) -> dict:
    """Return what answers *path*, by the method; HTTPError where there is nothing."""
    if path in _ANSWERS:
        return _ANSWERS[path]
    if path in [f"/api/{action}" for action in ACTIONS]:
        return {"POST": Routes.act}
    raise HTTPError(404, "unknown path")
