"""Actions that esp32 defers to the next boot, as memory is short beside the page."""

import json
from binascii import a2b_base64

import scratch
from boardcert.credentials import lifecycle, report, wishes
from boardcert.storage.store import load
from identities import Replaced, check_notice, foreign_record, has_notice, identity, on_board


def _short(is_short=True):
    """Return a context in which an identity lacks the memory to sign, as on esp32."""
    return Replaced(lifecycle.Identity, lacks_memory=lambda me: is_short)


def test_signing_is_put_off_while_the_board_serves():
    """The old certificate is served until the next boot, then a new one with the same key."""
    directory = scratch.fresh_directory()
    with on_board(), _short():
        me = identity(directory)
        before = me.certificate
        me.follow()
        assert me.wish is None and not scratch.exists(directory + "/wish")
    with on_board(addresses=["192.168.4.1"]), _short():
        me.follow()
        me.follow()
        assert me.certificate == before and "address" in me.wish
        assert len([notice for notice in me.notices if "at the next boot" in notice]) == 1
        after = identity(directory)
        assert after.names[1:] == ["192.168.4.1"] and after.took_memory
        assert after.public_key_pin == me.public_key_pin
        assert not scratch.exists(directory + "/wish")
        settled = identity(directory)
        assert settled.was_settled and not settled.took_memory
        assert settled.certificate == after.certificate


def test_a_boot_without_network_and_clock_signs_with_what_was_known():
    """A boot without network and clock, as by enable(), signs with the recorded values."""
    directory = scratch.fresh_directory()
    with on_board(None):
        first = identity(directory)
    with on_board(addresses=["10.0.0.9"]), _short():
        first.follow()
    with on_board(None):
        me = identity(directory)
        assert me.names[1:] == ["10.0.0.9"]
        assert me.not_before == "2026-11-20T00:00:00Z"
        assert me.public_key_pin == first.public_key_pin and not me.generated
    with on_board(addresses=["10.0.0.9"]):
        assert identity(directory).was_settled


def test_a_reason_that_passes_is_forgotten():
    directory = scratch.fresh_directory()
    with on_board(), _short():
        me = identity(directory)
    with on_board(addresses=["10.0.0.9"]), _short():
        me.follow()
        assert scratch.exists(directory + "/wish")
    with on_board(), _short():
        me.follow()
        assert me.wish is None and not scratch.exists(directory + "/wish")
        assert identity(directory).was_settled


def test_a_second_address_replaces_the_first():
    directory = scratch.fresh_directory()
    with on_board(), _short():
        me = identity(directory)
    for address in ("10.0.0.9", "10.0.0.10"):
        with on_board(addresses=[address]), _short():
            me.follow()
    with on_board():
        assert identity(directory).names[1:] == ["10.0.0.10"]


def test_renewing_is_put_off():
    """The outcome of a deferred renewal is reported by each later boot."""
    directory = scratch.fresh_directory()
    with on_board():
        first = identity(directory)
        number = wishes.put_off(directory, "renew")
        me = identity(directory)
        assert me.certificate != first.certificate and me.took_memory
        assert me.public_key_pin == first.public_key_pin
        again = identity(directory)
    assert again.was_settled
    outcome = again.report()["outcome"]
    assert (outcome["task"], outcome["id"], outcome["error"]) == ("renew", number, None)


def test_a_request_is_put_off_and_kept():
    """A deferred request is kept until the generated certificate changes."""
    directory = scratch.fresh_directory()
    with on_board():
        identity(directory)
        assert wishes.stored_request(directory) is None
        wishes.put_off(directory, "request")
        me = identity(directory)
        assert len(wishes.stored_request(directory)) > 300
        assert "request" not in me.report()["outcome"]
        me.renew()
        assert wishes.stored_request(directory) is None


def test_a_request_for_other_names_is_put_off():
    """A deferred request for other names does not answer a request for the board's own."""
    directory = scratch.fresh_directory()
    names = ["kitchen.example.org", "*.example.org"]
    with on_board():
        identity(directory)
        wishes.put_off(directory, "request", names=names)
        identity(directory)
        stored = a2b_base64(wishes.stored_request(directory, names))
        assert b"*.example.org" in stored and b".local" not in stored
        assert wishes.stored_request(directory) is None
        assert wishes.stored_request(directory, names[:1]) is None


def test_installing_is_put_off():
    """Installing is deferred, with a key of its own and for the board's key."""
    directory = scratch.fresh_directory()
    with on_board():
        identity(directory)
        record = foreign_record()
        wishes.put_off(directory, "install", (record.chain, record.private_key, None))
        me = identity(directory)
        assert me.source == "installed" and me.chain == record.chain
        assert load(directory, "installed", []).private_key == record.private_key
        assert identity(directory).was_settled
        assert not scratch.exists(directory + "/wiping")


def test_what_is_refused_is_told_and_its_key_wiped():
    directory = scratch.fresh_directory()
    with on_board():
        first = identity(directory)
        one, other = foreign_record(), foreign_record()
        number = wishes.put_off(directory, "install", (one.chain, other.private_key, None))
        me = identity(directory)
        assert me.source == "generated" and me.certificate == first.certificate
        outcome = me.report()["outcome"]
        assert outcome["id"] == number and outcome["field"] == "key" and outcome["error"]
        assert "overwritten" in outcome["wiped"]
        check_notice(me, "install, deferred to this boot, failed")
        assert identity(directory).was_settled


def test_what_cannot_be_read_or_is_another_boards_is_not_done():
    """An unreadable request, or one for another board, is dropped and not retried."""
    directory = scratch.fresh_directory()
    with on_board():
        first = identity(directory)
        wishes.put_off(directory, "renew")
        another = json.loads(scratch.read(directory + "/wish").decode())
        another["unique_id"] = "00"
        for content in (json.dumps(another).encode(), b"{", b"[]", b"\xff", b""):
            scratch.write(directory + "/wish", content)
            me = identity(directory)
            assert me.certificate == first.certificate and has_notice(me, "another board's")
            assert not scratch.exists(directory + "/wish")


def test_a_reset_forgets_what_was_put_off():
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        wishes.put_off(directory, "renew")
        me.reset()
        assert not scratch.exists(directory + "/wish")
        assert report.read_outcome(directory) is None
