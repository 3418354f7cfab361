"""The virtual radio's bus, its registers and frames, as seen by a driver."""

import struct
from collections.abc import Iterator
from itertools import pairwise

import pytest
from radio_host import BACKPLANE, BUS, RadioHost

_ARM_RESET, _RAM_RESET = 0x18103800, 0x18104800
_CLOCK, _SLEEP = 0x1000E, 0x1001F
_CREDITS = 12


@pytest.fixture
def host() -> Iterator[RadioHost]:
    """Return a radio with an open network in range, switched off."""
    host = RadioHost([{"ssid": "Open"}])
    yield host
    host.close()


def test_without_power_everything_reads_as_zero(host):
    assert host.transact([0x40A00004], 1) == [0]
    host.power_on()
    assert host.number(BUS, 0x14, 4) == 0xFEEDBEAD
    host.do("power", False)
    assert host.number(BUS, 0x14, 4) == 0


def test_the_first_words_have_their_halves_exchanged(host):
    host.do("power", True)
    command = 1 << 30 | 0x14 << 11 | 4
    exchanged = command >> 16 | (command & 0xFFFF) << 16
    assert host.transact([exchanged], 1) == [0xBEADFEED]
    host.power_on()
    assert host.number(BUS, 0x00, 4) == 0x000204B3


def test_a_word_takes_64_cycles_of_the_state_machine(host):
    host.power_on()
    host.read(BUS, 0x14, 4)
    assert host.spent_ns == pytest.approx(2 * 64 * 2 * 8)
    host.write(BACKPLANE, 0x8000, bytes(64))
    assert host.spent_ns == pytest.approx(17 * 64 * 2 * 8, rel=0.15)


def test_the_state_machine_runs_other_programs_and_then_the_bus_again(host):
    host.power_on()
    set_x_to_21_and_stay = [0xE035, 0x0001]
    assert host.do("run", set_x_to_21_and_stay) == 21
    assert host.number(BUS, 0x14, 4) == 0xFEEDBEAD
    assert host.do("alarms") == 0  # nothing advances any more
    assert host.do("run", [0xE027, 0x0001]) == 7


def test_function_1_answers_after_the_padding_that_was_set(host):
    host.power_on()
    host.write(BACKPLANE, 0x10008, b"\x20")
    assert host.number(BACKPLANE, 0x10008, 1, padding=16) == 0x20
    host.write(BUS, 0x1D, b"\x04")
    assert host.number(BACKPLANE, 0x10008, 1, padding=4) == 0x20


def test_clocks_come_as_they_are_asked_for_and_the_fast_one_with_the_firmware(host):
    host.power_on()
    assert host.number(BACKPLANE, _CLOCK, 1, 16) & 0xC0 == 0
    host.write(BACKPLANE, _CLOCK, b"\x08")
    assert host.number(BACKPLANE, _CLOCK, 1, 16) & 0xC0 == 0x40
    for address in (_ARM_RESET, _RAM_RESET):
        assert host.number(BACKPLANE, host.backplane(address), 1, 16) == 1
    host.write(BACKPLANE, host.backplane(_ARM_RESET), bytes(4))
    assert host.number(BACKPLANE, _CLOCK, 1, 16) & 0x80 == 0, "there is no firmware yet"
    host.write(BACKPLANE, host.backplane(0), b"firmware")
    host.write(BACKPLANE, host.backplane(_ARM_RESET), bytes(4))
    assert host.number(BACKPLANE, _CLOCK, 1, 16) & 0xC0 == 0xC0
    assert host.number(BUS, 0x08, 4) & 0x20, "the firmware takes frames"


def test_the_chip_sleeps_and_wakes(host):
    host.power_on()
    host.write(BACKPLANE, _SLEEP, b"\x01")
    assert host.number(BACKPLANE, _SLEEP, 1, 16) == 3
    host.write(BACKPLANE, _SLEEP, b"\x00")
    assert host.number(BACKPLANE, _SLEEP, 1, 16) == 0


def test_the_window_reaches_all_of_the_ram(host):
    host.power_on()
    for address in (0, 0x7FC0, 0x8000, 0x12340, 0x7FFC0):
        host.write(BACKPLANE, host.backplane(address), struct.pack("<16I", *[address] * 16))
    for address in (0, 0x7FC0, 0x8000, 0x12340, 0x7FFC0):
        assert host.number(BACKPLANE, host.backplane(address), 4, 16) == address


def test_registers_that_are_not_modelled_are_noted(host):
    host.power_on()
    host.number(BACKPLANE, host.backplane(0x18001234), 4, 16)
    host.write(BACKPLANE, 0x10010, b"\x01")
    assert host.do("status")["unknown"] == {
        "backplane 0x18001234": 1,
        "function 1 register 0x10": 1,
    }


def test_notes_do_not_pile_up(host):
    host.power_on()
    window = host.backplane(0x19200000)
    for offset in range(0, 4 * 110, 4):
        host.number(BACKPLANE, window + offset, 4, 16)
    unknown = host.do("status")["unknown"]
    assert len(unknown) == 101
    assert unknown["others"] == 10


def test_each_frame_gives_the_driver_credits_and_data_frames_do_not_use_them_up(host):
    host.bring_up()
    host.join("Open")
    host.events(2_000_000)
    credits = []
    for number in range(300):  # beyond 8-bit sequence numbers
        host.send_ethernet(bytes([number & 0xFF] * 20))
        credits += [frame.credit for frame in host.receive_all()]
    assert len(credits) == 300 // (_CREDITS // 2)
    steps = [(later - sooner) & 0xFF for sooner, later in pairwise(credits)]
    assert set(steps) == {_CREDITS // 2}
    sent = [entry for entry in host.do("log") if entry[0] == "frame"]
    assert [bytes.fromhex(frame)[0] for _, _, frame in sent] == [n & 0xFF for n in range(300)]


def test_frames_for_the_driver_are_numbered_and_raise_the_wake_line_until_all_are_read(host):
    host.bring_up()
    host.join("Open")
    host.events(2_000_000)
    host.write(BUS, 0x04, b"\xff\xff")
    assert not host.do("wake")
    for _ in range(2):
        assert host.do("deliver", 0, (b"\xff" * 14 + b"hello").hex())
    assert host.do("wake")
    host.write(BUS, 0x04, b"\x20\x00")
    first = host.receive()
    assert host.do("wake"), "the driver may stop here: the line calls it again"
    host.write(BUS, 0x04, b"\x20\x00")
    second = host.receive()
    assert not host.do("wake")
    assert (second.sequence - first.sequence) & 0xFF == 1
    assert second.body[:4] == bytes([0x20, 0, 0, 0])
    assert second.body[4:] == b"\xff" * 14 + b"hello"


def test_a_frame_with_a_wrong_size_is_noted_and_ignored(host):
    host.bring_up()
    host.write(2, 0, struct.pack("<HHBBBBBBH", 12, 0, 0, 0, 0, 12, 0, 0, 0))
    host.write(2, 0, b"\x08\x00\xf7\xff")
    assert host.do("status")["unknown"] == {"a frame with a wrong size": 2}
    assert host.get("cur_etheraddr", 6) == bytes.fromhex("020000000099")
