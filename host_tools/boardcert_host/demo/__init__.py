"""`boardcert demo`: a new board makes its own certificate, and the host checks it all."""

from .story import run_demo

__all__ = ["run_demo"]
