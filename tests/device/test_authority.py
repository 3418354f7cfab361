"""A board that is its own authority: what changes its leaf, and what else stays as it is."""

import hashlib
import struct

import scratch
from boardcert import DamagedError, EntropyError
from boardcert.certificates import chain, keys
from boardcert.certificates.certificate import Certificate
from boardcert.crypto import ecdsa
from boardcert.crypto.sha384 import sha384
from boardcert.entropy import noise
from boardcert.storage import store
from boardcert.storage.store import load
from boardcert.storage.store_write import Writer, encode
from helpers import raises, random_bytes
from identities import Replaced, foreign_record, has_notice, identity, on_board, raising


def authority(directory=None, **arguments):
    """Return the Identity of a board with the setting, in *directory* or in an empty one."""
    return identity(directory, chain="authority", **arguments)


def stored(directory):
    """Return the record there, with the authority's key if there is one."""
    return load(directory, "generated", [], True)


def check_pair(me):
    """Make sure that a client that trusts the authority accepts what *me* serves, but its names."""
    links = chain.read_links([Certificate(one) for one in me.chain])
    chain.check(links, None)
    assert me.chain == [me.certificate, me.authority]
    assert links[1].is_self_signed() and links[1].path_length == 0
    for _, public_key_der, _, data, signature in chain.signatures(links):
        assert public_key_der == links[1].certificate.public_key_der
        point = keys.find_curve("p384").decode_point(public_key_der[-97:])
        digest = sha384(data)
        ecdsa.verify(keys.find_curve("p384"), point, digest, ecdsa.decode_signature(signature))


def _dates(certificate):
    read = Certificate(certificate)
    return read.not_before, read.not_after


