"""The packages that EST needs: an extra."""

from ..enrolment import extras

_MODULES = {
    "requests": "requests",
    "pyasn1": "pyasn1",
    "pyasn1_alt_modules": "pyasn1-alt-modules",
}


def require() -> None:
    """Raise Error unless the packages of the extra are installed."""
    extras.require("EST", "est", _MODULES)
