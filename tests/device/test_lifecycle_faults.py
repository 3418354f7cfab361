"""A valid stored certificate is served, whatever fails around it."""

import os
import sys

import scratch
from boardcert import EntropyError, Error, board, modules
from boardcert.certificates.keys import PrivateKey
from boardcert.credentials import lifecycle
from boardcert.credentials.lifecycle import Identity
from boardcert.crypto import ecdsa
from boardcert.crypto.ecdsa import InvalidSignature
from boardcert.entropy import noise
from boardcert.storage import store_write
from boardcert.storage.store import Record, decode, load
from boardcert.storage.store_write import Writer
from helpers import raises
from identities import Builtin, Replaced, check_notice, has_notice, on_board, raising


def test_a_renewal_that_fails_leaves_the_old_certificate_in_service():
    """If a renewal lacks entropy, space or memory, or signing fails, it is retried later."""
    for owner, name, error in (
        (noise, "gather", EntropyError("stuck")),
        (store_write, "_write", OSError(28)),
        (PrivateKey, "sign", MemoryError("none")),
        (ecdsa, "check_own", InvalidSignature("fault")),
    ):
        directory = scratch.fresh_directory()
        with on_board():
            first = Identity(directory)
        with on_board(addresses=["10.0.0.7"]):
            with Replaced(owner, **{name: raising(error)}):
                me = Identity(directory)
                assert me.certificate == first.certificate, name
                assert has_notice(me, type(error).__name__) and has_notice(me, "served as it is")
                count = len(me.notices)
                assert raises(Error, me.follow)
                assert me.certificate == first.certificate and len(me.notices) == count
            me.follow()
            assert me.names[1:] == ["10.0.0.7"] and me.public_key_pin == first.public_key_pin


def test_an_expired_certificate_is_served_when_no_new_one_can_be_signed():
    """An expired certificate is served with a notice, so that pinning clients reach the board."""
    directory = scratch.fresh_directory()
    with on_board():
        first = Identity(directory)
    with on_board((2040, 1, 1, 0, 0, 0)), Replaced(noise, gather=raising(EntropyError("stuck"))):
        me = Identity(directory)
        assert me.certificate == first.certificate and has_notice(me, "it had expired")


def test_other_settings_on_a_full_flash_change_what_is_told_only():
    """On full flash, changed settings cause a notice only; without a record, the error raises."""
    directory = scratch.fresh_directory()
    with on_board():
        first = Identity(directory)
        with Replaced(store_write, _write=raising(OSError(28))):
            me = Identity(directory, portal_port=0)
            assert me.certificate == first.certificate and me.portal_port == 0
            check_notice(me, "storing the settings failed")
            assert raises(OSError, Identity, scratch.fresh_directory())


def test_a_marker_that_cannot_be_kept_is_no_reason_to_stop():
    """A failure to store the marker, in the file or the NVS, is not an error."""
    directory = scratch.fresh_directory()
    with on_board():
        with Replaced(Writer, write_text=raising(OSError(28))):
            first = Identity(directory)
            check_notice(first, "writing the marker failed")
        for function in ("_nvs", "_nvs_write"):
            os.remove(directory + "/marker") if scratch.exists(directory + "/marker") else None
            with Replaced(store_write, **{function: raising(OSError(-4357))}):
                me = Identity(directory)
                assert me.certificate == first.certificate and has_notice(me, "NVS")
                assert scratch.exists(directory + "/marker")


def test_one_day_is_a_day():
    """A certificate for one day is valid at issue and at the next boot, also before midnight."""
    directory = scratch.fresh_directory()
    with on_board((2026, 11, 21, 23, 59, 59)):
        me = Identity(directory, validity_days=1)
        assert me.not_after == "2026-11-22T23:59:59Z"
        assert Identity(directory, validity_days=1).certificate == me.certificate
    with on_board((2026, 11, 22, 23, 59, 59)):
        assert Identity(directory, validity_days=1).certificate == me.certificate
    with on_board((2026, 11, 23, 0, 0, 0)):
        assert Identity(directory, validity_days=1).not_after == "2026-11-24T00:00:00Z"


def test_another_lifetime_or_host_name_is_signed_with_the_same_key():
    """A new lifetime or host name, even if only the domain differs, is signed by the same key."""
    directory = scratch.fresh_directory()
    with on_board():
        first = Identity(directory, hostname="pump-7")
        for arguments, words in (
            ({"hostname": "pump-7", "validity_days": 30}, "lifetime"),
            ({"hostname": "pump-7.local", "validity_days": 30}, "host name"),
        ):
            me = Identity(directory, **arguments)
            assert has_notice(me, words) and me.not_after == "2026-12-21T05:00:00Z"
            assert me.public_key_pin == first.public_key_pin
            assert Identity(directory, **arguments).notices == []
        assert b"pump-7.local" in me.certificate[:200]


