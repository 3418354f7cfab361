"""Exchanges with the server of a CA: by a TLS context of ours, bounded in size and in time."""

import contextlib
import ssl
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import requests
from requests.auth import AuthBase
from urllib3.exceptions import InsecureRequestWarning

from .. import __version__
from ..deadline import Deadline
from .tls import ContextAdapter

_TIMEOUT_S = 45
# A timeout begins again with every byte.
_WHOLE_S = 120
# A chain has some kilobytes; anything longer is not one.
_LIMIT_BYTES = 1 << 20

Auth = AuthBase | Callable[[requests.PreparedRequest], requests.PreparedRequest]


class TooLongError(Exception):
    """An answer is longer than any valid one."""


def session_over(context: ssl.SSLContext) -> requests.Session:
    """Return a session whose connections are of *context*."""
    session = requests.Session()
    session.headers["User-Agent"] = f"boardcert/{__version__}"
    session.mount("https://", ContextAdapter(context))
    return session


def nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave *request* without a user; by default requests looks for one in ~/.netrc."""
    return request


def exchange(
    session: requests.Session, method: str, url: str, auth: Auth = nobody, **more: Any
) -> tuple[requests.Response, bytes]:
    """Return the answer to a request, and its content; redirects are not followed.

    Raises what requests does; TimeoutError when it takes too long, however it drips; TooLongError.
    """

    def ask() -> tuple[requests.Response, bytes]:
        settings = {"timeout": _TIMEOUT_S, "allow_redirects": False, "stream": True}
        with session.request(method, url, auth=auth, **settings, **more) as answer:
            return answer, b"".join(_limited(answer))

    return Deadline(_WHOLE_S).wait_for(ask)


@contextlib.contextmanager
def unverified() -> Iterator[None]:
    """Keep urllib3 from warning of `unverified_context`, which is used on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureRequestWarning)
        yield


def _limited(answer: requests.Response) -> Iterator[bytes]:
    count = 0
    for chunk in answer.iter_content(1 << 16):
        count += len(chunk)
        if count > _LIMIT_BYTES:
            raise TooLongError
        yield chunk
