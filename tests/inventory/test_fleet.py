"""`boardcert verify --all` on a simulated fleet: exactly the present faults are found and named."""

import datetime
import errno
import io
import json
import os
import signal
import subprocess
import sys

from boardcert_host import clock
from boardcert_host.cli import main
from boardcert_host.fleet import prometheus
from boardcert_host.inventory import database, store
from boardcert_host.inventory.changes import change_tags
from boardcert_host.inventory.listing import Wanted, count
from fleet_plan import REASONS, know, make_plan
from fleet_servers import serving
from inventory_cases import FLEET, run, sentence
from processes import started
from prometheus_client.parser import text_string_to_metric_families
from servers import refusing_port

# The two servers that do not answer take this long, so one database suffices for them.
_PATIENCE = ("--timeout", "20", "--retries", "0")
_ENDLESS = ("stalled", "dripping")
_HOUR = datetime.timedelta(hours=1)
_QUICK = ("--timeout", "60", "--retries", "0")


def verify(capsys, *words):
    """Verify boards; return the exit code, the line of each, and the last line."""
    capsys.readouterr()
    code = main(["verify", *words, "--json"])
    *lines, last = map(json.loads, capsys.readouterr().out.splitlines())
    return code, {one["asked"]: one for one in lines}, last


def tagged(kinds, servers, names):
    """Tag the servers of some kinds; return their names."""
    chosen = [name for name, one in zip(names, servers, strict=True) if one.kind in kinds]
    for name in chosen:
        change_tags(name, ["chosen"], [])
    return chosen


def metrics(file):
    """Return the values in a Prometheus file: (name, label values by label name)."""
    families = text_string_to_metric_families(file.read_text())
    samples = [sample for family in families for sample in family.samples]
    found = {(one.name, *one.labels.values()): one.value for one in samples}
    assert len(found) == len(samples)
    return found


def test_each_fault_is_found_and_no_other(fleet, inventory, tmp_path, capsys):
    """Each fault has its own word, in the lines, counts, exit code, inventory, and file."""
    servers, port = fleet
    if inventory != "sqlite":
        servers = [server for server in servers if server.kind not in _ENDLESS]
    names, file = know(servers, port), tmp_path / "boards.prom"
    code, told, last = verify(capsys, "--all", "--prometheus", str(file), *_PATIENCE)
    for name, server in zip(names, servers, strict=True):
        wanted, reasons = REASONS[server.kind], told[name]["reasons"]
        assert wanted in reasons if wanted else reasons == [], (server.kind, told[name])
    assert code == 1 and told.keys() == set(names) and last["is_whole"]
    assert last["boards"] == len(servers) == sum(last["verdicts"].values())
    assert last["reasons"]["duplicate key"] == last["reasons"]["changed key"] == 2
    assert told[last["worst"][0]]["reasons"][0] == "duplicate key"
    listed = {one["hosts"][0]["host"]: one["verdict"] for one in run(capsys, "list")["boards"]}
    assert listed == {name: one["verdict"] for name, one in told.items()}
    found = metrics(file)
    for verdict, boards in last["verdicts"].items():
        assert found["boardcert_boards", verdict] == boards
    for name, one in told.items():
        reason = one["reasons"][0] if one["reasons"] else ""
        assert found["boardcert_board_verdict", name, reason, one["verdict"]] == 1
        days = found.get(("boardcert_board_days_left", name))
        assert (days is None) == (one["certificate"] is None)
        assert days is None or (days < 0) == ("expired" in one["reasons"])
    assert file.stat().st_mode & 0o777 == 0o644 and list(tmp_path.glob(".*")) == []


def test_a_row_for_each_change_also_of_a_duplicate_key(fleet, inventory, capsys):
    """Each change adds a row, including a duplicate key, found once both boards answer."""
    servers, port = fleet
    names = know(servers, port)
    tagged(("copied key", "copy"), servers, names)
    for _ in range(2):
        code, told, _ = verify(capsys, "--tag", "chosen", *_QUICK)
        assert code == 1 and len(told) == 2
    for name in told:
        (verdict,) = run(capsys, "history", name)["verdicts"]
        assert verdict["times"] == 2 and verdict["detail"].startswith("duplicate key")


def test_what_has_changed_since_then(fleet, inventory, capsys):
    """--changed-since shows new boards and changed ones only."""
    servers, port = fleet
    (name,) = tagged(("expired",), servers, know(servers, port))
    now = clock.now()
    with store.reading() as connection:
        numbers = [
            count(connection, Wanted(changed_since=now + hours)) for hours in (-_HOUR, _HOUR)
        ]
    assert numbers == [FLEET, 0]
    code, told, _ = verify(capsys, "--tag", "chosen", "--changed-since", "1h", *_QUICK)
    assert code == 1 and list(told) == [name]
    code, told, last = verify(capsys, "--changed-since", "2100-01-01", *_QUICK)
    assert code == 0 and told == {} and last["boards"] == 0


def test_a_board_that_restarts_is_asked_again(tmp_path, sqlite, capsys, monkeypatch):
    """A restarting board is asked again and then valid; a closed port is refused every time."""
    (server,) = make_plan(tmp_path, 1, 1, kinds=["restarting"])
    refused = f"127.0.0.1:{refusing_port()}"
    with serving(tmp_path) as port:
        restarting = f"{server.address}:{port}"
        lines = f"{restarting}  # the kitchen\n\n{refused}\nno host\n"
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        code, told, _ = verify(capsys, "-", "--timeout", "60", "--retries", "1")
    assert told[restarting]["ok"] and told[restarting]["attempts"] == 2 and code == 3
    assert told[refused]["reasons"] == ["refused"] and told[refused]["attempts"] == 2
    assert told["no host"]["reasons"] == ["not a host"]
    assert not sqlite.exists()


