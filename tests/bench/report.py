"""What the benchmark's figures mean: tables beside the anchors, targets, and two runs compared."""

import json
from pathlib import Path

from rich.table import Table

ENGINES = ("kernel", "bigint")
KEYS = (
    "keygen_ms",
    "sign_ms",
    "verify_ms",
    "sha384_block_us",
    "first_boot_ms",
    "load_ms",
    "field_mul_cycles",
    "field_sqr_cycles",
    "table_bytes",
    "mpy_bytes",
    "optional_mpy_bytes",
    "peak_heap_bytes",
    "resident_heap_bytes",
)
ANCHORS = json.loads(Path(__file__).with_name("anchors.json").read_text())


def missed_targets(results: dict) -> list[str]:
    """Return a line for each "must" that *results* do not keep."""
    return [
        f"{engine} {key}: {results[engine][key]:g}, must be at most {target['must']:g}"
        for engine in ENGINES
        for key, target in ANCHORS["targets"][engine].items()
        if results[engine][key] > target["must"]
    ]


def differences(first: dict, second: dict, tolerance: float = 0.01) -> list[str]:
    """Return a line for each figure by which two runs differ by more than *tolerance*.

    A figure that only one of them has is a difference too.
    """
    lines = []
    for engine in ENGINES:
        for key in KEYS:
            before, after = (run.get(engine, {}).get(key) for run in (first, second))
            if before is None or after is None:
                lines.append(f"{engine} {key}: missing")
            elif abs(before - after) > tolerance * max(abs(before), abs(after)):
                lines.append(f"{engine} {key}: {before:g} and {after:g}")
    return lines


def flash_time_ms(operations: dict) -> float:
    """Return the typical time of *operations* ({"erases": n, "programs": n}) on a real chip."""
    typical = ANCHORS["flash"]
    return (
        operations["erases"] * typical["erase_ms"] + operations["programs"] * typical["program_ms"]
    )


def results_table(results: dict) -> Table:
    """Return our figures beside the targets of the kernel engine."""
    table = Table(title="boardcert on the RP2040 at 125 MHz, simulated time")
    for heading in ("", *ENGINES, "must", "aim", "kernel is"):
        table.add_column(heading, justify="left" if heading == "" else "right", no_wrap=True)
    for key in KEYS:
        target = ANCHORS["targets"]["kernel"].get(key, {})
        limits = [f"{target[limit]:,}" if limit in target else "" for limit in ("must", "aim")]
        figures = [f"{results[engine][key]:,.6g}" for engine in ENGINES]
        table.add_row(key, *figures, *limits, _verdict(results["kernel"][key], target))
    return table


def _verdict(figure: float, target: dict) -> str:
    if not target:
        return ""
    if figure > target["must"]:
        return "[bold red]missed"
    return "[green]at the aim" if figure <= target.get("aim", 0) else "[green]kept"


def anchors_table(results: dict) -> Table:
    """Return other libraries' figures, each with how many times as fast the kernel engine is."""
    compared = ("keygen_ms", "sign_ms", "field_mul_cycles")
    table = Table(title="Others on the same core (how many times as fast the kernel engine is)")
    table.add_column("")
    for key in (*compared, "table_bytes"):
        table.add_column(key.replace("_", " "), justify="right")
    for anchor in ANCHORS["libraries"]:
        ratios = [
            f"{anchor[key]:,} ({anchor[key] / results['kernel'][key]:.1f}x)" for key in compared
        ]
        table.add_row(anchor["name"], *ratios, f"{anchor['table_bytes']:,}")
    return table
