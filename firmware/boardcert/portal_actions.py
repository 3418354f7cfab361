"""What an administrator may do to the identity, with the values of a form or of a JSON object."""

from . import Error, RefusedError
from .portal_calls import apart, without_staying
from .portal_http import HTTPError, text


async def act(me, action: str, values: dict) -> str | None:
    """Do *action* to the Identity *me*; HTTPError when it is refused, or fails.

    Return a sentence on how far an old key was wiped, or None.
    """
    try:
        if action == "install":
            chain, key = text(values, "chain"), text(values, "key")
            values.clear()
            chain, key = without_staying(_to_der, chain, key)
            return await apart(me.install, chain, key)
        if action in ("new-key", "reset"):
            return await _make_anew(me, action, text(values, "hostname"))
        return await apart(getattr(me, action))
    except RefusedError as error:
        raise HTTPError(422, str(error), error.field) from error
    except (Error, OSError, ValueError) as error:
        raise HTTPError(500, f"{type(error).__name__}: {error}") from error


def _to_der(chain: str, key: str) -> tuple:
    """Return (the certificates, the key or None), without text around: memory is short."""
    from .pem import read_certificates, read_key

    field = "chain"
    try:
        certificates = read_certificates(chain)
        field = "key"
        return certificates, read_key(key) if key else None
    except ValueError as error:
        raise RefusedError(field, str(error)) from error


async def _make_anew(me, action: str, typed: str) -> str:
    """Make another key; the board's host name must have been *typed* for it."""
    if typed.strip() != me.hostname:
        raise HTTPError(422, "this is not the board's host name", "hostname")
    from .prepare import key_for

    made = await key_for(me)
    return await apart(me.reset if action == "reset" else me.new_key, made)
