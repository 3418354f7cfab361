"""Runs on the board: time and memory of what the benchmark names. The host adds a line that prints.

Fixed inputs, so that every run does the same work: the key of RFC 6979 A.2.6, counted bytes instead
of randomness.
"""

import gc
import time

import micropython

# ruff: noqa: E501 (the key is one number)
_D = 0x6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5
_RUNS = 3
_CYCLES_PER_US = 125


def part(name):
    """Return the module *name* of the package, or the bundle that it is a part of."""
    try:
        return __import__("boardcert." + name, None, None, (name,))
    except ImportError:
        from boardcert import ecdsa

        return ecdsa


def engine_module():
    """Return the module of the engine of P-384 that this package has for this board."""
    try:
        from boardcert import p384_kernel as engine
    except ImportError:
        from boardcert import p384_bigint as engine
    return engine


# What is measured is not how they are made.
_BYTES = bytes([7 * i + 1 & 255 for i in range(256)])


def fixed_random(size):
    """Return *size* bytes, the same at each call."""
    return _BYTES[:size]


def milliseconds(function, *arguments):
    """Return the median time of some calls; the first, which may import, is not counted."""
    function(*arguments)
    times = []
    for _ in range(_RUNS):
        gc.collect()
        start = time.ticks_us()
        function(*arguments)
        times.append(time.ticks_diff(time.ticks_us(), start))
    return sorted(times)[_RUNS // 2] / 1000


def operations():
    """Return the times of key generation, signing, verification and hashing."""
    ecdsa = part("ecdsa")
    curve = part("ec").P384
    sha384 = part("sha384").sha384
    digest = sha384(b"sample")
    public_key = curve.multiply_base(_D, fixed_random)
    signature = ecdsa.sign(curve, _D, digest, fixed_random)
    message = bytes(128 * 40)

    def sign():
        return ecdsa.encode_signature(ecdsa.sign(curve, _D, digest, fixed_random))

    # What 32 more blocks cost: start and padding are the same in both.
    short_ms = milliseconds(sha384, message[: 128 * 8])
    long_ms = milliseconds(sha384, message)
    return {
        "keygen_ms": milliseconds(curve.multiply_base, _D, fixed_random),
        "sign_ms": milliseconds(sign),
        "verify_ms": milliseconds(ecdsa.verify, curve, public_key, digest, signature),
        "sha384_block_us": (long_ms - short_ms) * 1000 / 32,
        "table_bytes": len(engine_module().TABLE),
    }


def field_operations():
    """Return the cycles of a multiplication and of a squaring, by the engine in use."""
    curve = part("ec").P384
    engine = engine_module()
    if hasattr(engine, "run"):
        multiply, square = kernel_operations(engine.run)
        count = 500
    else:
        multiply, square = bigint_operations(curve.p)
        count = 50  # Their garbage is not to need a collection meanwhile.
    return {
        "field_mul_cycles": cycles(multiply, count),
        "field_sqr_cycles": cycles(square, count),
    }


def kernel_operations(run):
    """Return two functions of n: multiply, and square, n times in one call of the kernel."""
    # A step is an operation (1 multiplies, 2 squares), and the places of result and operands.
    work = bytearray(fixed_random(9 * 16))
    steps = (b"\x01\x06\x00\x03", b"\x02\x06\x00\x01")
    return [lambda n, step=step: run(step * n + bytes(4), work) for step in steps]


def cycles(operate, count):
    """Return the cycles of one operation: of *count* more of them, so that the call costs nothing."""
    extra_ms = milliseconds(operate, 1 + count) - milliseconds(operate, 1)
    return round(extra_ms * 1000 * _CYCLES_PER_US / count)


def bigint_operations(p):
    """Return two functions of n: multiply, and square, n times as the big-integer engine does."""
    from boardcert.p384_reduce import reduce

    a, b = (int.from_bytes(fixed_random(size), "big") % p for size in (48, 47))
    return [lambda n, factor=factor: multiply_often(n, a, factor, reduce) for factor in (b, a)]


@micropython.native
def multiply_often(n, a, b, reduce):
    """Multiply *n* times; native, so that the loop itself costs next to nothing."""
    for _ in range(n):
        reduce(a * b)


def memory_in_use():
    """Return the bytes in use that are not garbage.

    First the stack is overwritten: the collector takes what calls have left there for references.
    """

    def overwrite(depth):
        return depth and overwrite(depth - 1)

    overwrite(8)
    gc.collect()
    return gc.mem_alloc()


def first_boot_or_load(**arguments):
    """Return the time of identity(), and the memory that stays in use after it."""
    before = memory_in_use()
    start = time.ticks_us()
    import boardcert

    imported = time.ticks_us()
    me = boardcert.identity(**arguments)
    end = time.ticks_us()
    return {
        "import_ms": time.ticks_diff(imported, start) / 1000,
        "identity_ms": time.ticks_diff(end, imported) / 1000,
        "resident_heap_bytes": memory_in_use() - before,
        "report": me.report(),
    }


def peak_heap(period_ms):
    """Return the most memory that is in use at any time of a first boot, garbage not counted.

    A timer interrupts the boot each *period_ms*: the garbage is collected, the rest counted.
    """
    from machine import Timer

    gc.collect()
    before = gc.mem_alloc()
    highest = before

    def sample(_timer):
        nonlocal highest
        gc.collect()
        highest = max(highest, gc.mem_alloc())

    timer = Timer(period=period_ms, callback=sample)
    try:
        import boardcert

        boardcert.identity()
    finally:
        timer.deinit()
    return highest - before


def free_heap():
    """Return the bytes that the package can use, this code being loaded."""
    gc.collect()
    return gc.mem_free()


def boots_without(ballast_bytes):
    """Return whether a first boot succeeds when *ballast_bytes* of the heap are taken."""
    gc.collect()
    ballast = bytearray(ballast_bytes)
    try:
        import boardcert

        boardcert.identity()
    except MemoryError:
        return False
    return len(ballast) == ballast_bytes