def test_a_reset_ends_with_what_the_next_boot_serves():
    """A reset returns what the next boot serves, such as a compiled-in certificate."""
    directory = scratch.fresh_directory()
    with on_board():
        me = Identity(directory)
        record = load(directory, "generated", [])

        with Builtin(PRIVATE_KEY=record.private_key, CHAIN=tuple(record.chain)):
            me.reset()
            assert me.source == Identity(directory).source == "builtin"
        assert me.public_key_pin != Identity(directory).public_key_pin


def test_a_reset_leaves_no_old_key():
    """A reset removes old keys from files kept aside and from interrupted saves, too."""
    directory = scratch.fresh_directory()
    with on_board():
        me = Identity(directory)
        me.admin_token()
        names = ("generated.bin.bad", "generated.alt.2.bad", "generated.new")
        for name in names + ("installed.bin", "installed.bin.bad", "installed.new"):
            scratch.write(directory + "/" + name, b"an old key")
        me.reset()
    assert sorted(os.listdir(directory)) == ["generated.bin", "mark.generated.2", "marker"]


def test_a_failure_after_the_key_is_changed_is_told_only():
    """A failure after the key was replaced is only reported: the new key, on flash, is served."""
    from boardcert.storage import store_wipe

    directory = scratch.fresh_directory()
    with on_board(), Replaced(store_wipe, wipe=raising(MemoryError("no room"))):
        me = lifecycle.Identity(directory=directory)
        for change in (me.new_key, me.reset):
            pin = me.public_key_pin
            assert change().startswith("what was deleted may still be in flash")
            assert me.public_key_pin != pin and has_notice(me, "no room")
            assert lifecycle.Identity(directory=directory).public_key_pin == me.public_key_pin


def test_a_directory_in_the_way_is_reported_and_repaired():
    """A directory in place of an identity is moved aside and reported at the next write."""
    directory = scratch.fresh_directory()
    with on_board():
        first = Identity(directory)
        os.mkdir(directory + "/installed.bin")
        me = Identity(directory)
        assert me.certificate == first.certificate and has_notice(me, "installed.bin was ignored")
        me.remove()
        assert Identity(directory).notices == []
        os.remove(directory + "/generated.bin")
        os.mkdir(directory + "/generated.bin")
        me = Identity(directory)
        assert me.generated and has_notice(me, "generated.bin was ignored")
        assert Identity(directory).certificate == me.certificate


def test_a_config_that_cannot_be_read_is_an_error():
    """A config file that is not UTF-8, too large or a directory is an error that names it."""
    directory = scratch.fresh_directory()
    path = directory + "/config.json"
    with on_board():
        Identity(directory)
        for content in (b'{"hostname": "kit\xffhen"}', b'{"names": [' + b" " * 2048 + b"]}", None):
            if content is None:
                os.remove(path)
                os.mkdir(path)
            else:
                scratch.write(path, content)
            try:
                Identity(directory)
                raise AssertionError(content)
            except Error as error:
                assert path in str(error) and "delete it" in str(error)
        os.rmdir(path)
        assert Identity(directory).notices == []


def test_an_intact_record_of_no_use_is_kept_aside():
    """An intact but unusable record is kept aside, since it was written like this."""
    directory = scratch.fresh_directory()
    with on_board():
        Identity(directory)
        record = load(directory, "generated", [])
        Writer(directory, []).save("generated", Record(b"no key", record.chain, {}))
        me = Identity(directory)
        assert me.generated and has_notice(me, "kept as")
        kept = decode(scratch.read(directory + "/generated.bin.bad"))
        assert kept.private_key == b"no key" and kept.chain == record.chain


def test_a_request_with_a_faulty_signature_does_not_leave():
    """A request with a faulty signature, which could reveal the key, is not returned."""
    with on_board():
        me = Identity(scratch.fresh_directory())
        sign = PrivateKey.sign
        wrong = lambda key, data, random: sign(key, data + b"!", random)  # noqa: E731
        with Replaced(PrivateKey, sign=wrong):
            assert raises(Error, me.csr)


def test_native_code_is_not_released_on_esp32():
    """On esp32, native code is not released: its memory would be lost until a soft reset."""
    for platform, kept in (("esp32", True), ("rp2", False)):

        class system:
            modules = dict(sys.modules)

        system.platform = platform
        system.modules["boardcert.sha512_block"] = system.modules["boardcert.x"] = None
        package = system.modules["boardcert"] = Replaced(board)
        package.x = package.sha512_block = None
        inside = {"boardcert.x", "boardcert.sha512_block", "boardcert.room", "boardcert.room.y"}
        package.room = system.modules["boardcert.room"] = Replaced(board)
        package.room.y = system.modules["boardcert.room.y"] = None
        with Replaced(modules, sys=system):
            lent = modules.borrowed().begin()
            lent.kept -= inside
            lent.give_back()
        assert inside & set(system.modules) <= {"boardcert.sha512_block"}
        assert not hasattr(package, "x") and not hasattr(package, "room")
        assert ("boardcert.sha512_block" in system.modules) is kept
        assert hasattr(package, "sha512_block") is kept
