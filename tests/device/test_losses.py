"""Lost, altered, old and foreign files are detected, and their secrets wiped."""

import os

import scratch
from boardcert.storage.store import load
from boardcert.storage.store_write import Writer
from identities import check_notice, foreign_record, has_notice, identity, on_board

_OTHER = b"another board's"
_FACTS = ("not_after", "not_before", "names", "public_key_pin", "https", "settings")


def _installed(directory):
    """Return an identity with a certificate from elsewhere, and its record."""
    me = identity(directory)
    record = foreign_record()
    me.install(record.chain, record.private_key)
    return me, record


def _scalar(record):
    return record.private_key[8:56]


def test_a_missing_installed_certificate_is_noticed_once():
    directory = scratch.fresh_directory()
    with on_board():
        _installed(directory)
        assert identity(directory).notices == []
        os.remove(directory + "/installed.bin")
        me = identity(directory)
        assert me.source == "generated" and has_notice(me, "the installed certificate is lost")
        assert identity(directory).notices == []


def test_what_is_removed_is_not_lost():
    directory = scratch.fresh_directory()
    with on_board():
        me, record = _installed(directory)
        me.admin_token()
        me.install(record.chain, record.private_key)
        assert identity(directory).notices == []
        me.remove()
        assert me.notices == [] or not has_notice(me, "lost")
        assert identity(directory).notices == []
        me.reset()
        assert not has_notice(me, "lost") and identity(directory).notices == []


def test_a_missing_token_is_noticed_once():
    directory = scratch.fresh_directory()
    with on_board():
        token = identity(directory).admin_token()
        assert identity(directory).notices == []
        os.remove(directory + "/token")
        me = identity(directory)
        assert has_notice(me, "the token is lost") and me.admin_token() != token
        assert identity(directory).notices == []
        os.remove(directory + "/mark.token")  # As if power had failed before it was written.
        assert identity(directory).notices == [] and scratch.exists(directory + "/mark.token")


