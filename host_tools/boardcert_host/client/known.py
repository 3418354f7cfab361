"""Contexts and sessions for boards that are known here, as `boardcert list` prints them."""

from typing import TYPE_CHECKING

from ..errors import Error
from ..trust import pins
from ..trust.look_up import did_you_mean, place_of
from .pinned import PinnedContext

if TYPE_CHECKING:
    import requests


def context(host: str) -> PinnedContext:
    """Return an SSLContext for the board that is known as *host*. Raises Error when none is.

    For httpx, aiohttp, urllib and whatever else takes one.
    """
    made, _, _ = _known(host)
    return made


def session(host: str) -> "requests.Session":
    """Return a session of requests for the board that is known as *host*. Raises Error.

    It takes the board's own URLs, on any port; those of others are verified as usual. Where the
    name is not found, as without mDNS, the board is looked for at its last address.
    """
    try:
        import requests

        from .board_adapter import BoardAdapter
    except ImportError as error:
        raise Error("requests is not installed", "pip install 'boardcert[client]'") from error
    made = requests.Session()
    pinned, name, address = _known(host)
    adapter = BoardAdapter(pinned, address)
    for end in (":", "/"):  # Not for kitchen.local.example.org, too.
        made.mount(f"https://{name}{end}", adapter)
    return made


def _known(host: str) -> tuple[PinnedContext, str, str | None]:
    """Return a context, the board's name as URLs have it, and its last address."""
    place = place_of(host)
    if place.known is None:
        raise pins.not_pinned(host, did_you_mean(host))
    name = place.target.host
    in_url = f"[{name}]" if ":" in name else name
    return PinnedContext(place.known.public_key_pin), in_url, place.target.address
