"""A board that is its own authority: when its certificates are signed again."""

import scratch
from authorities import authority, check_pair, dates, stored
from boardcert.certificates import chain
from boardcert.certificates.certificate import Certificate
from boardcert.credentials.offer import MAX_CHAIN_BYTES
from boardcert.credentials.settings import MOST_CHARACTERS
from boardcert.storage.store import load
from helpers import raises
from identities import check_notice, has_notice, identity, on_board

# A public key of RSA 4096 beside one on P-384: 550 and 120 bytes.
_RSA_MORE_BYTES = 430


def test_first_boot_makes_both_and_the_second_loads_them():
    """The authority is valid for ten years, the leaf for 397 days; the server lacks its key."""
    directory = scratch.fresh_directory()
    steps = []
    with on_board():
        me = authority(directory, hostname="pump-7", progress=steps.append)
        assert steps == ["entropy", "key", "sign", "check", "flash"] and me.notices == []
        check_pair(me)
        assert dates(me.authority) == ((2026, 11, 20, 0, 0, 0), (2036, 11, 18, 5, 0, 0))
        assert dates(me.certificate) == ((2026, 11, 20, 0, 0, 0), (2027, 12, 22, 0, 0, 0))
        assert chain.common_name(Certificate(me.authority).subject) == "pump-7 authority"
        again = authority(directory, hostname="pump-7", progress=steps.append)
    assert len(steps) == 5 and again.was_settled and again.chain == me.chain
    assert me._record.authority_key is None and again._record.authority_key is None
    record = stored(directory)
    assert record.authority_key != record.private_key
    assert load(directory, "generated", []).authority_key is None
    told = me.report()["authority"]
    assert told["not_after"] == "2036-11-18T05:00:00Z" and len(told["fingerprint"]) == 95


