"""`boardcert export` and `import`: everything or nothing."""

import io
import sys
from pathlib import Path

import pytest
from boardcert_host.cli import main
from boardcert_host.inventory.sightings import Seen, note_seen
from boardcert_host.trust.pins import add_pin
from inventory_cases import report, run

pytestmark = pytest.mark.usefixtures("inventory")


def test_an_inventory_is_taken_to_another_computer_and_back(three, tmp_path, capsys):
    """The whole inventory, with forgotten boards' events, moves between kinds of database."""
    run(capsys, "tag", "hall_x.local", "north")
    run(capsys, "note", "hall_x.local", "k\u00fcche \U0001f600")
    note_seen([Seen("sensor-002.local", "unreachable", "no answer")])
    run(capsys, "forget", "sensor-001.local")
    one, two, three = (str(tmp_path / f"{number}.jsonl") for number in (1, 2, 3))
    assert main(["export", one]) == 0
    other = ["--inventory", str(tmp_path / "other.db")]
    assert main([*other, "import", one]) == 0
    assert main([*other, "export", two]) == 0
    assert contents(two) == contents(one)
    assert main(["import", two]) == 0
    assert "0 boards added, 2 already known" in capsys.readouterr().out
    assert main(["export", three]) == 0
    assert contents(three) == contents(one)
    assert main(["export", three]) == 3
    assert "exists already" in capsys.readouterr().err


def test_an_export_comes_through_a_pipe(three, tmp_path, capsys, monkeypatch):
    """A pipe transports an export whole or not at all, and is not replaced by a file."""
    file, link = tmp_path / "boards.jsonl", tmp_path / "link"
    link.symlink_to(file)
    assert main(["export", "--force", str(link)]) == 0 and link.is_symlink()
    other = ["--inventory", str(tmp_path / "other.db")]
    for data, code in ((file.read_bytes()[:-9], 3), (file.read_bytes(), 0)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert main([*other, "import", "-"]) == code
    output = capsys.readouterr()
    assert "standard input is not an export" in output.err
    assert "3 boards added, 0 already known" in output.out


def test_an_export_may_be_printed(three, tmp_path, capsys):
    """An export to standard output has the same lines, and nothing else."""
    run(capsys, "note", "hall_x.local", "k\u00fcche")
    path = tmp_path / "all.jsonl"
    assert main(["export", str(path)]) == 0
    capsys.readouterr()
    assert main(["export", "-"]) == 0
    output = capsys.readouterr()
    assert output.out.splitlines()[1:] == contents(path) and output.err == ""
    assert main(["export", "-", "--json"]) == 2


def contents(path):
    """Return the lines of an export, without its date."""
    return Path(path).read_text("utf-8").splitlines()[1:]


def test_joined_inventories_keep_what_each_of_them_knows(three, tmp_path, capsys):
    """Importing merges tags, but changes nothing if an entry contradicts the inventory."""
    other = ["--inventory", str(tmp_path / "other.db")]
    lines = str(tmp_path / "all.jsonl")
    assert main(["export", lines]) == 0
    assert main([*other, "import", lines]) == 0
    assert main([*other, "tag", "hall_x.local", "south"]) == 0
    assert main([*other, "export", lines, "--force"]) == 0
    run(capsys, "tag", "hall_x.local", "north")
    capsys.readouterr()
    assert main(["import", lines]) == 0
    capsys.readouterr()
    assert run(capsys, "list", "hall_x.local")["boards"][0]["tags"] == ["north", "south"]
    run(capsys, "forget", "hall_x.local", "sensor-002.local")
    for host, facts, said in (
        ("hall_x.local", report(8), "has the name of hall_x.local"),
        ("attic.local", report(3, unique_id="e6699"), "TWO BOARDS WITH ONE KEY"),
        ("attic.local", report(8, unique_id="e6603"), "has the chip number of attic.local"),
    ):
        add_pin(host, facts)
        before = run(capsys, "list")
        assert main(["import", lines]) == 1
        assert said in capsys.readouterr().err
        assert run(capsys, "list") == before
        run(capsys, "forget", host)


_SPOILED = (
    lambda lines: lines[:-1],
    lambda lines: lines[:-2] + lines[-1:],
    lambda lines: [*lines, "{}"],
    lambda lines: lines[1:],
    lambda lines: ["{", *lines],
    lambda lines: [lines[0].replace("1", "2", 1), *lines[1:]],
    lambda lines: [line.replace('"not_after": "2', '"not_after": "x') for line in lines],
    lambda lines: [line.replace("sha256//", "sha1//") for line in lines],
    lambda lines: [line.replace('"port": 20034', '"port": 200340') for line in lines],
    lambda lines: [line.replace('"port": 20034', '"port": true') for line in lines],
    lambda lines: [line.replace("sensor-001.local", "not a host") for line in lines],
    lambda lines: [line.replace("sensor-001.local", "SENSOR") for line in lines],
    lambda lines: [line.replace('"192.168.4.11"', '"192.168.4"') for line in lines],
    lambda lines: [line.replace('"fingerprint"', '"finger"') for line in lines],
    lambda lines: [line.replace('"tags": []', '"tags": [5]') for line in lines],
    lambda lines: [line.replace('"hosts": [{', '"hosts": [[], {') for line in lines],
    lambda lines: [line.replace('"notes": ""', '"notes": "\\u0000"') for line in lines],
    lambda lines: [line.replace('"notes": ""', '"notes": "\\ud800"') for line in lines],
    lambda lines: ["5", *lines[1:]],
    lambda lines: [*lines[:1], "[]", *lines[1:]],
)


def test_half_an_export_or_a_damaged_one_changes_nothing(three, tmp_path, capsys):
    """A truncated or damaged export changes nothing, and the line is named."""
    path = tmp_path / "all.jsonl"
    assert main(["export", str(path)]) == 0
    lines = path.read_text().splitlines()
    before = run(capsys, "list")
    for number, spoil in enumerate(_SPOILED):
        assert spoil(lines) != lines
        path.write_text("\n".join(spoil(lines)) + "\n")
        assert main(["import", str(path)]) == 3, number
        said = capsys.readouterr().err
        assert str(path) in said and "damaged" in said
    assert run(capsys, "list") == before


def test_the_line_that_is_damaged_is_named(three, tmp_path, capsys):
    """The error names the damaged line: not text, unclosed brackets, a wrong value."""
    path = tmp_path / "all.jsonl"
    assert main(["export", str(path)]) == 0
    lines = path.read_text().splitlines()
    spoiled = [(at, text) for at in range(len(lines)) for text in ("\udcff", "[" * 100_000)]
    spoiled.append((2, lines[2].replace('"port": 20034', '"port": true')))
    assert spoiled[-1][1] != lines[2]
    for at, text in spoiled:
        all_lines = "\n".join([*lines[:at], text, *lines[at + 1 :]])
        path.write_text(all_lines, encoding="utf-8", errors="surrogateescape")
        assert main(["import", str(path)]) == 3
        said = capsys.readouterr().err
        assert "is damaged" in said and (f": line {at + 1}: " in said or at == 0), said[:200]
