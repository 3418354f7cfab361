"""A command over USB interrupts the board's program, which may be writing to its flash."""

import json
from collections.abc import Callable

import pytest
from boardcert_host.board import usb_report
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.virtual import VirtualBoard

NewBoard = Callable[..., VirtualBoard]

# So that most blocks are taken: one that is wrongly held for free is one of a file.
_FILL = """
with open("/full", "wb") as file:
    for _ in range(90):
        file.write(bytes(4096))
"""
# Ctrl-C comes while littlefs looks for a free block, as readblocks() of rp2.Flash raises it.
_INTERRUPTED = """
import os, rp2, vfs
class Flash:
    reads = 0
    def __init__(self):
        self.flash = rp2.Flash()
    def readblocks(self, *arguments):
        self.flash.readblocks(*arguments)
        self.reads -= 1
        if not self.reads:
            raise KeyboardInterrupt
    def writeblocks(self, *arguments):
        return self.flash.writeblocks(*arguments)
    def ioctl(self, *arguments):
        return self.flash.ioctl(*arguments)
vfs.umount("/")
flash = Flash()
vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/")
flash.reads = 20
os.mkdir("/folder")
"""
_CHECKSUMS = """
import binascii, json, os
found = {}
for path in ["/full"] + ["/lib/boardcert/" + name for name in os.listdir("/lib/boardcert")]:
    found[path] = 0
    with open(path, "rb") as file:
        while piece := file.read(4096):
            found[path] = binascii.crc32(piece, found[path])
print(json.dumps(found))
"""


def test_what_is_written_after_an_interruption_destroys_no_file(installed: NewBoard) -> None:
    """A command that has a board make its identity leaves all files whole, whatever it interrupts.

    littlefs holds blocks of files for free if it is interrupted while it looks for one, until it is
    mounted again.
    """
    board = installed(pace="idle")
    board.exec(_FILL)
    files = json.loads(board.exec(_CHECKSUMS))
    with pytest.raises(Error, match="KeyboardInterrupt"):
        board.exec(_INTERRUPTED)
    assert main(["csr", "--usb", board.usb_port]) == 0
    board.reset()
    assert json.loads(board.exec(_CHECKSUMS)) == files
    assert not usb_report.read_report(board.usb_port)["generated"]


def test_the_settings_of_an_interrupted_program_hold(installed: NewBoard) -> None:
    """A command sees the identity as the program that it interrupts has it, and writes nothing."""
    board = installed(pace="idle")
    settings = {"hostname": "kitchen", "names": ["kitchen.example"], "directory": "/elsewhere"}
    board.exec(f"import boardcert; boardcert.identity(**{settings!r})")
    operations = board.flash_operations
    report = usb_report.read_report(board.usb_port)
    assert report["names"] == ["kitchen.local", "kitchen.example"]
    assert not report["generated"] and board.flash_operations == operations
