"""Which modules of the package for boards load together, by firmware/bundles.py."""

import functools
import runpy
from dataclasses import dataclass

from ..directories import data_directory
from .bundles import Bundles

_KERNEL = "kernel_sha512"


@dataclass(frozen=True)
class LoadPlan:
    """The data of firmware/bundles.py, under its names; *bundles*, *first*: from its moments."""

    bundles: Bundles
    portable: Bundles
    native: Bundles
    either: Bundles
    fallbacks: tuple[str, ...]
    kernel_users: tuple[str, ...]
    compiled_only: tuple[str, ...]
    other_chips: tuple[str, ...]
    template: str
    quick: tuple[str, ...]
    faces: tuple[str, ...]
    inner: frozenset[str]
    tested: tuple[str, ...]
    first: tuple[str, ...]

    def without_kernel(self, native: set[str]) -> Bundles:
        """Return the bundles for boards without a certain kernel; *native*: with native code.

        Each module is in one file only. If there is a kernel, it is for ESP32s: native code is not
        joined with other modules then.
        """
        own, alone = self.portable, {}
        if _KERNEL in native:
            own, alone = own | self.either, self.native
        else:
            native = set()
        moved = native.union(*own.values(), *alone.values())
        bundles = {
            file: tuple(part for part in parts if part not in moved)
            for file, parts in self.bundles.items()
        }
        bundles |= {
            file: tuple(part for part in parts if part not in native) for file, parts in own.items()
        }
        return {file: parts for file, parts in (bundles | alone).items() if parts}


@functools.cache
def load_plan() -> LoadPlan:
    """Read firmware/bundles.py."""
    said = runpy.run_path(str(data_directory("firmware") / "bundles.py"))
    bundles = {file: parts for moment in said["MOMENTS"].values() for file, parts in moment.items()}
    return LoadPlan(
        bundles=bundles,
        portable=said["PORTABLE"],
        native=said["NATIVE"],
        either=said["EITHER"],
        fallbacks=said["FALLBACKS"],
        kernel_users=said["KERNEL_USERS"],
        compiled_only=said["COMPILED_ONLY"],
        other_chips=said["OTHER_CHIPS"],
        template=said["TEMPLATE"],
        quick=said["QUICK"],
        faces=said["FACES"],
        inner=frozenset(said["INNER"].split()),
        tested=said["TESTED"],
        first=tuple(part for parts in bundles.values() for part in parts),
    )
