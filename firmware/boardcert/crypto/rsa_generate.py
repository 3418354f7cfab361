"""Generate RSA key pairs from probable primes, by FIPS 186-5 A.1.3.

As the standard says, each candidate is fresh random bits, so that every prime in the range is
equally likely. (Most libraries search upwards from a random start; that favours primes after long
gaps, and its time reveals the distance to the prime.) Trial division and a Miller-Rabin test with
base 2, which is faster than with others, precede the rounds with random bases that the standard
requires; they reject only composites, and so change nothing but the time.

What leaks by timing: the search reveals something about rejected candidates; for accepted ones, see
the engines. Euclid's algorithm for the greatest common divisor of p - 1 and q - 1 takes a number of
steps that depends on both, once.
"""

from . import rsa

_E = 65537
_ROUNDS = {2048: 5, 3072: 4, 4096: 4}
"""Table B.1, of Miller-Rabin for p and q: error probability 2**-112, 2**-128, 2**-144."""

_ROOT = (
    b"\xb5\x04\xf3\x33\xf9\xde\x64\x84\x59\x7d\x89\xb3\x75\x4a\xbe\x9f"
    b"\x1d\x6f\x60\xba\x89\x3b\xa8\x4c\xed\x17\xac\x85\x83\x33\x99\x15"
)
"""The square root of 2 times 2**255, rounded down: the beginning of the least prime."""

_TRIES = 1000  # For a candidate: seven in ten are too small.
_POOL_BYTES = 1024  # Random bytes asked for at once; a tenth of a candidate's cost that way.


def generate(bits: int, random, progress=None) -> rsa.RSAPrivateKey:
    """Return a new key pair of *bits*, one of rsa.SIZES. It takes minutes: see generate_steps."""
    return rsa.finish(generate_steps(bits, random, progress))


def generate_steps(bits: int, random, progress=None):
    """Yield every 100 ms or more often; return a new RSAPrivateKey of *bits*, one of rsa.SIZES.

    *random*: random(n) -> n bytes, of a DRBG with 128 bits of strength or more. *progress*, a
    callback, is called with sentences. Raises ValueError for another size, RuntimeError when
    no prime is found among as many candidates as there should be (the standard's FAILURE).
    """
    if bits not in rsa.SIZES:
        raise ValueError("RSA: not of 2048, 3072 or 4096 bits")
    return (yield from _Generator(bits, _ROUNDS[bits], random, progress).steps())


class _Generator:
    """Generate one key pair; the sizes and numbers of rounds for tests are not checked here."""

    def __init__(self, bits: int, rounds: int, random, progress) -> None:
        self._bits = bits
        self._half_bytes = bits // 16
        self._rounds = rounds
        self._random = random
        self._progress = progress
        self._pool = b""
        self._engine = rsa.engine()
        self._small_primes = self._engine.SmallPrimes()

    def steps(self):
        """Yield now and then; return the key pair (A.1.1 and A.1.3)."""
        p = q = d = 0
        while d <= 1 << self._bits // 2:  # A.1.1; as good as always the first one is larger.
            p = yield from self._prime("first", 5 * self._bits, None)
            q = yield from self._prime("second", 10 * self._bits, p)
            d = yield from _private_exponent(p, q)
        modulus = self._engine.Modulus(p, self._half_bytes)
        q_inverse = yield from modulus.power(q % p, p - 2, self._half_bytes)
        return rsa.RSAPrivateKey(p * q, _E, d, p, q, q_inverse)

    def _prime(self, name: str, limit: int, other: int | None):
        """Yield now and then; return a prime, far enough from the *other* (steps 4 and 5)."""
        least = int.from_bytes(_ROOT, "big") + 1 << 8 * (self._half_bytes - len(_ROOT))
        tested = 0
        for _ in range(limit):
            candidate = self._candidate(least, other)
            yield
            if self._small_primes.divide(candidate, self._half_bytes):
                continue
            tested += 1
            self._report(f"{name} prime: {tested} candidates tested")
            if (yield from self._is_prime(candidate)):
                self._report(f"{name} prime: found")
                return candidate
        raise RuntimeError("RSA: no prime found; the random numbers are not random")

    def _candidate(self, least: int, other: int | None) -> int:
        """Return random bits with which steps 4.2 to 4.5, or 5.2 to 5.6, go on to the test."""
        for _ in range(_TRIES):
            # The first bytes suffice to refuse nearly all that are too small.
            high = self._take(4)
            if high < _ROOT[:4]:
                continue
            candidate = int.from_bytes(high + self._take(self._half_bytes - 4), "big") | 1
            if candidate < least or (candidate - 1) % _E == 0:
                continue
            if other is None or abs(candidate - other) > 1 << self._bits // 2 - 100:
                return candidate
        raise RuntimeError("RSA: no candidate found; the random numbers are not random")

    def _is_prime(self, w: int):
        """Yield now and then; return whether *w* is a probable prime (B.3.1)."""
        a, m = 0, w - 1
        while not m & 1:
            a, m = a + 1, m >> 1
        modulus = self._engine.Modulus(w, self._half_bytes)
        if not _passes((yield from modulus.power_of_two(m)), a, w):
            return False
        for _ in range(self._rounds):
            b = 0
            while not 1 < b < w - 1:
                b = int.from_bytes(self._take(self._half_bytes), "big")
            if not _passes((yield from modulus.power(b, m, self._half_bytes)), a, w):
                return False
        return True

    def _take(self, n: int) -> bytes:
        """Return *n* random bytes, of no more than _POOL_BYTES."""
        if len(self._pool) < n:
            self._pool = self._random(_POOL_BYTES)
        taken, self._pool = self._pool[:n], self._pool[n:]
        return taken

    def _report(self, sentence: str) -> None:
        if self._progress:
            self._progress(sentence)


def _passes(z: int, a: int, w: int) -> bool:
    """Return whether z = b**m goes with a prime w = 2**a m + 1 (B.3.1, steps 4.4 and 4.5)."""
    for _ in range(a - 1):
        if z in (1, w - 1):
            break
        z = z * z % w
        if z == 1:
            return False
    return z in (1, w - 1)


def _private_exponent(p: int, q: int):
    """Yield now and then; return 1/e modulo the least common multiple of p - 1 and q - 1."""
    divisor, rest = p - 1, q - 1
    while rest:
        for _ in range(64):
            if rest:
                divisor, rest = rest, divisor % rest
        yield
    multiple = (p - 1) // divisor * (q - 1)
    # By way of its inverse modulo e, which is short: e is prime, and divides neither.
    return (1 + multiple * (-pow(multiple % _E, _E - 2, _E) % _E)) // _E
