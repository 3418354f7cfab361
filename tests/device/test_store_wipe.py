"""Deleted data is overwritten as far as the file system permits, and the answer says how far."""

import os

import scratch
from boardcert.storage import store_wipe
from boardcert.storage.store import Record
from boardcert.storage.store_remove import Remover
from boardcert.storage.store_wipe import wipe
from boardcert.storage.store_write import Writer
from identities import Replaced, raising

_SECRET = bytes(range(1, 65))


def _record(text=b""):
    return Record(b"key " + text * 20, [b"leaf"], {})


def test_what_is_not_a_boards_flash_is_left_alone():
    """Free space of a computer's disk is not filled."""
    directory = scratch.fresh_directory()
    Writer(directory, []).save("generated", _record())
    with Replaced(store_wipe, _free_bytes=lambda path: store_wipe.MAX_FREE_BYTES + 1):
        assert "too large" in wipe(directory)
    assert not scratch.exists(directory + "/wipe.new")


def test_a_failure_is_told():
    """If wiping fails, the key is new anyway, and the answer says that the old one may remain."""
    directory = scratch.fresh_directory()
    Writer(directory, []).save("generated", _record())
    with Replaced(store_wipe, _free_bytes=raising(OSError(5))):
        assert "may still be in flash" in wipe(directory)
    with Replaced(store_wipe, _free_bytes=lambda path: 5000, _fill=raising(OSError(5))):
        assert "overwriting it failed" in wipe(directory)
    assert not scratch.exists(directory + "/wipe.new")
    os.mkdir(directory + "/wipe.new")
    with Replaced(store_wipe, _free_bytes=lambda path: 5000):
        assert "overwriting it failed" in wipe(directory)


if scratch.HAS_ROOM:

    def test_nothing_deleted_is_left_on_littlefs():
        """On littlefs, deleted files are gone from blocks and the directory's log; others stay."""
        disk = scratch.Disk(128)
        scratch.vfs.VfsLfs2.mkfs(disk)
        directory = scratch.mount(disk, scratch.vfs.VfsLfs2)
        writer = Remover(directory, [])
        for _ in range(5):
            writer.save("generated", _record(_SECRET))
        writer.write_text("token", "a token of a board")
        writer.write_text("kept", "something else")
        writer.save("generated", _record(b"new" * 20))
        writer.delete("token")
        assert disk.data.find(_SECRET) >= 0 and disk.data.find(b"a token of") >= 0
        steps = []
        assert wipe(directory, steps.append).startswith("the free flash was overwritten")
        assert set(steps) == {"wipe"}
        assert disk.data.find(_SECRET) < 0 and disk.data.find(b"a token of") < 0
        assert scratch.read(directory + "/kept") == b"something else"
        writer.save("installed", _record(b"more"))  # There is free space again.

    if hasattr(scratch.vfs, "VfsFat"):

        def test_what_is_deleted_on_fat_is_overwritten_first():
            """On FAT, a deleted file is overwritten in place, and free space is not filled."""
            disk = scratch.Disk()
            scratch.vfs.VfsFat.mkfs(disk)
            directory = scratch.mount(disk, scratch.vfs.VfsFat)
            writer = Remover(directory, [])
            writer.save("installed", _record(_SECRET))
            writer.write_text("token", "a token of a board")
            assert disk.data.find(_SECRET) >= 0 and disk.data.find(b"a token of") >= 0
            writer.remove("installed")
            writer.delete("token")
            writer.delete("token")
            assert disk.data.find(_SECRET) < 0 and disk.data.find(b"a token of") < 0
            assert "copies made earlier may still be in flash" in wipe(directory)