def test_first_boot_makes_both_and_the_second_loads_them():
    """Ten years for the authority, 397 days for the leaf; what serves lacks the authority's key."""
    directory = scratch.fresh_directory()
    steps = []
    with on_board():
        me = authority(directory, hostname="pump-7", progress=steps.append)
        assert steps == ["entropy", "key", "sign", "check", "flash"] and me.notices == []
        check_pair(me)
        assert _dates(me.authority) == ((2026, 11, 20, 0, 0, 0), (2036, 11, 18, 5, 0, 0))
        assert _dates(me.certificate) == ((2026, 11, 20, 0, 0, 0), (2027, 12, 22, 0, 0, 0))
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
    """The certificate is signed by its own key, and the report says so."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        assert me.authority is None and len(me.chain) == 1 and me.report()["authority"] is None
        assert stored(directory).authority_key is None
        for wrong in ("mine", "", True):
            assert raises(ValueError, lambda wrong=wrong: identity(directory, chain=wrong)), wrong


def test_a_leaf_is_renewed_thirty_days_before_its_end():
    """Not a second earlier; by the same authority, for the same key, while it serves as well."""
    directory = scratch.fresh_directory()
    with on_board():
        first = authority(directory)
    with on_board((2027, 11, 22, 0, 0, 0)):
        me = authority(directory)
        assert me.certificate == first.certificate
    with on_board((2027, 11, 22, 0, 0, 1)):
        second = authority(directory)
        assert has_notice(second, "it ends within 30 days")
        assert second.not_after == "2028-12-22T00:00:00Z"
        me.follow()
        check_pair(me)
        assert me.not_after == second.not_after
    for one in (second, me):
        assert one.authority == first.authority and one.public_key_pin == first.public_key_pin
        assert one.certificate != first.certificate


def test_a_short_lifetime_is_renewed_in_its_last_third():
    """A leaf of 20 days is not signed again at each boot."""
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
    """Its certificate stays to the byte; the leaf follows."""
    directory = scratch.fresh_directory()
    with on_board(None):
        first = authority(directory)
        assert (first.not_before, first.not_after) == (
            "2026-01-01T00:00:00Z",
            "2035-12-30T00:00:00Z",
        )
        assert _dates(first.authority) == ((2026, 1, 1, 0, 0, 0), (2035, 12, 30, 0, 0, 0))
    with on_board():
        second = authority(directory)
        assert has_notice(second, "the clock has been set")
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
    """By the same key, under the same name, with a notice; what lies below a name is inside."""
    directory = scratch.fresh_directory()
    with on_board():
        first = authority(directory, hostname="pump-7", names=["pump.example"])
        below = ["pump.example", "a.pump.example", "10.0.0.5"]
        second = authority(directory, hostname="pump-7", names=below)
        assert second.authority == first.authority and not has_notice(second, "must import")
        for names in (["xpump.example"], ["xpump.example", "example"]):
            me = authority(directory, hostname="pump-8", names=names)
            assert has_notice(me, "clients must import it"), names
            check_pair(me)
            one, other = Certificate(first.authority), Certificate(me.authority)
            assert me.authority != first.authority and one.subject == other.subject
            assert one.public_key_der == other.public_key_der
            assert b"xpump.example" in me.authority and b"pump-7.local" not in me.authority
            assert me.public_key_pin == first.public_key_pin
            assert authority(directory, hostname="pump-8", names=names).authority == me.authority


def test_an_authority_that_ends_before_its_leaf_is_signed_again():
    """In its last year; the leaf never outlasts it."""
    directory = scratch.fresh_directory()
    with on_board():
        first = authority(directory)
    with on_board((2035, 10, 1, 0, 0, 0)):
        second = authority(directory)
        assert second.authority == first.authority
    with on_board((2035, 10, 20, 0, 0, 0)):
        second.renew()
        assert has_notice(second, "clients must import it")
    assert _dates(second.authority) == ((2035, 10, 19, 0, 0, 0), (2045, 10, 17, 0, 0, 0))
    check_pair(second)


def test_an_authority_of_a_wrong_clock_is_signed_again_once_that_is_right():
    """It would begin years later, and no client would take anything that it signs until then."""
    directory = scratch.fresh_directory()
    with on_board((2034, 5, 6, 7, 8, 9)):
        first = authority(directory)
        assert _dates(first.authority)[0] == (2034, 5, 5, 0, 0, 0)
    with on_board(None):
        assert authority(directory).authority == first.authority
    with on_board():
        second = authority(directory)
        assert has_notice(second, "clients must import it")
        check_pair(second)
        assert _dates(second.authority) == ((2026, 11, 20, 0, 0, 0), (2036, 11, 18, 5, 0, 0))
        assert second.public_key_pin == first.public_key_pin
        assert authority(directory).chain == second.chain
    made = second.authority
    with on_board((2026, 11, 20, 1, 0, 0)):  # A clock that is slow for a day is no such clock.
        second.renew()
    assert second.authority == made


def test_the_setting_to_and_fro_keeps_the_leafs_key():
    """Going back wipes the authority's key; the next authority is another one."""
    directory = scratch.fresh_directory()
    with on_board():
        first = identity(directory)
        second = authority(directory)
        assert has_notice(second, "its issuer has changed")
        secret = stored(directory).authority_key[8:56]
        third = identity(directory)
        assert has_notice(third, "the authority's key was deleted")
        assert third.authority is None and len(third.chain) == 1
        for name in ("generated.bin", "generated.alt", "generated.new"):
            path = f"{directory}/{name}"
            assert not scratch.exists(path) or secret not in scratch.read(path)
        assert not scratch.exists(directory + "/wiping") and identity(directory).notices == []
        fourth = authority(directory)
        assert fourth.authority != second.authority
        assert stored(directory).authority_key[8:56] != secret
    pins = [one.public_key_pin for one in (first, second, third, fourth)]
    assert pins == 4 * [first.public_key_pin]


def test_new_keys_are_both_new():
    """At new_key and reset, and on another board: who could read one could read the other."""
    directory = scratch.fresh_directory()
    with on_board():
        me = authority(directory)
        for task in (me.new_key, me.reset):
            before, shown = stored(directory), me.authority
            task()
            after = stored(directory)
            assert after.private_key != before.private_key
            assert after.authority_key != before.authority_key and me.authority != shown
            check_pair(me)
    with on_board(unique_id=b"another board's"):
        other = authority(directory)
        assert has_notice(other, "another board's; a new one is made")
        assert stored(directory).authority_key != after.authority_key
        assert other.authority != me.authority
        check_pair(other)


