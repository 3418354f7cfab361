"""Boards' reports are checked, since pins and the key ring store parts of them."""

import pytest
from boardcert_host.board import reports

_REPORT = {
    "hostname": "kitchen",
    "names": ["kitchen.local"],
    "public_key_pin": "sha256//kQu7iEb4wXnbnfaLSWdAoVF9E8leb1Fz+NkxjOq5Juw=",
    "fingerprint": ":".join(["A7"] * 32),
}


def test_a_boards_report_is_accepted():
    """A report as a board makes it is accepted, including one with a sentence on what was wiped."""
    assert reports.flaw(_REPORT) is None
    assert reports.flaw(_REPORT | {"wiped": "no key was removed", "more": 5}) is None


@pytest.mark.parametrize(
    ("fields", "flaw"),
    [
        ({"hostname": None}, "without hostname"),
        ({"names": "kitchen.local"}, "without names"),
        ({"names": []}, "without a name"),
        ({"names": ["kitchen.local", 5]}, "without a name"),
        ({"public_key_pin": "AA:BB"}, "an unreadable public_key_pin"),
        ({"public_key_pin": _REPORT["public_key_pin"] + "\n"}, "an unreadable public_key_pin"),
        ({"fingerprint": "\x1b[31m"}, "an unreadable fingerprint"),
        ({"fingerprint": "A7"}, "an unreadable fingerprint"),
        ({"wiped": 5}, "an unreadable report"),
    ],
)
def test_a_report_that_could_damage_files_is_rejected(fields, flaw):
    """A report that could damage stored files is rejected, such as a pin of another form."""
    assert flaw in reports.flaw(_REPORT | fields)
