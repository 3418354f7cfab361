"""Measure boardcert on the virtual board: `make bench`. README.md beside this file says how.

Writes the figures as JSON and prints them beside targets and other libraries. Exit codes: 0 done;
1 a target is missed, or a run differs from the one given by --against; 3 could not run.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import instructions
import memory
import radio
import report
import stack
from bench_board import BenchBoard
from boardcert_host.board import installation
from boardcert_host.build.package import Form, build_package
from boardcert_host.console import messages, results
from boardcert_host.errors import Error
from boardcert_host.flash.board_kinds import load_board
from boardcert_host.flash.firmware import firmware_image
from speed import Speed, mpy_sizes

PARTS = ("instructions", "speed", "memory", "network", "stack")
_FORMS = {"kernel": Form.SHIPPED, "bigint": Form.PORTABLE}


def run(parts: tuple[str, ...], engines: tuple[str, ...]) -> dict[str, Any]:
    """Return the figures of *parts*; speed and memory are measured for *engines*."""
    firmware, _ = firmware_image(load_board("VIRTUAL_PICO_W"))
    figures: dict[str, Any] = {"memory": {}} if "memory" in parts else {}
    if "instructions" in parts:
        figures["instructions"] = instructions.measure()
    with tempfile.TemporaryDirectory(prefix="boardcert-bench-") as name:
        for engine in engines if {"speed", "memory"} & set(parts) else ():
            with messages().status(f"measuring the {engine} engine: 1 to 3 minutes"):
                _measure(engine, parts, firmware, Path(name), figures)
    if "network" in parts:
        with messages().status("measuring a board in a Wi-Fi: 3 to 6 minutes"):
            figures["network"] = radio.measure(firmware)
        figures["connections"] = figures["network"]["connections"]
    if "stack" in parts:
        with messages().status("measuring the stack: 1 to 3 minutes"):
            figures["stack"] = stack.measure(firmware)
    return figures


def _measure(
    engine: str, parts: tuple[str, ...], firmware: Path, directory: Path, figures: dict[str, Any]
) -> None:
    """Add the *figures* of one engine; *directory* is for its flash."""
    form, flash = _FORMS[engine], directory / f"{engine}.bin"
    with BenchBoard(firmware, flash).board(keep=flash) as board:
        installation.install(board.usb_port, form)
    boards = Speed(firmware, flash)
    if "speed" in parts:
        package = build_package("armv6m", directory / engine, form)
        figures[engine] = boards.measure() | mpy_sizes(package)
        slow = Speed(firmware, flash, is_flash_slow=True).times()
        figures[engine]["with_flash"] = {key: slow[key] for key in report.TIMES}
    if "memory" in parts:
        settled = directory / f"{engine}-settled.bin"
        figures["memory"][report.MEMORY_FORMS[engine]] = memory.measure(boards, settled)


def main() -> int:
    """Run the benchmark and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="default: build/bench.json, or bench-PART.json")
    parser.add_argument("--against", type=Path, help="an earlier run, to agree with to 1 %%")
    parser.add_argument("--only", choices=PARTS, help="measure a part")
    parser.add_argument("--engine", choices=report.ENGINES, help="measure one, with --only memory")
    arguments = parser.parse_args()
    only = arguments.only
    engines = (arguments.engine,) if arguments.engine and only == "memory" else report.ENGINES
    output = arguments.output or Path("build", f"bench-{only}.json" if only else "bench.json")
    earlier = json.loads(arguments.against.read_text()) if arguments.against else None
    try:
        figures = run((only,) if only else PARTS, engines)
    except Error as error:
        messages().print(f"boardcert: {error}", markup=False)
        return 3
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=2) + "\n")
    results().print(*report.tables(figures))
    complaints = report.missed_targets(figures)
    if earlier is not None:
        complaints += report.differences(earlier, figures)
    for line in complaints:
        messages().print(f"boardcert: {line}", markup=False)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
