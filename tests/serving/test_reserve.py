"""On esp32, memory for TLS is reserved in time, and the memory for signing is returned."""

from pathlib import Path

import micropython_server
import pytest

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
    HEAP_DATA = 0
    idf_heap_info = staticmethod(lambda kind: [(250_000, 9_000, 9_000, 0), (%d, 20_000, 20_000, 0)])
class machine:
    reset = staticmethod(lambda: print("reset"))
class WLAN:
    def __init__(self, interface):
        pass
    active = staticmethod(lambda: False)
class network:
    STA_IF, AP_IF, WLAN = 0, 1, WLAN
sys.modules.update({"esp32": esp32, "machine": machine, "network": network})
from boardcert.transport import esp32_reserve as reserve
class me:
    pass
for me.took_memory in (%s):
    reserve.settle(me)
    print(NVS.values.get("restarts"))
"""


def _story(*took_memory: bool, region_bytes: int = 60_000) -> list[str]:
    """Return the output of the boots, each of which signed or not."""
    code = _BOARD % (region_bytes, "".join(f"{each}, " for each in took_memory))
    output = micropython_server.run(code).splitlines()
    return [line for line in output if not line.startswith("boardcert: ")]


def test_a_boot_that_has_signed_restarts() -> None:
    """A boot that has signed restarts, and later boots serve without writing to flash."""
    assert _story(False, False) == ["None", "None"]
    assert _story(True, False, True) == ["reset", "1", "0", "reset", "1"]


def test_a_board_that_signs_at_each_boot_does_not_restart_for_ever() -> None:
    """A board that signs at each boot serves after three restarts, as well as it can."""
    assert _story(*[True] * 5) == ["reset", "1", "reset", "2", "reset", *"333"]


def test_with_psram_nothing_restarts() -> None:
    """With PSRAM nothing restarts, even if MicroPython's heap has grown over nearly all of it."""
    assert _story(True, False, region_bytes=4 << 20) == ["None", "None"]


# ESP-IDF's heap, from which MicroPython and TLS allocate, in one piece: TLS for each reserved
# connection, the stack of a thread, and then MicroPython's whole second area. The latter is for
# objects that do not fit into the first; a collection releases it if nothing in it is alive.
# *other*: an allocation, never released, at the *moment*-th query of ESP-IDF's heap.
_IDF = """
import gc, os, sys
class Heap:
    free = {free}
    alive = {alive}
    room = {heap} - {alive}
    grown = stack = looks = other = moment = size = 0
    inside = []
    def largest():
        return Heap.free - 23_700 * len(reserve._held) - Heap.stack - Heap.grown
    def take(size, taken):
        if size <= Heap.room:
            Heap.room -= size
            return
        if not Heap.grown and Heap.largest() >= size + 2048:
            Heap.grown = Heap.left = Heap.largest()
        if not Heap.grown or size > Heap.left:
            raise MemoryError
        Heap.left -= size
        Heap.inside.append(taken)
    def collect():
        if not [each for each in Heap.inside if any([each is kept[0] for kept in reserve._growth])]:
            Heap.grown = 0
class Word:
    def __mul__(self, words):
        piece = [None] * words
        Heap.take(4 * words, piece)
        return piece
class esp32:
    HEAP_DATA = 0
    @staticmethod
    def idf_heap_info(kind):
        Heap.looks += Heap.stack > 0
        if Heap.other and Heap.looks == Heap.moment:
            Heap.take(Heap.other, None)
            Heap.other = 0
        return [(Heap.size, Heap.largest(), Heap.largest(), 0)]
class Lock:
    def acquire(self):
        pass
    def release(self):
        Heap.stack = 0
class thread:
    allocate_lock = Lock
    size = 0
    @staticmethod
    def stack_size(size):
        size, thread.size = thread.size, size
        return size
    @staticmethod
    def start_new_thread(function, arguments):
        if thread.size > 200_000:
            raise OSError("can't create thread")
        Heap.stack = thread.size
class collector:
    collect = gc.collect
    mem_alloc = staticmethod(lambda: Heap.alive)
    mem_free = staticmethod(lambda: {heap} - Heap.alive + esp32.idf_heap_info(0)[0][1])
class WLAN:
    is_on = False
    def __init__(self, interface):
        pass
    def active(self, turn=None):
        if turn:
            print("on")
            WLAN.is_on = True
        return WLAN.is_on
class network:
    STA_IF, AP_IF, WLAN = 0, 1, WLAN
sys.modules.update({{"esp32": esp32, "network": network, "_thread": thread, "gc": collector}})
from boardcert.transport import esp32_heap, esp32_reserve as reserve
esp32_heap._WORD = Word()
esp32_heap._END_MS = 0
directory = sys.argv[1]
"""

