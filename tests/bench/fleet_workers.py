"""Workers on a simulated fleet, one of them killed: `python tests/bench/fleet_workers.py [COUNT]`.

Writes build/workers.json: whether each board was judged exactly once, and correctly, and the
processor time used. The fleet, its servers, PostgreSQL and all workers are on this computer.
"""

import collections
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT / "tests" / name) for name in ("shared", "device")]

from fleet_plan import REASONS, know, make_plan  # noqa: E402
from fleet_servers import serving  # noqa: E402
from postgresql import cluster, programs  # noqa: E402

_COMMAND = [sys.executable, "-m", "boardcert_host"]
_OF_EACH_FAULT = 20
# All servers are one process: more at once would wait, and be judged as stalled.
_PARALLEL = ("--parallel", "48")
_MB = 1 << 20


def main() -> None:
    """Measure three workers, of which one is killed, then one."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    folder = _ROOT / "build" / "fleet" / f"workers-{count}"
    servers = make_plan(folder, count, _OF_EACH_FAULT)
    where = programs()
    if where is None:
        raise SystemExit("PostgreSQL is not installed")
    told = {}
    for name, workers in (("three, one killed", 3), ("one", 1)):
        with cluster(where) as url, serving(folder) as port, _own_files(url):
            names = know(servers, port)
            wanted = dict(zip(names, (REASONS[server.kind] for server in servers), strict=True))
            told[name] = _measure(workers, wanted, Path(url.partition("host=")[2]))
        print(name, json.dumps(told[name], indent=2), flush=True)
        (_ROOT / "build" / "workers.json").write_text(json.dumps(told, indent=2) + "\n")


@contextlib.contextmanager
def _own_files(url: str) -> Iterator[None]:
    """Protect the user's inventory and CA."""
    with tempfile.TemporaryDirectory() as directory:
        os.environ |= {"BOARDCERT_INVENTORY": url.format(name="postgres")}
        os.environ |= {name: f"{directory}/{name}" for name in ("BOARDCERT_PINS", "BOARDCERT_CA")}
        yield


def _measure(count: int, wanted: dict[str, str | None], directory: Path) -> dict[str, Any]:
    """Let so many workers verify all; of several, kill the first after a quarter."""
    postmaster = int((directory / "data" / "postmaster.pid").read_text().split()[0])
    before_s = _cpu_s(postmaster)
    ordered = subprocess.Popen(
        [*_COMMAND, "verify", "--all", "--workers", "--json", "--timeout", "20", "--retries", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    workers = [subprocess.Popen([*_COMMAND, "worker", "--quiet", *_PARALLEL]) for _ in range(count)]
    begun, killed_at, lines = None, None, []
    peaks, worker_s = collections.Counter(), collections.Counter()
    for text in ordered.stdout or ():
        begun = begun or time.monotonic()
        lines.append(json.loads(text))
        if len(lines) % 100 == 0:
            for one in workers:
                with contextlib.suppress(psutil.Error):
                    peaks[one.pid] = max(peaks[one.pid], psutil.Process(one.pid).memory_info().rss)
                    worker_s[one.pid] = _cpu_s(one.pid)
        if count > 1 and killed_at is None and len(lines) >= len(wanted) // 4:
            killed_at = len(lines)
            workers[0].send_signal(signal.SIGKILL)
    seconds = time.monotonic() - (begun or 0)
    *results, last = lines
    for one in workers:
        one.terminate()
    codes = [one.wait() for one in workers]
    judged = collections.Counter(one["asked"] for one in results if not one["again"])
    found = {one["asked"]: one["reasons"] for one in results}
    wrong = [
        name
        for name, reason in wanted.items()
        if name in found and (reason not in found[name] if reason else found[name])
    ]
    return {
        "boards": len(wanted),
        "workers": count,
        "killed_after": killed_at,
        "judged": len(judged),
        "missed": len(wanted.keys() - judged.keys()),
        "judged_twice": sum(times > 1 for times in judged.values()),
        "wrongly_judged": len(wrong),
        "wrong": [(name, wanted[name], found[name]) for name in wrong[:10]],
        "is_whole": last["is_whole"],
        "exit_codes": codes,
        "seconds": round(seconds, 1),
        "boards_per_s": round(len(judged) / seconds, 1),
        "worker_cpu_ms_per_board": round(1000 * sum(worker_s.values()) / len(judged), 2),
        "postgresql_cpu_ms_per_board": round(
            1000 * (_cpu_s(postmaster) - before_s) / len(judged), 2
        ),
        "peak_rss_mb": round(max(peaks.values()) / _MB),
    }


def _cpu_s(pid: int) -> float:
    """Return the processor time of a process and of its children that have ended."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main()
