"""Stand in for MicroPython's module of this name, so that device code runs on CPython.

Viper functions run as plain Python; ptr8, ptr16, ptr32 and uint, which are viper's own words,
become builtins. A pointer is a view of the same memory. The modules gc and time get the additional
functions of MicroPython.
"""

import builtins
import gc
import operator
import time
from collections.abc import Callable
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])
_T = TypeVar("_T")


def const(value: _T) -> _T:
    """Return *value*; MicroPython's compiler folds it."""
    return value


def viper(function: _F) -> _F:
    """Wrap *function* so that each argument annotated with a pointer type arrives as one."""
    casts = {name: cast for name, cast in function.__annotations__.items() if cast in _POINTERS}
    names = function.__code__.co_varnames

    def call(*arguments: Any) -> Any:
        given = zip(names, arguments, strict=False)
        return function(*(casts.get(name, _same)(value) for name, value in given))

    return call  # type: ignore[return-value]


def native(function: _F) -> _F:
    """Return *function* as it is."""
    return function


def _same(value: _T) -> _T:
    return value


def ptr8(buffer: Any) -> memoryview:
    """Return *buffer* as bytes."""
    return memoryview(buffer).cast("B")


def ptr16(buffer: Any) -> memoryview:
    """Return *buffer* as 16-bit words in the machine's order."""
    return ptr8(buffer).cast("H")


def ptr32(buffer: Any) -> memoryview:
    """Return *buffer* as 32-bit words in the machine's order."""
    return ptr8(buffer).cast("I")


# A computer has more memory than any test here needs.
gc.mem_free = lambda: 1 << 30  # type: ignore[attr-defined]
time.ticks_ms = lambda: int(time.monotonic() * 1000)  # type: ignore[attr-defined]
time.ticks_us = lambda: int(time.monotonic() * 1_000_000)  # type: ignore[attr-defined]
time.sleep_ms = lambda ms: time.sleep(ms / 1000)  # type: ignore[attr-defined]
time.ticks_diff = operator.sub  # type: ignore[attr-defined]

_POINTERS = (ptr8, ptr16, ptr32)
for _name, _value in {"ptr8": ptr8, "ptr16": ptr16, "ptr32": ptr32, "uint": int}.items():
    setattr(builtins, _name, _value)
