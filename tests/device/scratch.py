"""An empty directory for a test: in memory on MicroPython, a temporary one on CPython."""

import os

try:
    import vfs
except ImportError:
    vfs = None

_MOUNT_POINT = "/scratch"


class Disk:
    """A block device in memory whose power can be cut.

    *cut_after*: the number of writes and erasures until the power fails; the last one is torn
    when *tears* is set (its first half is done), and every later one fails.
    """

    BLOCK_BYTES = 512

    def __init__(self, blocks=64, tears=True):
        self.data = bytearray(b"\xff" * (blocks * self.BLOCK_BYTES))
        self.cut_after = None
        self._blocks = blocks
        self._tears = tears

    def readblocks(self, block, buffer, offset=0):
        start = block * self.BLOCK_BYTES + offset
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=None):
        if offset is None:  # The simple protocol, which FAT uses: a write erases first.
            offset = 0
        start = block * self.BLOCK_BYTES + offset
        self._change(start, buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self._blocks
        if operation == 5:
            return self.BLOCK_BYTES
        if operation == 6:
            self._change(argument * self.BLOCK_BYTES, b"\xff" * self.BLOCK_BYTES)
        return 0

    def _change(self, start, data):
        if self.cut_after is not None:
            if self.cut_after == 0:
                self.cut_after = -1
                if self._tears:
                    half = len(data) // 2
                    self.data[start : start + half] = data[:half]
            if self.cut_after < 0:
                raise OSError(5)  # EIO
            self.cut_after -= 1
        self.data[start : start + len(data)] = data


def mount(disk, file_system):
    """Mount *disk*, made by *file_system*.mkfs, and return the directory."""
    umount()
    vfs.mount(file_system(disk), _MOUNT_POINT)
    return _MOUNT_POINT + "/boardcert"


def umount():
    """Unmount what a test has mounted, if anything."""
    try:
        vfs.umount(_MOUNT_POINT)
    except OSError:
        pass


def fresh_directory():
    """Return the path of a directory that does not exist yet, in an empty file system."""
    if vfs is None:
        import tempfile

        return tempfile.mkdtemp() + "/boardcert"
    disk = Disk()
    vfs.VfsLfs2.mkfs(disk)
    return mount(disk, vfs.VfsLfs2)


def read(path):
    """Return the bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    """Write a file, making its directory."""
    try:
        os.mkdir(path.rsplit("/", 1)[0])
    except OSError:
        pass
    with open(path, "wb") as file:
        file.write(data)
