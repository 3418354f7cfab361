"""Raw noise is tested before use; a stuck or biased source gives nothing."""

from boardcert import EntropyError, noise, noise_generators
from helpers import raises


def _pack(bits):
    """Return *bits* eight to a byte, the earliest in bit 0."""
    packed = bytearray(len(bits) // 8)
    for i, bit in enumerate(bits):
        packed[i // 8] |= bit << (i % 8)
    return packed


def _fails(*feeds):
    """Return the message with which the health tests refuse *feeds*, or None."""
    tests = noise.HealthTests("test source")
    try:
        for bits in feeds:
            tests.feed(_pack(bits))
    except EntropyError as error:
        return str(error)
    return None


def test_alternating_and_biased_bits_pass():
    """The tests look for a source that is stuck, not for beauty."""
    assert _fails([0, 1] * 2048) is None
    assert _fails([1, 1, 1, 1, 1, 1, 1, 0] * 512) is None


def test_repetition_count_at_its_cutoff():
    """A run of 200 equal samples passes, one of 201 does not, wherever it begins."""
    for start in (1, 7, 8, 100, 1000):
        before = [0, 1] * 500
        before = before[-start:] if start % 2 == 0 else before[-start - 1 : -1]
        value = 1 - before[-1]
        for length, expected in ((200, False), (201, True)):
            bits = before + [value] * length + [1 - value, value] * 100
            failed = _fails(bits[: len(bits) // 8 * 8])
            assert ("repetition count" in (failed or "")) is expected, (start, length)


def test_repetition_goes_on_from_feed_to_feed():
    """A run that spans two feeds counts as one."""
    assert _fails([0] * 104, [0] * 96 + [1] * 8) is None
    assert "repetition count" in _fails([0] * 104, [0] * 104)


def test_adaptive_proportion_at_its_cutoff():
    """990 equal samples in a window of 1024 pass, 991 do not; the next window starts afresh."""
    for zeros, expected in ((990, False), (991, True)):
        window = [0] * zeros
        for i in range(1024 - zeros):  # Spread the ones, so that no run is long.
            window.insert(30 + i * 29, 1)
        assert len(window) == 1024
        failed = _fails(window)
        assert ("adaptive proportion" in (failed or "")) is expected, zeros


def test_adaptive_proportion_starts_afresh_with_each_window():
    """Two windows just below the cut-off pass; the reference is each one's first sample."""
    window = [0] * 990
    for i in range(34):
        window.insert(30 + i * 29, 1)
    assert _fails(window, window, [1 - bit for bit in window]) is None


def test_stuck_source_is_refused():
    """Whatever value it is stuck at."""
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
    """Fewer samples than asked for are not enough."""
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
    """The board's own source gives enough, credits 0.1 bit a sample, and differs each time."""
    first = noise.gather()
    second = noise.gather()
    assert first.data != second.data
    assert first.data[:512] != second.data[:512]
    assert first.report()["samples"] == 4096
    assert first.report()["credited_bits"] == 409
    assert first.report()["source"] == noise.find_source()[0]
    assert len(first.data) > 512 + 48


def test_less_entropy_than_the_drbg_needs_is_refused():
    """384 bits, and so 3840 samples: a build that takes fewer makes no keys."""
    original = noise.Entropy
    try:
        for samples, enough in ((3840, True), (3839, False), (0, False)):
            noise.Entropy = lambda name, data, _, samples=samples: original(name, data, samples)
            assert raises(EntropyError, noise.gather) is not enough, samples
    finally:
        noise.Entropy = original


class _TRNG:
    """The RP2350's registers: 192 samples at a time, valid on every third look.

    As os.urandom leaves it: running, and with samples of its own there.
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
    """Six words at a time, little-endian, decorrelators bypassed."""
    trng = _TRNG()
    samples = noise_generators.read_trng(4096, trng)
    assert len(samples) == 512
    assert samples[:8] == b"\x01\0\0\0\x02\0\0\0"
    assert samples[-4:] == b"\x80\0\0\0"
    assert (0x400F0138, 0xE) in trng.written
    assert trng.written[-1] == (0x400F012C, 0)


def test_rp2350_trng_that_never_answers_is_refused():
    """It does not hang the board."""
    trng = _TRNG(never=True)
    try:
        noise_generators.read_trng(4096, trng)
        raise AssertionError("silent source accepted")
    except EntropyError as error:
        assert "no samples" in str(error)
    assert trng.written[-1] == (0x400F012C, 0)
