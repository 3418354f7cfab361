"""What an installation says: by which date it judges, and what clients may lack."""

import scratch
from boardcert import RefusedError
from boardcert.credentials.tasks import covers
from identities import TODAY, check_notice, foreign_record, has_notice, identity, on_board
from test_install import chain_cases, refused_by, when_made


def test_a_board_without_a_clock_judges_by_the_time_that_it_is_told():
    """A board without a clock refuses expired and future certificates by the installer's time."""
    directory = scratch.fresh_directory()
    record = foreign_record()  # Valid from TODAY until 2027.
    files = (record.chain, record.private_key)
    with on_board(None):
        me = identity(directory)
        for today, words in (
            ("2027-01-02T00:00:00Z", "certificate 1 has expired, on 2027-01-01 00:00 UTC"),
            ("2026-11-20T23:59:59.999Z", "certificate 1 is not valid before 2026-11-21 05:00 UTC"),
        ):
            try:
                me.install(*files, today=today)
                raise AssertionError(today)
            except RefusedError as error:
                assert error.field == "chain" and words in str(error), today
        wrong = ("yesterday", "2026-11-21", "2026-11-21T05:00:00+01:00", "2026-1-21T5:00:00Z")
        wrong += ("2026-13-01T05:00:00Z", "2026-02-29T05:00:00Z", "2026-11-21T24:00:00Z")
        for today in wrong + ("2026-11-2xT05:00:00Z", b"2026-11-21T05:00:00Z", 5):
            try:
                me.install(*files, today=today)
                raise AssertionError(today)
            except RefusedError as error:
                assert error.field == "time" and "2026-11-21T05:00:00Z" in str(error), today
        me.install(*files, today="2026-12-24T05:00:00.123Z")
        assert me.source == "installed" and not has_notice(me, "the date was not known")
    with on_board(TODAY):
        me.install(*files, today="2027-01-02T00:00:00Z")  # The board's own clock takes precedence.


def test_what_could_not_be_judged_is_told():
    """Without a clock and a plausible installer's time, a notice says dates were not checked."""
    record = foreign_record()
    with on_board(None):
        for today in (None, "", "1970-01-01T00:00:10Z"):
            me = identity()
            me.install(record.chain, record.private_key, today)
            check_notice(me, "the date was not known")
            check_notice(me, "valid from 2026-11-21 to 2027-01-01")


def test_a_chain_without_its_issuer_is_told():
    """A missing issuer is reported, as not every client has that CA."""
    with on_board(when_made()):
        for name, _, _, chain, key in chain_cases("chains_accepted"):
            if name not in ("of an unknown CA", "two certificates, PKCS#8", "self-signed, in DER"):
                continue
            me = identity()
            me.install(chain, key)
            is_told = has_notice(me, "without that of its issuer, Intermediate")
            assert is_told is (name == "of an unknown CA"), name


def test_names_that_do_not_cover_the_board_are_told():
    """Names that do not cover the board cause a notice, as the administrator may intend them."""
    with on_board(addresses=["10.0.0.7"]):
        me = identity(hostname="pump", names=["pump.example"])
        names = (
            ("other.example", True),
            ("pump.example", False),
            ("10.0.0.7", False),
            ("10.0.0.8", True),
        )
        for name, is_told in names if scratch.HAS_ROOM else names[:2]:
            me.notices = []
            record = foreign_record(name)
            me.install(record.chain, record.private_key)
            assert has_notice(me, f"is for {name}") is is_told, name
            assert len(me.notices) == is_told


def test_notices_about_an_installed_certificate_go_with_it():
    """Notices about an installed certificate disappear with it; those about the board stay."""
    with on_board():
        me = identity(hostname="pump", names=["pump.example"])
        me.notices.append("the flash is full")
        for name in ("other.example", "third.example"):
            record = foreign_record(name)
            me.install(record.chain, record.private_key)
            found = [notice for notice in me.notices if "installed certificate" in notice]
            assert len(found) == 1 and name in found[0], found
        record = foreign_record("pump.example")
        me.install(record.chain, record.private_key)
        assert me.notices == ["the flash is full"]
        record = foreign_record("other.example")
        me.install(record.chain, record.private_key)
        me.remove()
        assert me.notices == ["the flash is full"]


def test_a_signature_with_a_broken_hash_is_told():
    """A signature with a broken hash is reported and not verified; clients refuse it."""
    with on_board(when_made()):
        for name, _, _, chain, key in chain_cases("chains_accepted"):
            if name in ("signed with SHA-1", "two certificates, PKCS#8"):
                me = identity()
                me.install(chain, key)
                assert has_notice(me, "certificate 1 with SHA-1") is (name == "signed with SHA-1")


def test_a_wildcard_stands_for_one_label():
    """A wildcard replaces the whole first label (RFC 6125, 6.4.3), in either case."""
    for name, wanted, result in (
        ("a.example", "A.example", True),
        ("*.example", "a.example", True),
        ("*.EXAMPLE", "a.example", True),
        ("*.example", "example", False),
        ("*.example", "a.b.example", False),
        ("*.b.example", "b.example", False),
        ("a*.example", "ab.example", False),
        ("*", "a", False),
    ):
        assert covers(name, wanted) is result, (name, wanted)


def test_without_a_clock_dates_are_not_judged():
    """Without a clock an expired certificate installs; it is reported once the date is known."""
    record = foreign_record(until=(2026, 12, 1, 0, 0, 0))
    directory = scratch.fresh_directory()
    with on_board((2027, 1, 1, 0, 0, 0)):
        me = identity(directory)
        assert "has expired, on 2026-12-01" in str(refused_by(me, record.chain, record.private_key))
    with on_board(None):
        me = identity(directory)
        me.install(record.chain, record.private_key)
        me.follow()
        assert me.source == "installed" and not has_notice(me, "expired")
    with on_board((2027, 1, 1, 0, 0, 0)):
        for _ in range(2):
            me.follow()
            assert me.certificate == record.chain[0]
        assert me.notices[2:] == [
            "the installed certificate is served as it is, though it had expired"
        ]
        me = identity(directory)
        assert me.source == "installed" and has_notice(me, "it had expired")
    with on_board((2026, 11, 20, 0, 0, 0)):
        assert has_notice(identity(directory), "dated in the future")
