"""The life of an identity: made once, loaded ever after, renewed with the same key."""

import sys

import scratch
from boardcert import EntropyError, Error, board, certificate, keys, lifecycle, noise, x509
from boardcert.store import Record, decode, load
from boardcert.store_write import Writer
from helpers import raises, random_bytes


class _Board:
    """Another board's answers, for the time of a `with`."""

    def __init__(self, **answers):
        self._answers = answers
        self._original = {name: getattr(board, name) for name in answers}

    def __enter__(self):
        for name in self._answers:
            setattr(board, name, lambda value=self._answers[name]: value)

    def __exit__(self, *details):
        for name in self._original:
            setattr(board, name, self._original[name])


_TODAY = (2026, 11, 21, 5, 0, 0)
_SET_CLOCK = {"utc_now": _TODAY, "addresses": []}


def _identity(directory, **arguments):
    return lifecycle.Identity(directory=directory, **arguments)


def _installed_record(name="installed.example", key=None, not_before=_TODAY):
    key = key or keys.generate("p384", random_bytes)
    subject = x509.encode_subject("installed", "00")
    until = (2027, 1, 1, 0, 0, 0)
    leaf = x509.issue(key, subject, [name], not_before, until, random_bytes)
    return Record(key.to_der(), [leaf], {})


def test_first_boot_makes_and_second_boot_loads():
    """The second boot generates nothing, and has the same certificate."""
    directory = scratch.fresh_directory()
    steps = []
    with _Board(**_SET_CLOCK):
        first = _identity(directory, progress=steps.append)
        assert steps == ["entropy", "key", "sign", "check", "flash"]
        assert first.generated and first.source == "generated" and first.notices == []
        assert first.report()["entropy"]["credited_bits"] == 409
        assert set(first.report()["timings_ms"]) == set(steps) | {"total"}
        second = _identity(directory, progress=steps.append)
    assert len(steps) == 5
    assert not second.generated and second.notices == []
    assert second.certificate == first.certificate
    assert second.fingerprint == first.fingerprint
    assert second.public_key_pin == first.public_key_pin
    assert set(second.report()["timings_ms"]) == {"total"}


def test_dates_with_and_without_a_clock():
    """From yesterday's midnight with a clock, else from the package's year; ten years."""
    with _Board(**_SET_CLOCK):
        me = _identity(scratch.fresh_directory())
        assert (me.not_before, me.not_after) == ("2026-11-20T00:00:00Z", "2036-11-18T05:00:00Z")
        me = _identity(scratch.fresh_directory(), validity_days=825)
        assert me.not_after == "2029-02-23T05:00:00Z"
    with _Board(utc_now=None, addresses=[]):
        me = _identity(scratch.fresh_directory(), validity_days=30)
        assert (me.not_before, me.not_after) == ("2026-01-01T00:00:00Z", "2035-12-30T00:00:00Z")


def test_dates_are_corrected_once_the_clock_is_known():
    """With the same key; and only once."""
    directory = scratch.fresh_directory()
    with _Board(utc_now=None, addresses=[]):
        first = _identity(directory)
        assert _identity(directory).certificate == first.certificate
    with _Board(**_SET_CLOCK):
        second = _identity(directory)
        assert "the date has become known" in second.notices[0]
        assert second.not_before == "2026-11-20T00:00:00Z"
        assert second.public_key_pin == first.public_key_pin and not second.generated
        assert _identity(directory).certificate == second.certificate
    with _Board(utc_now=None, addresses=[]):
        assert _identity(directory).certificate == second.certificate


def test_an_expired_certificate_is_replaced_with_the_same_key():
    """Noticed at the next load; not a second too early."""
    directory = scratch.fresh_directory()
    with _Board(**_SET_CLOCK):
        first = _identity(directory)
    with _Board(utc_now=(2036, 11, 18, 5, 0, 0), addresses=[]):
        assert _identity(directory).certificate == first.certificate
    with _Board(utc_now=(2036, 11, 18, 5, 0, 1), addresses=[]):
        second = _identity(directory)
    assert "it had expired" in second.notices[0]
    assert second.not_before == "2036-11-17T00:00:00Z"
    assert second.public_key_pin == first.public_key_pin
    with _Board(utc_now=(2026, 11, 19, 0, 0, 0), addresses=[]):
        assert "dated in the future" in _identity(directory).notices[0]


