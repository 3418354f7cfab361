"""Errors of an ACME CA in plain words, each with what to do about it.

The kinds of problems are those of RFC 8555, section 6.7.
"""

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from acme import errors, messages
from josepy.errors import Error as JOSEError

from ..errors import CHECKED_AND_BAD, Error

_OTHER_KEY = "another key type may work: boardcert set HOST key_type=p384, then new-key HOST"
_HINTS = {
    "rateLimited": "run it again later; --directory letsencrypt-staging is for trying it out",
    "externalAccountRequired": "the CA gives you a key identifier and a key: --eab-kid, --eab-key",
    "userActionRequired": "see its terms of service, then --agree-tos",
    "rejectedIdentifier": "its policy does not allow this name",
    "badCSR": _OTHER_KEY,
    "badPublicKey": _OTHER_KEY,
    "invalidContact": "see --email",
    "unsupportedContact": "see --email",
    "serverInternal": "run it again later: what is done already is kept",
    "caa": "a CAA record of the domain permits other CAs only",
}
_AGAIN = "run it again: what is done already is kept"


@contextlib.contextmanager
def explained(directory: str) -> Iterator[None]:
    """Raise Error for what goes wrong with the CA at *directory*, a URL."""
    place = urlsplit(directory).netloc
    try:
        yield
    except messages.Error as error:
        raise refusal(place, error) from error
    except errors.ValidationError as error:
        raise _invalid(place, error) from error
    except errors.IssuanceError as error:
        raise refusal(place, error.error) from error
    except errors.TimeoutError as error:
        raise Error(f"{place} has not decided in time", _AGAIN) from error
    except requests.exceptions.SSLError as error:
        hint = "--directory-ca FILE names the CA that has signed for it"
        raise Error(f"{place} has no certificate that is trusted here", hint) from error
    except requests.exceptions.RequestException as error:
        kind = "did not answer in time" if isinstance(error, requests.Timeout) else "is unreachable"
        raise Error(f"{place} {kind}", _AGAIN) from error
    except (errors.Error, JOSEError, ValueError) as error:
        # Also what the library raises for an answer that has another form.
        hint = "is this the URL of an ACME directory? see --directory"
        raise Error(f"{place} sent an answer that is not ACME", hint) from error


def is_kind(error: messages.Error, *kinds: str) -> bool:
    """Return whether *error* is of one of *kinds*, such as "badNonce"."""
    return error.code in kinds


def refusal(place: str, error: messages.Error) -> Error:
    """Return the Error for a problem document that the CA at *place* has sent."""
    subproblems: Any = error.subproblems
    parts = [_sentence(error), *(_about(one) for one in subproblems or ())]
    message = f"{place} refuses: {'; '.join(dict.fromkeys(parts))}"
    return Error(message, _HINTS.get(error.code or ""), CHECKED_AND_BAD)


def _invalid(place: str, error: errors.ValidationError) -> Error:
    """Return the Error for names that the CA did not find proven."""
    failed: Any = error.failed_authzrs
    reasons = [
        f"{one.body.identifier.value}: {_sentence(challenge.error)}"
        for one in failed
        for challenge in one.body.challenges
        if challenge.error
    ]
    hint = "as seen from here, the name servers have it; run it again, which makes a new order"
    return Error(f"{place} did not find the proof for {'; '.join(reasons)}", hint, CHECKED_AND_BAD)


def _about(problem: Any) -> str:
    """Return a subproblem with the name that it is about, if it says so."""
    value = getattr(getattr(problem, "identifier", None), "value", None)
    return f"{value}: {_sentence(problem)}" if value else _sentence(problem)


def _sentence(problem: Any) -> str:
    return str(problem.detail or problem.description or problem.typ).rstrip(".")
