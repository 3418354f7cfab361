"""The virtual board: the official Pico W image in an emulator, as a class and as a command."""

from .board import VirtualBoard
from .command import run_virtual
from .network import VirtualNetwork
from .process import keep_processes
from .wifi_command import WifiWishes

__all__ = ["VirtualBoard", "VirtualNetwork", "WifiWishes", "keep_processes", "run_virtual"]
