"""Gather raw noise from the board's own source, and health-test it before it is used.

Every sample of a gathering passes the tests of health_tests before the first one is handed out.
Each raw sample is credited with 0.1 bit of min-entropy, much less than measured (a ring-oscillator
bit is biased to about 0.55 and correlated when it is sampled fast). Everything else that varies is
mixed in and credited with nothing.
"""

# ptr8 and ptr32 are words of viper.
# pyright: reportUndefinedVariable=false

import os
import sys
import time

import micropython
from micropython import const

from .. import EntropyError
from .health_tests import CREDIT_PERCENT, check_samples

SAMPLES = const(4096)
"""Raw samples of one gathering: 409 credited bits, more than the 384 that HMAC_DRBG needs."""

CHECK_SAMPLES = const(1024)
"""Raw samples that are tested for TLS: as many as a start-up test needs (SP 800-90B, 4.3)."""

_SPACING_US = const(11)  # Between two ring-oscillator samples; 11 counts are more than 10 us.


def gather() -> tuple:
    """Sample the board's noise source, test it, mix the rest in; raise EntropyError.

    Return (bytes for the DRBG, a report on where they came from, without them).
    """
    name, read = find_source()
    data = bytes(_tested(name, read, SAMPLES)) + _uncredited()
    return data, {
        "source": name,
        "samples": SAMPLES,
        "credited_bits": SAMPLES * CREDIT_PERCENT // 100,
    }


def check_tls() -> None:
    """Test the ring oscillator, which the TLS of rp2 draws its secrets from; raise EntropyError."""
    name, read = find_source(for_tls=True)
    _tested(name, read, CHECK_SAMPLES)


def _tested(name: str, read, count: int) -> bytearray:
    """Return *count* samples that passed the health tests."""
    samples = read(count)
    if len(samples) * 8 != count:
        raise EntropyError(f"{name} gave too few samples")
    check_samples(name, samples)
    return samples


def find_source(for_tls: bool = False) -> tuple:
    """Return (name, read) of this board's source; read(n) gives n raw samples packed in bytes.

    *for_tls*: that of the firmware's TLS. Raises EntropyError when the board has none that is
    known to be noise.
    """
    if sys.platform == "rp2":
        from machine import mem32

        # SYSINFO, CHIP_ID, bits 12 to 27: the part number.
        if mem32[0x40000000] >> 12 & 0xFFFF == 2:
            # ROSC: RANDOMBIT; TIMER: TIMERAWL, free-running microseconds.
            return "RP2040 ring oscillator", lambda count: read_ring(count, 0x4006001C, 0x40054028)
    from .noise_generators import find_generator

    return find_generator(for_tls, read_ring)


def read_ring(count: int, random_bit: int, timer: int) -> bytearray:
    """Read *count* samples, each more than 10 us after the one before.

    *random_bit*, *timer*: addresses of the ring oscillator's bit, and of the microseconds.
    """
    samples = bytearray(count // 8)
    _sample_ring(samples, count, random_bit, timer)
    return samples


@micropython.viper
def _sample_ring(samples: ptr8, count: int, random_bit: ptr32, timer: ptr32):  # noqa: F821
    """Fill *samples*. The microsecond timer spaces them, whatever the processor's clock is."""
    last = int(timer[0])
    i = 0
    while i < count:
        while int(timer[0]) - last < _SPACING_US:
            pass
        last = int(timer[0])
        samples[i >> 3] = int(samples[i >> 3]) | ((int(random_bit[0]) & 1) << (i & 7))
        i += 1


def _uncredited() -> bytes:
    """Return other data that varies between boards and boots: it can only help, uncredited."""
    parts = [os.urandom(48), repr(time.time()).encode()]
    ticks = getattr(time, "ticks_cpu", time.time)
    jitter = []
    for _ in range(32):
        jitter.append(ticks())
    parts.append(repr(jitter).encode())
    if sys.platform == "rp2":
        from machine import ADC

        sensor = ADC(ADC.CORE_TEMP)
        parts.append(repr([sensor.read_u16() for _ in range(16)]).encode())
    return b"".join(parts)
