"""Power fails at every write and erase: the old or the new identity is there afterwards."""

import scratch
from boardcert.storage import store_write
from boardcert.storage.store import Record, load
from boardcert.storage.store_remove import Remover
from boardcert.storage.store_write import Writer
from helpers import raises
from identities import has_notice, identity, on_board
from power_cuts import FOREIGN, TASKS, stored_keys


def _record(text):
    return Record(b"key " + text * 150, [b"leaf " + text * 700], {"clock": True})


def _is(record, text):
    return record is not None and record.private_key == b"key " + text * 150


def _cut_everywhere(file_system, ends, generations):
    """Cut a save, after *generations* earlier ones, after each of its operations.

    Whatever the cut, a boot finds the old or the new identity, and can save again. Returns the
    number of operations of a save.
    """
    disk = scratch.Disk()
    file_system.mkfs(disk)
    directory = scratch.mount(disk, file_system)
    for _ in range(generations):
        Writer(directory, []).save("generated", _record(b"1"))
    image = bytes(disk.data)
    disk.journal.clear()
    Writer(directory, []).save("generated", _record(b"2"))
    journal = disk.journal
    every = len(journal)
    for count, disk, directory in scratch.power_cuts(image, journal, file_system, ends, every):
        found = load(directory, "generated", [])
        is_old = _is(found, b"1") if generations else found is None
        is_complete = count == len(journal) and not disk.is_torn
        assert _is(found, b"2") or (is_old and not is_complete), (count, disk.is_torn)
        Writer(directory, []).save("generated", _record(b"3"))
        assert _is(load(directory, "generated", []), b"3"), (count, disk.is_torn)
    return len(journal)


def _cut_task(file_system, ends, task, has_installed):
    """Cut *task* after its operations: the first thirty, and some of those that wipe.

    Whatever the cut, a boot finds the identity that was served before or the one after it, makes
    nothing, and finds the same at the next boot. Once the new one is served, nothing is left of
    replaced keys. Returns the number of operations of the task.
    """
    disk = scratch.Disk()
    file_system.mkfs(disk)
    directory = scratch.mount(disk, file_system)
    me = identity(directory)
    me.admin_token()
    if has_installed:
        me.install(FOREIGN[0].chain, FOREIGN[0].private_key)
    old, image = me.certificate, bytes(disk.data)
    keys = stored_keys(directory)
    disk.journal.clear()
    task(me)
    new, journal = me.certificate, disk.journal
    deleted = keys - stored_keys(directory)
    assert new != old
    for count, after, directory in scratch.power_cuts(image, journal, file_system, ends, 30):
        me = identity(directory)
        is_complete = count == len(journal) and not after.is_torn
        assert me.certificate == new or (me.certificate == old and not is_complete), count
        assert not me.generated and len(me.admin_token()) == 26, count
        is_missed = has_notice(me, "lost") or has_notice(me, "older")
        assert not is_missed, (count, after.is_torn, me.notices)
        again = identity(directory)
        assert again.certificate == me.certificate and not again.generated, count
        if me.certificate == new:
            left = any(after.data.find(key) >= 0 for key in deleted)
            assert not left, (count, after.is_torn, me.notices)
    return len(journal)


def test_a_save_that_ends_before_its_rename_leaves_the_old_identity():
    """If the rename fails, the old identity stays, and the next save succeeds."""
    directory = scratch.fresh_directory()
    writer = Writer(directory, [])
    writer.save("generated", _record(b"1"))
    original = store_write.os

    class Failing:
        mkdir, stat, remove = original.mkdir, original.stat, original.remove

        @staticmethod
        def rename(source, target):
            raise OSError(5)  # EIO

    store_write.os = Failing
    try:
        assert raises(OSError, writer.save, "generated", _record(b"2"))
    finally:
        store_write.os = original
    assert _is(load(directory, "generated", []), b"1")
    writer.save("generated", _record(b"3"))
    assert _is(load(directory, "generated", []), b"3")


# CPython has no such file systems, and a board no room for disks in memory: these tests do not
# exist there. On the virtual board, power is really cut (tests/board).
if scratch.HAS_ROOM:

    def test_power_cuts_on_littlefs():
        """On littlefs, at the first save and at later ones, writes may also be torn."""
        for generations in (0, 1, 2):
            assert _cut_everywhere(scratch.vfs.VfsLfs2, scratch.torn_or_whole, generations) >= 5

    def test_power_cuts_of_an_administrators_tasks_on_littlefs():
        """Installing, removing, signing again and new keys survive cuts, torn writes included."""
        with on_board():
            for name, task, has_installed in TASKS:
                count = _cut_task(scratch.vfs.VfsLfs2, scratch.torn_or_whole, task, has_installed)
                assert count >= (4 if name.startswith("install") else 2), name

    if hasattr(scratch.vfs, "VfsFat"):

        def test_power_cuts_of_an_administrators_tasks_on_fat():
            """The same tasks survive cuts on FAT, where single sectors are written whole."""
            with on_board():
                for name, task, has_installed in TASKS:
                    assert _cut_task(scratch.vfs.VfsFat, scratch.whole, task, has_installed) >= 2, (
                        name
                    )

        def test_power_cuts_on_fat():
            """FAT uses two slots; single sectors are written whole, as on a card."""
            for generations in (0, 1, 2, 3):
                assert _cut_everywhere(scratch.vfs.VfsFat, scratch.whole, generations) >= 5

        def test_fat_has_two_slots_and_a_reset_leaves_one():
            """The higher generation is used, and a foreign file in a slot is kept aside."""
            disk = scratch.Disk()
            scratch.vfs.VfsFat.mkfs(disk)
            directory = scratch.mount(disk, scratch.vfs.VfsFat)
            notices = []
            store = Remover(directory, notices)
            for text in (b"1", b"2", b"3"):
                store.save("generated", _record(text))
                assert _is(load(directory, "generated", []), text)
            assert load(directory, "generated", []).generation == 3
            store.forget_older("generated")
            assert _is(load(directory, "generated", []), b"3")
            scratch.write(directory + "/generated.alt", b"somebody's")
            store.save("generated", _record(b"4"))
            assert _is(load(directory, "generated", []), b"4")
            assert scratch.read(directory + "/generated.alt.bad") == b"somebody's"
            assert any("generated.alt.bad" in notice for notice in notices)
            store.remove("generated")
            assert load(directory, "generated", []) is None

    def test_a_full_file_system_keeps_the_old_identity():
        """A failed write on a full file system is reported and leaves no partial file."""
        directory = scratch.fresh_directory()
        store = Remover(directory, [])
        store.save("generated", _record(b"1"))
        try:
            for number in range(100):
                scratch.write(directory + f"/more{number}", bytes(1000))
            raise AssertionError("the disk is not full")
        except OSError:
            pass
        try:
            store.save("generated", _record(b"2" * 2))
            raise AssertionError("there was room")
        except OSError:
            pass
        assert _is(load(directory, "generated", []), b"1")
        assert not scratch.exists(directory + "/generated.new")
