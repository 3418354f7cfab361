"""Reports of the benchmark: tables with targets and other libraries, and comparisons of runs."""

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
    "authority_boot_ms",
    "field_mul_cycles",
    "field_sqr_cycles",
    "table_bytes",
    "mpy_bytes",
    "optional_mpy_bytes",
    "peak_heap_bytes",
    "resident_heap_bytes",
)
TIMES = (*KEYS[:7], "field_mul_cycles", "field_sqr_cycles")
"""Figures measured again, under "with_flash", on boards whose flash takes time."""
NETWORK_KEYS = ("connections", "app_connections", "page_clients", "handshake_ms")
NETWORK_KEYS += ("page_first_byte_ms", "page_whole_ms", "boot_to_answer_ms", "radio_and_join_ms")
NETWORK_KEYS += ("boot_without_radio_ms", "free_before", "free_serving", "free_one_connection")
NETWORK_KEYS += ("connection_bytes", "app_free")
STACK_KEYS = ("first_boot_left", "boot_left", "request_left", "install_left", "remove_left")
STACK_KEYS += ("renew_left", "new_key_left", "reset_left", "interrupts")
MEMORY_FORMS = {"kernel": "kernel", "bigint": "portable"}
"""The names of the package with each engine under "memory"."""
MEMORY_KEYS = ("identity", "server", "page_idle", "page_peak", "sign_peak", "app_idle")
INSTRUCTION_KEYS = ("field_mul", "field_sqr", "sha384_block", "fixed_base", "signature")
_APART = ("network", "stack")
"""Parts that depend on the timing of clients on this computer: two runs are not compared."""
ANCHORS = json.loads(Path(__file__).with_name("anchors.json").read_text())


def missed_targets(results: dict) -> list[str]:
    """Return a line for each "must" that *results* of any part miss."""
    return [
        f"{name} {key}: {figures[key]:,.6g}, must be at {_bound(key)} {target['must']:,.6g}"
        for name, figures in _groups(results).items()
        for key, target in _targets(name).items()
        if _is_beyond(key, figures[key], target["must"])
    ]


def _bound(key: str) -> str:
    return "least" if key.endswith(("connections", "_left")) else "most"


def _is_beyond(key: str, figure: float, limit: float) -> bool:
    return figure < limit if _bound(key) == "least" else figure > limit


def _groups(results: dict) -> dict[str, dict]:
    """Return the figures by their names in messages and targets."""
    groups = {engine: results[engine] for engine in ENGINES if engine in results}
    memory = results.get("memory", {})
    groups |= {f"memory {form}": figures for form, figures in memory.items()}
    counts = results.get("instructions", {})
    groups |= {f"instructions {name}": figures for name, figures in counts.items()}
    return groups | {name: results[name] for name in _APART if name in results}


def _targets(name: str) -> dict[str, dict]:
    return ANCHORS["targets"].get(name, {})


_KEYS_OF = {"memory": MEMORY_KEYS, "instructions": INSTRUCTION_KEYS}


def differences(first: dict, second: dict, tolerance: float = 0.01) -> list[str]:
    """Return a line for each figure in which two runs differ by more than *tolerance*.

    A figure in only one of them is a difference, too.
    """
    groups = [_groups(run) for run in (first, second)]
    lines = []
    for name in (name for name in groups[0] | groups[1] if name not in _APART):
        for key in _KEYS_OF.get(name.split()[0], KEYS):
            before, after = (group.get(name, {}).get(key) for group in groups)
            if before is None or after is None:
                lines.append(f"{name} {key}: missing")
            elif abs(before - after) > tolerance * max(abs(before), abs(after)):
                lines.append(f"{name} {key}: {before:g} and {after:g}")
    return lines


