"""The virtual board boots the official image, keeps its state as a board does, and ends."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from boardcert_host.errors import Error
from boardcert_host.virtual import VirtualNetwork
from processes import started

_BOOT_LIMIT_US = 10_000_000  # of the board; on this computer, it depends on what else runs
_ORPHAN_LIMIT_S = 120
_MAIN_ENDS_US = 500_000
_CATCH_UP_S = 0.03  # a board that lags behind real time may catch up by 20 ms


def test_a_new_board_boots_within_its_limit(new_board):
    board = new_board()
    assert 0 < board.ready_us < _BOOT_LIMIT_US
    assert board.status()["ready"]


def test_the_image_is_the_official_one(board):
    assert "v1.27.0" in board.exec("import sys; print(sys.version)")
    assert "Pico W with RP2040" in board.exec("import os; print(os.uname().machine)")
    assert board.exec("import machine; print(machine.freq())").strip() == "125000000"


def test_an_exception_on_the_board_is_an_error_here_with_its_traceback(board):
    with pytest.raises(Error, match="ZeroDivisionError"):
        board.exec("1 // 0")


@pytest.mark.parametrize("length", [0, 1, 127, 128, 129, 256, 257, 5000])
def test_code_of_any_length_is_run(board, length):
    """The board receives code in windows of 128 bytes, whatever its length."""
    code = "print(7, end='')"
    assert board.exec(code + "#" * (length - len(code))) == "7"
    assert board.exec("#" * length) == ""


def test_code_that_does_not_compile_is_an_error(board):
    """A syntax error is reported even if the board stops reading long before the end."""
    for code in (")", ")\n" + "pass\n" * 2000):
        with pytest.raises(Error, match="SyntaxError"):
            board.exec(code)
        assert board.exec("print('next')") == "next\n"


def test_what_the_board_prints_comes_whole(board):
    """Output longer than a buffer arrives whole, even without a final line end."""
    assert board.exec("print('\u00e4\\n' * 9000, end='')") == "\u00e4\n" * 9000


def test_code_that_does_not_end_is_an_error_and_is_interrupted(board):
    with pytest.raises(Error, match=r"has not answered after 0\.5 s"):
        board.exec("import time\nwhile True: time.sleep_ms(10)", timeout_s=0.5)
    assert board.exec("print('next')") == "next\n"


def test_floats_on_the_board_use_the_boot_rom_and_are_right(board):
    assert board.exec("print(1.5 * 3.25, 7 / 2, 2.0 ** 0.5, int(-2.7))") == (
        "4.875 3.5 1.4142135 -2\n"
    )


def test_files_survive_a_hard_reset_and_a_new_start(new_board):
    board = new_board()
    board.exec("f = open('kept', 'w'); f.write('here'); f.close()")
    board.reset()
    assert board.exec("print(open('kept').read())") == "here\n"
    board.stop()
    assert new_board().exec("print(open('kept').read())") == "here\n"


def test_machine_reset_boots_again_and_says_why(new_board):
    board = new_board()
    assert board.exec("import machine; print(machine.reset_cause() == machine.PWRON_RESET)") == (
        "True\n"
    )
    with pytest.raises(Error, match="lost"):
        board.exec("import machine; machine.reset()")
    _wait_for(lambda: board.status()["boots"] == 2 and board.status()["ready"])
    assert board.exec("import machine; print(machine.reset_cause() == machine.WDT_RESET)") == (
        "True\n"
    )


def test_a_soft_reset_runs_main_py_and_keeps_the_chip_running(new_board):
    board = new_board()
    board.exec("f = open('main.py', 'w'); f.write('made_by_main = 42'); f.close()")
    before_us = board.clock_us
    board.soft_reset()
    assert board.exec("print(made_by_main)") == "42\n"
    assert board.status()["boots"] == 1
    assert board.clock_us > before_us


def test_the_unique_id_is_the_boards_own_and_stays(new_board):
    read = "import machine; print(machine.unique_id().hex())"
    one, two = new_board("one"), new_board("two")
    assert one.exec(read).strip() == one.unique_id
    assert two.exec(read).strip() == two.unique_id != one.unique_id
    one.stop()
    assert new_board("one").exec(read).strip() == one.unique_id
    chosen = new_board("three", unique_id="e661a4d0c0ffee42")
    assert chosen.exec(read).strip() == "e661a4d0c0ffee42"


def test_one_directory_runs_one_board(new_board):
    new_board("same")
    with pytest.raises(Error, match="running in"):
        new_board("same")


def test_a_file_that_is_no_firmware_is_refused(new_board, tmp_path):
    from boardcert_host.virtual import VirtualBoard

    bad = tmp_path / "bad.uf2"
    bad.write_bytes(b"not a UF2 file".ljust(512, b"\0"))
    with pytest.raises(Error, match="not a UF2 file"):
        VirtualBoard(tmp_path / "bad", firmware=bad).start()


def test_the_simulated_clock_is_the_boards_own(board):
    before_us = board.clock_us
    on_board_us = int(board.exec("import time; print(time.ticks_us())"))
    after_us = board.clock_us
    # ticks_us wraps at 2**30.
    assert before_us % 2**30 <= on_board_us <= after_us % 2**30


def test_waiting_takes_real_time(board):
    started = time.monotonic()
    simulated_ms = int(
        board.exec(
            "import time\nt = time.ticks_ms()\ntime.sleep_ms(700)\n"
            "print(time.ticks_diff(time.ticks_ms(), t))"
        )
    )
    assert 700 <= simulated_ms < 710
    assert time.monotonic() - started >= 0.7


def test_the_pace_real_is_never_ahead_of_real_time(new_board):
    board = new_board(pace="real")
    started, before_us = time.monotonic(), board.clock_us
    board.exec("for i in range(60_000): pass")
    simulated_s = (board.clock_us - before_us) / 1e6
    assert simulated_s <= time.monotonic() - started + _CATCH_UP_S


def test_two_identical_runs_take_the_same_cycles(new_board):
    main = (
        "import time, machine\nt = time.ticks_us()\nx = 1\n"
        "for i in range(300): x = x * 3 % 1000003\n"
        "took = time.ticks_diff(time.ticks_us(), t)\n"
    )
    results = []
    for name in ("one", "two"):
        board = new_board(name, ring_oscillator="seed:1", unique_id="0011223344556677")
        board.exec(f"f = open('main.py', 'w'); f.write({main!r}); f.close()")
        board.stop()
        board = new_board(name, ring_oscillator="seed:1")
        # On a busy computer a second of the board may take long: main.py must not be interrupted.
        _wait_for(lambda board=board: board.clock_us > _MAIN_ENDS_US)
        results.append((board.ready_us, board.exec("print(took, x)")))
    assert results[0] == results[1]


@pytest.mark.parametrize(("flash_timing", "erase_ms", "page_ms"), [(True, 45, 0.5), (False, 0, 0)])
def test_flash_operations_take_what_is_typical_of_the_chip(
    new_board, flash_timing, erase_ms, page_ms
):
    """Flash operations take typical times: a sector 45 ms, a page 0.4 ms and 0.1 ms to send."""
    code = """
