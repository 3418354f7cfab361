"""The virtual board's ring oscillator: real randomness, a seeded sequence, or a stuck bit."""

_BITS = "import machine; print([machine.mem32[0x4006001C] & 1 for _ in range(400)])"
_URANDOM = "import os; print(os.urandom(32).hex())"


def test_bits_from_the_host_are_neither_constant_nor_lopsided(board):
    bits = eval(board.exec(_BITS))  # noqa: S307 (a list of our own board)
    assert set(bits) == {0, 1}
    assert 120 < sum(bits) < 280


def test_urandom_differs_from_call_to_call_and_from_boot_to_boot(new_board):
    board = new_board()
    outputs = [board.exec(_URANDOM), board.exec(_URANDOM)]
    board.reset()
    outputs.append(board.exec(_URANDOM))
    assert len(set(outputs)) == 3
    assert all(len(set(bytes.fromhex(output.strip()))) > 16 for output in outputs)


def test_a_seed_reproduces_and_another_seed_does_not(new_board):
    seeds = {"one": "seed:7", "two": "seed:7", "three": "seed:8"}
    outputs = [new_board(name, ring_oscillator=seed).exec(_URANDOM) for name, seed in seeds.items()]
    assert outputs[0] == outputs[1] != outputs[2]


def test_a_stuck_oscillator_always_reads_the_same(new_board):
    board = new_board(ring_oscillator="stuck")
    assert set(eval(board.exec(_BITS))) == {1}  # noqa: S307 (a list of our own board)
