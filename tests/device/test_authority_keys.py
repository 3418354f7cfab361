"""A board that is its own authority: its keys, and the other certificates that it serves."""

import hashlib
import struct

import scratch
from authorities import authority, check_pair, stored
from boardcert import DamagedError, EntropyError
from boardcert.certificates import keys
from boardcert.certificates.certificate import Certificate
from boardcert.crypto import ecdsa
from boardcert.entropy import noise
from boardcert.storage import store
from boardcert.storage.store import load
from boardcert.storage.store_write import Writer, encode
from helpers import raises, random_bytes
from identities import Replaced, check_notice, foreign_record, identity, on_board, raising


def test_the_setting_to_and_fro_keeps_the_leafs_key():
    """Changing the setting keeps the leaf's key; going back wipes the authority's for good."""
    directory = scratch.fresh_directory()
    with on_board():
        first = identity(directory)
        second = authority(directory)
        check_notice(second, "its issuer has changed")
        secret = stored(directory).authority_key[8:56]
        third = identity(directory)
        check_notice(third, "the authority's key was deleted")
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
    """new_key, reset and a copied flash renew both keys: who has one may have the other."""
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
        check_notice(other, "another board's; a new one is made")
        assert stored(directory).authority_key != after.authority_key
        assert other.authority != me.authority
        check_pair(other)


def test_a_key_of_another_kind_is_signed_for():
    """With a P-256 leaf, the authority has P-384; both are verified."""
    with on_board():
        me = authority(key_type="p256")
        check_pair(me)
        assert Certificate(me.certificate).key_type == "p256"
        assert Certificate(me.authority).key_type == "p384"
        me.renew()
        check_pair(me)


def test_an_installed_certificate_has_no_authority():
    """The board's own certificate waits below an installed one, and is served after it."""
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


def test_the_setting_ends_it_below_an_installed_certificate_too():
    """The setting wipes the authority's key below an installed certificate, too."""
    directory = scratch.fresh_directory()
    with on_board():
        foreign = foreign_record()
        me = authority(directory)
        own, secret = me.public_key_pin, stored(directory).authority_key[8:56]
        me.install(foreign.chain, foreign.private_key)
        assert stored(directory).authority_key
        second = identity(directory)
        assert second.chain == foreign.chain
        check_notice(second, "the authority's key was deleted")
        assert stored(directory).authority_key is None
        for name in ("generated.bin", "generated.alt", "generated.new"):
            path = f"{directory}/{name}"
            assert not scratch.exists(path) or secret not in scratch.read(path)
        third = identity(directory)
        assert third.was_settled and third.notices == []
        # The authority returns, with another key, before it has ever been served.
        fourth = authority(directory)
        assert fourth.chain == foreign.chain and stored(directory).authority_key is None
        fourth.remove()
        check_pair(fourth)
        assert fourth.public_key_pin == own
        assert stored(directory).authority_key[8:56] != secret
        fourth.install(foreign.chain, foreign.private_key)
        fifth = identity(directory)
        fifth.remove()
        assert len(fifth.chain) == 1 and fifth.authority is None and fifth.public_key_pin == own


def test_a_fault_leaves_what_was_there():
    """Without noise, or if a signature fails, the old certificate is served, with a notice."""
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
                check_notice(me, "signing the certificate again failed")
                assert me.chain == first.chain and me.authority == first.authority
                assert me._record.authority_key is None
        after = load(directory, "generated", [], True)
        assert after.authority_key and after.chain == first.chain
        assert authority(directory).chain == first.chain


def test_a_certificate_of_another_authority_is_not_used():
    """A record with a mismatched authority is served, but signs nothing."""
    directory = scratch.fresh_directory()
    with on_board():
        first = authority(directory)
        record = stored(directory)
        record.authority_key = keys.generate("p384", random_bytes).to_der()
        Writer(directory, []).save("generated", record)
        me = authority(directory, names=["pump.example"])
        check_notice(me, "the authority's certificate is for another key")
        assert me.chain == first.chain


def test_a_leaf_of_two_keys_is_verified_at_once():
    """One verification detects a wrong public key, scalar or signature of the signer."""
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
    """The authority's key is read for signing only, and its bytes are overwritten in memory."""
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
    """A record with this key out of order, repeated or alone is damaged."""
    record = store.Record(b"key", [b"leaf"], {})
    record.authority_key = b"other"
    pieces = encode(record)
    body = pieces[1:-1]
    assert store.decode(b"".join(pieces), True).authority_key == b"other"
    for order in ([2, 3, 0, 1, 4, 5, 6, 7], [0, 1, 2, 3, 2, 3, 4, 5, 6, 7], [2, 3, 4, 5, 6, 7]):
        data = b"".join([body[place] for place in order])
        head = struct.pack(store.HEADER, store.MAGIC, store.VERSION, 1, len(data)) + data
        assert raises(DamagedError, store.decode, head + hashlib.sha256(head).digest()), order
