"""Good noise passes the health tests; stuck, biased or repeating noise fails."""

from boardcert import EntropyError
from boardcert.entropy.health_tests import _extreme, check_samples, cutoff
from scratch import HAS_ROOM


def _pack(bits):
    """Pack *bits* eight to a byte, the earliest in bit 0."""
    packed = bytearray(len(bits) // 8)
    for i, bit in enumerate(bits):
        packed[i // 8] |= bit << (i % 8)
    return packed


class _Bits:
    """Bits that are 1 with a probability of *ones* in 1,024, reproducible by *seed*."""

    def __init__(self, ones, seed):
        self._ones = ones
        self._state = seed

    def take(self, count):
        bits = []
        for _ in range(count):
            # xorshift32 (Marsaglia, 2003).
            x = self._state
            x ^= x << 13 & 0xFFFFFFFF
            x ^= x >> 17
            self._state = x ^ x << 5 & 0xFFFFFFFF
            bits.append(1 if self._state >> 11 & 1023 < self._ones else 0)
        return bits


def _refusal(samples):
    """Return the message with which *samples* are refused, or None."""
    try:
        check_samples("test source", samples)
    except EntropyError as error:
        return str(error)
    return None


def test_noise_passes():
    """Noise passes if it is fair, or less biased than the credited entropy permits."""
    for ones in (512, 563, 922, 102):
        bits = _Bits(ones, 2463534242)
        assert _refusal(_pack(bits.take(4096))) is None, ones
        assert _refusal(_pack(bits.take(1024))) is None, ones


def test_cutoffs_are_those_of_the_standard():
    """The board's floats give the exact cut-offs of tests/crypto/test_noise_cutoffs.py."""
    expected = ((736, 717), (1024, 991), (3808, 3624), (4096, 3896))
    assert [cutoff(count) for count, _ in expected] == [found for _, found in expected]


def test_repetition_count_at_its_cutoff():
    """A run of 200 equal samples passes, and one of 201 fails, wherever it begins."""
    others = _Bits(512, 7).take(1024)
    for start in (1, 7, 8, 100, 800):
        for length, expected in ((200, False), (201, True)):
            bits = list(others)
            bits[start - 1] = bits[start + length] = 0
            bits[start : start + length] = [1] * length
            assert len(bits) == 1024
            failed = _refusal(_pack(bits)) or ""
            assert ("repetition count" in failed) is expected, (start, length)


def test_adaptive_proportion_at_its_cutoff():
    """990 equal samples of either value in any window pass, and 991 fail."""
    others = _Bits(512, 11).take(4096)
    for value in (0, 1):
        for count, expected in ((990, False), (991, True)):
            for window in (0, 3):
                bits = list(others)
                rare = [1 - value] * (1024 - count)
                part = [value] * count
                for i, bit in enumerate(rare):
                    part.insert((i + 1) * 29 + i % 3, bit)
                bits[window * 1024 : window * 1024 + 1024] = part
                failed = _refusal(_pack(bits)) or ""
                assert ("adaptive proportion" in failed) is expected, (value, count, window)


def test_bias_beyond_the_credited_entropy_is_refused():
    """At p = 0.96 (0.06 bit a sample) every single window passes, but the whole fails."""
    windows_passed = 0
    for ones in (983, 41):
        bits = _Bits(ones, 123456789)
        for _ in range(2):
            samples = _pack(bits.take(4096))
            assert _refusal(samples), ones
            windows = [samples[begin : begin + 128] for begin in range(0, 512, 128)]
            windows_passed += not any([_refusal(window) for window in windows])
    assert windows_passed


def test_a_stuck_source_is_refused():
    for value in (0x00, 0xFF):
        for size in (128, 512):
            assert "repetition count" in _refusal(bytearray(bytes([value]) * size))


def test_square_waves_are_refused():
    """Alternating bits and every period up to 400 fail, half ones or with a single one."""
    for period in range(2, 401, 1 if HAS_ROOM else 37):
        for ones in (1, period // 2):
            for size in (1024, 4096) if period % 50 == 2 else (1024,):
                bits = [1 if i % period < ones else 0 for i in range(size)]
                assert _refusal(_pack(bits)), (period, ones, size)


def test_square_waves_of_no_whole_period_are_refused():
    """Square waves of fractional periods fail, slower and faster than the samples."""
    for hundredths in range(203, 9000, 517 if HAS_ROOM else 2517):
        bits = [i * 100 % hundredths * 2 // hundredths for i in range(4096)]
        assert _refusal(_pack(bits)), hundredths


def test_a_repeated_word_is_refused():
    """A repeated word of 64 bits, or of 8 to 475 bits, fails, even with some errors."""
    for length in (8, 63, 64, 65, 101, 128, 256, 475):
        word = _Bits(512, 99).take(length)
        bits = (word * (4096 // length + 1))[:4096]
        assert _refusal(_pack(bits)), length
    noisy = (_Bits(512, 3).take(64)) * 64
    for i in range(0, 4096, 61):
        noisy[i] ^= 1
    assert "lag" in _refusal(_pack(noisy))


def test_a_replayed_string_is_refused():
    """A repeated text fails, and so do samples of which half occur twice."""
    text = b"boardcert is not noise; " * 22
    assert _refusal(bytearray(text[:512]))
    half = _pack(_Bits(512, 5).take(2048))
    assert "replay" in _refusal(half + half)
    third = _pack(_Bits(512, 5).take(512))
    assert "replay" in _refusal((third + third)[:128])


def test_lags_count_what_they_say():
    """The lag counts equal those of a simple loop."""
    bits = _Bits(700, 42).take(4096)
    samples = _pack(bits)
    for lag in (1, 2, 31, 32, 33, 63, 64, 128, 256):
        alike = sum([bits[i] == bits[i - lag] for i in range(288, 4096)])
        assert _extreme(samples, 9, 128, lag, lag) == max(alike, 3808 - alike), lag
    ones = sum(bits)
    assert _extreme(samples, 0, 128, 0, 0) == max(ones, 4096 - ones)
