"""Power fails while an authority is made, renewed or removed: no key is lost or left behind."""

import scratch
from boardcert.storage.store import load, read_config
from boardcert.storage.store_write import Writer
from helpers import raises
from identities import Replaced, has_notice, identity, on_board, raising
from power_cuts import FOREIGN


def _secrets(directory):
    """Return the stored scalars of both keys."""
    record = load(directory, "generated", [], True)
    keys = [record.private_key, record.authority_key]
    return {key[8:56] for key in keys if key}


def _of_setting(chain):
    """Return a task that changes the setting, and boots."""

    def task(me):
        me.change_settings(chain=chain)
        return identity(me._directory)

    return task


def _done(name):
    """Return a task that calls the method of that name."""

    def task(me):
        getattr(me, name)()
        return me

    return task


# (Task, whether the board was an authority before, and whether it is one after.)
_TASKS = (
    (_of_setting("authority"), False, True),
    (_of_setting(None), True, False),
    (_done("renew"), True, True),
    (_done("new_key"), True, True),
    (_done("reset"), True, True),
)


def _cut(file_system, ends, task, was_authority, is_authority):
    """Cut a task after its operations: the first forty, and some of those that wipe.

    Whatever the cut, the board serves the state before or after the task, and the same at the next
    boot; the leaf's key and the authority's are from one record. No byte of replaced keys is left.
    """
    disk = scratch.Disk()
    file_system.mkfs(disk)
    directory = scratch.mount(disk, file_system)
    me = identity(directory)
    if was_authority:
        me = _of_setting("authority")(me)
    image, before = bytes(disk.data), _secrets(directory)
    disk.journal.clear()
    me = task(me)
    journal, after = disk.journal, _secrets(directory)
    assert (len(before), len(after)) == (1 + was_authority, 1 + is_authority)
    for count, found, directory in scratch.power_cuts(image, journal, file_system, ends):
        me = identity(directory)
        now = _secrets(directory)
        assert not me.generated and not has_notice(me, "lost"), (count, me.notices)
        assert bool(me.authority) == (len(now) == 2) == (len(me.chain) == 2), count
        again = identity(directory)
        assert again.chain == me.chain and again.notices == [], (count, again.notices)
        # The new authority's certificate may not have been stored yet.
        is_made_anew = is_authority and not was_authority
        assert now in (before, after) or is_made_anew, count
        left = [secret for secret in before - now if found.data.find(secret) >= 0]
        assert not left, (count, me.notices)
    return len(journal)


def _cut_below(file_system, ends):
    """Cut the change of the setting while an installed certificate is served."""
    disk = scratch.Disk()
    file_system.mkfs(disk)
    directory = scratch.mount(disk, file_system)
    me = _of_setting("authority")(identity(directory))
    me.install(FOREIGN[0].chain, FOREIGN[0].private_key)
    image, before = bytes(disk.data), _secrets(directory)
    disk.journal.clear()
    me.change_settings(chain=None)
    assert identity(directory).chain == FOREIGN[0].chain
    journal = disk.journal
    assert (len(before), len(_secrets(directory))) == (2, 1)
    for count, found, directory in scratch.power_cuts(image, journal, file_system, ends):
        me = identity(directory)
        now = _secrets(directory)
        is_wanted = "authority" in (read_config(directory) or "")
        assert me.chain == FOREIGN[0].chain and now <= before, count
        assert len(now) == 1 + is_wanted, (count, me.notices)
        assert not [secret for secret in before - now if found.data.find(secret) >= 0], count
        again = identity(directory)
        assert again.was_settled and again.notices == [], (count, again.notices)
    return len(journal)


def test_new_keys_that_cannot_be_stored_change_nothing():
    """If flash fails, both keys and both certificates stay as they were."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory, chain="authority")
        before, shown = _secrets(directory), me.chain
        with Replaced(Writer, save=raising(OSError(5))):
            assert raises(OSError, me.new_key)
        assert _secrets(directory) == before and me.chain == shown
        again = identity(directory, chain="authority")
        assert again.chain == shown and again.authority == shown[1]


if scratch.HAS_ROOM:

    def test_power_cuts_of_an_authority_on_littlefs():
        """On littlefs, writes may also be torn."""
        with on_board():
            for number, case in enumerate(_TASKS):
                assert _cut(scratch.vfs.VfsLfs2, scratch.in_turn, *case) >= 2, number
            assert _cut_below(scratch.vfs.VfsLfs2, scratch.in_turn) >= 2

    if hasattr(scratch.vfs, "VfsFat"):

        def test_power_cuts_of_an_authority_on_fat():
            """On FAT, single sectors are written whole."""
            with on_board():
                for number, case in enumerate(_TASKS):
                    assert _cut(scratch.vfs.VfsFat, scratch.whole, *case) >= 2, number
                assert _cut_below(scratch.vfs.VfsFat, scratch.whole) >= 2
