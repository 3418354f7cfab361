"""What ACME needs of PyPI: an extra, which a computer that only verifies boards does without."""

import importlib.util

from ..errors import Error

_MODULES = {"acme": "acme", "josepy": "josepy", "lexicon": "dns-lexicon", "dns": "dnspython"}


def require() -> None:
    """Raise Error unless the packages of the extra are installed."""
    missing = [name for module, name in _MODULES.items() if not importlib.util.find_spec(module)]
    if missing:
        message = f"ACME needs packages that are not installed: {', '.join(missing)}"
        raise Error(message, "pip install 'boardcert[acme]'")


def providers() -> list[str]:
    """Return the providers of dns-lexicon that can be used here, none where it is missing."""
    if not importlib.util.find_spec("lexicon"):
        return []
    from lexicon._private.discovery import find_providers

    return [name for name, is_usable in find_providers().items() if is_usable]
