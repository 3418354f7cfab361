"""Read published test vectors, one case a line, as make_vectors.py wrote them."""

import sys

DIRECTORY = __file__.rsplit("tests/device/", 1)[0] + "build/vectors"
# No more lines of a file than this; a slow board's runner lowers it.
LIMIT = 1 << 30
# CPython interprets the viper code, so that it reads only every nth of the lines that hash
# for thousands of blocks; the unix binary reads all.
_HEAVY_STEP = 25 if sys.implementation.name == "cpython" else 1


def is_slow():
    """Return whether a board is running the tests, where P-521 takes seconds."""
    return LIMIT < 10


def cases(name, heavy=False):
    """Yield the fields of each line of the file *name*, each decoded from hexadecimal.

    *heavy*: a line takes thousands of blocks of hashing.
    """
    step = _HEAVY_STEP if heavy else 1
    with open(f"{DIRECTORY}/{name}.txt") as file:
        for number, line in enumerate(file):
            if number >= LIMIT:
                return
            if number % step == 0:
                yield [bytes.fromhex(field) for field in line[:-1].split(",")]


def numbers(fields):
    """Return the big-endian *fields* as integers."""
    return [int.from_bytes(field, "big") for field in fields]
