"""Read raw samples from a chip's own generator: the RP2350's TRNG, the ESP32's radio.

noise, which tests them, imports this on all but the RP2040.
"""

import os
import sys
import time
from time import sleep_ms, ticks_diff, ticks_us  # pyright: ignore[reportAttributeAccessIssue]

from micropython import const

from .. import EntropyError

_PARTS = const(8)  # The ESP32's noise is gathered in this many reads,
_PAUSE_US = const(15_000)  # with this pause before each, at least: 120 ms in all.

_early = []  # What read_early has read, until it is used.


def find_generator(for_tls: bool, read_ring) -> tuple:
    """Return (name, read) as noise.find_source does, which knows the RP2040 itself.

    *read_ring*: noise.read_ring, for a chip whose TLS draws on a ring oscillator.
    """
    if sys.platform == "rp2":
        from machine import mem32

        # SYSINFO, CHIP_ID, bits 12 to 27: the part number.
        if mem32[0x40000000] >> 12 & 0xFFFF == 4:
            if for_tls:  # ROSC: RANDOMBIT; TIMER0: TIMERAWL.
                ring = (0x400E8020, 0x400B0028)
                return "RP2350 ring oscillator", lambda count: read_ring(count, *ring)
            return "RP2350 TRNG", lambda count: read_trng(count, mem32)
    elif sys.platform == "esp32":
        return "ESP32 radio noise", read_radio
    elif sys.platform in ("linux", "darwin"):
        # A computer, for tests and desktop use: what its operating system gives is trusted.
        return "operating system", lambda count: os.urandom(count // 8)
    raise EntropyError(f"no noise source is known for this board ({sys.platform})")


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


def read_early(count: int, work) -> None:
    """Read what the next read_radio(*count*) returns, and take a step of *work* in each pause.

    Only while the radio is in use. *work*: an iterator; a step that takes longer than a pause makes
    it longer. These are the same reads as otherwise, with the same tests when they are used, which
    is once. If anything fails, nothing was read: read_radio reads, and reports what fails then.
    """
    _early.clear()
    try:
        if _is_in_use():
            _early.append(_read_in_parts(count, _is_in_use, work))
    except Exception:  # noqa: BLE001, S110 (of the radio, or of a step)
        pass


def read_radio(count: int) -> bytearray:
    """Read the ESP32's generator while its radio is surely on: only then does it collect noise.

    That is during a scan, which takes some two seconds, while the station is connected, or an
    access point is up. A station that is merely active may be asleep (ESP-IDF's
    CONFIG_ESP_WIFI_STA_DISCONNECTED_PM_ENABLE). The radio is left as it was. What read_early has
    read is returned instead. Raises EntropyError.
    """
    early = _early.pop() if _early else None
    if early and len(early) * 8 == count:
        return early
    try:
        import network

        if _is_in_use():
            return _read_in_parts(count, _is_in_use)
        return _read_during_scan(count, network.WLAN(network.STA_IF))
    except EntropyError:
        raise
    except Exception as error:  # noqa: BLE001 (a build without it, no memory for it, a fault in it)
        failure = error
    raise EntropyError(
        f"the radio, without which os.urandom is not noise, does not work: {failure!r}; "
        "a station that is connecting cannot scan"
    )


def _is_in_use() -> bool:
    """Return whether the station is connected, or an access point is up."""
    import network

    return network.WLAN(network.STA_IF).isconnected() or network.WLAN(network.AP_IF).active()


def _read_during_scan(count: int, station) -> bytearray:
    was_active = station.active()
    station.active(True)
    try:
        if not station.active():
            raise EntropyError("the radio, without which os.urandom is not noise, does not start")
        scan = _Scan(station)
        try:
            samples = _read_in_parts(count, lambda: scan.is_running)
        finally:
            scan.wait()
        return samples
    finally:
        station.active(was_active)


def _read_in_parts(count: int, is_on, work=None) -> bytearray:
    """Read *count* samples, spread over a tenth of a second, all of it while *is_on*()."""
    samples = bytearray()
    while len(samples) < count // 8:
        _pause(work)
        samples.extend(os.urandom(count // 8 // _PARTS))
        if not is_on():
            raise EntropyError("the radio was not on while noise was gathered")
    return samples


def _pause(work=None) -> None:
    """Let _PAUSE_US pass, and take a step of *work* meanwhile, if there is one."""
    start = ticks_us()
    if work:
        next(work, None)
    while (left_us := _PAUSE_US - ticks_diff(ticks_us(), start)) > 0:
        sleep_ms((left_us + 999) // 1000)


class _Scan:
    """A scan for networks, in a thread of its own; `error` is what it raised."""

    def __init__(self, station) -> None:
        import _thread

        self.is_running = True
        self.error = None
        self._station = station
        _thread.start_new_thread(self._run, ())

    def _run(self) -> None:
        try:
            self._station.scan()
        except Exception as error:  # noqa: BLE001 (for wait to raise)
            self.error = error
        self.is_running = False

    def wait(self) -> None:
        """Wait for its end; raise what it raised."""
        while self.is_running:
            _pause()
        if self.error:
            raise self.error


def serving_notices() -> list:
    """Return a sentence when an ESP32 begins to serve while its radio is off, else nothing."""
    try:
        import network

        interfaces = (network.STA_IF, network.AP_IF)
        if any([network.WLAN(interface).active() for interface in interfaces]):
            return []
    except Exception:  # noqa: BLE001, S110 (a build without a radio, or with one that fails)
        pass
    return [
        "the radio is off: keys of TLS connections come from a generator without hardware noise "
        "(SECURITY.md); network.WLAN.active(True) turns it on"
    ]
