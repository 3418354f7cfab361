"""Read published test vectors, one case a line, as make_vectors.py wrote them."""

import sys

DIRECTORY = __file__.rsplit("tests/device/", 1)[0] + "build/vectors"
# No more lines of a file than this; a slow board's runner lowers it.
LIMIT = 1 << 30
# CPython interprets the viper code and has the unix binary beside it, which reads all lines: it
# reads only every nth, and fewer of those that take long.
_IS_SAMPLE = sys.implementation.name == "cpython"
_STEP, _HEAVY_STEP = (3, 50) if _IS_SAMPLE else (1, 1)


def is_slow():
    """Return whether a board is running the tests, where P-521 takes seconds."""
    return LIMIT < 10


def cases(name, heavy=False):
    """Yield the fields of each line of the file *name*, each decoded from hexadecimal.

    *heavy*: a line takes thousands of blocks of hashing.
    """
    step = _HEAVY_STEP if heavy else _STEP
    with open(f"{DIRECTORY}/{name}.txt") as file:
        for number, line in enumerate(file):
            if number >= LIMIT:
                return
            if number % step == 0:
                yield [bytes.fromhex(field) for field in line[:-1].split(",")]


def sample(things):
    """Return those of *things* that this interpreter tries, the first and the last among them."""
    last = min(len(things), LIMIT) - 1
    return [things[i] for i in range(last + 1) if i % _HEAVY_STEP == 0 or i == last]


def numbers(fields):
    """Return the big-endian *fields* as integers."""
    return [int.from_bytes(field, "big") for field in fields]
