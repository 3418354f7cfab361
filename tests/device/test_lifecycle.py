"""The life of an identity: generated once, loaded later, renewed with the same key."""

import sys

import scratch
from boardcert import EntropyError, Error
from boardcert.certificates import certificate
from boardcert.entropy import noise
from boardcert.storage.store import decode, load
from boardcert.storage.store_remove import Remover
from helpers import raises
from identities import identity, on_board


def test_first_boot_makes_and_second_boot_loads():
    """The second boot generates nothing, and has the same certificate."""
    directory = scratch.fresh_directory()
    steps = []
    with on_board():
        first = identity(directory, progress=steps.append)
        assert steps == ["entropy", "key", "sign", "check", "flash"]
        assert first.generated and first.source == "generated" and first.notices == []
        assert first.report()["entropy"]["credited_bits"] == 409
        assert set(first.report()["timings_ms"]) == set(steps) | {"total"}
        second = identity(directory, progress=steps.append)
    assert len(steps) == 5
    assert not second.generated and second.notices == []
    assert second.certificate == first.certificate
    assert second.fingerprint == first.fingerprint
    assert second.public_key_pin == first.public_key_pin
    assert set(second.report()["timings_ms"]) == {"total"}


def test_dates_with_and_without_a_clock():
    """With a clock, validity begins at yesterday's midnight, else in the package's year."""
    with on_board():
        me = identity()
        assert (me.not_before, me.not_after) == ("2026-11-20T00:00:00Z", "2036-11-18T05:00:00Z")
        me = identity(validity_days=825)
        assert me.not_after == "2029-02-23T05:00:00Z"
    with on_board(None):
        me = identity(validity_days=30)
        assert (me.not_before, me.not_after) == ("2026-01-01T00:00:00Z", "2035-12-30T00:00:00Z")


def test_dates_are_corrected_once_the_clock_is_known():
    """The dates are corrected once, with the same key, when the clock is set."""
    directory = scratch.fresh_directory()
    with on_board(None):
        first = identity(directory)
        assert identity(directory).certificate == first.certificate
    with on_board():
        second = identity(directory)
        assert "the clock has been set" in second.notices[0]
        assert second.not_before == "2026-11-20T00:00:00Z"
        assert second.public_key_pin == first.public_key_pin and not second.generated
        assert identity(directory).certificate == second.certificate
    with on_board(None):
        assert identity(directory).certificate == second.certificate


def test_an_expired_certificate_is_replaced_with_the_same_key():
    """An expired certificate is replaced at the next load, not a second too early."""
    directory = scratch.fresh_directory()
    with on_board():
        first = identity(directory)
    with on_board((2036, 11, 18, 5, 0, 0)):
        assert identity(directory).certificate == first.certificate
    with on_board((2036, 11, 18, 5, 0, 1)):
        second = identity(directory)
    assert "it had expired" in second.notices[0]
    assert second.not_before == "2036-11-17T00:00:00Z"
    assert second.public_key_pin == first.public_key_pin
    with on_board((2026, 11, 19, 0, 0, 0)):
        assert "dated in the future" in identity(directory).notices[0]


def test_changed_names_are_signed_with_the_same_key():
    """Changes of host name and further names are signed with the same key, in both directions."""
    directory = scratch.fresh_directory()
    with on_board():
        first = identity(directory, hostname="pump-7")
        for arguments in (
            {"hostname": "pump-8"},
            {"hostname": "pump-8", "names": ["pump.example"]},
            {"hostname": "pump-8"},
        ):
            me = identity(directory, **arguments)
            assert "names have changed" in me.notices[0], (arguments, me.notices)
            assert me.names == ["pump-8.local"] + arguments.get("names", [])
            assert me.public_key_pin == first.public_key_pin
            assert identity(directory, **arguments).notices == []