import rp2, time
from time import ticks_diff, ticks_us
flash = rp2.Flash()
block, page = flash.ioctl(4, 0) - 1, bytes(256)
start = ticks_us()
flash.ioctl(6, block)
erased = ticks_us()
flash.writeblocks(block, page, 0)
print(ticks_diff(erased, start) / 1000, ticks_diff(ticks_us(), erased) / 1000)
"""
    board = new_board(flash_timing=flash_timing, pace="free")
    erase, program = map(float, board.exec(code).split())
    assert erase_ms <= erase < erase_ms + 1
    assert page_ms <= program < page_ms + 0.5


def test_code_that_the_cache_does_not_hold_is_slower(new_board):
    """The first call of a firmware function takes longer than without the cache model."""
    code = """
from time import ticks_diff, ticks_us
import json
start = ticks_us()
json.loads('{"a": [1, 2.5, null]}')
print(ticks_diff(ticks_us(), start))
"""
    cached = new_board("cached", pace="free", flash_cache=True)
    plain = new_board("plain", pace="free", flash_cache=False)
    assert int(cached.exec(code)) > 1.3 * int(plain.exec(code))
    assert plain.status()["cache_misses"] == 0 < cached.status()["cache_misses"]


def test_a_kept_process_knows_nothing_of_the_board_before(new_board):
    first = new_board("first", network=VirtualNetwork("home"), forwards={443: 0})
    first.exec("open('kept', 'w').close(); import machine; machine.mem32[0x4005800c] = 7")
    process, ports = first.process_id, (first.uart_address, first.network.address(443))
    first.stop()
    second = new_board("second")
    assert second.process_id == process
    for address in ports:
        with pytest.raises(OSError), socket.create_connection(address):
            pass
    assert second.status()["boots"] == 1 and second.status()["flash"]["operations"] > 0
    answer = second.exec(
        "import os, machine; print(os.listdir(), hex(machine.mem32[0x4005800c]))\n"
        "import network; w = network.WLAN(); w.active(True); print(w.scan())"
    )
    assert answer == "[] 0x0\n[]\n"


def test_a_process_that_was_killed_is_not_kept(new_board):
    first = new_board("first")
    killed = first.process_id
    os.kill(killed, signal.SIGKILL)
    first.stop()
    assert new_board("second").process_id != killed


def test_no_emulator_is_left_when_python_is_killed(firmware, tmp_path):
    program = (
        "import sys, time; from boardcert_host.virtual import VirtualBoard\n"
        "board = VirtualBoard(sys.argv[1], firmware=sys.argv[2]); board.start()\n"
        "print(board.process_id, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", program, str(tmp_path), str(firmware)]
    with started(command, stdout=subprocess.PIPE) as python:
        emulator = int(python.stdout.readline())
        os.kill(emulator, 0)
        python.send_signal(signal.SIGKILL)
    _wait_for(lambda: not _running(emulator), _ORPHAN_LIMIT_S)


def _running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_for(condition, limit_s: float = 120) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_stack_is_recorded_as_the_board_sees_it(board):
    """The measured stack depth and its limit, 256 bytes above the end, match the board's own."""
    down = "def down(n):\n    return down(n - 1) if n else stack_use()\n"
    board.forget_stack()
    used = int(board.exec(f"from micropython import stack_use\n{down}print(down(20))"))
    assert 0 <= 8192 - used - board.stack["thread_left"] < 500
    with pytest.raises(Error, match="RuntimeError"):
        board.exec(f"from micropython import stack_use\n{down}down(1000)")
    assert 0 < board.stack["thread_left"] < 256
    assert 0 < board.stack["interrupts"] < 1024
    board.forget_stack()
    assert board.stack["thread_left"] > 7000
