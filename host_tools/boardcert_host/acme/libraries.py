"""The packages that ACME needs: an extra, which a computer that only verifies boards can omit."""

import importlib.util

from ..enrolment import extras

_MODULES = {"acme": "acme", "josepy": "josepy", "lexicon": "dns-lexicon", "dns": "dnspython"}


def require() -> None:
    """Raise Error unless the packages of the extra are installed."""
    extras.require("ACME", "acme", _MODULES)


def providers() -> list[str]:
    """Return the providers of dns-lexicon that can be used here, none where it is missing."""
    if not importlib.util.find_spec("lexicon"):
        return []
    from lexicon._private.discovery import find_providers

    return [name for name, is_usable in find_providers().items() if is_usable]
