"""Boards for the inventory, and commands run on it."""

import datetime
import json

from boardcert_host import clock
from boardcert_host.cli import main

FLEET = 60
"""Servers of the fixture `fleet`."""


def key(letter):
    """Return a pin."""
    return f"sha256//{letter * 43}="


def report(number, days=100, **more):
    """Return a board's report."""
    not_after = clock.now() + datetime.timedelta(days=days, hours=1)
    letter = chr(ord("A") + number)
    facts = {"public_key_pin": key(letter), "fingerprint": letter, "unique_id": f"e66{number:02}"}
    facts |= {
        "board": "Raspberry Pi Pico W with RP2040",
        "version": "0.1.0",
        "source": "generated",
    }
    return facts | {"firmware": "3.4.0; v1.27.0", "not_after": clock.as_text(not_after)} | more


def run(capsys, *words):
    """Run a command with --json; return its object."""
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def names(capsys, *words):
    """Return the first names of the boards that `list` finds."""
    return [one["hosts"][0]["host"] for one in run(capsys, "list", *words)["boards"]]


def sentence(capsys, *words):
    """Run a command that fails; return its error."""
    assert main([*words]) == 3
    output = capsys.readouterr()
    assert output.out == "" and "Traceback" not in output.err
    return output.err
