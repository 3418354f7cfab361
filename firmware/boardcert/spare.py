"""The memory of TLS connections, held before they come.

TLS takes its buffers in large pieces. Were these free between two connections, small things that
last would come to lie there, until no free piece was large enough and no client could connect.

On esp32, TLS has ESP-IDF's heap, and MicroPython's grows into it: by as much as it has, or by the
whole largest free piece. So it is held before, and the heap grows once, into a piece that is
small because the rest is held. What is held stands for the connections that fit.
"""

import gc
import io
import sys

# TLS's input buffer on MicroPython's boards, to the 16 bytes of a block of the heap: 16,384 of a
# record, 333 around it, 8 of the allocator's. Were it more, what TLS leaves of it would go to
# small things, and it would not fit again. Then what else a connection takes.
_PIECES = (16_736, 7_000)

# On esp32: what TLS takes of ESP-IDF's heap for a connection before its handshake. Measured on
# v1.27.0: ESP32 and ESP32-C3.
_CONNECTION_BYTES = 23_700
_HEAP_BYTES = 92_000
"""What MicroPython's heap is to have for page and application, once it has grown; at least"""
_GROWTH_BYTES = 20_000
"""by this."""
_MOST = 5  # More fit with PSRAM, which needs none of this.
_STEP_BYTES = 512

_held = []
_growth = []  # A piece of MicroPython's second area: without one, a collection gives it back.
_context = []  # The one that they share.
_places = 0


def hold(connections: int = 0) -> bool:
    """Take the memory of the next connection, while there are *connections* of TLS.

    Tell whether it is there, as far as it can be held.
    """
    if sys.platform == "esp32":
        _hold_connections(connections)
        return bool(_held) or not _places
    for _ in range(2):
        try:
            for size in _PIECES[len(_held) :]:
                _held.append(io.BytesIO(size))
        except MemoryError:
            gc.collect()
    return bool(_held)


def lend(wanted_bytes: int) -> None:
    """Give what is held of MicroPython's heap to work that needs *wanted_bytes* of it."""
    if sys.platform != "esp32" and heap_free_bytes(wanted_bytes) < wanted_bytes:
        release_all()


def heap_free_bytes(wanted_bytes: int) -> int:
    """Return what is free of MicroPython's heap, as it is; collect garbage below *wanted_bytes*."""
    # On esp32, mem_free() counts what ESP-IDF could give.
    idf_bytes = _largest_bytes() if sys.platform == "esp32" else 0
    if gc.mem_free() - idf_bytes < wanted_bytes:
        gc.collect()
    return gc.mem_free() - idf_bytes


def size_bytes() -> int:
    """Return how much is held for the next connection."""
    if sys.platform == "esp32":
        return _CONNECTION_BYTES if _held else 0
    return sum(_PIECES[: len(_held)])


def release() -> None:
    """Give the memory of one connection back, at once.

    A BytesIO frees its buffer when it is closed, as TLS does. The collector would leave what it
    still sees on the stack.
    """
    while _held:
        _held.pop().close()
        if sys.platform == "esp32":  # Each is for a connection.
            break


def release_all() -> None:
    """Give all of it back."""
    while _held:
        release()


def _hold_connections(connections: int) -> None:
    """Hold TLS for connections that there are not; the first time, for as many as fit."""
    if not _context:
        if _is_radio_on():  # Before, what it takes would be held.
            _hold_all()
        return
    while len(_held) + connections < _places and _hold_one():
        pass


def _hold_all() -> None:
    """Hold what ESP-IDF has, but for what MicroPython's heap grows by, which it does now."""
    global _places
    import tls

    _context.append(tls.SSLContext(tls.PROTOCOL_TLS_SERVER))
    gc.collect()
    # mem_free() counts what ESP-IDF could give.
    heap_bytes = gc.mem_alloc() + gc.mem_free() - _largest_bytes()
    least = _CONNECTION_BYTES + max(_HEAP_BYTES - heap_bytes, _GROWTH_BYTES)
    while len(_held) < _MOST and _largest_bytes() >= least and _hold_one():
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
    grown = _largest_bytes() - _GROWTH_BYTES // 2  # The radio takes and gives small pieces.
    filling = []
    try:
        while _largest_bytes() > grown:
            filling.append(bytearray(_STEP_BYTES))
    except MemoryError:
        return
    _growth.extend(filling[-1:])


def _largest_bytes() -> int:
    """Return the size of the largest free piece of ESP-IDF's heap."""
    import esp32

    return max([largest for _, _, largest, _ in esp32.idf_heap_info(esp32.HEAP_DATA)])


def _is_radio_on() -> bool:
    import network

    return any([network.WLAN(name).active() for name in (network.STA_IF, network.AP_IF)])
