"""The deepest use of the virtual board's stack: in threads, and in interrupts on top of them."""

import json
import os
import subprocess
from pathlib import Path

from boardcert_host.virtual.node import emulator_modules, find_node

_PUSH_FOUR, _POP_FOUR = 0xB40F, 0xBC0F  # push {r0-r3}; pop {r0-r3}
_PUSH_LR = 0xB570  # push {r4-r6, lr}
_LOWER_504, _RAISE_504 = 0xB0FE, 0xB07E  # sub sp, #504; add sp, #504
_ADD_R0, _MOVE_R0 = 0x4485, 0x4685  # add sp, r0; mov sp, r0
_FRAME_BYTES = 32  # The processor's exception frame.
_STACK_BYTES = 8192
_STACK_END = 0x2004_0000


def _ask(*commands: list) -> list[tuple[int, int, int]]:
    """Return thread_left, interrupt_left and interrupts after each of *commands*."""
    node = find_node()
    environment = {**os.environ, "BOARDCERT_NODE_MODULES": str(emulator_modules(node))}
    done = subprocess.run(
        [node.executable, Path(__file__).with_name("stack_driver.mjs")],
        input=json.dumps(commands),
        capture_output=True,
        check=True,
        text=True,
        env=environment,
    )
    keys = ("thread_left", "interrupt_left", "interrupts")
    return [tuple(answer[key] for key in keys) for answer in json.loads(done.stdout)]


def test_whatever_lowers_the_stack_pointer_is_recorded() -> None:
    """Pushes, subtractions, negative additions and moves are recorded, if they lower SP."""
    found = _ask(
        ["run", [_PUSH_FOUR], 0],
        ["run", [_POP_FOUR, _LOWER_504], 0],
        ["run", [_RAISE_504, _ADD_R0], -1024],
        ["run", [_MOVE_R0], _STACK_END + 100],
        ["run", [_MOVE_R0], _STACK_END - 8],
        ["run", [_MOVE_R0], _STACK_END + 300],
    )
    assert [_STACK_BYTES - left for left, _, _ in found[:3]] == [16, 504, 1024]
    assert [left for left, _, _ in found[3:]] == [100, -8, -8]
    assert {other for _, *others in found for other in others} == {_STACK_BYTES, 0}


def test_interrupts_are_recorded_apart_and_what_they_add() -> None:
    """Interrupts are recorded separately, with nested ones, and if recording starts within one."""
    lowered = _STACK_BYTES - 504
    first, nested = _FRAME_BYTES + 16, _FRAME_BYTES + 16 + _FRAME_BYTES + 16
    found = _ask(
        ["run", [_LOWER_504], 0],
        ["interrupt", 1],
        ["run", [_PUSH_LR], 0],
        ["interrupt", 2],
        ["run", [_PUSH_FOUR], 0],
        ["forget"],
        ["run", [_PUSH_FOUR], 0],
    )
    assert found[0] == (lowered, _STACK_BYTES, 0)
    assert found[1] == (lowered, lowered - _FRAME_BYTES, _FRAME_BYTES)
    assert found[2] == (lowered, lowered - first, first)
    assert found[4] == (lowered, lowered - nested, nested)
    assert found[5] == (_STACK_BYTES, _STACK_BYTES, 0)
    assert found[6] == (_STACK_BYTES, lowered - nested - 16, nested + 16)


def test_an_interrupt_of_another_moment_counts_from_there() -> None:
    """An interrupt's depth is counted from its start, whatever the thread's depth."""
    found = _ask(
        ["run", [_LOWER_504], 0],
        ["interrupt", 1],
        ["return"],
        ["run", [_RAISE_504], 0],
        ["interrupt", 1],
        ["run", [_PUSH_LR], 0],
    )
    low = _STACK_BYTES - 504 - _FRAME_BYTES
    assert found[2:5] == [(_STACK_BYTES - 504, low, _FRAME_BYTES)] * 3
    assert found[5] == (_STACK_BYTES - 504, low, _FRAME_BYTES + 16)
