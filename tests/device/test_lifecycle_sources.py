"""The served identity: installed before compiled in before generated, and changes of it."""

import os
import sys

import scratch
from boardcert import EntropyError, RefusedError
from boardcert.certificates import certificate, keys
from boardcert.entropy import noise
from boardcert.storage.store import Record, load
from boardcert.storage.store_write import Writer
from helpers import raises
from identities import (
    Builtin,
    Replaced,
    check_notice,
    foreign_record,
    has_notice,
    identity,
    on_board,
    raising,
)


def _public_key(me):
    return certificate.Certificate(me.certificate).public_key_der


def test_reset_makes_a_new_key_and_forgets_the_rest():
    """A reset makes a new key as at first boot, and removes an installed certificate."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        pin = me.public_key_pin
        Writer(directory, []).save("installed", foreign_record())
        me.reset()
        assert me.source == "generated" and me.public_key_pin != pin and me.notices == []
        again = identity(directory)
        assert again.public_key_pin == me.public_key_pin and again.notices == []


def test_an_installed_certificate_comes_first_and_its_removal_brings_the_generated_back():
    """Nothing is generated while a certificate is installed; removing it restores the generated."""
    directory = scratch.fresh_directory()
    with on_board():
        generated = identity(directory)
        Writer(directory, []).save("installed", foreign_record())
        me = identity(directory)
        assert me.source == "installed" and me.names == ["installed.example"]
        me.remove()
        assert me.source == "generated" and me.certificate == generated.certificate
        fresh = scratch.fresh_directory()
        Writer(fresh, []).save("installed", foreign_record())
        assert identity(fresh).source == "installed"
        assert load(fresh, "generated", []) is None


def test_a_damaged_installed_certificate_is_reported_and_skipped():
    """A damaged, empty or mismatched installed certificate is reported and skipped."""
    directory = scratch.fresh_directory()
    with on_board():
        generated = identity(directory)
        one, other = foreign_record(), foreign_record()
        for record, words in (
            (Record(one.private_key, other.chain, {}), "another key"),
            (Record(one.private_key, [b"no certificate"], {}), "ignored"),
            (Record(b"no key", one.chain, {}), "ignored"),
        ):
            Writer(directory, []).save("installed", record)
            me = identity(directory)
            assert me.source == "generated" and me.certificate == generated.certificate
            assert "installed" in me.notices[0] and words in me.notices[0]
        scratch.write(directory + "/installed.bin", b"foreign")
        me = identity(directory)
        assert me.source == "generated" and "installed.bin" in me.notices[0]
        assert scratch.read(directory + "/installed.bin") == b"foreign"


def test_each_source_comes_before_those_below_it():
    """In each combination, installed precedes compiled in, which precedes generated."""
    builtin, installed = foreign_record("builtin.example"), foreign_record()
    for has_installed, has_builtin, has_generated in [
        (number >> 2 & 1, number >> 1 & 1, number & 1)
        for number in (range(8) if scratch.HAS_ROOM else (1, 2, 6))
    ]:
        directory = scratch.fresh_directory()
        below = "builtin" if has_builtin else "generated"
        with on_board():
            if has_generated:
                identity(directory)
            if has_installed:
                Writer(directory, []).save("installed", installed)
            values = {"PRIVATE_KEY": builtin.private_key, "CHAIN": tuple(builtin.chain)}
            with Builtin(**values) if has_builtin else on_board():
                me = identity(directory)
                assert me.source == ("installed" if has_installed else below)
                assert me.generated is not (has_installed or has_builtin or has_generated)
                me.remove()
                assert me.source == below and identity(directory).source == below
                assert load(directory, "installed", []) is None
            assert identity(directory).source == "generated"
        scratch.remove_directories()


def test_what_is_compiled_in_and_unsound_is_reported_and_skipped():
    """A compiled-in pair that mismatches, has wrong types or lacks a part is skipped."""
    one, other = foreign_record(), foreign_record()
    for values, words in (
        ({"PRIVATE_KEY": one.private_key, "CHAIN": other.chain}, "another key"),
        ({"PRIVATE_KEY": one.private_key, "CHAIN": []}, "builtin identity was ignored"),
        ({"PRIVATE_KEY": one.private_key, "CHAIN": ["text"]}, "builtin identity was ignored"),
        ({"PRIVATE_KEY": "text", "CHAIN": one.chain}, "builtin identity was ignored"),
        ({"PRIVATE_KEY": b"", "CHAIN": one.chain}, "builtin identity was ignored"),
        ({"PRIVATE_KEY": one.private_key, "CHAIN": None}, "boardcert_builtin was ignored"),
        ({"PRIVATE_KEY": one.private_key}, "boardcert_builtin was ignored"),
        ({"CHAIN": one.chain}, "boardcert_builtin was ignored"),
    ):
        directory = scratch.fresh_directory()
        with on_board(), Builtin(**values):
            me = identity(directory)
            assert me.source == "generated" and has_notice(me, words), (values.keys(), me.notices)


def test_what_is_compiled_in_and_cannot_be_imported_is_reported_and_skipped():
    """A compiled-in module that cannot be imported, as for another MicroPython, is skipped."""
    directory = scratch.fresh_directory()
    modules = scratch.fresh_directory()
    os.mkdir(modules)
    with open(modules + "/boardcert_builtin.py", "w") as file:
        file.write("raise ValueError('incompatible .mpy file')\n")
    sys.path.insert(0, modules)
    try:
        with on_board():
            for _ in range(2):  # At first boot, and with a generated identity.
                me = identity(directory)
                assert me.source == "generated"
                check_notice(me, "boardcert_builtin was ignored: ValueError: incompatible")
    finally:
        sys.path.remove(modules)


def test_a_removal_waits_for_what_is_below():
    """An installed certificate is not removed if nothing else exists or can be generated."""
    directory = scratch.fresh_directory()
    Writer(directory, []).save("installed", foreign_record())
    with on_board():
        me = identity(directory)
        with Replaced(noise, gather=raising(EntropyError("stuck"))):
            assert raises(EntropyError, me.remove)
        assert me.source == identity(directory).source == "installed"
        me.remove()
        assert me.source == "generated" and me.generated


def test_a_renewal_keeps_the_key():
    """A renewal makes a new generated certificate; an installed one is still served."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        pin, serial = me.public_key_pin, me.report()["serial_number"]
    with on_board((2027, 5, 5, 0, 0, 0)):
        me.renew()
        assert me.public_key_pin == pin and me.report()["serial_number"] != serial
        assert me.not_before == "2027-05-04T00:00:00Z" and not me.notices
        Writer(directory, []).save("installed", foreign_record(until=(2030, 1, 1, 0, 0, 0)))
        me = identity(directory)
        me.renew()
        assert me.source == "installed"
        before = me.certificate
        me.remove()
        assert me.public_key_pin == pin and me.certificate != before


