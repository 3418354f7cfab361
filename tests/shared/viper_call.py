"""Call functions that firmware/kernels/riscv.py and xtensa.py write, by viper's convention."""

from __future__ import annotations

from typing import Any


def call_as_viper(
    machine: Any, place: int, name: str, addresses: tuple[int, ...], *numbers: int
) -> None:
    """Call function *name* of *machine*, with its arguments, objects, at *place*; check the result.

    *machine*: has `call`, `read` and `write`.
    """
    values = [*(address >> 2 for address in addresses), *numbers]
    if any(address & 3 for address in addresses):
        raise ValueError("an address is not that of a word")
    objects = b"".join([(2 * value + 1).to_bytes(4, "little") for value in values])
    machine.write(place, objects)
    result = machine.call(name, 0, len(values), 0, place)
    if result & 1 == 0 or machine.read(place, len(objects)) != objects:
        raise RuntimeError(f"{name} returns no small integer, or changes its arguments")