_PLACES = "reserve.begin_early(directory, True, {page})\nprint(len(reserve._held), Heap.grown)\n"


def _begin(stored: Path, heap: int, free: int, alive: int, code: str) -> list[str]:
    code = _IDF.format(heap=heap, free=free, alive=alive) + code
    return micropython_server.run(code, str(stored)).splitlines()


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """Return the directory of a board with a stored network."""
    (tmp_path / "wifi.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("heap", "free", "alive", "page", "places"),
    [
        (56_000, 90_000, 9_000, True, 1),
        (56_000, 90_000, 26_000, False, 1),
        (64_000, 110_000, 9_000, True, 2),
        (64_000, 110_000, 26_000, True, 1),
    ],
)
def test_what_the_program_loaded_counts(
    stored: Path, heap: int, free: int, alive: int, page: bool, places: int
) -> None:
    """With what programs load, ESP32 and C3 have room for the page, TLS and handshakes."""
    on, answer = _begin(stored, heap, free, alive, _PLACES.format(page=page))
    held, grown = map(int, answer.split())
    assert (on, held) == ("on", places)
    assert heap + grown - alive >= (75_000 if page else 55_000)
    assert free - held * 23_700 - grown >= 25_000


_DISTURBED = """
for room in (0, 200, 9_000, 40_000):
    for other in (100, 512, 9_000):
        for moment in range(1, 13):
            Heap.room, Heap.other, Heap.moment, Heap.looks = room, other, moment, 0
            Heap.grown, Heap.inside = 0, []
            reserve.end()
            reserve.begin()
            Heap.collect()
            # More than a block: MicroPython gives an area back whose first block alone is used.
            print(len(reserve._held), Heap.grown, len(reserve._growth[0][0]) > 4)
"""


def test_what_else_takes_memory_does_not_disturb_the_growth(stored: Path) -> None:
    """A callback that allocates at any moment leaves the second area in place, of full size.

    So must the list of objects that fill the heap: with 65 pieces of 512 bytes the heap grew for
    the list, all pieces were in the first area, and the second area was lost.
    """
    code = "reserve._turn_radio_on()\n" + _DISTURBED
    on, *answer = _begin(stored, 64_000, 110_000, 19_600, code)
    assert on == "on" and len(answer) == 4 * 3 * 12
    assert set(answer) == {"2 35600 True"}


@pytest.mark.parametrize("free", [4_000_000, 190_000])
def test_with_psram_nothing_is_held(stored: Path, free: int) -> None:
    """With PSRAM, as in an emulated ESP32-S3, nothing is reserved.

    This also holds if the heap has grown over most of it.
    """
    held = "print(reserve.hold(0), len(reserve._held), thread.size)\n"
    code = "Heap.size = 4 << 20\n" + _PLACES.format(page=True) + held
    assert _begin(stored, 64_000, free, 19_600, code) == ["on", "0 0", "True 0 0"]


