"""The memory for RSA: checked before minutes are spent on a key, and before one is installed."""

import gc
import sys

from .. import Error

_NEEDED_BYTES = {"rsa2048": 48_000, "rsa3072": 54_000, "rsa4096": 62_000}
"""To generate a key and sign with it: 40, 44 and 50 KB on a Pico W, and a fifth for a heap with
holes. One TLS connection takes less, once the modules that make the key are released."""

_SERVED_BYTES = {"rsa2048": 34_000, "rsa3072": 46_000, "rsa4096": 46_000}
"""For one TLS connection, of the heap that TLS has; with 3,072 bits somewhat less."""


def check(key_type: str) -> None:
    """Raise Error if there is not enough free memory to generate an RSA *key_type*."""
    _require(
        _NEEDED_BYTES[key_type],
        _free_bytes(),
        f"{key_type} needs",
        "make the key before the application takes them, or choose another type",
    )


def check_served(key_type: str) -> None:
    """Raise Error if there is not enough free memory to serve an RSA *key_type*."""
    free_bytes = tls_bytes()
    needed = f"a connection with {key_type} needs"
    _require(_SERVED_BYTES[key_type], free_bytes, needed, "choose another type of key")


def tls_bytes() -> int:
    """Return how much is free for TLS: of ESP-IDF's heap on esp32, elsewhere of MicroPython's."""
    if sys.platform != "esp32":
        return _free_bytes()
    import esp32

    gc.collect()  # What TLS has goes with the objects that hold it.
    return sum([largest for _, _, largest, _ in esp32.idf_heap_info(esp32.HEAP_DATA)])


def _require(needed_bytes: int, free_bytes: int, what: str, hint: str) -> None:
    if free_bytes < needed_bytes:
        raise Error(f"{what} {needed_bytes} bytes of free memory, there are {free_bytes}: {hint}")


def _free_bytes() -> int:
    """Return how much of MicroPython's heap is free, with what it may grow by on esp32."""
    gc.collect()
    return gc.mem_free()
