"""The packages that step-ca needs: an extra, that of clients."""

from ..enrolment import extras


def require() -> None:
    """Raise Error unless the packages of the extra are installed."""
    extras.require("step-ca", "client", {"requests": "requests"})