def test_memory_too_large_for_a_stack_is_held(stored: Path) -> None:
    """A piece too large for a stack is reserved, since the heap would grow by more."""
    held = "print(reserve.hold(0), len(reserve._held), thread.size)\n"
    _, told, later = _begin(stored, 64_000, 900_000, 19_600, _PLACES.format(page=True) + held)
    assert told.startswith("5 ") and later == "True 5 0"


_ROOM = """
reserve._turn_radio_on()
Heap.size = {size}
print(reserve.heap_free_bytes(25_000))
"""


def test_the_heap_has_room_where_it_can_grow_into_psram(stored: Path) -> None:
    """Growth into PSRAM counts as room; otherwise each answer would close kept connections.

    Without PSRAM, memory that the heap could grow into is left to TLS.
    """
    free = 4_000_000
    assert _begin(stored, 64_000, free, 54_000, _ROOM.format(size=4 << 20)) == ["on", "4010000"]
    assert _begin(stored, 64_000, 110_000, 54_000, _ROOM.format(size=250_000)) == ["on", "10000"]


def test_the_memory_is_given_back_for_signing_and_taken_again(stored: Path) -> None:
    """The memory is released for signing, and reserved again after deferred actions."""
    answer = _begin(
        stored,
        64_000,
        110_000,
        9_000,
        _PLACES.format(page=True)
        + "reserve.end()\nprint(len(reserve._held), reserve.hold(0), len(reserve._held))\n"
        + "reserve.end()\nopen(directory + '/wish', 'w').close()\n"
        + _PLACES.format(page=True),
    )
    assert answer[0] == "on" and answer[1].startswith("2 ")
    assert answer[2].startswith("0 True ") and int(answer[2].split()[2]) >= 1
    assert answer[3].startswith("0 ")


_PACKAGE = """
import boardcert
class system:
    platform = "esp32"
class me:
    took_memory = False
class NVS:
    def __init__(self, name):
        pass
    def get_i32(self, name):
        raise OSError(-4354)
esp32.NVS = NVS
boardcert.sys = system
boardcert.give_memory()
boardcert.take_memory({"directory": directory}, True)
print(len(reserve._held))
boardcert.give_memory()
print(len(reserve._held))
boardcert.settle(me)
print(len(reserve._held))
"""


def test_the_package_takes_gives_and_settles_that_memory(stored: Path) -> None:
    """What loads, signs and serves takes and gives back the memory by the package's functions."""
    assert _begin(stored, 64_000, 110_000, 9_000, _PACKAGE) == ["on", "2", "0", "1"]


def test_a_radio_that_nobody_uses_stays_off(stored: Path) -> None:
    """An unused radio stays off, as its network's memory would be reserved, too."""
    code = "reserve.begin_early(directory, {}, True)\nprint(len(reserve._held))\n"
    assert _begin(stored, 64_000, 110_000, 9_000, code.format(False)) == ["0"]
    (stored / "wifi.json").unlink()
    assert _begin(stored, 64_000, 110_000, 9_000, code.format(True)) == ["0"]


# The least that a waiting client takes of ESP-IDF's heap once it has sent something; the most
# clients that wait for one listener, whatever it asks for; and the free memory with nobody
# connected: measured on an emulated ESP32.
_WAITING = """
class system:
    pass
for name in dir(sys):
    setattr(system, name, getattr(sys, name))
system.platform = "esp32"
sys.modules["sys"] = system
from boardcert.serving import sharing
from boardcert.serving.server import Server
reserve._turn_radio_on()
reserve.begin()
Heap.free += 27_060 - Heap.largest()
sharing.servers.extend([Server("page"), Server("app")])
for each in sharing.servers:
    Heap.free -= 2_170 * min(each.backlog, 6)
print(len(reserve._held), [sharing.fits(each) for each in sharing.servers])
"""


def test_clients_that_wait_leave_room_for_the_one_that_is_next(stored: Path) -> None:
    """Waiting clients leave memory for the next one: 12 at once on two ports left none."""
    assert _begin(stored, 56_000, 90_000, 9_000, _WAITING) == ["on", "1 [True, True]"]
