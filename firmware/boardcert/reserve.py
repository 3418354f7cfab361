"""The memory of TLS connections on esp32, held while there are none.

TLS has ESP-IDF's heap there, and MicroPython's grows into it: by as much as it has itself, or by
the whole largest free piece. Growth cannot be forbidden. So what TLS takes is held before, and the
heap grows once, into a piece that is small because the rest is held. What is held, TLS itself on a
stream without a network, stands for the connections that fit.

It is loaded, and begun, before most other modules: the first area of the heap has 56 or 64 KB.
"""

import gc
import io

# What TLS takes of ESP-IDF's heap for a connection before its handshake. This and what follows was
# measured on the official v1.27.0, ESP32 and ESP32-C3 without PSRAM, emulated.
_CONNECTION_BYTES = 23_700
_HEAP_BYTES = 86_000
"""What MicroPython's heap is to have for page and application, once it has grown; at least"""
_GROWTH_BYTES = 20_000
"""by this."""
_MOST = 5  # More fit with PSRAM, which needs none of this.
_STEP_BYTES = 512
_RESTARTS = "restarts"
_MOST_RESTARTS = 3

_context = []  # The one that they share.
_held = []
_growth = []  # A piece of MicroPython's second area: without one, a collection gives it back.
_places = 0


def settle(me) -> None:
    """Take the memory before what serves is loaded; or restart if the Identity *me* has signed.

    What that took comes back at a soft reset only. Three times in a row at most: a board that has
    to sign at each boot serves, as far as it can.
    """
    import esp32

    storage = esp32.NVS("boardcert")
    try:
        restarts = storage.get_i32(_RESTARTS)
    except OSError:
        restarts = 0
    is_due = me.took_memory and restarts < _MOST_RESTARTS
    if is_due or (restarts and not me.took_memory):
        storage.set_i32(_RESTARTS, restarts + 1 if is_due else 0)
        storage.commit()
    if is_due:
        import machine

        print("boardcert: restarting, for the memory that signing or checking a certificate took")
        machine.soft_reset()
    begin()


def begin() -> None:
    """Take the memory now, while MicroPython's heap is small.

    Not while the radio is off: what it takes would be held. Nor twice.
    """
    if not _context and _is_radio_on():
        _hold_all()


def hold(connections: int) -> bool:
    """Hold TLS for the connections that there are not, of those that fit.

    Tell whether the next one's is held, as far as any can be.
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


def ballast():
    """Return a stream that holds the memory of one connection until it is closed.

    MicroPython's heap, which grows while a certificate is judged, leaves that to TLS then.
    """
    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    options = {"server_side": True, "do_handshake_on_connect": False}
    return context.wrap_socket(io.BytesIO(), **options)


def _hold_all() -> None:
    """Hold what ESP-IDF has, but for what MicroPython's heap grows by, which it does now."""
    global _places
    import tls

    _context.append(tls.SSLContext(tls.PROTOCOL_TLS_SERVER))
    gc.collect()
    # mem_free() counts what ESP-IDF could give.
    heap_bytes = gc.mem_alloc() + gc.mem_free() - largest_bytes()
    least = _CONNECTION_BYTES + max(_HEAP_BYTES - heap_bytes, _GROWTH_BYTES)
    while len(_held) < _MOST and largest_bytes() >= least and _hold_one():
        pass
    if len(_held) > 1:
        _grow()
        release()  # For the network stack, and for what a handshake takes beside.
    _places = len(_held)


def _hold_one() -> bool:
    try:
        stream = io.BytesIO()
        options = {"server_side": True, "do_handshake_on_connect": False}
        _held.append(_context[0].wrap_socket(stream, **options))
    except (MemoryError, OSError):
        return False
    return True


def _grow() -> None:
    """Let MicroPython's heap grow now, by the largest free piece."""
    grown = largest_bytes() - _GROWTH_BYTES // 2  # The radio takes and gives small pieces.
    filling = []
    try:
        while largest_bytes() > grown:
            filling.append(bytearray(_STEP_BYTES))
    except MemoryError:
        return
    _growth.extend(filling[-1:])


def largest_bytes() -> int:
    """Return the size of the largest free piece of ESP-IDF's heap."""
    import esp32

    return max([largest for _, _, largest, _ in esp32.idf_heap_info(esp32.HEAP_DATA)])


def _is_radio_on() -> bool:
    import network

    return any([network.WLAN(name).active() for name in (network.STA_IF, network.AP_IF)])