def tables(results: dict) -> list[Table]:
    """Return a table for each part in *results*, and for other libraries."""
    found = []
    if "instructions" in results:
        found.append(instructions_table(results["instructions"]))
    if ENGINES[0] in results:
        found += [results_table(results), anchors_table(results)]
    if "memory" in results:
        found.append(memory_table(results["memory"]))
    if "network" in results:
        found.append(network_table(results["network"]))
    if "stack" in results:
        found.append(stack_table(results["stack"]))
    return found


def instructions_table(counts: dict) -> Table:
    """Return the kernels' instruction counts on each processor, beside the ESP32s' targets."""
    title = "Instructions of the kernels, counted in an emulator"
    judged = [f"instructions {name}" for name in ("rv32imc", "xtensawin")]
    return _table(title, counts, INSTRUCTION_KEYS, *judged)


def results_table(results: dict) -> Table:
    """Return the figures beside the targets of the kernel engine."""
    title = (
        "boardcert on the RP2040 at 125 MHz, simulated time; limits are for a flash without delay"
    )
    columns = {engine: results[engine] for engine in ENGINES}
    columns |= {f"{engine}, flash": results[engine]["with_flash"] for engine in ENGINES}
    return _table(title, columns, KEYS, "kernel")


def memory_table(memory: dict) -> Table:
    """Return the memory use of serving beside the targets of the portable package."""
    title = "Live heap in bytes, without TLS"
    forms = {form: memory[form] for form in sorted(memory, reverse=True)}
    return _table(title, forms, MEMORY_KEYS, "memory portable")


def network_table(network: dict) -> Table:
    """Return clients' figures of a Pico W on Wi-Fi, with and without its flash's times."""
    columns = {"network": network, "with flash": network["with_flash"]}
    return _table("A Pico W on Wi-Fi, with the kernel", columns, NETWORK_KEYS, "network")


def stack_table(stack: dict) -> Table:
    """Return the free stack of a Pico W, and the interrupts' use of it."""
    return _table("Free stack of a Pico W, bytes of 8,192", {"stack": stack}, STACK_KEYS, "stack")


def _table(title: str, columns: dict[str, dict], keys: tuple[str, ...], *judged: str) -> Table:
    """Return figures by column and key, with the targets for the columns *judged*.

    All of these have the same targets.
    """
    judged_columns = [name.split()[-1] for name in judged]
    table = Table(title=title)
    for heading in ("", *columns, "must", "aim", *(f"{column} is" for column in judged_columns)):
        table.add_column(heading, justify="left" if heading == "" else "right", no_wrap=True)
    for key in keys:
        target = _targets(judged[0]).get(key, {})
        limits = [f"{target[limit]:,}" if limit in target else "" for limit in ("must", "aim")]
        found = [figures.get(key) for figures in columns.values()]
        figures = ["" if figure is None else _text(figure) for figure in found]
        verdicts = [
            _verdict(key, columns[column][key], target) if column in columns else ""
            for column in judged_columns
        ]
        table.add_row(key, *figures, *limits, *verdicts)
    return table


def _text(figure: float) -> str:
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,.6g}"


def _verdict(key: str, figure: float, target: dict) -> str:
    if not target:
        return ""
    if _is_beyond(key, figure, target["must"]):
        return "[bold red]missed"
    is_at_aim = "aim" in target and not _is_beyond(key, figure, target["aim"])
    return "[green]at the aim" if is_at_aim else "[green]kept"


def anchors_table(results: dict) -> Table:
    """Return other libraries' figures, each with the kernel engine's speed relative to them."""
    compared = ("keygen_ms", "sign_ms", "field_mul_cycles")
    title = "Other libraries on the same core, flash without delay (speed-up of the kernel)"
    table = Table(title=title)
    table.add_column("")
    for key in (*compared, "table_bytes"):
        table.add_column(key.replace("_", " "), justify="right")
    for anchor in ANCHORS["libraries"]:
        ratios = [
            f"{anchor[key]:,} ({anchor[key] / results['kernel'][key]:.1f}x)" for key in compared
        ]
        table.add_row(anchor["name"], *ratios, f"{anchor['table_bytes']:,}")
    return table
