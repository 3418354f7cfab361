"""Measure boardcert on the virtual board: `make bench`. README.md beside this file says how.

Writes the figures as JSON and prints them beside targets and other libraries. Exit codes: 0 done;
1 a target is missed, or a run differs from the one given by --against; 3 could not run.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import report
from boardcert_host import device
from boardcert_host.boards import load_board
from boardcert_host.build_package import Form, build_package
from boardcert_host.console import messages, results
from boardcert_host.errors import Error
from boardcert_host.firmware import firmware_image
from boardcert_host.virtual import VirtualBoard

HEAP_STEP_BYTES = 1024
# A collection takes some 15 ms: from 20 ms on, the boot goes on between two of them.
_SAMPLE_PERIODS_MS = (20, 22, 24, 26, 28, 30)
# The heap's holes differ with when the host's bytes arrive, and with them a first boot's time.
_MORE_BOOTS = 6
_UNIQUE_ID = "e661640843515b2f"
_FORMS = {"kernel": Form.SHIPPED, "bigint": Form.PORTABLE}
# What every board runs: load, first boot, renewal, request, and serving to a raw handler.
_CORE = ("__init__", "store", "certificate", "manage", "ecdsa", "generate", "noise", "store_write")
_CORE += ("tls", "server")
# And what only one of the two needs.
_ENGINES = {"p384_kernel", "p384_bigint", "p384_reduce", "sha384"}
_MEASURE = Path(__file__).with_name("measure.py").read_text()
_TIMEOUT_S = 300


class Bench:
    """One engine on copies of one flash, into which the package is installed already."""

    def __init__(self, firmware: Path, flash: Path) -> None:
        self._firmware = firmware
        self._flash = flash

    @contextmanager
    def board(self) -> Iterator[VirtualBoard]:
        """Run a board on a fresh copy of the flash; the same seed and id each time."""
        with tempfile.TemporaryDirectory(prefix="boardcert-bench-") as directory:
            if self._flash.exists():
                shutil.copy(self._flash, Path(directory, "flash.bin"))
            settings = {"ring_oscillator": "seed:1", "unique_id": _UNIQUE_ID, "pace": "free"}
            with VirtualBoard(directory, firmware=self._firmware, **settings) as board:
                board.wait_ready()
                yield board
            if not self._flash.exists():
                shutil.copy(Path(directory, "flash.bin"), self._flash)

    def measure(self) -> dict[str, Any]:
        """Return what measure.py measures: the figures, and in "details" what explains them."""
        with self.board() as board:
            figures = ask(board, "operations()")
        with self.board() as board:
            figures.update(ask(board, "field_operations()"))
        with self.board() as board:
            before = board.status()["flash"]
            boot = ask(board, "first_boot_or_load()")
            after = board.status()["flash"]
            board.reset()
            load = ask(board, "first_boot_or_load()")
        figures["peak_heap_bytes"] = max(map(self._peak_heap, _SAMPLE_PERIODS_MS))
        with self.board() as board:
            free = ask(board, "free_heap()")
        if not boot["report"]["generated"] or load["report"]["generated"]:
            raise Error("the first boot did not generate, or the second one did")
        boots = [self._first_boot_ms() for _ in range(_MORE_BOOTS)]
        figures["first_boot_ms"] = statistics.median([boot["identity_ms"], *boots])
        figures["load_ms"] = load["identity_ms"]
        figures["resident_heap_bytes"] = load["resident_heap_bytes"]
        operations = {kind: after[kind] - before[kind] for kind in ("erases", "programs")}
        figures["details"] = {
            "import_ms": boot["import_ms"],
            "first_boot_steps_ms": boot["report"]["timings_ms"],
            "load_steps_ms": load["report"]["timings_ms"],
            "least_heap_bytes": least_heap(free, self._boots_without),
            "resident_after_generation_bytes": boot["resident_heap_bytes"],
            "first_boot_flash": {**operations, "typical_ms": report.flash_time_ms(operations)},
        }
        return figures

    def _first_boot_ms(self) -> float:
        with self.board() as board:
            return ask(board, "first_boot_or_load()")["identity_ms"]

    def _peak_heap(self, period_ms: int) -> int:
        with self.board() as board:
            return ask(board, f"peak_heap({period_ms})")

    def _boots_without(self, ballast_bytes: int) -> bool:
        with self.board() as board:
            return ask(board, f"boots_without({ballast_bytes})")


def ask(board: VirtualBoard, expression: str) -> Any:
    """Return the value of an *expression* over measure.py, evaluated on the board."""
    code = f"{_MEASURE}\nimport json\nprint(json.dumps({expression}))\n"
    return json.loads(board.exec(code, timeout_s=_TIMEOUT_S).splitlines()[-1])


def least_heap(free_bytes: int, boots_without: Callable[[int], bool]) -> int:
    """Return the least heap in which a first boot succeeds, a step too large at most.

    *boots_without*(ballast_bytes) tries one with that much of *free_bytes* taken.
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
    """Return the bytes of the files that every board runs, and of those that only some need."""
    sizes = {path.stem: path.stat().st_size for path in package}
    core = sum(sizes[name] for name in {*_CORE, *_ENGINES & sizes.keys()})
    return {"mpy_bytes": core, "optional_mpy_bytes": sum(sizes.values()) - core}


def run() -> dict[str, Any]:
    """Return the figures of both engines."""
    firmware, _ = firmware_image(load_board("VIRTUAL_PICO_W"))
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="boardcert-bench-") as name:
        directory = Path(name)
        for engine in report.ENGINES:
            package = build_package("armv6m", directory / engine, _FORMS[engine])
            with messages().status(f"measuring the {engine} engine: 1 to 3 minutes"):
                bench = Bench(firmware, directory / f"{engine}.bin")
                with bench.board() as board:
                    device.install(board.usb_port, _FORMS[engine])
                figures[engine] = bench.measure()
            figures[engine].update(mpy_sizes(package))
    return figures


def main() -> int:
    """Run the benchmark and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("build", "bench.json"))
    parser.add_argument("--against", type=Path, help="an earlier run, to agree with to 1 %%")
    arguments = parser.parse_args()
    earlier = json.loads(arguments.against.read_text()) if arguments.against else None
    try:
        figures = run()
    except Error as error:
        messages().print(f"boardcert: {error}", markup=False)
        return 3
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(figures, indent=2) + "\n")
    results().print(report.results_table(figures), report.anchors_table(figures))
    complaints = report.missed_targets(figures)
    if earlier is not None:
        complaints += report.differences(earlier, figures)
    for line in complaints:
        messages().print(f"boardcert: {line}", markup=False)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