def test_a_list_of_hosts_may_have_long_remarks_and_bytes_of_no_text(sqlite, capsys, monkeypatch):
    """A list of hosts may have long comments and invalid bytes; each line is a host or an error."""
    name = f"127.0.0.1:{refusing_port()}"
    lines = [name.encode() + b" # " + b"x y" * 1000, b"\xff\xfe", "k\u00fcche..x".encode()]
    data = io.BytesIO(b"\n".join(lines))
    stdin = io.TextIOWrapper(data, encoding="ascii", errors="surrogateescape")
    monkeypatch.setattr(sys, "stdin", stdin)
    code, told, last = verify(capsys, "-", "--timeout", "60", "--retries", "0")
    assert (code, last["reasons"]) == (3, {"not a host": 2, "refused": 1})
    assert told.keys() == {name, "\\xff\\xfe", "k\u00fcche..x"}


def test_what_was_found_is_said_also_where_another_program_holds_the_inventory(
    tmp_path, sqlite, capsys, monkeypatch
):
    """If another program holds the inventory, the verdicts are printed before the error."""
    servers = make_plan(tmp_path, 2, 1, kinds=["valid", "expired"])
    monkeypatch.setattr(database, "_WAIT_S", 0.5)
    with serving(tmp_path) as port:
        names = know(servers, port)
        with store.writing():
            capsys.readouterr()
            assert main(["verify", "--all", "--json", *_QUICK]) == 3
    *lines, last, failure = map(json.loads, capsys.readouterr().out.splitlines())
    assert {one["asked"]: one["ok"] for one in lines} == {names[0]: True, names[1]: False}
    assert not last["is_whole"] and not last["ok"]
    assert "holds the inventory" in failure["error"]["message"]


def test_an_empty_inventory_is_not_a_valid_one(sqlite, capsys, monkeypatch):
    """An empty inventory, an unused tag, and an empty list are errors, for monitoring."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("# none\n\n"))
    assert "no host on standard input" in sentence(capsys, "verify", "-")
    assert "`boardcert scan --add` add boards" in sentence(capsys, "verify", "--all")
    assert "no board has the tag x" in sentence(capsys, "verify", "--tag", "x")
    assert main(["verify", "--all", "kitchen.local"]) == 2
    assert main(["verify", "--all", "--pin", "00"]) == 2


def test_a_file_for_prometheus_is_written_whole_or_not_at_all(
    sqlite, tmp_path, capsys, monkeypatch
):
    """The file for Prometheus is whole, with each host once; if it fails, verdicts are kept."""
    monkeypatch.setattr(prometheus, "_GROUP", 2)
    file, hosts = tmp_path / "boards.prom", [f"127.0.0.{n}:{refusing_port()}" for n in range(1, 6)]
    patience = ("--timeout", "60", "--retries", "0")
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(hosts * 2)))
    assert verify(capsys, "-", "--prometheus", str(file), *patience)[0] == 3
    found = metrics(file)
    shown = {key[1] for key in found if key[0] == "boardcert_board_verdict"}
    assert shown == set(hosts) and found["boardcert_boards", "unreachable"] == 10
    assert file.read_text().count("# TYPE boardcert_board_verdict gauge") == 1
    before = file.read_text()
    monkeypatch.setattr(prometheus, "_write_all", _fail)
    monkeypatch.setattr(sys, "stdin", io.StringIO(hosts[0]))
    assert "No space left" in sentence_of_stdin(capsys, file, patience)
    assert file.read_text() == before and list(tmp_path.glob(".*")) == []
    for wrong in (tmp_path / "boards.txt", tmp_path / "none" / "boards.prom"):
        assert main(["verify", "-", "--prometheus", str(wrong)]) == 2
    assert main(["verify", "kitchen.local", "--prometheus", str(file)]) == 2


def _fail(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def sentence_of_stdin(capsys, file, patience):
    """Verify the hosts on stdin into an unwritable file; return the error."""
    capsys.readouterr()
    assert main(["verify", "-", "--prometheus", str(file), *patience]) == 3
    return capsys.readouterr().err


def test_what_was_judged_before_ctrl_c_stays(fleet, sqlite, capsys):
    """Verdicts before Ctrl-C are recorded and summarised."""
    servers, port = fleet
    names = know(servers, port)
    slow = tagged(("stalled", "valid"), servers, names)
    command = [sys.executable, "-m", "boardcert_host", "verify", "--tag", "chosen", "--json"]
    command += ["--timeout", "600"]
    with started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        lines = [json.loads(line) for line in process.stdout.read().splitlines()]
        errors = process.stderr.read()
    (summary,) = [line for line in lines if "is_whole" in line]
    assert process.returncode == -signal.SIGINT and "interrupted" in errors
    assert first["verdict"] == "valid" and not summary["is_whole"] and not summary["ok"]
    assert 0 < summary["boards"] < len(slow) and lines[-1]["error"]["message"] == "interrupted"
    noted = [one for one in run(capsys, "list")["boards"] if one["verdict"]]
    assert len(noted) == summary["boards"]
