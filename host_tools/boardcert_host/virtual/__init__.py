"""The virtual board: the official Pico W image in an emulator, as a class and as a command."""

from .board import VirtualBoard
from .command import run_virtual
from .network import VirtualNetwork

__all__ = ["VirtualBoard", "VirtualNetwork", "run_virtual"]
