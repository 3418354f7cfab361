"""The health tests of raw noise, before it is used: SP 800-90B, section 4.

Four tests, each of which a source of the credited entropy fails with a probability of 2**-20 at
most, for each count that it makes:

- repetition count (4.4.1): no run of equal samples is too long;
- adaptive proportion (4.4.2), here over all samples of a gathering as well as in windows, and
  for both values;
- lags, a start-up test of our own (4.3 asks for 1,024 samples, and leaves more to the vendor):
  samples compared with those 1 to 64, 128 and 256 before them. If too many agree, or differ,
  it is not noise. Any square wave, whatever its period, comes within 1/65 of a period of a
  multiple of it at one of the first 64 lags, and so do others that are slower than the samples;
- replay: the first bytes do not come again. That is every sequence with a period of up to
  nearly as many bits as there are bytes, and every text that is repeated.

None of them can distinguish a good pseudo-random generator from noise: no test of the output can.
"""

# ptr8 and ptr32 are words of viper.
# pyright: reportUndefinedVariable=false

import math

import micropython
from micropython import const

from .. import EntropyError

CREDIT_PERCENT = const(10)
"""Credited min-entropy of a raw sample, in hundredths of a bit: H = 0.1."""

_ALPHA_BITS = const(20)  # The probability of a false alarm is 2**-20.

# 4.4.1: C = 1 + ceil(-log2(alpha) / H).
_REPETITION_CUTOFF = const(1 + (_ALPHA_BITS * 100 + CREDIT_PERCENT - 1) // CREDIT_PERCENT)

# A run of n samples that comes again has a probability of 2**(-n * H) at most, at each of
# up to 512 = 2**9 places.
_REPLAY_BYTES = const(((_ALPHA_BITS + 9) * 100 // CREDIT_PERCENT + 7) // 8)

_WINDOW_WORDS = const(32)  # 1,024 samples: 4.4.2, for binary sources.
_LAST_LAG = const(256)
_LAGGING_WORDS = const(9)  # From this word on, all have that many samples before them.


def check_samples(source: str, samples: bytes) -> None:
    """Raise EntropyError unless *samples* pass; *source* is the name that it gives.

    *samples*: windows of 1,024, at most 4,096 in all; eight in a byte, the earliest in bit 0.
    """
    words = len(samples) // 4
    failed = None
    if _longest_run(samples, len(samples)) >= _REPETITION_CUTOFF:
        failed = "repetition count"
    elif _is_uneven(samples, words):
        failed = "adaptive proportion"
    elif _extreme(samples, _LAGGING_WORDS, words, 1, _LAST_LAG) >= cutoff(
        32 * (words - _LAGGING_WORDS)
    ):
        failed = "lag"
    elif bytes(samples).find(samples[:_REPLAY_BYTES], 1) >= 0:
        failed = "replay"
    if failed:
        raise EntropyError(
            f"{source} failed the {failed} test: it is stuck, heavily biased or repeating"
        )


def cutoff(count: int) -> int:
    """Return how many of *count* samples may not have one value, or agree with what foretells them.

    4.4.2: C = 1 + CRITBINOM(count, 2**-H, 1 - alpha), the least c with P(X >= c) <= alpha. From
    the mode of the distribution, its terms follow each other by their ratio; those from c on add
    up to little less than a geometric series.
    """
    p = 2 ** (-CREDIT_PERCENT / 100)
    c = int(count * p)
    odds = p / (1 - p)
    term = 1 / math.sqrt(2 * math.pi * count * p * (1 - p))
    ratio = 1.0
    while term > (1 - ratio) / (1 << _ALPHA_BITS):
        term *= (count - c) * odds / (c + 1)
        c += 1
        ratio = (count - c) * odds / (c + 1)
    return c


def _is_uneven(samples: bytes, words: int) -> bool:
    """Return whether one value is too frequent in a window, or in all of the samples."""
    limit = cutoff(32 * _WINDOW_WORDS)
    for begin in range(0, words, _WINDOW_WORDS):
        if _extreme(samples, begin, begin + _WINDOW_WORDS, 0, 0) >= limit:
            return True
    return _extreme(samples, 0, words, 0, 0) >= cutoff(32 * words)


@micropython.viper
def _longest_run(samples: ptr8, n_bytes: int) -> int:  # noqa: F821
    """Return how many equal samples follow each other at most."""
    longest = 0
    run = 0
    last = 2
    i = 0
    while i < n_bytes << 3:
        bit = (int(samples[i >> 3]) >> (i & 7)) & 1
        if bit != last:
            last = bit
            run = 0
        run += 1
        if run > longest:
            longest = run
        i += 1
    return longest


@micropython.viper
def _extreme(samples: ptr32, begin: int, end: int, lag: int, last_lag: int) -> int:  # noqa: F821
    """Return how many samples, at most, are alike in the words *begin* to *end*.

    With *lag* 0: how many samples have the same value. Otherwise: how many equal, or how many
    differ from, the sample *lag* before them; the lags go up to *last_lag*, in steps of one up to
    64, then by doubling.
    """
    # Masks for counting ones, which as numbers would be too large for viper: 0x33333333 and
    # 0x55555555.
    nibbles = 0x0F0F0F0F
    pairs = nibbles ^ (nibbles << 2)
    singles = pairs ^ (pairs << 1)
    most = 0
    while True:
        alike = 0
        i = begin
        while i < end:
            word = uint(samples[i])  # noqa: F821
            if lag:
                j = i - (lag >> 5)
                word ^= uint(samples[j]) << (lag & 31)  # noqa: F821
                word ^= (uint(samples[j - 1]) >> 1) >> (31 - (lag & 31))  # noqa: F821
            word -= (word >> 1) & singles
            word = (word & pairs) + ((word >> 2) & pairs)
            word = (word + (word >> 4)) & nibbles
            alike += (int(word * 0x01010101) >> 24) & 63
            i += 1
        others = ((end - begin) << 5) - alike
        if alike > most:
            most = alike
        if others > most:
            most = others
        if lag >= last_lag:
            return most
        lag += 1 if lag < 64 else lag
