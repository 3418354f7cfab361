"""Reduce what littlefs reads on a board to find a file, and to find free blocks.

littlefs appends each change of a directory to the directory's log. With many names there are
several logs, in the order of the names. To find a file, it reads them one after another, up to that
of the name. To find free blocks, which is once after each reset, it reads each of them about as
often as there are names in it.

So the logs are split here, by long names beside those that there are, which are then removed. After
that each log is compacted: a file is created and removed until a block is erased, to which littlefs
then writes what is still valid. Meanwhile, the file system is mounted with a large cache, with
which this takes seconds instead of a minute. On rp2, whose flash is read like memory, nothing would
be gained: a first boot was 3 ms longer.
"""

from . import mpremote

_TIMEOUT_S = 180
# Run on the board. Nothing is done on FAT, where a name cannot contain an asterisk (22 is EINVAL),
# or if the root is not the file system in the board's own flash. Beside names with 160 times "~", a
# log of 4 KB has room for some seven of the package's files; more or fewer were slower.
_COMPACT = """
import os, sys, vfs
class Flash:
    erased = 0
    def __init__(self, device):
        self._device = device
    def readblocks(self, block, *rest):
        self.block = block
        return self._device.readblocks(block, *rest)
    def writeblocks(self, *arguments):
        return self._device.writeblocks(*arguments)
    def ioctl(self, operation, argument):
        self.erased += operation == 6
        return self._device.ioctl(operation, argument)
def is_littlefs(directory):
    try:
        os.stat(directory + "/*")
    except OSError as error:
        return error.errno != 22
def make(path):
    open(path, "wb").close()
def log_of(path):
    try:
        os.stat(path)
    except OSError:
        pass
    return flash.block
def shorten(directory, names):
    for name in names:
        make(directory + name + 160 * "~")
    for name in names:
        os.remove(directory + name + 160 * "~")
    short = set()
    for path in [directory + name + "~" for name in names]:
        if log_of(path) not in short:
            erased = flash.erased
            while erased == flash.erased:
                make(path)
                os.remove(path)
            short.add(log_of(path))
def is_same(directory):
    try:
        return sorted(os.listdir("/flash" + directory)) == names
    except OSError:
        return False
directory = {!r}
if sys.platform == "esp32" and is_littlefs(directory):
    from flashbdev import bdev
    flash = Flash(bdev)
    names = sorted(os.listdir(directory))
    vfs.mount(vfs.VfsLfs2(flash, readsize=1024, mtime=False), "/flash")
    if is_same(directory):
        vfs.umount("/")
        try:
            shorten("/flash" + directory + "/", names)
        finally:
            vfs.umount("/flash")
            vfs.mount(bdev, "/")
    else:
        vfs.umount("/flash")
"""


def compact(port: str, directory: str) -> None:
    """Split and shorten the logs of a *directory* on the board, which takes some seconds."""
    mpremote.execute(port, script(directory), _TIMEOUT_S)


def script(directory: str) -> str:
    """Return what the board runs for that."""
    return _COMPACT.format(directory)