def test_changed_names_are_signed_with_the_same_key():
    """Host name and further names, each way."""
    directory = scratch.fresh_directory()
    with _Board(**_SET_CLOCK):
        first = _identity(directory, hostname="pump-7")
        for arguments in (
            {"hostname": "pump-8"},
            {"hostname": "pump-8", "names": ["pump.example"]},
            {"hostname": "pump-8"},
        ):
            me = _identity(directory, **arguments)
            assert "names have changed" in me.notices[0], (arguments, me.notices)
            assert me.names == ["pump-8.local"] + arguments.get("names", [])
            assert me.public_key_pin == first.public_key_pin
            assert _identity(directory, **arguments).notices == []


def test_the_certificate_follows_the_address():
    """A new address is added by follow(), without a new boot; a lost network changes nothing."""
    directory = scratch.fresh_directory()
    with _Board(**_SET_CLOCK):
        me = _identity(directory)
        before = me.certificate
        me.follow()
        assert me.certificate == before
    with _Board(utc_now=_TODAY, addresses=["192.168.4.1"]):
        me.follow()
        assert me.names[1:] == ["192.168.4.1"]
        assert "address has changed" in me.notices[0]
        with_address = me.certificate
        assert _identity(directory).certificate == with_address
    with _Board(**_SET_CLOCK):
        assert _identity(directory).certificate == with_address
    with _Board(utc_now=_TODAY, addresses=["10.0.0.9"]):
        assert _identity(directory).names[1:] == ["10.0.0.9"]


def test_two_boards_make_two_keys():
    """And two subjects."""
    pins = set()
    subjects = set()
    for unique_id in (b"\1\2\3\4\5\6\7\x08", b"\1\2\3\4\5\6\7\x09"):
        with _Board(unique_id=unique_id, **_SET_CLOCK):
            me = _identity(scratch.fresh_directory())
            pins.add(me.public_key_pin)
            subjects.add(certificate.Certificate(me.certificate).subject)
    assert len(pins) == len(subjects) == 2


def test_an_identity_copied_from_another_board_is_not_used():
    """A flash image that is copied to many boards does not give them one key."""
    directory = scratch.fresh_directory()
    with _Board(**_SET_CLOCK):
        first = _identity(directory)
        with _Board(unique_id=b"\1\2\3\4\5\6\7\x08"):
            copy = _identity(directory)
            assert copy.public_key_pin != first.public_key_pin
            assert "another board" in copy.notices[0]
            assert _identity(directory).notices == []


