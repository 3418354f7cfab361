"""A second implementation of the health tests, by big integers, for a million gatherings.

    .venv/bin/python tests/crypto/noise_reference.py [--gatherings 1000000] [--ones 0.55 0.9 0.96]

prints how many gatherings of 4,096 and of 1,024 samples fail, and in which test. Cut-offs are
computed exactly from the credited entropy and the probability of a false alarm.
"""

import argparse
import math
import random
from collections import Counter
from fractions import Fraction

MIN_ENTROPY = 0.1
ALPHA = Fraction(1, 1 << 20)
LAGS = (*range(1, 65), 128, 256)
_UNCOMPARED = 288  # The samples at the beginning, in whole words, that have none 256 before them.
_REPLAY_BITS = 37 * 8


def exact_cutoff(count: int) -> int:
    """Return the least c with P(X >= c) <= alpha for X of *count* samples, in rational numbers."""
    p = Fraction(2**-MIN_ENTROPY)  # This is the float's exact value.
    tail, c = Fraction(0), count + 1
    while True:
        term = math.comb(count, c - 1) * p ** (c - 1) * (1 - p) ** (count - c + 1)
        if tail + term > ALPHA:
            return c
        tail, c = tail + term, c - 1


def cutoff(count: int) -> int:
    """As exact_cutoff, in floating point: term by term from logarithms."""
    p = 2**-MIN_ENTROPY
    tail, c = 0.0, count + 1
    while True:
        k = c - 1
        log = math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
        tail += math.exp(log + k * math.log(p) + (count - k) * math.log(1 - p))
        if tail > ALPHA:
            return c
        c -= 1


_CUTOFFS = {count: cutoff(count) for count in (736, 1024, 3808, 4096)}
_RUN = 1 + math.ceil(-math.log2(ALPHA) / MIN_ENTROPY)


def failed_test(bits: int, count: int) -> str | None:
    """Return the first test that *count* samples fail; the lowest bit of *bits* is the earliest."""
    if _has_run(bits, count):
        return "repetition count"
    windows = [bits >> start & (1 << 1024) - 1 for start in range(0, count, 1024)]
    if any(_extreme(window, 1024) for window in windows) or _extreme(bits, count):
        return "adaptive proportion"
    compared = count - _UNCOMPARED
    low = (1 << compared) - 1
    late = bits >> _UNCOMPARED
    if any(_extreme(late ^ (bits >> _UNCOMPARED - lag & low), compared) for lag in LAGS):
        return "lag"
    data = bits.to_bytes(count // 8, "little")
    return "replay" if data.find(data[: _REPLAY_BITS // 8], 1) >= 0 else None


def _extreme(bits: int, count: int) -> bool:
    ones = bits.bit_count()
    return max(ones, count - ones) >= _CUTOFFS[count]


def _has_run(bits: int, count: int) -> bool:
    """Return whether so many samples in a row are equal; each step doubles the run."""
    for runs in (bits, ~bits & (1 << count) - 1):
        length = 1
        while runs and length < _RUN:
            step = min(length, _RUN - length)
            runs &= runs >> step
            length += step
        if runs:
            return True
    return False


def biased_bits(count: int, probability: float, generator: random.Random) -> int:
    """Return *count* bits that are 1 with *probability*, to 20 binary places."""
    places = round(probability * (1 << 20))
    bits = 0
    for place in range(20):  # A 1 there halves the distance to one, a 0 halves the value.
        if places >> place & 1:
            bits |= generator.getrandbits(count)
        else:
            bits &= generator.getrandbits(count)
    return bits


def failures(gatherings: int, probability: float, count: int, seed: int) -> Counter[str]:
    """Count how many gatherings of *count* samples fail each test."""
    generator = random.Random(seed)
    found = (
        failed_test(biased_bits(count, probability, generator), count) for _ in range(gatherings)
    )
    return Counter(name for name in found if name)


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gatherings", type=int, default=1_000_000)
    parser.add_argument("--ones", type=float, nargs="+", default=[0.55, 0.9, 0.96])
    arguments = parser.parse_args()
    for probability in arguments.ones:
        for count in (4096, 1024):
            found = failures(arguments.gatherings, probability, count, seed=1)
            answer = ", ".join(f"{name} {number}" for name, number in found.items()) or "none"
            print(f"p = {probability}: of {arguments.gatherings} x {count} samples fail: {answer}")


if __name__ == "__main__":
    main()
