"""What step-ca needs of PyPI: an extra, the one of clients."""

from ..enrolment import extras


def require() -> None:
    """Raise Error unless the packages of the extra are installed."""
    extras.require("step-ca", "client", {"requests": "requests"})
