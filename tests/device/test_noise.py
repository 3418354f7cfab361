"""Raw noise is tested before use; a stuck or biased source yields nothing."""

import sys
import time

import scratch
from boardcert import EntropyError
from boardcert.entropy import noise, noise_generators
from boardcert.entropy.health_tests import check_samples
from identities import Replaced, raising


def test_stuck_source_is_refused():
    """A source stuck at any value is refused."""
    original = noise.find_source
    try:
        for value in (0x00, 0xFF):
            noise.find_source = lambda value=value: (
                "stuck one",
                lambda count: bytes([value]) * (count // 8),
            )
            try:
                noise.gather()
                raise AssertionError("stuck source accepted")
            except EntropyError as error:
                assert "stuck one" in str(error)
    finally:
        noise.find_source = original


def test_short_source_is_refused():
    """Fewer samples than requested are refused."""
    original = noise.find_source
    try:
        noise.find_source = lambda: ("short one", lambda count: b"\x55" * (count // 8 - 1))
        try:
            noise.gather()
            raise AssertionError("short source accepted")
        except EntropyError as error:
            assert "too few" in str(error)
    finally:
        noise.find_source = original


def test_gathering_on_this_board():
    """The board's own source yields enough samples, at 0.1 bit each, that differ each time."""
    first, report = noise.gather()
    second, _ = noise.gather()
    assert first[:512] != second[:512]
    assert report == {
        "source": noise.find_source()[0],
        "samples": 4096,
        "credited_bits": 409,
    }
    assert len(first) > 512 + 48


class _TRNG:
    """The RP2350's registers: 192 samples at a time, valid at every third read.

    They are as os.urandom leaves them: running, and with its samples.
    """

    def __init__(self, never=False):
        self._is_left_running = True
        self.written = []
        self._looks = 0
        self._words = 0
        self._never = never

    def __setitem__(self, address, value):
        self.written.append((address, value))
        if (address, value) == (0x400F0140, 1):
            self._is_left_running = False

    def __getitem__(self, address):
        if address == 0x400F0110:
            self._looks += 1
            return 1 if self._looks % 3 == 0 and not self._never else 0
        assert 0x400F0114 <= address <= 0x400F0128, hex(address)
        self._words += 1
        return 0 if self._is_left_running else self._words


def test_rp2350_trng_is_read_raw_and_switched_off():
    """Six words are read at a time, little-endian, with the decorrelators bypassed."""
    trng = _TRNG()
    samples = noise_generators.read_trng(4096, trng)
    assert len(samples) == 512
    assert samples[:8] == b"\x01\0\0\0\x02\0\0\0"
    assert samples[-4:] == b"\x80\0\0\0"
    assert (0x400F0138, 0xE) in trng.written
    assert trng.written[-1] == (0x400F012C, 0)


def test_rp2350_trng_that_never_answers_is_refused():
    """A TRNG that never answers is an error and does not hang the board."""
    trng = _TRNG(never=True)
    try:
        noise_generators.read_trng(4096, trng)
        raise AssertionError("silent source accepted")
    except EntropyError as error:
        assert "no samples" in str(error)
    assert trng.written[-1] == (0x400F012C, 0)


class _Radio:
    """A module `network` with one radio: its commands, and their results.

    *is_connected*, *has_point*: the state that the application has left. *scan*: called by a scan,
    which takes a quarter of a second unless it returns another time. *works*: whether activation
    has an effect.
    """

    STA_IF, AP_IF = 0, 1

    def __init__(self, is_connected=False, has_point=False, scan=None, works=True, was_on=False):
        self.commands = []
        self.scans = 0
        self._state = [was_on or is_connected, has_point]
        self._is_connected = is_connected
        self._scan = scan or (lambda: time.sleep(0.25))
        self._works = works

    def WLAN(self, interface):
        radio = self

        class Link:
            @staticmethod
            def active(*value):
                if value:
                    radio.commands.append((interface, value[0]))
                    radio._state[interface] = value[0] and radio._works
                return radio._state[interface]

            @staticmethod
            def isconnected():
                return radio._is_connected

            @staticmethod
            def scan():
                radio.scans += 1
                radio._scan()
                return []

        return Link

    def __enter__(self):
        self._original = sys.modules.get("network")
        sys.modules["network"] = self
        return self

    def __exit__(self, *details):
        del sys.modules["network"]
        if self._original:
            sys.modules["network"] = self._original


def _refusal(radio):
    """Return the message that refuses noise from *radio*, or None."""
    with radio:
        try:
            samples = noise_generators.read_radio(4096)
            check_samples("ESP32 radio noise", samples)
        except EntropyError as error:
            return str(error)
    assert len(samples) == 512
    return None


if scratch.HAS_ROOM or scratch.vfs is None:  # A Pico's image has no threads.

    def test_esp32_noise_is_gathered_during_a_scan():
        """After the scan, the radio is off again, or on if it was on before."""
        for was_on in (False, True):
            radio = _Radio(was_on=was_on)
            assert _refusal(radio) is None
            assert radio.scans == 1 and radio.commands == [(0, True), (0, was_on)]

    def test_esp32_radio_that_is_in_use_is_left_alone():
        """A connection or an access point keeps the radio on."""
        for radio in (_Radio(is_connected=True), _Radio(has_point=True)):
            assert _refusal(radio) is None
            assert radio.scans == 0 and radio.commands == []

    def test_esp32_noise_is_read_in_parts_over_a_tenth_of_a_second():
        original = noise_generators.os.urandom
        reads = []

        def urandom(count):
            reads.append(time.time())
            return original(count)

        with Replaced(noise_generators, os=_Module(urandom)):
            assert _refusal(_Radio()) is None
        assert len(reads) == 8

    def test_esp32_noise_that_is_read_early_is_read_as_always_and_used_once():
        """In as many parts with the same pauses, in which work is done."""
        original = noise_generators.os.urandom
        reads = []
        done = []

        def urandom(count):
            reads.append(noise_generators.ticks_us())
            return original(count)

        def work():
            for step in range(3):
                done.append((step, len(reads)))
                time.sleep(0.001 if step else 0.03)
                yield

        with _Radio(is_connected=True), Replaced(noise_generators, os=_Module(urandom)):
            start = noise_generators.ticks_us()
            noise_generators.read_early(4096, work())
            assert done == [(0, 0), (1, 1), (2, 2)] and len(reads) == 8
            early = noise_generators.read_radio(4096)
            assert len(early) == 512 and len(reads) == 8
            assert early != noise_generators.read_radio(4096) and len(reads) == 16
        for before, after in zip([start] + reads[:7], reads[:8]):  # noqa: B905 (MicroPython's)
            assert noise_generators.ticks_diff(after, before) >= 15_000

    def test_esp32_noise_of_another_size_is_read_anew():
        """And what was read early is not used later either."""
        with _Radio(is_connected=True):
            noise_generators.read_early(4096, iter(()))
            assert len(noise_generators.read_radio(1024)) == 128
            assert not noise_generators._early

    def test_esp32_noise_that_fails_to_be_read_early_is_read_when_it_is_needed():
        """Whether the radio failed, or the work."""

        def work():
            raise MemoryError("no memory for a module")
            yield

        with _Radio(is_connected=True) as radio:
            noise_generators.read_early(4096, work())
            assert not noise_generators._early
            radio.WLAN = raising(OSError("Wifi Internal State Error"))
            noise_generators.read_early(4096, iter(()))
            assert not noise_generators._early
        assert _refusal(_Radio(is_connected=True)) is None

    def test_esp32_noise_is_not_read_early_while_the_radio_is_not_in_use():
        """A scan for it would take two seconds, and leave the work no shorter."""
        with _Radio(was_on=True) as radio:
            noise_generators.read_early(4096, iter((1, 2)))
            assert not noise_generators._early and radio.scans == 0
        assert _refusal(_Radio()) is None

    def test_esp32_radio_that_does_not_work_is_refused():
        """If activation has no effect, or a scan finds nothing or fails, the radio is off again."""

        def fail():
            raise OSError("Wifi Internal State Error")

        for radio, words in (
            (_Radio(works=False), "does not start"),
            (_Radio(scan=lambda: None), "not on while noise"),
            (_Radio(scan=fail), "Wifi Internal State Error"),
        ):
            assert words in _refusal(radio), words
            assert radio.commands[-1] == (0, False)

    def test_esp32_connection_that_ends_meanwhile_is_refused():
        radio = _Radio(is_connected=True)
        original = noise_generators.os.urandom

        def urandom(count):
            radio._is_connected = False
            return original(count)

        with Replaced(noise_generators, os=_Module(urandom)):
            assert "not on while noise" in _refusal(radio)

    def test_esp32_whatever_the_radio_raises_is_an_entropy_error():
        """Any exception of the radio, as in a build without one, becomes an entropy error."""
        for error in (
            ImportError("no module"),
            MemoryError("no"),
            RuntimeError("Wifi"),
            OSError(1),
        ):
            radio = _Radio()
            radio.WLAN = raising(error)
            assert "does not work" in _refusal(radio)

    def test_esp32_generator_that_starts_anew_with_each_read_is_refused():
        """A generator that restarts with each read is refused; one seeded once looks like noise."""
        with Replaced(noise_generators, os=_Module(lambda count: bytes(range(77, 77 + count)))):
            assert "replay" in _refusal(_Radio())

    def test_esp32_that_serves_without_its_radio_has_a_notice():
        with _Radio():
            assert "radio is off" in noise_generators.serving_notices()[0]
        for radio in (_Radio(was_on=True), _Radio(has_point=True)):
            with radio:
                assert noise_generators.serving_notices() == []


class _Module:
    """A module os with another *urandom*."""

    def __init__(self, urandom):
        self.urandom = urandom
