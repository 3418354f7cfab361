"""Errors of an EST server and of the connection to it, each with what to do about it."""

import contextlib
import re
import ssl
from collections.abc import Iterator

import requests

from ..console import neutral
from ..errors import CHECKED_AND_BAD, COULD_NOT_RUN, Error
from .answer import Answer
from .plan import Plan

AGAIN = "run it again: what is done already is kept"
_NOT_EST = "is this the URL of an EST server? see --server and --label"
_WHO = "authenticate as someone who may enrol: --user NAME, or --client-cert FILE --client-key FILE"
_HINTS = {
    400: "by the CA's rules, which may be about keys, names and addresses; its log says more",
    401: f"check the password, or {_WHO}",
    403: _WHO,
    404: _NOT_EST,
    405: _NOT_EST,
    406: _NOT_EST,
    415: _NOT_EST,
    429: "run it again later",
    500: "its log says more",
    503: "run it again later",
}
_MOST_OF_A_REASON = 300
# What a server says in TLS when it wants a client's certificate, or another: OpenSSL's words.
_CLIENT_ALERT = re.compile(r"alert (unknown ca|handshake failure|access denied|[a-z ]*certificate)")


@contextlib.contextmanager
def explained(plan: Plan) -> Iterator[None]:
    """Raise Error for what goes wrong on the way to the server of *plan*."""
    place = plan.place
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise _tls(plan, error) from error
    except requests.exceptions.RequestException as error:
        if _CLIENT_ALERT.search(_words(error)) or "connection reset" in _words(error):
            raise _tls(plan, error) from error
        kind = "did not answer in time" if isinstance(error, requests.Timeout) else "is unreachable"
        raise Error(f"{place} {kind}", AGAIN) from error
    except KeyError as error:  # What requests misses in a challenge.
        raise strange(place, f"a challenge for Digest without {error}") from error


def strange(place: str, what: str) -> Error:
    """Return the Error for an answer that no EST server gives; *what* it is."""
    return Error(f"{place} sent {what}", _NOT_EST)


def refusal(place: str, operation: str, answer: Answer) -> Error:
    """Return the Error for an *answer* other than what was asked for."""
    status = answer.status
    if 300 <= status < 400 and "location" in answer.headers:
        target = neutral(answer.headers["location"])
        return Error(f"{place} sends to {target}", "if that is right: --server of that place")
    words = reason(answer) or answer.reason
    what = f"{place} answers /{operation} with {status}: {neutral(words)}".rstrip(": ")
    is_decided = 400 <= status < 500 and status not in (404, 405, 408, 429)
    code = CHECKED_AND_BAD if is_decided else COULD_NOT_RUN
    return Error(what, _HINTS.get(status), code)


def reason(answer: Answer) -> str:
    """Return what an *answer* says in words, in one line; nothing for a page or a certificate."""
    if answer.kind not in ("text/plain", "application/json", ""):
        return ""
    words = " ".join(answer.data.decode("utf-8", "replace").split())
    return words[:_MOST_OF_A_REASON].rstrip(".")


def _tls(plan: Plan, error: requests.exceptions.RequestException) -> Error:
    """Return the Error for TLS that failed: their certificate, or ours."""
    place, words = plan.place, _words(error)
    if "certificate verify failed" in words or "hostname" in words:
        reason = _verification(error)
        hint = "--server-ca FILE names its CA, or --server-fingerprint SHA256"
        return Error(f"{place} has no certificate that is trusted here{reason}", hint)
    which = "another client certificate" if plan.login.certificate else "a client certificate"
    hint = "--client-cert FILE --client-key FILE, of a CA that it trusts"
    if _CLIENT_ALERT.search(words):
        return Error(f"{place} wants {which}", hint, CHECKED_AND_BAD)
    # In TLS 1.3 its alert may be lost, when it closes the connection at once.
    return Error(f"{place} broke off TLS", f"it may want {which}: {hint}")


def _words(error: BaseException) -> str:
    return str(error).lower().replace("_", " ")


def _verification(error: BaseException) -> str:
    """Return what OpenSSL says of a certificate, from the exceptions beneath."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            return f": {found.verify_message}"
        beneath = (*found.args, getattr(found, "reason", None), found.__context__)
        found = next((one for one in beneath if isinstance(one, BaseException)), None)
    return ""
