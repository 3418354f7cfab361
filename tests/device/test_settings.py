"""Settings: arguments over config.json over defaults, each checked."""

from boardcert import Error
from boardcert.credentials.settings import Settings

_ID = bytes([0xE6, 0x61, 0x64, 0x08, 0x43, 0x1B, 0x2C, 0x3D])


def _refused(arguments, config=None, kind=ValueError):
    try:
        Settings(arguments, config, _ID)
    except kind as error:
        return str(error)
    return None


def test_defaults():
    """A board without settings gets a default name of its own."""
    settings = Settings({}, None, _ID)
    assert settings.hostname == "board-431b2c3d"
    assert settings.names == ["board-431b2c3d.local"]
    assert settings.key_type == "p384"
    assert settings.validity_days == 3650
    assert settings.portal_port == 20034
    assert settings.https == "required"


def test_arguments_come_before_the_file_and_the_file_before_defaults():
    """Arguments override the file, and the file overrides the defaults."""
    config = '{"hostname": "pump-7", "validity_days": 825}'
    settings = Settings({"hostname": "Pump-8"}, config, _ID)
    assert settings.hostname == "pump-8"
    assert settings.validity_days == 825


def test_every_kind_of_key_may_be_set():
    """All supported key types can be set; anything else is refused."""
    for key_type in ("p256", "p384", "p521", "rsa2048", "rsa3072", "rsa4096"):
        assert Settings({"key_type": key_type}, None, _ID).key_type == key_type
    for key_type in ("P384", "p224", "rsa1024", "rsa", "ed25519", "", None, 384):
        assert "rsa4096" in _refused({"key_type": key_type})


def test_names_are_normalized_and_kept_once():
    """The host name is first, with .local unless it contains a dot; names are unique."""
    settings = Settings(
        {"prefix": "x", "names": ["A.example", "10.0.0.5", "a.example", "FE80::0001"]}, None, _ID
    )
    assert settings.names == ["x-431b2c3d.local", "a.example", "10.0.0.5", "fe80::1"]
    assert Settings({"hostname": "pump.example"}, None, _ID).names == ["pump.example"]


def test_wrong_values_are_named():
    """An error names the setting and the value."""
    for arguments in (
        {"key_type": "p192"},
        {"validity_days": 0},
        {"validity_days": 36501},
        {"validity_days": "10"},
        {"validity_days": True},
        {"validity_days": 1.5},
        {"portal_port": 65536},
        {"portal_port": -1},
        {"https": False},
        {"hostname": "a b"},
        {"hostname": "10.0.0.1"},
        {"hostname": "a." + "b" * 62},
        {"prefix": "-"},
        {"names": "a.example"},
        {"names": ["ok", "not ok"]},
        {"names": ["n" + str(i) for i in range(20)]},
        {"hostnme": "typo"},
    ):
        assert _refused(arguments), arguments
    assert "validity_days" in _refused({"validity_days": 0})
    assert "hostnme" in _refused({}, '{"hostnme": "typo"}')
    assert Settings({"names": ["n" + str(i) for i in range(19)]}, None, _ID)


def test_a_damaged_file_is_named():
    """A damaged file is named, with what to do."""
    for config in ("", "{", "[]", "5", '"x"', "null"):
        assert "config.json" in _refused({}, config, Error), config


def test_a_bad_value_in_the_file_names_the_file():
    """An error in the file names the file, unless an argument is wrong or overrides it."""
    assert _refused({}, '{"validity_days": 0}').startswith("config.json: validity_days")
    assert _refused({}, '{"x": 1}') == "config.json: unknown setting: 'x'"
    assert _refused({"validity_days": 0}, "{}").startswith("validity_days")
    assert Settings({"validity_days": 9}, '{"validity_days": 0}', _ID).validity_days == 9


def test_a_byte_order_mark_is_passed_over():
    """A byte order mark at the start of the file is skipped."""
    assert Settings({}, '\ufeff{"hostname": "pump"}', _ID).hostname == "pump"
