"""On esp32: how the board gets back the memory that signing took."""

import micropython_server

_BOARD = """
import sys
class NVS:
    values = {}
    def __init__(self, name):
        pass
    def get_i32(self, name):
        if name not in NVS.values:
            raise OSError(-4354)
        return NVS.values[name]
    def set_i32(self, name, value):
        NVS.values[name] = value
    def commit(self):
        pass
class esp32:
    NVS = NVS
class machine:
    soft_reset = staticmethod(lambda: print("soft reset"))
class WLAN:
    def __init__(self, interface):
        pass
    active = staticmethod(lambda: False)
class network:
    STA_IF, AP_IF, WLAN = 0, 1, WLAN
sys.modules.update({"esp32": esp32, "machine": machine, "network": network})
from boardcert import reserve
class me:
    pass
for me.took_memory in (%s):
    reserve.settle(me)
    print(NVS.values.get("restarts"))
"""


def _story(*took_memory: bool) -> list[str]:
    """Return what the boots print, each of which signed or not."""
    code = _BOARD % "".join(f"{each}, " for each in took_memory)
    output = micropython_server.run(code).splitlines()
    return [line for line in output if not line.startswith("boardcert: ")]


def test_a_boot_that_has_signed_restarts() -> None:
    """And the next one serves, without a write to flash at each further boot."""
    assert _story(False, False) == ["None", "None"]
    assert _story(True, False, True) == ["soft reset", "1", "0", "soft reset", "1"]


def test_a_board_that_signs_at_each_boot_does_not_restart_for_ever() -> None:
    """After three times in a row it serves, as far as it can."""
    assert _story(*[True] * 5) == ["soft reset", "1", "soft reset", "2", "soft reset", *"333"]
