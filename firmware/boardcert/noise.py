"""Gather raw noise from the board's own source, and health-test it before anyone uses it.

The health tests are those of SP 800-90B, section 4.4, on the raw one-bit samples, before any
conditioning. Every sample of a gathering is tested before the first one is handed out, so the
start-up test of section 4.3 (at least 1,024 samples) is included. Each raw sample is credited
with 0.1 bit of min-entropy, much less than measured (a ring-oscillator bit is biased to about
0.55 and correlated when it is sampled fast). Everything else that varies is mixed in and
credited with nothing.
"""

# ptr8 and ptr32 are words of viper.
# pyright: reportUndefinedVariable=false

import os
import sys
import time
from array import array

import micropython
from micropython import const

from . import EntropyError, FirmwareFirst

SAMPLES = const(4096)
"""Raw samples of one gathering: 409 credited bits."""

NEEDED_BITS = const(384)
"""HMAC_DRBG at 256 bits of strength: entropy input 256, nonce 128 (SP 800-90A, 8.6.7)."""

CREDIT_PERCENT = const(10)
"""Credited min-entropy of a raw sample, in hundredths of a bit: H = 0.1."""

# SP 800-90B, 4.4.1: C = 1 + ceil(-log2(alpha) / H), with alpha = 2**-20 and H = 0.1.
REPETITION_CUTOFF = const(201)
# 4.4.2: C = 1 + CRITBINOM(W, 2**-H, 1 - alpha), with W = 1024, the window for binary sources.
PROPORTION_WINDOW = const(1024)
PROPORTION_CUTOFF = const(991)

_SPACING_US = const(11)  # Between two ring-oscillator samples; 11 counts are more than 10 us.


class Entropy:
    """Tested noise. *data*: bytes for the DRBG; *credited_bits*: what may be relied on."""

    def __init__(self, source: str, data: bytes, samples: int) -> None:
        self.source = source
        self.data = data
        self.samples = samples
        self.credited_bits = samples * CREDIT_PERCENT // 100

    def report(self) -> dict:
        """Tell where the noise came from, without the noise."""
        return {
            "source": self.source,
            "samples": self.samples,
            "credited_bits": self.credited_bits,
        }


class HealthTests:
    """The continuous tests of SP 800-90B, 4.4, over the raw samples of one source.

    Keep one object for as long as the source is sampled: runs and windows go on from one
    `feed` to the next.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        # Last sample, length of its run; first sample of the window, its count, position.
        self._state = array("I", (2, 0, 2, 0, 0))

    def feed(self, samples: bytes) -> None:
        """Test *samples*, eight in a byte, the earliest in bit 0; raise EntropyError."""
        failed = _run_tests(samples, len(samples), self._state)
        if failed:
            test = ("repetition count", "adaptive proportion")[failed - 1]
            raise EntropyError(f"{self._source} failed the {test} test: stuck or heavily biased")


@micropython.viper
def _run_tests(samples: ptr8, n_bytes: int, state: ptr32) -> int:  # noqa: F821
    """Return 0, or 1 when the repetition count fails, or 2 when the adaptive proportion fails."""
    last = int(state[0])
    run = int(state[1])
    reference = int(state[2])
    count = int(state[3])
    position = int(state[4])
    failed = 0
    i = 0
    while i < n_bytes << 3:
        bit = (int(samples[i >> 3]) >> (i & 7)) & 1
        if bit == last:
            run += 1
            if run >= REPETITION_CUTOFF:
                failed = 1
        else:
            last = bit
            run = 1
        if position == 0:
            reference = bit
            count = 0
        if bit == reference:
            count += 1
            if count >= PROPORTION_CUTOFF and failed == 0:
                failed = 2
        position += 1
        if position == PROPORTION_WINDOW:
            position = 0
        i += 1
    state[0] = last
    state[1] = run
    state[2] = reference
    state[3] = count
    state[4] = position
    return failed


def gather() -> Entropy:
    """Sample the board's noise source, test it, mix the rest in; raise EntropyError."""
    name, read = find_source()
    samples = read(SAMPLES)
    if len(samples) * 8 != SAMPLES:
        raise EntropyError(f"{name} gave too few samples")
    HealthTests(name).feed(samples)
    entropy = Entropy(name, bytes(samples) + _uncredited(), SAMPLES)
    if entropy.credited_bits < NEEDED_BITS:
        raise EntropyError(f"{name} gave {entropy.credited_bits} bits, not {NEEDED_BITS}")
    return entropy


def find_source() -> tuple:
    """Return (name, read) of this board's source; read(n) gives n raw samples packed in bytes.

    Raises EntropyError when the board has none that is known to be noise.
    """
    if sys.platform == "rp2":
        with FirmwareFirst():
            from machine import mem32

        # SYSINFO, CHIP_ID, bits 12 to 27: the part number.
        part = mem32[0x40000000] >> 12 & 0xFFFF
        if part == 2:
            return "RP2040 ring oscillator", _read_ring_oscillator
        if part == 4:
            from .noise_generators import read_trng

            return "RP2350 TRNG", lambda count: read_trng(count, mem32)
    elif sys.platform == "esp32":
        from .noise_generators import read_radio

        return "ESP32 radio noise", read_radio
    elif sys.platform in ("linux", "darwin"):
        # A computer, for tests and desktop use: what its operating system gives is trusted.
        return "operating system", lambda count: os.urandom(count // 8)
    raise EntropyError(f"no noise source is known for this board ({sys.platform})")


def _read_ring_oscillator(count: int) -> bytearray:
    """Read *count* samples of ROSC_RANDOMBIT, each more than 10 us after the one before."""
    samples = bytearray(count // 8)
    _sample_ring(samples, count // 8)
    return samples


@micropython.viper
def _sample_ring(samples: ptr8, n_bytes: int):  # noqa: F821
    """Fill *samples*. The microsecond timer spaces them, whatever the processor's clock is."""
    random_bit = ptr32(0x4006001C)  # noqa: F821  # ROSC: RANDOMBIT
    timer = ptr32(0x40054028)  # noqa: F821  # TIMER: TIMERAWL, free-running microseconds
    last = int(timer[0])
    i = 0
    while i < n_bytes << 3:
        while int(timer[0]) - last < _SPACING_US:
            pass
        last = int(timer[0])
        samples[i >> 3] = int(samples[i >> 3]) | ((int(random_bit[0]) & 1) << (i & 7))
        i += 1


def _uncredited() -> bytes:
    """Return what else varies between boards and boots: it can only add, and is not relied on."""
    parts = [os.urandom(48), repr(time.time()).encode()]
    ticks = getattr(time, "ticks_cpu", time.time)
    jitter = []
    for _ in range(32):
        jitter.append(ticks())
    parts.append(repr(jitter).encode())
    if sys.platform == "rp2":
        with FirmwareFirst():
            from machine import ADC

        sensor = ADC(ADC.CORE_TEMP)
        parts.append(repr([sensor.read_u16() for _ in range(16)]).encode())
    return b"".join(parts)
