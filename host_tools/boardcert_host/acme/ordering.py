"""One order at an ACME CA: created or resumed, proven, finalised, its chains fetched.

RFC 8555, section 7.4. What the library raises is for `problems.explained`.
"""

import datetime
from collections.abc import Sequence
from typing import Any

import requests
from acme import challenges, client, messages

from ..errors import CHECKED_AND_BAD, Error
from .challenge import Challenge

_DECIDED = (messages.STATUS_READY, messages.STATUS_PROCESSING, messages.STATUS_VALID)
# A CA that is busy may take minutes to look, and to sign.
_TIMEOUT = datetime.timedelta(minutes=10)


def begin(acme: client.ClientV2, request_pem: bytes) -> messages.OrderResource:
    """Order a certificate for the names of a board's request."""
    return acme.new_order(request_pem)


def take_up(acme: client.ClientV2, url: str, request_pem: bytes) -> messages.OrderResource | None:
    """Return the order at *url*; None when the CA has forgotten it, or will not fulfil it."""
    try:
        body = messages.Order.from_json(_post_as_get(acme, url).json())
        if body.status == messages.STATUS_INVALID:
            return None
        urls: Any = body.authorizations
        found = [_authorization(acme, one) for one in urls or ()]
    except messages.Error as error:
        if error.code in ("rateLimited", "serverInternal"):
            raise
        return None  # Another account's, expired, or of a server that has begun anew.
    return messages.OrderResource(body=body, uri=url, authorizations=found, csr_pem=request_pem)


def is_decided(order: messages.OrderResource) -> bool:
    """Return whether nothing is left to be proven."""
    return order.body.status in _DECIDED


def to_prove(acme: client.ClientV2, order: messages.OrderResource) -> list[Challenge]:
    """Return what the CA has not seen yet. Raises Error when it does not look into the DNS."""
    authorizations: Any = order.authorizations
    bodies = [one.body for one in authorizations]
    return [_challenge(acme, one) for one in bodies if one.status == messages.STATUS_PENDING]


def answer(acme: client.ClientV2, found: Sequence[Challenge]) -> None:
    """Have the CA check the DNS now."""
    for one in found:
        acme.answer_challenge(one.body, one.response)


def await_proof(acme: client.ClientV2, order: messages.OrderResource) -> messages.OrderResource:
    """Wait until the CA has seen all."""
    return acme.poll_authorizations(order, _deadline())


def finish(acme: client.ClientV2, order: messages.OrderResource) -> list[str]:
    """Have it signed; return the chains that the CA offers (PEM), its default first."""
    if order.body.status in (messages.STATUS_PROCESSING, messages.STATUS_VALID):
        done = acme.poll_finalization(order, _deadline(), fetch_alternative_chains=True)
    else:
        done = acme.finalize_order(order, _deadline(), fetch_alternative_chains=True)
    return [done.fullchain_pem, *(done.alternative_fullchains_pem or ())]


def _challenge(acme: client.ClientV2, authorization: Any) -> Challenge:
    domain = authorization.identifier.value
    for body in authorization.challenges:
        if isinstance(body.chall, challenges.DNS01):
            response, value = body.response_and_validation(acme.net.key)
            name = body.chall.validation_domain_name(domain)
            return Challenge(domain, name, value, body, response)
    hint = "its other challenges would need the board to answer the CA"
    raise Error(f"the CA does not offer dns-01 for {domain}", hint, CHECKED_AND_BAD)


def _authorization(acme: client.ClientV2, url: str) -> messages.AuthorizationResource:
    body = messages.Authorization.from_json(_post_as_get(acme, url).json())
    return messages.AuthorizationResource(body=body, uri=url)


def _post_as_get(acme: client.ClientV2, url: str) -> requests.Response:
    return acme.net.post(url, None, new_nonce_url=acme.directory.newNonce)


def _deadline() -> datetime.datetime:
    """Return when to give up, in local time, as the library compares it."""
    return datetime.datetime.now() + _TIMEOUT
