"""Settings changed while the board runs: checked as at boot, written whole or not at all."""

import json

from boardcert import RefusedError, identity
from boardcert.credentials.change_settings import change_settings
from scratch import fresh_directory


def _config(path):
    try:
        with open(f"{path}/config.json") as file:
            return json.load(file)
    except OSError:
        return None


def _refused(path, arguments, changes):
    try:
        change_settings(path, arguments, changes)
    except RefusedError as error:
        return error.field, str(error)
    return None


def test_values_and_texts_are_taken():
    """Settings are accepted as values, as programs set them, and as texts, as forms do."""
    path = fresh_directory()
    change_settings(path, {}, {"hostname": "pump", "names": ["a.example"], "validity_days": 90})
    assert _config(path) == {"hostname": "pump", "names": ["a.example"], "validity_days": 90}
    change_settings(path, {}, {"names": "b.example, 10.0.0.5", "validity_days": " 100 "})
    assert _config(path)["names"] == ["b.example", "10.0.0.5"]
    assert _config(path)["validity_days"] == 100


def test_an_empty_one_is_the_default_again():
    """An empty text or None restores the default, even if the setting was not set."""
    path = fresh_directory()
    change_settings(path, {}, {"hostname": "pump", "names": "a.example", "validity_days": "90"})
    change_settings(path, {}, {"hostname": "", "names": None, "prefix": ""})
    assert _config(path) == {"validity_days": 90}


def test_a_wrong_one_changes_nothing_and_is_named():
    """A wrong value is named by its field for the form, and valid ones beside it change nothing."""
    path = fresh_directory()
    change_settings(path, {}, {"hostname": "pump"})
    for changes in (
        {"hostname": "a b"},
        {"hostname": "tank", "validity_days": "many"},
        {"validity_days": "0"},
        {"names": "not_a_name!"},
        {"names": " ".join([f"a{i}.example" for i in range(20)])},
        {"names": " ".join([10 * "long-name." + f"{i}.example" for i in range(10)])},
        {"portal_port": "70000"},
        {"https": "sometimes"},
        {"colour": "red"},
    ):
        found = _refused(path, {}, changes)
        assert found and found[0] == list(changes)[-1], changes
        assert _config(path) == {"hostname": "pump"}
        if "example" in str(changes):
            assert found[1] == "1 to 20 names and addresses, at most 1000 characters in all"


def test_the_settings_count_as_they_will_be_together():
    """A longer name, and fewer further ones to make room for it, in one form, in any order."""
    path = fresh_directory()
    fewer = [f"{'long-name.' * 9}{i}.example" for i in range(9)]
    more = fewer + ["long-name." * 8 + "ten.example"]
    longer = 29 * "b" + "." + 30 * "c"
    change_settings(path, {}, {"hostname": "pump", "names": more})
    assert _refused(path, {}, {"hostname": longer})[0] == "hostname"
    for other in ("chain", "https"):
        assert _refused(path, {}, {"hostname": longer, other: "x", "names": fewer})[0] == other
    change_settings(path, {}, {"hostname": longer, "names": fewer})
    assert _config(path) == {"hostname": longer, "names": fewer}
    change_settings(path, {}, {"names": more, "hostname": "pump"})
    assert _config(path) == {"hostname": "pump", "names": more}


def test_what_the_program_sets_is_changed_there():
    """A setting that the program passes cannot be changed here; the same value is accepted."""
    path = fresh_directory()
    arguments = {"hostname": "pump", "names": ["a.example"]}
    assert _refused(path, arguments, {"hostname": "tank"})[0] == "hostname"
    shown = {"hostname": "pump", "names": "a.example", "validity_days": "90"}
    change_settings(path, arguments, shown)
    assert _config(path) == {"validity_days": 90}


def test_the_certificate_follows_at_the_next_boot_with_the_same_key():
    """The identity's method changes the certificate at the next boot, with the same key."""
    path = fresh_directory()
    before = identity(directory=path)
    before.change_settings(hostname="pump")
    assert before.hostname != "pump"
    after = identity(directory=path)
    assert after.names == ["pump.local"] and after.hostname == "pump"
    assert after.public_key_pin == before.public_key_pin
    assert after.fingerprint != before.fingerprint
