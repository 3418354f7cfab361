"""An empty directory for a test: in memory on the unix binary, in flash on a board."""

import gc
import os

try:
    import vfs
except ImportError:
    vfs = None

_MOUNT_POINT = "/scratch-files"  # With a hyphen, lest `import` find it instead of this module.
_flash_directories = [0]

HAS_ROOM = vfs is not None and gc.mem_free() > 500_000
"""Whether disks in memory fit: not on a board, where the flash itself serves."""


class Disk:
    """A block device in memory that records in *journal* each block it wrote or erased.

    journal: [(start, data)], in order; a power cut is replayed from it, see `after`. A disk that
    *forgets* has none: repeated overwriting would fill the memory.
    """

    BLOCK_BYTES = 512

    def __init__(self, blocks=64, forgets=False):
        self._forgets = forgets
        self.is_torn = False
        self.data = bytearray(b"\xff" * (blocks * self.BLOCK_BYTES))
        self.journal = []

    def readblocks(self, block, buffer, offset=0):
        start = block * self.BLOCK_BYTES + offset
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * self.BLOCK_BYTES + offset
        for begin in range(0, len(buffer), self.BLOCK_BYTES):
            self._change(start + begin, buffer[begin : begin + self.BLOCK_BYTES])

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.data) // self.BLOCK_BYTES
        if operation == 5:
            return self.BLOCK_BYTES
        if operation == 6:
            self._change(argument * self.BLOCK_BYTES, b"\xff" * self.BLOCK_BYTES)
        return 0

    def _change(self, start, data):
        if not self._forgets:
            self.journal.append((start, bytes(data)))
        self.data[start : start + len(data)] = data

    @classmethod
    def after(cls, image, journal, is_torn):
        """Return the disk that was *image*, after *journal*; if torn, the last one is half done."""
        disk = cls()
        disk.is_torn = is_torn
        disk.data[:] = image
        for number, (start, data) in enumerate(journal):
            if is_torn and number == len(journal) - 1:
                data = data[: len(data) // 2]
            disk.data[start : start + len(data)] = data
        return disk


def mount(disk, file_system):
    """Mount *disk*, formatted by *file_system*.mkfs, and return the directory."""
    umount()
    vfs.mount(file_system(disk), _MOUNT_POINT)
    return _MOUNT_POINT + "/boardcert"


def power_cuts(image, journal, file_system, ends, each_of=40):
    """Yield (count, disk, directory): *image* mounted after *count* operations.

    *count* is each of the first *each_of* of *journal*, the last three, and some in between, which
    wipe. *ends*(count): how the last operation ends: `whole`, `torn_or_whole` or `in_turn`.
    """
    for count in range(len(journal) + 1):
        if count > each_of and count % 197 and count < len(journal) - 3:
            continue
        for is_torn in ends(count):
            disk = Disk.after(image, journal[:count], is_torn)
            yield count, disk, mount(disk, file_system)


def whole(count):
    """Have each operation done as a whole: for a file system on sectors that are."""
    return (False,)


def torn_or_whole(count):
    """Have each operation done by half, and as a whole."""
    return (False, True)


def in_turn(count):
    """Have every second operation done by half, which takes half the time of both."""
    return (count % 2 == 1,)


def umount():
    """Unmount what a test has mounted."""
    try:
        vfs.umount(_MOUNT_POINT)
    except OSError:
        pass


def fresh_directory():
    """Return the path of a directory that does not exist yet."""
    if vfs is None:
        import tempfile

        return tempfile.mkdtemp() + "/boardcert"
    if not HAS_ROOM:
        return _directory_on_flash()
    disk = Disk(forgets=True)
    vfs.VfsLfs2.mkfs(disk)
    return mount(disk, vfs.VfsLfs2)


def _directory_on_flash():
    """Return a new name in /scratch-files."""
    if _MOUNT_POINT[1:] not in os.listdir("/"):
        os.mkdir(_MOUNT_POINT)
    _flash_directories[0] += 1
    return f"{_MOUNT_POINT}/{_flash_directories[0]}"


def remove_directories():
    """Remove the directories of a test from the flash, which has room for some five."""
    if HAS_ROOM or _MOUNT_POINT[1:] not in os.listdir("/"):
        return
    for directory in os.listdir(_MOUNT_POINT):
        for name in os.listdir(f"{_MOUNT_POINT}/{directory}"):
            os.remove(f"{_MOUNT_POINT}/{directory}/{name}")
        os.rmdir(f"{_MOUNT_POINT}/{directory}")


def read(path):
    """Return the bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def exists(path):
    """Return whether there is a file."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def write(path, data):
    """Write a file, making its directory."""
    try:
        os.mkdir(path.rsplit("/", 1)[0])
    except OSError:
        pass
    with open(path, "wb") as file:
        file.write(data)
