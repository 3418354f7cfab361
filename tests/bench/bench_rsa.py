"""Measure RSA on the virtual board: key generation from several seeds, signing. See README.md.

Prints each run and the medians, in simulated time. Exit codes: 0 done; 1 the median of rsa2048 is
above its limit; 3 could not run.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench_board import BenchBoard, ask
from boardcert_host.board import installation
from boardcert_host.build.package import Form
from boardcert_host.console import messages, results
from boardcert_host.errors import Error
from boardcert_host.flash.board_kinds import load_board
from boardcert_host.flash.firmware import firmware_image
from rich.table import Table

SIZES = (2048, 3072, 4096)
RUNS = 5
LIMIT_S = 150  # The limit for the median time of generating a 2,048-bit key on the kernel.
_TIMEOUT_S = 1800
_HEADINGS = ("seconds", "candidates_tested", "largest_gap_ms", "sign_ms", "sign_gap_ms", "check_ms")
_HEADINGS += ("store_and_load_ms", "key_heap_bytes")


def main() -> int:
    """Run the benchmark and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bits", type=int, choices=SIZES, default=2048)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--portable", action="store_true", help="without the kernel: big integers")
    arguments = parser.parse_args()
    form = Form.PORTABLE if arguments.portable else Form.SHIPPED
    try:
        runs = _runs(arguments.bits, arguments.runs, form)
    except Error as error:
        messages().print(f"boardcert: {error}", markup=False)
        return 3
    medians = [median(run[heading] for run in runs) for heading in _HEADINGS]
    table = Table(title=f"rsa{arguments.bits}, simulated time at 125 MHz")
    for heading in ("seed", *_HEADINGS):
        table.add_column(heading.replace("_", " "), justify="right")
    for seed, run in enumerate(runs, 1):
        table.add_row(str(seed), *(f"{run[heading]:,.6g}" for heading in _HEADINGS))
    table.add_row("median", *(f"{figure:,.6g}" for figure in medians))
    results().print(table)
    if arguments.bits == SIZES[0] and form is Form.SHIPPED and medians[0] > LIMIT_S:
        messages().print(f"boardcert: {medians[0]:g} s, must be at most {LIMIT_S}", markup=False)
        return 1
    return 0


def _runs(bits: int, count: int, form: Form) -> list[dict[str, float]]:
    """Return the figures for seeds 1 to *count*."""
    firmware, _ = firmware_image(load_board("VIRTUAL_PICO_W"))
    found = []
    with tempfile.TemporaryDirectory(prefix="boardcert-bench-") as directory:
        flash = Path(directory, "flash.bin")
        bench = BenchBoard(firmware, flash)
        with bench.board(keep=flash) as board:
            installation.install(board.usb_port, form)
        for seed in range(1, count + 1):
            with messages().status(f"rsa{bits}, key {seed} of {count}"), bench.board() as board:
                search = f"search({bits}, {seed})"
                found.append(ask(board, "measure_rsa.py", search, timeout_s=_TIMEOUT_S))
    return found


if __name__ == "__main__":
    sys.exit(main())
