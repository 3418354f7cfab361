"""The memory that RSA takes: to be asked for before minutes are spent on a key."""

import gc

from . import Error

_NEEDED_BYTES = {"rsa2048": 48_000, "rsa3072": 54_000, "rsa4096": 62_000}
"""To generate a key and sign with it: 40, 44 and 50 KB on a Pico W, and a fifth for a heap with
holes. One TLS connection takes less, once the modules that make the key are released: 34 KB, and
with 4,096 bits 46 KB."""


def check(key_type: str) -> None:
    """Raise Error when there is not enough free memory for an RSA *key_type*."""
    gc.collect()
    free_bytes = gc.mem_free() if hasattr(gc, "mem_free") else _NEEDED_BYTES[key_type]
    if free_bytes < _NEEDED_BYTES[key_type]:
        raise Error(
            f"{key_type} needs {_NEEDED_BYTES[key_type]} bytes of free memory, and there are "
            f"{free_bytes}: make the key before the application takes them, or choose another type"
        )
