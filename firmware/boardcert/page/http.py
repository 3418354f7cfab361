"""Refusals of requests to the page or its API, and the texts of their fields."""

from hashlib import sha256

from .state import LATER, NO_MEMORY

ACTIONS = ("settings", "install", "remove", "renew", "new-key", "reset", "restart")
"""What an administrator may do; in each path of the API, and in each form of the page."""

PUT_OFF = "the board restarts to do this: the outcome follows in some 15 seconds"

ENDED = "your session has ended: sign in again"

_TEXT_BYTES = 256


class HTTPError(Exception):
    """A request that is refused. *field*: the name of the input at fault, or None."""

    def __init__(
        self, status: int, message: str, field: str | None = None, headers: dict | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.headers = headers or {}


class PutOff(Exception):
    """The task is done at the next boot, which comes now.

    *number*: of its outcome; *pin*: of the key that is served then, None if that is not known.
    """

    def __init__(self, number: str, pin: str | None) -> None:
        super().__init__(number)
        self.number = number
        self.pin = pin


def unauthorized(message: str, field: str | None = None) -> HTTPError:
    """Return the HTTPError 401, with the header that RFC 9110, 11.6.1, asks for."""
    return HTTPError(401, message, field, {"WWW-Authenticate": "Bearer"})


def busy(message: str = NO_MEMORY) -> HTTPError:
    """Return the HTTPError 503: the same request may succeed in ten seconds."""
    return HTTPError(503, message, None, dict(LATER))


def refusal(error: HTTPError, form: tuple | None = None) -> tuple:
    """Return the step that answers *error*, see portal.

    *form*: None for the API; of a form of the page, the action and the fields, which come back
    with the page if the same form may succeed later.
    """
    if form is None:
        return error.status, error.headers, "error", (error.message, error.field)
    action, values = form
    if error.status != 503:
        forget(values)
    outcome = error.message, True, action, error.field, values
    return "show.page", outcome, error.status, error.headers


async def refuse(_, request, status: int, message: str, field: str | None, form: tuple) -> tuple:
    """Return the step of refusal: a step of its own, not beside what has read a text."""
    return refusal(HTTPError(status, message, field), form if request.is_form() else None)


def forget(values: dict) -> None:
    """Free the memory of the fields, even if something still refers to them."""
    for pieces in values.values():
        if pieces:
            pieces.clear()
    values.clear()


def text(values: dict, name: str, most_bytes: int = _TEXT_BYTES) -> str:
    """Return the text that *values* have by that *name*, "" without; HTTPError for others."""
    pieces = values.get(name, ())
    if pieces is None or sum([len(piece) for piece in pieces]) > most_bytes:
        raise HTTPError(422, "this must be a short text", name)
    try:
        return b"".join(pieces).decode()
    except UnicodeError:
        raise HTTPError(400, "the request is not UTF-8", name) from None


def is_equal(one: str, other: str) -> bool:
    """Compare two secrets in a time that does not depend on where they differ.

    Both are hashed, and all bytes of the digests are looked at. The time depends on the length of
    each, which is known.
    """
    difference = 0
    for a, b in zip(sha256(one.encode()).digest(), sha256(other.encode()).digest()):  # noqa: B905
        difference |= a ^ b
    return difference == 0
