"""The comparison of verdicts with servers' kinds in `make fleet`."""

import json
import sys

import fleet
from fleet_plan import Server


def test_what_is_judged_wrongly_and_what_is_missed(tmp_path):
    """A server's last verdict counts: valid servers have no reason, faulty ones their own."""
    kinds = ("valid", "valid", "expired", "expired", "expired", "copied key")
    servers = [Server(number, kind, {}) for number, kind in enumerate(kinds)]
    said = [[], ["expired"], ["expired", "wrong name"], ["wrong name"], [], []]
    lines = [{"asked": str(number), "reasons": one} for number, one in enumerate(said)]
    lines += [{"asked": "5", "reasons": ["duplicate key"]}, {"seconds": 1.5}]
    output = tmp_path / "lines"
    output.write_text("".join(json.dumps(line) + "\n" for line in lines))
    figures = fleet.judged(servers, [str(number) for number in range(len(kinds))], output)
    assert [name for name, _, _ in figures["wrongly_judged"]] == ["1", "3"]
    assert [name for name, _, _ in figures["missed"]] == ["4"]
    assert (figures["boards"], figures["broken"], figures["seconds"]) == (6, 4, 1.5)


_UNTIL_SEEN = """
import pathlib, sys, time
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.01)
print("done")
"""


def test_the_memory_of_a_program_is_its_own(tmp_path, monkeypatch):
    """A program's peak memory does not include that of the program that started it."""
    here, seen, look = bytearray(200 << 20), tmp_path / "seen", fleet._peak_kib

    def note(pid):
        if found := look(pid):
            seen.touch()
        return found

    monkeypatch.setattr(fleet, "_peak_kib", note)
    with (tmp_path / "out").open("w") as out:
        cost = fleet.run([sys.executable, "-c", _UNTIL_SEEN, str(seen)], out)
    assert (tmp_path / "out").read_text() == "done\n"
    assert 1 < cost.rss_mb < len(here) >> 21
