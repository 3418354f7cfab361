"""Time and memory of the default job: the figures of measure.py, for one engine."""

import statistics
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from bench_board import SAMPLE_PERIODS_MS, BenchBoard, ask
from boardcert_host.errors import Error

HEAP_STEP_BYTES = 1024
# The heap's holes, and so a first boot's time, depend on when the host's bytes arrive.
_MORE_BOOTS = 6
# Files that every board runs: load, first boot, renewal, request, and serving a raw handler.
_CORE = ("__init__", "store", "certificate", "sources", "ecdsa", "generate", "noise", "store_write")
_CORE += ("tls", "server", "application")
# And those that only one of the two needs.
_ENGINES = {"p384_kernel", "p384_bigint", "p384_reduce", "sha384", "sha512_block"}
_ENGINES |= {"keys", "fields", "issue", "in_phases"}
_SCRIPT = "measure.py"


class Speed(BenchBoard):
    """One engine on boards whose flash contains the package already."""

    def measure(self) -> dict[str, Any]:
        """Return the figures of measure.py, with explaining values under "details"."""
        figures = self.times()
        figures["peak_heap_bytes"] = self.peak_heap_bytes
        with self.board() as board:
            free = ask(board, _SCRIPT, "free_heap()")
        figures["details"]["least_heap_bytes"] = least_heap(free, self._boots_without)
        return figures

    def times(self) -> dict[str, Any]:
        """Return the times, and other reports of the same boards."""
        with self.board() as board:
            figures = ask(board, _SCRIPT, "operations()")
        with self.board() as board:
            figures.update(ask(board, _SCRIPT, "field_operations()"))
        with self.board() as board:
            before = board.status()["flash"]
            boot = ask(board, _SCRIPT, "first_boot_or_load()")
            after = board.status()["flash"]
            board.reset()
            load = ask(board, _SCRIPT, "first_boot_or_load()")
        if not boot["report"]["generated"] or load["report"]["generated"]:
            raise Error("the first boot did not generate, or the second one did")
        boots = [self._first_boot_ms() for _ in range(_MORE_BOOTS)]
        others = [self._first_boot_ms("chain='authority'") for _ in range(_MORE_BOOTS)]
        figures["first_boot_ms"] = statistics.median([boot["identity_ms"], *boots])
        figures["authority_boot_ms"] = statistics.median(others)
        figures["load_ms"] = load["identity_ms"]
        figures["resident_heap_bytes"] = load["resident_heap_bytes"]
        figures["details"] = {
            "import_ms": boot["import_ms"],
            "first_boot_steps_ms": boot["report"]["timings_ms"],
            "load_steps_ms": load["report"]["timings_ms"],
            "resident_after_generation_bytes": boot["resident_heap_bytes"],
            "first_boot_flash": {
                kind: after[kind] - before[kind] for kind in ("erases", "programs")
            },
        }
        return figures

    def _first_boot_ms(self, settings: str = "") -> float:
        with self.board() as board:
            return ask(board, _SCRIPT, f"first_boot_or_load({settings})")["identity_ms"]

    @cached_property
    def peak_heap_bytes(self) -> int:
        """Return the peak heap use of several first boots."""
        return max(map(self._peak_heap, SAMPLE_PERIODS_MS))

    def _peak_heap(self, period_ms: int) -> int:
        with self.board() as board:
            return ask(board, _SCRIPT, f"peak_heap({period_ms})")

    def _boots_without(self, ballast_bytes: int) -> bool:
        with self.board() as board:
            return ask(board, _SCRIPT, f"boots_without({ballast_bytes})")


def least_heap(free_bytes: int, boots_without: Callable[[int], bool]) -> int:
    """Return the smallest heap in which a first boot succeeds, at most one step too large.

    *boots_without*(ballast_bytes) tries a boot with that much of *free_bytes* allocated.
    """
    if not boots_without(0):
        raise Error("a first boot fails even with the whole heap")
    spare, too_much = 0, free_bytes
    while too_much - spare > HEAP_STEP_BYTES:
        middle = (spare + too_much) // 2
        if boots_without(middle):
            spare = middle
        else:
            too_much = middle
    return free_bytes - spare


def mpy_sizes(package: list[Path]) -> dict[str, int]:
    """Return the sizes of files that every board runs, and of those that only some need."""
    sizes = {path.stem: path.stat().st_size for path in package}
    core = sum(sizes[name] for name in {*_CORE, *_ENGINES & sizes.keys()})
    return {"mpy_bytes": core, "optional_mpy_bytes": sum(sizes.values()) - core}