def test_a_stuck_source_refuses_and_nothing_is_written():
    """Neither at first boot nor in place of what is there."""
    directory = scratch.fresh_directory()
    original = noise.find_source
    stuck = lambda: ("stuck", lambda count: bytes(count // 8))  # noqa: E731
    try:
        noise.find_source = stuck
        assert raises(EntropyError, _identity, directory)
        assert load(directory, "generated", []) is None
        noise.find_source = original
        me = _identity(directory)
        noise.find_source = stuck
        assert raises(EntropyError, me.reset)
        assert me.public_key_pin == _identity(directory).public_key_pin
    finally:
        noise.find_source = original


def test_a_damaged_identity_is_never_served():
    """At each kind of damage: reported, kept aside, and a new one made."""
    directory = scratch.fresh_directory()
    path = directory + "/generated.bin"
    with _Board(**_SET_CLOCK):
        _identity(directory)
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
        me = _identity(directory)
        assert me.generated and me.public_key_pin != first_pin
        assert "generated.bin was ignored" in me.notices[0]
        assert first_pin in me.notices[-1] and "lost" in me.notices[-1]
        assert scratch.read(path + ".bad") == good[:-1]


def test_a_lost_identity_is_reported():
    """The mark tells of the key that was there."""
    directory = scratch.fresh_directory()
    with _Board(**_SET_CLOCK):
        pin = _identity(directory).public_key_pin
        Writer(directory, []).remove("generated")
        me = _identity(directory)
        assert pin in me.notices[0] and "lost" in me.notices[0]
        assert _identity(directory).notices == []


def test_the_esp32_remembers_in_nvs_when_the_file_system_is_new():
    """The mark there outlives a formatted file system."""
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
        with _Board(**_SET_CLOCK):
            pin = _identity(scratch.fresh_directory()).public_key_pin
            assert blobs == {"pin": pin.encode(), "committed": True}
            assert pin in _identity(scratch.fresh_directory()).notices[0]
    finally:
        del sys.modules["esp32"]


def test_reset_makes_a_new_key_and_forgets_the_rest():
    """As at first boot; what was installed is gone."""
    directory = scratch.fresh_directory()
    with _Board(**_SET_CLOCK):
        me = _identity(directory)
        pin = me.public_key_pin
        Writer(directory, []).save("installed", _installed_record())
        me.reset()
        assert me.source == "generated" and me.public_key_pin != pin and me.notices == []
        again = _identity(directory)
        assert again.public_key_pin == me.public_key_pin and again.notices == []


def test_an_installed_certificate_comes_first_and_its_removal_brings_the_generated_back():
    """Nothing is generated while one is installed."""
    directory = scratch.fresh_directory()
    with _Board(**_SET_CLOCK):
        generated = _identity(directory)
        Writer(directory, []).save("installed", _installed_record())
        me = _identity(directory)
        assert me.source == "installed" and me.names == ["installed.example"]
        me.remove()
        assert me.source == "generated" and me.certificate == generated.certificate
        fresh = scratch.fresh_directory()
        Writer(fresh, []).save("installed", _installed_record())
        assert _identity(fresh).source == "installed"
        assert load(fresh, "generated", []) is None


def test_a_damaged_installed_certificate_is_reported_and_skipped():
    """Damaged, no certificate at all, or one for another key."""
    directory = scratch.fresh_directory()
    with _Board(**_SET_CLOCK):
        generated = _identity(directory)
        one, other = _installed_record(), _installed_record()
        for record, words in (
            (Record(one.private_key, other.chain, {}), "another key"),
            (Record(one.private_key, [b"no certificate"], {}), "ignored"),
            (Record(b"no key", one.chain, {}), "ignored"),
        ):
            Writer(directory, []).save("installed", record)
            me = _identity(directory)
            assert me.source == "generated" and me.certificate == generated.certificate
            assert "installed" in me.notices[0] and words in me.notices[0]
        scratch.write(directory + "/installed.bin", b"foreign")
        me = _identity(directory)
        assert me.source == "generated" and "installed.bin" in me.notices[0]
        assert scratch.read(directory + "/installed.bin") == b"foreign"


def test_a_compiled_in_certificate_stands_between():
    """After an installed one, before a generated one."""
    record = _installed_record("builtin.example")

    class boardcert_builtin:
        PRIVATE_KEY = record.private_key
        CHAIN = tuple(record.chain)

    directory = scratch.fresh_directory()
    sys.modules["boardcert_builtin"] = boardcert_builtin
    try:
        with _Board(**_SET_CLOCK):
            me = _identity(directory)
            assert me.source == "builtin" and me.names == ["builtin.example"]
            assert load(directory, "generated", []) is None
            Writer(directory, []).save("installed", _installed_record())
            assert _identity(directory).source == "installed"
    finally:
        del sys.modules["boardcert_builtin"]


def test_what_generation_needs_is_released():
    """Modules that were not there before are forgotten; those that were stay."""
    sys.modules.pop("boardcert.generate", None)
    with _Board(**_SET_CLOCK):
        _identity(scratch.fresh_directory())
    assert "boardcert.generate" not in sys.modules
    assert "boardcert.keys" in sys.modules and "boardcert.noise" in sys.modules


def test_no_secret_is_shown():
    """Not in the representation, not in the report."""
    directory = scratch.fresh_directory()
    with _Board(**_SET_CLOCK):
        me = _identity(directory)
        key = load(directory, "generated", []).private_key
        scalar = key[8:56]
        shown = repr(me) + repr(me.report())
        assert scalar.hex() not in shown.lower() and repr(scalar)[2:-1] not in shown


def test_settings_come_from_the_file_in_the_directory():
    """config.json, which the host writes."""
    directory = scratch.fresh_directory()
    scratch.write(directory + "/config.json", b'{"hostname": "pump-9"}')
    with _Board(**_SET_CLOCK):
        assert _identity(directory).names == ["pump-9.local"]
    scratch.write(directory + "/config.json", b"{")
    assert raises(Error, _identity, directory)


def test_a_request_for_the_boards_names():
    """By the key that is served."""
    with _Board(**_SET_CLOCK):
        me = _identity(scratch.fresh_directory(), hostname="pump-7")
        request = me.csr()
    assert b"pump-7.local" in request
    assert certificate.Certificate(me.certificate).public_key_der in request
