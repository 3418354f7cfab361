"""Check whether the programs on this computer trust the user's own CA."""

from pathlib import Path

from ..errors import Error
from ..trust.anchors import read_anchor
from ..trust.nss_databases import trusting_databases
from ..trust.system_store import is_in_system
from ..verify.own_ca import own_ca_file
from .finding import FAIL, OK, SKIP, WARN, Finding

_ID = "trust"
_TRUST = "boardcert ca trust"


def look_at_trust() -> list[Finding]:
    """Check the trust stores of the system and of browsers."""
    file = own_ca_file()
    if file is None:
        hint = "`boardcert ca init` makes one; browsers that trust it accept your boards"
        return [Finding(_ID, "your own CA", SKIP, "not made yet", hint)]
    try:
        anchor = read_anchor(Path(file))
    except Error as error:
        return [Finding(_ID, "your own CA", FAIL, error.message, error.hint)]
    stores = {"the system": is_in_system(anchor), **trusting_databases(anchor)}
    return [_found(store, is_trusted) for store, is_trusted in stores.items()]


def _found(store: str, is_trusted: bool | None) -> Finding:
    title = f"your own CA, {store}"
    if is_trusted:
        return Finding(_ID, title, OK, "trusted")
    if is_trusted is None:
        return Finding(_ID, title, SKIP, "cannot be checked from here")
    hint = "programs that use this store warn about boards with certificates of your CA"
    return Finding(_ID, title, WARN, "not trusted", hint, _TRUST)