def test_a_new_key_leaves_the_installed_certificate_and_the_token():
    """A new key leaves no copy of the old one, and keeps the token and an installed certificate."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        pin, token = me.public_key_pin, me.admin_token()
        assert me.new_key()
        assert me.source == "generated" and me.public_key_pin != pin and me.notices == []
        pin = me.public_key_pin
        Writer(directory, []).save("installed", foreign_record())
        me = identity(directory)
        served = me.certificate
        me.new_key()
        assert me.source == "installed" and me.certificate == served
        me.remove()
        assert me.public_key_pin != pin and me.admin_token() == token
        os.remove(directory + "/generated.bin")
        assert has_notice(identity(directory), f"the pin {me.public_key_pin} is lost")


def test_another_key_type_is_for_the_next_new_key():
    """A new key type applies to the next new_key or reset, and a notice says so."""
    directory = scratch.fresh_directory()
    with on_board():
        pin = identity(directory).public_key_pin
        for change in ("new_key", "reset"):
            me = identity(directory, key_type="p256")
            assert me.public_key_pin == pin and has_notice(me, "the key stays p384: p256 is for")
            assert me.report()["key_type"] == "p384"
            getattr(me, change)()
            assert me.report()["key_type"] == "p256" and me.public_key_pin != pin
            assert identity(directory, key_type="p256").notices == []
            me = identity(directory, key_type="p384")
            assert me.report()["key_type"] == "p256"
            me.new_key()
            pin = me.public_key_pin
            identity(directory)


def test_the_token_is_made_once_and_anew_at_a_reset():
    """The token has 26 base32 characters, is replaced if damaged, and appears nowhere else."""
    directory = scratch.fresh_directory()
    path = directory + "/token"
    with on_board():
        me = identity(directory)
        token = me.admin_token()
        assert len(token) == 26 and not set(token) - set("abcdefghijklmnopqrstuvwxyz234567")
        assert me.admin_token() == identity(directory).admin_token() == token
        stored = scratch.read(path)
        assert stored.startswith(token.encode() + b" ")
        assert token not in repr(me) + repr(me.report()) + repr(me.notices)
        for damaged in (b"", token.encode(), stored[:-1], stored + b"1", b"\xff" * 26):
            scratch.write(path, damaged)
            me = identity(directory)
            made = me.admin_token()
            assert len(made) == 26 and made != token and has_notice(me, "the token was altered")
        assert me.reset()
        assert not scratch.exists(path) and me.admin_token() not in (token, made)


def test_a_request_for_the_boards_names():
    """A request uses the board's own key, which is generated first if necessary."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(hostname="pump-7")
        request = me.csr()
        assert b"pump-7.local" in request and _public_key(me) in request
        installed = foreign_record()
        Writer(directory, []).save("installed", installed)
        me = identity(directory)
        request = me.csr()
        assert me.source == "installed" and _public_key(me) not in request
        own = keys.from_der(load(directory, "generated", []).private_key)
        assert own.public_key_der in request and own.public_key_der in me.csr()


def test_a_request_for_other_names_has_those_alone():
    """A request for other names has no subject; invalid names, or a text for a list, fail."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory, hostname="pump-7")
        request = me.csr(["pump.example.org", "*.Example.org", "192.168.4.9"])
        assert b"pump-7" not in request and b"\x30\x00" in request and _public_key(me) in request
        assert b"\x82\x10pump.example.org\x82\x0d*.example.org\x87\x04\xc0\xa8\x04\x09" in request
        for names in (
            [],
            ["a..b"],
            ["*.192.168.4.9"],
            ["*.*.b"],
            ["a.*"],
            [7],
            "a.b",
            ["a.b"] * 21,
        ):
            assert raises(RefusedError, me.csr, names)
