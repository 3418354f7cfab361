"""Measure `boardcert verify --all` on a simulated fleet: `make fleet`. README.md says how.

Writes build/fleet.json and prints it. Exit codes: 0 done; 1 a server was judged wrongly or missed.
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "shared"))
from boardcert_host.console import messages, print_plain
from fleet_plan import FAULTS, REASONS, Server, address_of, know, make_plan
from fleet_servers import serving

_OF_EACH_FAULT = 50
_SIZES = (100, 1_000, 10_000)
_BY_OPENSSL, _BY_SSLYZE = 400, 40
_MIB_OF_KIB = 1024
_LOOK_S = 0.05
# The servers share the processors: a handshake waits for those started before it.
_FOR_SLOW_MACHINES = ("--timeout", "30", "--parallel", "64")


@dataclass(frozen=True)
class Cost:
    """A program's cost: wall and processor time in seconds, peak memory in MiB."""

    wall_s: float
    cpu_s: float
    rss_mb: float


def run(command: Sequence[str], out: IO[str], given: Path | None = None) -> Cost:
    """Run a program to its end, with *given* as standard input and its output in *out*."""
    begun, most_kib, ended = time.monotonic(), 0, 0
    with open(given or os.devnull) as source:
        process = subprocess.Popen(command, stdin=source, stdout=out, stderr=subprocess.DEVNULL)
        while not ended:
            time.sleep(_LOOK_S)
            most_kib = max(most_kib, _peak_kib(process.pid))
            ended, _, used = os.wait4(process.pid, os.WNOHANG)
    process.returncode = 0  # It was waited for.
    cpu_s = used.ru_utime + used.ru_stime
    return Cost(time.monotonic() - begun, cpu_s, most_kib / _MIB_OF_KIB)


def _peak_kib(pid: int) -> int:
    """Return the peak memory of a process, 0 if it has ended.

    This is not its ru_maxrss, which starts at the memory of the program that started it.
    """
    found = re.search(r"^VmHWM:\s*(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def verify(output: Path, *words: str, given: Path | None = None) -> Cost:
    """Run `boardcert verify` with its output in the file *output*."""
    with output.open("w") as out:
        return run([sys.executable, "-m", "boardcert_host", "verify", *words, "--json"], out, given)


def judged(servers: Sequence[Server], names: Sequence[str], output: Path) -> dict[str, Any]:
    """Compare each server's verdict with its kind; the last verdict counts."""
    entries = {}
    for line in output.read_text().splitlines():
        one = json.loads(line)
        entries[one.get("asked")] = one
    wrong, missed = [], []
    for name, server in zip(names, servers, strict=True):
        wanted, reasons = REASONS[server.kind], entries[name]["reasons"]
        if wanted is None and reasons:
            wrong.append((name, server.kind, reasons))
        elif wanted is not None and wanted not in reasons:
            (wrong if reasons else missed).append((name, server.kind, reasons))
    seconds = entries[None]["seconds"]
    figures = {"boards": len(servers), "broken": sum(one.kind != "valid" for one in servers)}
    figures |= {"of_each_fault": _OF_EACH_FAULT, "faults": list(FAULTS), "seconds": seconds}
    return figures | {"wrongly_judged": wrong, "missed": missed}


@contextmanager
def inventory(directory: Path, servers: Sequence[Server], port: int) -> Iterator[list[str]]:
    """Use an inventory with these boards only; yield their names."""
    path = directory / f"inventory-{len(servers)}.db"
    os.environ["BOARDCERT_INVENTORY"] = str(path)
    try:
        yield know(servers, port)
    finally:
        del os.environ["BOARDCERT_INVENTORY"]


def measure_sizes(
    directory: Path, valid: Sequence[Server], port: int
) -> dict[str, dict[str, float]]:
    """Verify growing numbers of valid boards: the time for each, and the peak memory."""
    figures = {}
    for size in [size for size in _SIZES if size < len(valid)]:
        with inventory(directory, valid[:size], port):
            cost = verify(directory / "lines", "--all", *_FOR_SLOW_MACHINES)
            figures[str(size)] = per_board(cost, size)
    return figures


def measure_list(directory: Path, most: int) -> dict[str, dict[str, float]]:
    """Verify long lists of closed ports: the cost of a board without TLS."""
    figures, given = {}, directory / "hosts"
    os.environ["BOARDCERT_INVENTORY"] = str(directory / "none.db")
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))  # Bound, but not listening: each connection is refused.
        port = taken.getsockname()[1]
        for size in [10 * size for size in _SIZES if size <= most]:
            given.write_text("".join(f"{address_of(number)}:{port}\n" for number in range(size)))
            cost = verify(directory / "lines", "-", "--retries", "0", given=given)
            figures[str(size)] = per_board(cost, size)
    return figures


def per_board(cost: Cost, size: int) -> dict[str, float]:
    """Return the cost of one of *size* boards, and the peak memory."""
    return {
        "seconds_per_board": round(cost.wall_s / size, 6),
        "cpu_seconds_per_board": round(cost.cpu_s / size, 6),
        "peak_rss_mb": round(cost.rss_mb, 1),
    }


def others(directory: Path, names: Sequence[str]) -> dict[str, float]:
    """Return other programs' handshakes per second and core, with the same servers."""
    hosts = directory / "few"
    hosts.write_text("\n".join(names[:_BY_OPENSSL]) + "\n")
    handshake = "openssl s_client -connect {} </dev/null >/dev/null 2>&1"
    with open(os.devnull, "w") as nowhere:
        parallel = ["xargs", "-P", "8", "-I", "{}", "sh", "-c", handshake]
        cost = run(parallel, nowhere, hosts)
        figures = {"openssl s_client": round(_BY_OPENSSL / cost.cpu_s, 1)}
        if shutil.which("sslyze"):
            cost = run(["sslyze", "--certinfo", *names[:_BY_SSLYZE]], nowhere)
            figures["sslyze --certinfo"] = round(_BY_SSLYZE / cost.cpu_s, 1)
    return figures


def measure(directory: Path, plan: Path, most: int) -> dict[str, Any]:
    """Return all figures. *most*: the number of boards, some with faults."""
    with messages().status("making keys: a minute, once"):
        servers = make_plan(plan, most, _OF_EACH_FAULT, os.cpu_count() or 1)
    valid = [server for server in servers if server.kind == "valid"]
    with serving(plan) as port, messages().status("verifying: 2 to 20 minutes"):
        with inventory(directory, servers, port) as names:
            cost = verify(directory / "lines", "--all", "--retries", "0", *_FOR_SLOW_MACHINES)
            figures = judged(servers, names, directory / "lines")
        figures["sizes"] = measure_sizes(directory, valid, port)
        figures["sizes"][str(len(servers))] = whole = per_board(cost, len(servers))
        rate = round(1 / whole["cpu_seconds_per_board"], 1)
        figures["handshakes_per_s_per_core"] = {"boardcert verify --all": rate}
        figures["handshakes_per_s_per_core"] |= others(directory, names[-_BY_OPENSSL:])
    figures["nothing_listens"] = measure_list(directory, most)
    return figures


def main() -> int:
    """Run the measurement and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=_SIZES[-1], choices=_SIZES)
    parser.add_argument("--output", type=Path, default=Path("build/fleet.json"))
    arguments = parser.parse_args()
    plan = Path("build", "fleet", str(arguments.boards))
    with tempfile.TemporaryDirectory(prefix="boardcert-fleet-") as name:
        figures = measure(Path(name), plan, arguments.boards)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=2)
    arguments.output.write_text(text + "\n")
    print_plain(text)
    return 1 if figures["wrongly_judged"] or figures["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