def test_without_the_setting_there_is_none():
    """Without the setting, the certificate is self-signed, and the report says so."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        assert me.authority is None and len(me.chain) == 1 and me.report()["authority"] is None
        assert stored(directory).authority_key is None
        for wrong in ("mine", "", True):
            assert raises(ValueError, lambda wrong=wrong: identity(directory, chain=wrong)), wrong


def test_the_longest_names_fit_into_what_is_sent():
    """A chain with the longest names, and RSA 4096, fits into one TLS record."""
    host_name = "h" * 63
    names = ["n" * 40 + str(i + 10) + ".example" for i in range(18)]
    names.append("n" * (MOST_CHARACTERS - len("".join(names)) - 63 - 6 - 8) + ".example")
    addresses = ["192.168.100.200", "fe80:1111:2222:3333:4444:5555:6666:7777"]
    with on_board(addresses=addresses):
        me = authority(hostname=host_name, names=names)
        assert len("".join(me.names[:20])) == MOST_CHARACTERS and len(me.names) == 22
        size = sum([len(one) + 3 for one in me.chain])
        assert size + _RSA_MORE_BYTES <= MAX_CHAIN_BYTES, size
        check_pair(me)
        one_more = ["n" + names[0]] + names[1:]
        assert raises(ValueError, lambda: authority(hostname=host_name, names=one_more))


def test_a_leaf_is_renewed_thirty_days_before_its_end():
    """The leaf is signed again at 30 days exactly, for the same key, also while serving."""
    directory = scratch.fresh_directory()
    with on_board():
        first = authority(directory)
    with on_board((2027, 11, 22, 0, 0, 0)):
        me = authority(directory)
        assert me.certificate == first.certificate
    with on_board((2027, 11, 22, 0, 0, 1)):
        second = authority(directory)
        check_notice(second, "it ends within 30 days")
        assert second.not_after == "2028-12-22T00:00:00Z"
        me.follow()
        check_pair(me)
        assert me.not_after == second.not_after
    for one in (second, me):
        assert one.authority == first.authority and one.public_key_pin == first.public_key_pin
        assert one.certificate != first.certificate


def test_a_short_lifetime_is_renewed_in_its_last_third():
    """A leaf of 20 days is signed again in its last third, not at each boot."""
    directory = scratch.fresh_directory()
    with on_board():
        first = authority(directory, validity_days=20)
        assert first.not_after == "2026-12-11T05:00:00Z"
    with on_board((2026, 12, 4, 5, 0, 0)):
        assert authority(directory, validity_days=20).certificate == first.certificate
    with on_board((2026, 12, 4, 5, 0, 1)):
        second = authority(directory, validity_days=20)
        assert second.not_after == "2026-12-24T05:00:01Z"
        assert authority(directory, validity_days=20).certificate == second.certificate


def test_the_authority_outlasts_clock_and_address():
    """The authority's certificate does not change with clock or address; the leaf's does."""
    directory = scratch.fresh_directory()
    with on_board(None):
        first = authority(directory)
        assert (first.not_before, first.not_after) == (
            "2026-01-01T00:00:00Z",
            "2035-12-30T00:00:00Z",
        )
        assert dates(first.authority) == ((2026, 1, 1, 0, 0, 0), (2035, 12, 30, 0, 0, 0))
    with on_board():
        second = authority(directory)
        check_notice(second, "the clock has been set")
        assert second.not_after == "2027-12-22T00:00:00Z"
    with on_board(addresses=["10.0.0.5"]):
        third = authority(directory)
        assert third.names[1:] == ["10.0.0.5"] and has_notice(third, "address has changed")
        third.renew()
        check_pair(third)
        assert third.notices == [
            "the certificate was signed again with the same key: the board's address has changed"
        ]
    assert first.authority == second.authority == third.authority
    assert first.public_key_pin == third.public_key_pin


def test_a_name_outside_its_constraints_has_it_signed_again():
    """A new name has the authority signed again, with a notice, unless a permitted tree has it."""
    directory = scratch.fresh_directory()
    with on_board():
        first = authority(directory, hostname="pump-7", names=["pump.example"])
        below = ["pump.example", "a.pump.example", "10.0.0.5"]
        second = authority(directory, hostname="pump-7", names=below)
        assert second.authority == first.authority and not has_notice(second, "must import")
        for names in (["xpump.example"], ["xpump.example", "example"]):
            me = authority(directory, hostname="pump-8", names=names)
            check_notice(me, "clients must import it")
            check_pair(me)
            one, other = Certificate(first.authority), Certificate(me.authority)
            assert me.authority != first.authority and one.subject == other.subject
            assert one.public_key_der == other.public_key_der
            assert b"xpump.example" in me.authority and b"pump-7.local" not in me.authority
            assert me.public_key_pin == first.public_key_pin
            assert authority(directory, hostname="pump-8", names=names).authority == me.authority


def test_an_authority_that_ends_before_its_leaf_is_signed_again():
    """The authority is signed again in its last year, so that no leaf outlasts it."""
    directory = scratch.fresh_directory()
    with on_board():
        first = authority(directory)
    with on_board((2035, 10, 1, 0, 0, 0)):
        second = authority(directory)
        assert second.authority == first.authority
    with on_board((2035, 10, 20, 0, 0, 0)):
        second.renew()
        check_notice(second, "clients must import it")
    assert dates(second.authority) == ((2035, 10, 19, 0, 0, 0), (2045, 10, 17, 0, 0, 0))
    check_pair(second)


def test_an_authority_of_a_wrong_clock_is_signed_again_once_that_is_right():
    """An authority that begins years in the future is signed again once the clock is right."""
    directory = scratch.fresh_directory()
    with on_board((2034, 5, 6, 7, 8, 9)):
        first = authority(directory)
        assert dates(first.authority)[0] == (2034, 5, 5, 0, 0, 0)
    with on_board(None):
        assert authority(directory).authority == first.authority
    with on_board():
        second = authority(directory)
        check_notice(second, "the clock was ahead, so the authority was signed again")
        assert not has_notice(second, "clients must import it")
        check_pair(second)
        assert dates(second.authority) == ((2026, 11, 20, 0, 0, 0), (2036, 11, 18, 5, 0, 0))
        assert second.public_key_pin == first.public_key_pin
        assert authority(directory).chain == second.chain
    made = second.authority
    with on_board((2026, 11, 20, 1, 0, 0)):  # A clock that is a day slow is not considered wrong.
        second.renew()
    assert second.authority == made
    with on_board((2038, 5, 6, 7, 8, 9)):
        assert has_notice(authority(directory), "clients must import it")  # As far as it knows.
    with on_board():  # For another name, it must be imported, whatever the clock was.
        other = authority(directory, names=["other.example"])
        assert has_notice(other, "clients must import it") and not has_notice(other, "ahead")
