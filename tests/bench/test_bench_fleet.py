"""How `make fleet` compares what was said of each server with what it does."""

import json

import fleet
from fleet_plan import Server


def test_what_is_judged_wrongly_and_what_is_missed(tmp_path):
    """The last word on a server counts; a valid one has no reason, a broken one has its own."""
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
