"""The health tests' cut-offs follow SP 800-90B's formulas; noise passes, biased noise fails."""

import math
import random

import noise_reference
import pytest
from boardcert import EntropyError
from boardcert.crypto.drbg import HMACDRBG
from boardcert.entropy import health_tests, noise

# SECURITY.md has the result of a million.
_GATHERINGS = 1000


def test_repetition_count() -> None:
    """Repetition count, section 4.4.1: C = 1 + ceil(-log2(alpha) / H)."""
    bits = -math.log2(noise_reference.ALPHA) / noise_reference.MIN_ENTROPY
    assert 1 + math.ceil(bits) == health_tests._REPETITION_CUTOFF == 201


@pytest.mark.parametrize("count", [736, 1024])
def test_the_reference_is_exact(count: int) -> None:
    """Section 4.4.2 in rational numbers: C = 1 + the least c with P(X <= c) >= 1 - alpha."""
    assert noise_reference.cutoff(count) == noise_reference.exact_cutoff(count)


@pytest.mark.parametrize("count", [736, 1024, 3808, 4096])
def test_cutoffs(count: int) -> None:
    """The cut-offs are right for windows, gatherings and lagged comparisons."""
    assert health_tests.cutoff(count) == noise_reference.cutoff(count)


@pytest.mark.parametrize("count", range(32, 4097, 160))
def test_cutoffs_of_other_numbers(count: int) -> None:
    """Other counts differ by at most one, where series and bound end a term apart."""
    assert abs(health_tests.cutoff(count) - noise_reference.cutoff(count)) <= 1


def test_the_references_entropy_is_the_credited_one() -> None:
    """Credit is counted in hundredths of a bit, and the reference has the same."""
    assert round(noise_reference.MIN_ENTROPY * 100) == health_tests.CREDIT_PERCENT


def test_replay() -> None:
    """A repetition of so many bits at one of 512 offsets has a probability of at most alpha."""
    bits = 8 * health_tests._REPLAY_BYTES
    assert 512 * 2 ** (-bits * noise_reference.MIN_ENTROPY) <= noise_reference.ALPHA
    assert 512 * 2 ** (-(bits - 8) * noise_reference.MIN_ENTROPY) > noise_reference.ALPHA


def test_credited_entropy_seeds_the_drbg() -> None:
    """384 bits: entropy input for 256 bits of strength, and a nonce (SP 800-90A, 8.6.7)."""
    assert HMACDRBG.MIN_SEED_BYTES * 8 == 256 + 128
    assert noise.SAMPLES * health_tests.CREDIT_PERCENT // 100 >= HMACDRBG.MIN_SEED_BYTES * 8
    assert noise.CHECK_SAMPLES >= 1024  # This is the start-up test of section 4.3.


@pytest.mark.parametrize("count", [noise.SAMPLES, noise.CHECK_SAMPLES])
@pytest.mark.parametrize("probability", [0.45, 0.55, 0.9])
def test_noise_passes(probability: float, count: int) -> None:
    """Good noise raises no alarm here: the cut-offs allow one in 2**20 at the credited entropy."""
    assert not noise_reference.failures(_GATHERINGS, probability, count, seed=2)


def test_less_entropy_than_is_credited_is_refused() -> None:
    """At p = 0.96, 0.06 bit a sample, nearly all gatherings and few windows are refused."""
    found = noise_reference.failures(_GATHERINGS, 0.96, noise.SAMPLES, seed=3)
    assert sum(found.values()) > 0.98 * _GATHERINGS
    assert sum(noise_reference.failures(_GATHERINGS, 0.96, 1024, seed=3).values()) < 500


@pytest.mark.parametrize("probability", [0.5, 0.9, 0.95, 0.96])
def test_the_board_refuses_what_the_reference_refuses(probability: float) -> None:
    """Board and reference refuse the same samples in the same test."""
    generator = random.Random(probability)
    for count in (noise.CHECK_SAMPLES, noise.SAMPLES):
        bits = noise_reference.biased_bits(count, probability, generator)
        expected = noise_reference.failed_test(bits, count)
        try:
            health_tests.check_samples("it", bytearray(bits.to_bytes(count // 8, "little")))
            assert expected is None
        except EntropyError as error:
            assert expected is not None and f" {expected} " in str(error)
