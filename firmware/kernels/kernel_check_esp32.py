"""The end of the module `kernel` on ESP32s: known answers, before any secret is touched."""
# ruff: noqa: F821 (the functions are in other parts of the same module)
# pyright: reportUndefinedVariable=false


def _works() -> bool:
    """Return whether each operation on the first point of the table is as big integers have it."""
    p = (1 << 384) - (1 << 128) - (1 << 96) + (1 << 32) - 1
    work = bytearray(TABLE[:96] + bytes(192))
    run(b"\1\6\0\3\2\x09\0\1\3\x0c\0\3\4\x0f\0\3\0\0\0\0", work)
    x, y, *results = [int.from_bytes(work[i : i + 48], "little") for i in range(0, 288, 48)]
    expected = (x * y, x * x, x + y, x - y)
    for i in range(4):
        if (results[i] - expected[i]) % p:
            return False
    return invert(x, p) * x % p == 1


if not _works():
    print("boardcert: our assembler does not work on this firmware, so signing is slow")
    raise ImportError("no kernel")
