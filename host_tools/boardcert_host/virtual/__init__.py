"""The virtual board: the official Pico W image in an emulator, as a class and as a command."""

from .board import VirtualBoard
from .command import run_virtual
from .network import VirtualNetwork
from .wifi_command import WifiWishes

__all__ = ["VirtualBoard", "VirtualNetwork", "WifiWishes", "run_virtual"]
