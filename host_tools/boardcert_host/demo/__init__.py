"""`boardcert demo`: a new board generates its own certificate, and the host verifies it."""

from .story import run_demo

__all__ = ["run_demo"]
