"""The computer's half of boardcert: try, install on and verify boards."""

from importlib.metadata import version

__version__ = version("boardcert")
