"""Raw noise is tested before use; a stuck or biased source gives nothing."""

from boardcert import EntropyError, noise, noise_generators


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
