"""Read raw samples from a chip's own generator: the RP2350's TRNG, the ESP32's radio.

noise, which tests them, imports this on those chips only.
"""

import os
import time

from . import EntropyError


def read_trng(count: int, mem32) -> bytearray:
    """Read *count* raw samples of the RP2350's TRNG through its registers.

    The decorrelator and the block's own tests are bypassed: the tests here want raw samples.
    192 of them come at a time, one in 1,000 clocks. *mem32*: as machine.mem32. The block is reset
    first: the firmware's own os.urandom leaves it running, with one sample in every clock.
    """
    samples = bytearray()
    mem32[0x400F0140] = 1  # TRNG_SW_RESET
    mem32[0x400F0138] = 0xE  # TRNG_DEBUG_CONTROL: bypass von Neumann, CRNGT, autocorrelation.
    mem32[0x400F0130] = 1000  # SAMPLE_CNT1
    mem32[0x400F012C] = 1  # RND_SOURCE_ENABLE
    try:
        while len(samples) < count // 8:
            _wait_for_trng(mem32)
            for offset in range(0x114, 0x12C, 4):  # EHR_DATA0..5; reading the last restarts.
                samples.extend((mem32[0x400F0000 + offset] & 0xFFFFFFFF).to_bytes(4, "little"))
    finally:
        mem32[0x400F012C] = 0
    return samples[: count // 8]


def _wait_for_trng(mem32) -> None:
    """Wait until 192 samples are there: 1.3 ms at 150 MHz; a hundred times that is a failure."""
    for _ in range(130):
        if mem32[0x400F0110] & 1:  # TRNG_VALID
            return
        time.sleep(0.001)
    raise EntropyError("RP2350 TRNG gives no samples")


def read_radio(count: int) -> bytes:
    """Read the ESP32's generator with the radio on: only then does it collect thermal noise."""
    station = _station()
    was_active = station.active()
    station.active(True)
    try:
        return os.urandom(count // 8)
    finally:
        station.active(was_active)


def _station():
    """Return the radio's station interface; raise EntropyError when the build has none."""
    try:
        from network import STA_IF, WLAN

        return WLAN(STA_IF)
    except ImportError:
        pass
    raise EntropyError("this build has no radio, without which os.urandom is not noise")