def test_a_key_of_another_kind_is_signed_for():
    """P-256 for the leaf, P-384 for the authority; both are verified."""
    with on_board():
        me = authority(key_type="p256")
        check_pair(me)
        assert Certificate(me.certificate).key_type == "p256"
        assert Certificate(me.authority).key_type == "p384"
        me.renew()
        check_pair(me)


def test_an_installed_certificate_has_no_authority():
    """The board's own waits below it, with its key, and serves again after."""
    directory = scratch.fresh_directory()
    with on_board():
        foreign = foreign_record()
        me = authority(directory)
        own, key = me.authority, stored(directory).authority_key
        me.install(foreign.chain, foreign.private_key)
        assert me.authority is None and me.report()["authority"] is None
        assert authority(directory).authority is None
        me.remove()
        assert me.authority == own and stored(directory).authority_key == key


def test_a_fault_leaves_what_was_there():
    """No noise, or a signature that does not verify: the old certificate serves, and is told."""
    directory = scratch.fresh_directory()
    with on_board():
        first = authority(directory)
        fault = ecdsa.InvalidSignature("fault")
        for owner, name, error in (
            (noise, "gather", EntropyError("no noise")),
            (ecdsa, "compare", fault),
        ):
            with Replaced(owner, **{name: raising(error)}):
                me = authority(directory, names=["pump.example"])
                assert has_notice(me, "signing the certificate again failed"), name
                assert me.chain == first.chain and me.authority == first.authority
                assert me._record.authority_key is None
        after = load(directory, "generated", [], True)
        assert after.authority_key and after.chain == first.chain
        assert authority(directory).chain == first.chain


def test_a_certificate_of_another_authority_is_not_used():
    """A record whose parts do not belong together signs nothing; it still serves."""
    directory = scratch.fresh_directory()
    with on_board():
        first = authority(directory)
        record = stored(directory)
        record.authority_key = keys.generate("p384", random_bytes).to_der()
        Writer(directory, []).save("generated", record)
        me = authority(directory, names=["pump.example"])
        assert has_notice(me, "the authority's certificate is for another key")
        assert me.chain == first.chain


def test_a_leaf_of_two_keys_is_verified_at_once():
    """A wrong public key, a wrong scalar or a wrong signature of the signer is found."""
    own, signer, other = [keys.generate("p384", random_bytes) for _ in range(3)]
    data = b"what is signed"
    signature = signer.sign(data, random_bytes)
    own.check(data, signature, random_bytes, signer)
    mixed = keys.PrivateKey(own._d, other._public_point)
    for key, text, by, signed in (
        (mixed, data, signer, signature),
        (own, b"something else", signer, signature),
        (own, data, other, signature),
        (own, data, signer, own.sign(data, random_bytes)),
        (own, data, None, signature),
    ):
        assert raises(ecdsa.InvalidSignature, key.check, text, signed, random_bytes, by)


def test_the_authoritys_key_is_read_only_where_it_signs():
    """And the bytes of the file are overwritten in memory, also when it is damaged."""
    directory = scratch.fresh_directory()
    with on_board():
        authority(directory)
    path = directory + "/generated.bin"
    seen = []

    def decode(data, signs=False):
        seen.append(data)
        return original(data, signs)

    original = store.decode
    with Replaced(store, decode=decode):
        assert store.read(path).authority_key is None
        assert store.read(path, True).authority_key
        scratch.write(path, scratch.read(path)[:-1])
        assert raises(DamagedError, store.read, path)
    assert len(seen) == 3 and not any([any(data) for data in seen])


def test_a_record_has_that_key_in_one_place():
    """After the board's own, once: another order, a second one or one alone is damage."""
    record = store.Record(b"key", [b"leaf"], {})
    record.authority_key = b"other"
    pieces = encode(record)
    body = pieces[1:-1]
    assert store.decode(b"".join(pieces), True).authority_key == b"other"
    for order in ([2, 3, 0, 1, 4, 5, 6, 7], [0, 1, 2, 3, 2, 3, 4, 5, 6, 7], [2, 3, 4, 5, 6, 7]):
        data = b"".join([body[place] for place in order])
        head = struct.pack(store.HEADER, store.MAGIC, store.VERSION, 1, len(data)) + data
        assert raises(DamagedError, store.decode, head + hashlib.sha256(head).digest()), order
