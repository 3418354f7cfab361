"""The cut-offs of the health tests are those of SP 800-90B's formulas."""

import math

from boardcert import noise
from boardcert.drbg import HMACDRBG

_ALPHA = 2.0**-20
_MIN_ENTROPY = noise.CREDIT_PERCENT / 100


def _tail(count: int, cutoff: int, probability: float) -> float:
    """Return how likely at least *cutoff* of *count* samples are the most frequent value."""
    return sum(
        math.comb(count, k) * probability**k * (1 - probability) ** (count - k)
        for k in range(cutoff, count + 1)
    )


def test_repetition_count() -> None:
    """Section 4.4.1: C = 1 + ceil(-log2(alpha) / H)."""
    assert math.ceil(-math.log2(_ALPHA) / _MIN_ENTROPY) + 1 == noise.REPETITION_CUTOFF


def test_adaptive_proportion() -> None:
    """Section 4.4.2: C = 1 + the least c with P(X <= c) >= 1 - alpha; 1,024 for binary sources."""
    probability = 2.0**-_MIN_ENTROPY
    assert noise.PROPORTION_WINDOW == 1024
    assert _tail(1024, noise.PROPORTION_CUTOFF, probability) <= _ALPHA
    assert _tail(1024, noise.PROPORTION_CUTOFF - 1, probability) > _ALPHA


def test_credited_entropy_seeds_the_drbg() -> None:
    """384 bits: entropy input for 256 bits of strength, and a nonce (SP 800-90A, 8.6.7)."""
    assert noise.SAMPLES * noise.CREDIT_PERCENT // 100 >= noise.NEEDED_BITS == 256 + 128
    assert HMACDRBG.MIN_SEED_BYTES * 8 == noise.NEEDED_BITS
    assert noise.SAMPLES >= 1024  # The start-up test of section 4.3.