def test_the_certificate_follows_the_address():
    """follow() adds a new address without a reboot; a lost network changes nothing."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        before = me.certificate
        me.follow()
        assert me.certificate == before
    with on_board(addresses=["192.168.4.1"]):
        me.follow()
        assert me.names[1:] == ["192.168.4.1"]
        assert "address has changed" in me.notices[0]
        with_address = me.certificate
        assert identity(directory).certificate == with_address
    with on_board():
        assert identity(directory).certificate == with_address
    with on_board(addresses=["10.0.0.9"]):
        assert identity(directory).names[1:] == ["10.0.0.9"]


def test_two_boards_make_two_keys():
    """Two boards have different keys and subjects."""
    pins = set()
    subjects = set()
    for unique_id in (b"\1\2\3\4\5\6\7\x08", b"\1\2\3\4\5\6\7\x09"):
        with on_board(unique_id=unique_id):
            me = identity()
            pins.add(me.public_key_pin)
            subjects.add(certificate.Certificate(me.certificate).subject)
    assert len(pins) == len(subjects) == 2


def test_an_identity_copied_from_another_board_is_not_used():
    """A copied flash image does not give many boards one key."""
    directory = scratch.fresh_directory()
    with on_board():
        first = identity(directory)
        with on_board(unique_id=b"\1\2\3\4\5\6\7\x08"):
            copy = identity(directory)
            assert copy.public_key_pin != first.public_key_pin
            assert "another board" in copy.notices[0]
            assert identity(directory).notices == []


def test_a_stuck_source_refuses_and_nothing_is_written():
    """With a stuck source nothing is written, at first boot or later."""
    directory = scratch.fresh_directory()
    original = noise.find_source
    stuck = lambda: ("stuck", lambda count: bytes(count // 8))  # noqa: E731
    try:
        noise.find_source = stuck
        assert raises(EntropyError, identity, directory)
        assert load(directory, "generated", []) is None
        noise.find_source = original
        me = identity(directory)
        noise.find_source = stuck
        assert raises(EntropyError, me.reset)
        assert me.public_key_pin == identity(directory).public_key_pin
    finally:
        noise.find_source = original


def test_a_damaged_identity_is_never_served():
    """Each kind of damage is reported, the file kept aside, and a new identity made."""
    directory = scratch.fresh_directory()
    path = directory + "/generated.bin"
    with on_board():
        identity(directory)
        good = scratch.read(path)
        for position in range(0, len(good), 97):
            damaged = bytearray(good)
            damaged[position] ^= 4
            scratch.write(path, damaged)
            notices = []
            assert load(directory, "generated", notices) is None, position
            assert notices
        first_pin = certificate.Certificate(decode(good).chain[0]).public_key_pin
        scratch.write(path, good[:-1])
        me = identity(directory)
        assert me.generated and me.public_key_pin != first_pin
        assert "generated.bin was ignored" in me.notices[0]
        assert first_pin in me.notices[-1] and "lost" in me.notices[-1]
        assert scratch.read(path + ".bad") == good[:-1]


def test_a_lost_identity_is_reported():
    """The mark shows which key was lost."""
    directory = scratch.fresh_directory()
    with on_board():
        pin = identity(directory).public_key_pin
        Remover(directory, []).remove("generated")
        me = identity(directory)
        assert pin in me.notices[0] and "lost" in me.notices[0]
        assert identity(directory).notices == []


def test_the_esp32_remembers_in_nvs_when_the_file_system_is_new():
    """On esp32, the mark in NVS survives a formatted file system."""
    blobs = {}

    class NVS:
        def __init__(self, namespace):
            assert namespace == "boardcert"

        def get_blob(self, name, buffer):
            if name not in blobs:
                raise OSError(-4354)  # ESP_ERR_NVS_NOT_FOUND
            buffer[: len(blobs[name])] = blobs[name]
            return len(blobs[name])

        def set_blob(self, name, value):
            blobs[name] = value

        def commit(self):
            blobs["committed"] = True

    class esp32:
        pass

    esp32.NVS = NVS
    sys.modules["esp32"] = esp32
    try:
        with on_board():
            pin = identity().public_key_pin
            assert blobs == {"pin": pin.encode(), "committed": True}
            assert pin in identity().notices[0]
    finally:
        del sys.modules["esp32"]


def test_what_generation_needs_is_released():
    """Modules loaded for generation are released; those loaded before stay."""
    before = {name: sys.modules[name] for name in loaded("generate")}
    for name in before:
        del sys.modules[name]
    try:
        with on_board():
            identity()
        assert not loaded("generate") and loaded("keys") and loaded("noise")
    finally:
        for name in before:  # Other tests use the module by its name.
            package, short = name.rsplit(".", 1)
            sys.modules[name] = before[name]
            setattr(sys.modules[package], short, before[name])


def loaded(name):
    """Return module *name* from sys.modules, with or without its room; None if missing."""
    return [
        full for full in sys.modules if full.startswith("boardcert.") and full.endswith("." + name)
    ]


def test_no_secret_is_shown():
    """Neither the representation nor the report shows a secret."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        key = load(directory, "generated", []).private_key
        scalar = key[8:56]
        shown = repr(me) + repr(me.report())
        assert scalar.hex() not in shown.lower() and repr(scalar)[2:-1] not in shown


def test_settings_come_from_the_file_in_the_directory():
    """Settings come from config.json, which the host writes."""
    directory = scratch.fresh_directory()
    scratch.write(directory + "/config.json", b'{"hostname": "pump-9"}')
    with on_board():
        assert identity(directory).names == ["pump-9.local"]
    scratch.write(directory + "/config.json", b"{")
    assert raises(Error, identity, directory)