def test_every_flipped_bit_of_the_token_is_noticed():
    """Each flipped bit of the token is detected."""
    directory = scratch.fresh_directory()
    with on_board():
        token = identity(directory).admin_token()
        stored = scratch.read(directory + "/token")
        step = 1 if scratch.HAS_ROOM else 59
        for bit in range(0, 8 * len(stored), step):
            flipped = bytearray(stored)
            flipped[bit // 8] ^= 1 << bit % 8
            scratch.write(directory + "/token", flipped)
            me = identity(directory)
            assert me.admin_token() != token and has_notice(me, "the token was altered"), bit


def test_an_older_identity_that_is_put_back_is_noticed():
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        older = scratch.read(directory + "/generated.bin")
        me.renew()
        assert identity(directory).notices == []
        scratch.write(directory + "/generated.bin", older)
        me = identity(directory)
        check_notice(me, "older than the previous one")


def test_what_is_lost_below_an_installed_certificate_is_noticed_once():
    """A replaced, lost or damaged identity below an installed one is reported once.

    One that was changed on purpose is not reported.
    """
    directory = scratch.fresh_directory()
    path = directory + "/generated.bin"
    with on_board():
        me, _ = _installed(directory)
        older = scratch.read(path)
        # A new key fills a board's flash, which takes a while.
        for act in (me.renew, me.csr, me.new_key)[: 3 if scratch.HAS_ROOM else 2]:
            act()
            assert identity(directory).notices == [], act
        newer = scratch.read(path)
        changes = (
            (older, "the generated certificate is older than the previous one"),
            (None, "the generated certificate is lost: its file is not there"),
            (
                older[:-1] + bytes([older[-1] ^ 1]),
                "the generated certificate is lost: its file is not valid",
            ),
        )
        for data, words in changes:
            if data:
                scratch.write(path, data)
            else:
                os.remove(path)
            again = identity(directory)
            assert again.source == "installed" and has_notice(again, words), words
            assert not has_notice(identity(directory), words), words
            scratch.write(path, newer)
            assert identity(directory).notices == [], words


def test_a_record_that_lacks_a_fact_is_judged_anew():
    """A record with a missing fact, or one of a wrong type, is checked again."""
    for name in ("generated", "installed"):
        directory = scratch.fresh_directory()
        with on_board():
            me = _installed(directory)[0] if name == "installed" else identity(directory)
            for fact in _FACTS if scratch.HAS_ROOM else _FACTS[:2]:
                for value in (None, 5):
                    record = load(directory, name, [])
                    if value is None:
                        del record.facts[fact]
                    else:
                        record.facts[fact] = value
                    Writer(directory, []).save(name, record)
                    again = identity(directory)
                    assert again.certificate == me.certificate, (name, fact)
                    assert again.not_after == me.not_after and again.names == me.names


def test_a_damaged_installed_certificate_is_wiped_when_it_is_removed():
    directory = scratch.fresh_directory()
    with on_board():
        _installed(directory)
        data = bytearray(scratch.read(directory + "/installed.bin"))
        data[-1] ^= 1
        scratch.write(directory + "/installed.bin", data)
        me = identity(directory)
        assert me.source == "generated" and "no key was removed" not in me.remove()
        assert not scratch.exists(directory + "/installed.bin")
        assert identity(directory).notices == []


def test_a_reset_says_what_stays():
    directory = scratch.fresh_directory()
    with on_board():
        assert "wifi.json" in identity(directory).reset()


def _move_to_another_board(directory):
    """Return the stored identity on a board with another number."""
    with on_board(unique_id=_OTHER):
        return identity(directory)


def test_a_clone_makes_its_own_key_and_token():
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        token = me.admin_token()
    clone = _move_to_another_board(directory)
    assert clone.generated and clone.public_key_pin != me.public_key_pin
    assert has_notice(clone, "another board's") and not has_notice(clone, "lost")
    with on_board(unique_id=_OTHER):
        assert clone.admin_token() != token
        assert identity(directory).notices == []


def test_a_clone_does_not_serve_a_certificate_for_the_originals_key():
    """A clone serves an installed certificate only if its key came with it."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        own = load(directory, "generated", [])
        me.install(foreign_record(key=_key(own)).chain)
        pin = me.public_key_pin
    clone = _move_to_another_board(directory)
    assert clone.source == "generated" and clone.public_key_pin != pin
    assert not scratch.exists(directory + "/installed.bin")
    directory = scratch.fresh_directory()
    with on_board():
        me, _ = _installed(directory)
    assert _move_to_another_board(directory).certificate == me.certificate


def _key(record):
    from boardcert.certificates import keys

    return keys.from_der(record.private_key)


if scratch.HAS_ROOM:

    def _disk():
        disk = scratch.Disk(128)
        scratch.vfs.VfsLfs2.mkfs(disk)
        return disk, scratch.mount(disk, scratch.vfs.VfsLfs2)

    def test_a_clone_wipes_the_originals_keys_and_token():
        disk, directory = _disk()
        with on_board():
            me = identity(directory)
            own = load(directory, "generated", [])
            secrets = [_scalar(own), me.admin_token().encode()]
            me.install(foreign_record(key=_key(own)).chain)
        assert all(disk.data.find(secret) >= 0 for secret in secrets)
        _move_to_another_board(directory)
        assert not any(disk.data.find(secret) >= 0 for secret in secrets)

    def test_a_clone_with_an_installed_certificate_wipes_the_originals_key_below_it():
        """A clone serves a certificate whose key came with it, and wipes the original's key."""
        disk, directory = _disk()
        with on_board():
            me, _ = _installed(directory)
            own = load(directory, "generated", [])
            secrets = [_scalar(own), me.admin_token().encode()]
        clone = _move_to_another_board(directory)
        assert clone.certificate == me.certificate
        check_notice(clone, "the generated identity is another board's: it is removed")
        assert not any(disk.data.find(secret) >= 0 for secret in secrets)
        with on_board(unique_id=_OTHER):
            clone.csr()
            again = identity(directory)
            assert again.notices == [] and not has_notice(clone, "lost")

    def test_an_installed_key_that_another_replaces_is_wiped():
        disk, directory = _disk()
        with on_board():
            me, record = _installed(directory)
            assert disk.data.find(_scalar(record)) >= 0
            other = foreign_record("other.example")
            me.install(other.chain, other.private_key)
            assert disk.data.find(_scalar(record)) < 0
            assert me.certificate == other.chain[0]

    def test_a_damaged_installed_key_is_wiped_when_it_is_removed():
        disk, directory = _disk()
        with on_board():
            _, record = _installed(directory)
            data = bytearray(scratch.read(directory + "/installed.bin"))
            data[-1] ^= 1
            scratch.write(directory + "/installed.bin", data)
            identity(directory).remove()
            assert disk.data.find(_scalar(record)) < 0
