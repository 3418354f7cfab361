"""The memory of TLS connections on esp32, held while there are none.

TLS has ESP-IDF's heap there, and MicroPython's grows into it: by as much as it has itself, or by
the whole largest free piece. Growth cannot be forbidden. So what TLS takes is held before, and the
heap grows once, into a piece that is small because the rest is held. What is held, TLS itself on a
stream without a network, stands for the connections that fit.

It is loaded, and begun, before all other modules that can wait: the first area of the heap has 56
or 64 KB, and the program may have its application there already.
"""

import gc
import io
import os

from .esp32_heap import free_bytes, grow, has_psram, largest_bytes, own_free_bytes, regions

# What TLS takes of ESP-IDF's heap for a connection before its handshake. This and what follows was
# measured on the official v1.27.0, ESP32 and ESP32-C3 without PSRAM, emulated.
_CONNECTION_BYTES = 23_700
_SERVER_BYTES = 56_000
"""What MicroPython's heap is to have beside what the program has loaded, once it has grown,"""
_PAGE_BYTES = 24_000
"""and for the page."""
_GROWTH_BYTES = 20_000
"""By what it is to grow, at least."""
_REST_BYTES = 25_000
"""What the network takes once it is joined, and handshakes beside what is held."""
_TLS_BUFFER_BYTES = 17_000
"""TLS's input buffer: regions of ESP-IDF's heap that have no such piece are of no use to it."""
_MOST = 5
_RESTARTS = "restarts"
_MOST_RESTARTS = 3

_context = []  # The one that they share.
_held = []
_growth = []  # A piece of MicroPython's second area: without one, a collection gives it back.
_places = 0


def settle(me) -> None:
    """Take the memory before what serves is loaded; or restart if the Identity *me* has signed.

    What that took comes back at a reset only, and in one piece only at a hard one: what the network
    took meanwhile lies in between. Three times in a row at most: a board that has to sign at each
    boot serves, as far as it can. Nothing of this with PSRAM.
    """
    import esp32

    storage = esp32.NVS("boardcert")
    try:
        restarts = storage.get_i32(_RESTARTS)
    except OSError:
        restarts = 0
    is_due = me.took_memory and restarts < _MOST_RESTARTS and not has_psram()
    if is_due or (restarts and not me.took_memory):
        storage.set_i32(_RESTARTS, restarts + 1 if is_due else 0)
        storage.commit()
    if is_due:
        import machine

        print("boardcert: restarting, to free what signing or checking a certificate took")
        machine.reset()
    begin()


def begin_early(directory: str, joins: bool, has_page: bool) -> None:
    """Take the memory before the identity is loaded, on top of what the program has loaded.

    *joins*: whether the Wi-Fi that is stored in *directory* is joined later: the radio has to have
    its memory first. Not where something was put off, which is done without the network, and needs
    all memory.
    """
    try:
        files = os.listdir(directory)
    except (OSError, TypeError):  # None yet; or not a path, which is reported later.
        files = []
    if "wish" in files:
        return
    if joins and "wifi.json" in files and not _is_radio_on():
        _turn_radio_on()
    begin(has_page)


def _turn_radio_on() -> None:
    import network

    try:
        network.WLAN(network.STA_IF).active(True)
    except OSError:  # Joining will report it.
        pass


def end() -> None:
    """Release everything, for work that needs more memory than is left beside it."""
    global _places
    release_all()
    for taken in (_context, _growth):
        taken.clear()
    _places = 0


def begin(has_page: bool = True) -> None:
    """Take the memory now, while MicroPython's heap is small.

    Not while the radio is off: what it takes would be held. Nor twice, nor with PSRAM.
    """
    if not _context and _is_radio_on() and not has_psram():
        _hold_all(_SERVER_BYTES + (_PAGE_BYTES if has_page else 0))


def hold(connections: int) -> bool:
    """Hold TLS for the connections that there are not, of those that fit.

    Return whether the next one's is held, as far as any can be.
    """
    begin()
    while len(_held) + connections < _places and _hold_one():
        pass
    return bool(_held) or not _places


def size_bytes() -> int:
    """Return how much is held for the next connection."""
    return _CONNECTION_BYTES if _held else 0


def release() -> None:
    """Give the memory of one connection back, at once."""
    if _held:
        _held.pop().close()


def release_all() -> None:
    """Give back all that is held for connections."""
    while _held:
        release()


def lend(wanted_bytes: int) -> None:
    """Release nothing for work that needs MicroPython's heap: what is held is not of that heap."""


def heap_free_bytes(wanted_bytes: int) -> int:
    """Return what is free of MicroPython's heap, as it is; collect garbage below *wanted_bytes*.

    With PSRAM, what it can grow by counts as well.
    """
    found_bytes = own_free_bytes()
    if found_bytes < wanted_bytes:
        gc.collect()
        found_bytes = own_free_bytes()
    return found_bytes


def tls_free_bytes(wanted_bytes: int) -> int:
    """Return how much is free of the heap that TLS has, ESP-IDF's."""
    if _held:  # Beside what is held, TLS and the network stack take small pieces only.
        return free_bytes()
    return sum([largest for _, _, largest, _ in regions() if largest > _TLS_BUFFER_BYTES])


def ballast():
    """Return a stream that holds the memory of one connection until it is closed.

    MicroPython's heap, which grows while a certificate is judged, leaves that to TLS then.
    """
    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    options = {"server_side": True, "do_handshake_on_connect": False}
    return context.wrap_socket(io.BytesIO(), **options)


def _hold_all(wanted_bytes: int) -> None:
    """Hold what ESP-IDF has, but for what MicroPython's heap grows by, which it does now.

    *wanted_bytes*: what it is to have beside what is there already.
    """
    global _places
    import tls

    _context.append(tls.SSLContext(tls.PROTOCOL_TLS_SERVER))
    gc.collect()
    # mem_free() counts what ESP-IDF could give.
    heap_bytes = gc.mem_alloc() + gc.mem_free() - largest_bytes()
    growth_bytes = max(gc.mem_alloc() + wanted_bytes - heap_bytes, _GROWTH_BYTES)
    while len(_held) < _MOST:
        # One connection is to fit, whatever the program takes.
        needed = _CONNECTION_BYTES + (growth_bytes if _held else _GROWTH_BYTES)
        if largest_bytes() < needed or free_bytes() < needed + _REST_BYTES or not _hold_one():
            break
    if _held:
        _growth.append(grow(max(min(growth_bytes, free_bytes() - _REST_BYTES), _GROWTH_BYTES)))
    _places = len(_held)


def _hold_one() -> bool:
    try:
        stream = io.BytesIO()
        options = {"server_side": True, "do_handshake_on_connect": False}
        _held.append(_context[0].wrap_socket(stream, **options))
    except (MemoryError, OSError):
        return False
    return True


def _is_radio_on() -> bool:
    import network

    return any([network.WLAN(name).active() for name in (network.STA_IF, network.AP_IF)])
