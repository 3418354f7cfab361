"""A flash in memory for programs of the MicroPython unix binary; it counts the bytes read."""

CODE = """
import os, sys, vfs
class Flash:
    BLOCK = 4096
    def __init__(self, blocks):
        self.data = bytearray(b"\\xff" * (self.BLOCK * blocks))
        self.read = 0
    def readblocks(self, number, buffer, offset=0):
        start = number * self.BLOCK + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]
        self.read += len(buffer)
    def writeblocks(self, number, buffer, offset=0):
        start = number * self.BLOCK + offset
        self.data[start : start + len(buffer)] = buffer
    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.data) // self.BLOCK
        if operation == 5:
            return self.BLOCK
        if operation == 6:
            self.writeblocks(argument, b"\\xff" * self.BLOCK)
        return 0
flash = Flash(512)
"""
