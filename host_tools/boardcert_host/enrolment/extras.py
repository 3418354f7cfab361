"""Packages that only one kind of CA needs: an extra, which other computers do without."""

import importlib.util
from collections.abc import Mapping

from ..errors import Error


def require(what: str, extra: str, packages: Mapping[str, str]) -> None:
    """Raise Error unless all of *packages* are installed, {module: its package's name}."""
    missing = [name for module, name in packages.items() if not importlib.util.find_spec(module)]
    if missing:
        message = f"{what} needs packages that are not installed: {', '.join(missing)}"
        raise Error(message, f"pip install 'boardcert[{extra}]'")
