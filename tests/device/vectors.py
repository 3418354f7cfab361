"""Read published test vectors, one case a line, as make_vectors.py wrote them."""

import sys

DIRECTORY = __file__.rsplit("tests/device/", 1)[0] + "build/vectors"
# The maximum number of lines read from a file; a slow board's runner lowers it.
LIMIT = 1 << 30
# CPython interprets the viper code, and the unix binary reads all lines as well: so CPython reads
# every nth line, and fewer of the slow ones.
_IS_SAMPLE = sys.implementation.name == "cpython"
_STEP, _HEAVY_STEP = (3, 50) if _IS_SAMPLE else (1, 1)


def is_slow():
    """Return whether the tests run on a board, where P-521 takes seconds."""
    return LIMIT < 10


def cases(name, heavy=False):
    """Yield the fields of each line of the file *name*, each decoded from hexadecimal.

    *heavy*: whether a line takes thousands of blocks of hashing.
    """
    step = _HEAVY_STEP if heavy else _STEP
    with open(f"{DIRECTORY}/{name}.txt") as file:
        for number, line in enumerate(file):
            if number >= LIMIT:
                return
            if number % step == 0:
                yield [bytes.fromhex(field) for field in line[:-1].split(",")]


def sample(things):
    """Return the *things* that this interpreter tries, including the first and the last."""
    last = min(len(things), LIMIT) - 1
    return [things[i] for i in range(last + 1) if i % _HEAVY_STEP == 0 or i == last]


def numbers(fields):
    """Return the big-endian *fields* as integers."""
    return [int.from_bytes(field, "big") for field in fields]
