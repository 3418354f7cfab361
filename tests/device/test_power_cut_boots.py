"""Power fails twice, or at the first boot of a clone: a later boot restores a valid state."""

import scratch
from boardcert.certificates.keys import from_der
from boardcert.storage.store import load
from identities import foreign_record, has_notice, identity, on_board
from power_cuts import FOREIGN, TASKS, stored_keys


def _cut_twice(file_system, ends, task):
    """Cut *task*, and then the boot after it, at some of their operations.

    The boot after that has the same result as after one cut: see _cut_task.
    """
    disk = scratch.Disk()
    file_system.mkfs(disk)
    directory = scratch.mount(disk, file_system)
    me = identity(directory)
    me.admin_token()
    me.install(FOREIGN[0].chain, FOREIGN[0].private_key)
    served, keys, image = [me.certificate], stored_keys(directory), bytes(disk.data)
    disk.journal.clear()
    task(me)
    served.append(me.certificate)
    deleted = keys - stored_keys(directory)
    journal = disk.journal
    for first in [count for count in range(len(journal)) if count % 7 == 3 and count < 30]:
        between = scratch.Disk.after(image, journal[:first], ends)
        boot_image = bytes(between.data)
        identity(scratch.mount(between, file_system))
        for second in range(0, min(len(between.journal), 40), 3):
            after = scratch.Disk.after(boot_image, between.journal[:second], ends)
            directory = scratch.mount(after, file_system)
            me = identity(directory)
            assert me.certificate in served and not me.generated, (first, second)
            assert not has_notice(me, "lost") and not has_notice(me, "older"), (
                first,
                second,
                me.notices,
            )
            if not deleted & stored_keys(directory):
                left = any(after.data.find(key) >= 0 for key in deleted)
                assert not left, (first, second, me.notices)
            assert identity(directory).notices == [], (first, second)


def _cut_clone(file_system, ends, installed):
    """Cut the first boot on another board's number after its operations, as _cut_task does.

    *installed*(record): the record to install for the generated one, or None. Whatever the cut, the
    next boot keeps none of the original's secrets and reports no loss, and the one after it finds
    the same.
    """
    disk = scratch.Disk()
    file_system.mkfs(disk)
    directory = scratch.mount(disk, file_system)
    me = identity(directory)
    own = load(directory, "generated", [])
    secrets = [own.private_key[8:56], me.admin_token().encode()]
    if installed:
        me.install(*installed(own))
    image = bytes(disk.data)
    disk.journal.clear()
    with on_board(unique_id=b"another board's"):
        identity(directory)
        journal = disk.journal
        for count, after, directory in scratch.power_cuts(image, journal, file_system, ends):
            me = identity(directory)
            assert not has_notice(me, "lost") and not has_notice(me, "older"), (count, me.notices)
            assert not any(after.data.find(secret) >= 0 for secret in secrets), count
            again = identity(directory)
            assert again.certificate == me.certificate and again.notices == [], count


def _for_its_key(record):
    return foreign_record(key=from_der(record.private_key)).chain, None


_ON_A_CLONE = (None, _for_its_key, lambda _: (FOREIGN[0].chain, FOREIGN[0].private_key))


def test_an_empty_slot_is_told_once():
    """An empty slot, which FAT leaves when a write is cut, is reported once."""
    directory = scratch.fresh_directory()
    with on_board():
        pin = identity(directory).public_key_pin
        for slot in ("generated.alt", "installed.bin"):
            scratch.write(f"{directory}/{slot}", b"")
            me = identity(directory)
            assert has_notice(me, f"{slot} was ignored: empty") and me.public_key_pin == pin
            assert identity(directory).notices == []


if scratch.HAS_ROOM:

    def test_two_power_cuts_on_littlefs():
        """The second cut interrupts the recovery from the first."""
        with on_board():
            for _, task, has_installed in TASKS:
                if has_installed:
                    _cut_twice(scratch.vfs.VfsLfs2, scratch.in_turn, task)

    def test_power_cuts_of_a_clones_first_boot_on_littlefs():
        """The clone has an installed certificate for the original's key, for another, or none."""
        with on_board():
            for installed in _ON_A_CLONE:
                _cut_clone(scratch.vfs.VfsLfs2, scratch.in_turn, installed)

    if hasattr(scratch.vfs, "VfsFat"):

        def test_two_power_cuts_on_fat():
            """A second cut on FAT is survived, too; an empty slot is not reported at each boot."""
            with on_board():
                for _, task, has_installed in TASKS:
                    if has_installed:
                        _cut_twice(scratch.vfs.VfsFat, scratch.whole, task)

        def test_a_name_that_is_no_text_costs_no_identity():
            """A file name that is not text, as a power cut may leave, does no harm."""
            disk = scratch.Disk()
            scratch.vfs.VfsFat.mkfs(disk)
            directory = scratch.mount(disk, scratch.vfs.VfsFat)
            with on_board():
                me = identity(directory)
                token = me.admin_token()
                scratch.write(directory + "/zzzzzzzz.zzz", b"")
                scratch.umount()
                disk.data[disk.data.find(b"ZZZZZZZZZZZ")] = 0x82  # e acute in code page 437.
                scratch.mount(disk, scratch.vfs.VfsFat)
                again = identity(directory)
                assert again.certificate == me.certificate and again.admin_token() == token
                assert len(again.notices) == 1 and has_notice(again, "name is damaged"), (
                    again.notices
                )
                again.install(FOREIGN[0].chain, FOREIGN[0].private_key)
                assert "may still be in flash" in again.remove()
                assert again.certificate == me.certificate
                assert identity(directory).certificate == me.certificate
                scratch.umount()
                disk.data[disk.data.find(b"\x82ZZZZZZZZZZ")] = ord("Z")
                scratch.mount(disk, scratch.vfs.VfsFat)
                assert not has_notice(identity(directory), "damaged")

        def test_power_cuts_of_a_clones_first_boot_on_fat():
            """On FAT, a clone's first boot overwrites files before it deletes them."""
            with on_board():
                for installed in _ON_A_CLONE:
                    _cut_clone(scratch.vfs.VfsFat, scratch.whole, installed)
