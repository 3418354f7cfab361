"""The virtual board's processor, instruction by instruction, compared with the Unicorn emulator."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
from pathlib import Path

import pytest
import unicorn as uc
from boardcert_host.virtual.node import emulator_modules, find_node
from unicorn import arm_const as arm

_CODE, _DATA, _DATA_BYTES = 0x2000_0100, 0x2000_1000, 1024
_MIDDLE = _DATA + _DATA_BYTES // 2
_MASK32 = 0xFFFF_FFFF
_REGISTERS = [
    *(getattr(arm, f"UC_ARM_REG_R{number}") for number in range(13)),
    *(arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR, arm.UC_ARM_REG_PC),
]
_CASES_PER_PATTERN = 25
_SPECIAL = [0, 1, 2, 31, 32, 33, 255, 256, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFFE]

# Fixed bits and free ones ("."), by the operands that the registers must hold.
_COMPUTING = [
    "000.............",
    "001.............",
    "0100000.........",
    "01000010........",
    "01000011........",
    "01000101........",
    "01000110........",
    "01000100........",
    "1010............",
    "10110000........",
    "10110010........",
    "1011101000......",
    "1011101001......",
    "1011101011......",
    "1101............",
    "11100...........",
]
_ADDRESSING = [
    "01001...........",
    "0110............",
    "0111............",
    "1000............",
    "1001............",
    "1011010.........",
    "1011110.........",
    "1100............",
]
_INDEXING = ["0101............"]
_BRANCHING = ["0100011100111000", "0100011110111000", "010001110.110000", "010001111.011000"]


def _fits(opcode: int) -> bool:
    """Exclude UNPREDICTABLE opcodes, and those that change the processor's state."""
    low = opcode & 0xFF
    if opcode >> 12 == 0b1100:  # LDM and STM of no registers, STM of its own base
        return low != 0 and (opcode >> 11 & 1 or not low & 1 << (opcode >> 8 & 7)) != 0
    if opcode & 0xF600 == 0xB400:  # PUSH and POP of no registers
        return opcode & 0x1FF != 0
    if opcode >> 10 == 0b010001:  # SP and PC as operands: branches have separate cases
        return opcode & 0x87 < 0x85 and opcode >> 3 & 15 < 13
    return opcode >> 9 != 0b1101111  # UDF and SVC


def _opcodes(choose: random.Random, patterns: list[str]) -> list[int]:
    """Return random opcodes of each pattern, more for a pattern with more free bits."""
    opcodes = []
    for pattern in patterns:
        for _ in range(_CASES_PER_PATTERN * max(1, pattern.count(".") - 6)):
            opcode = int("".join(choose.choice("01") if bit == "." else bit for bit in pattern), 2)
            if _fits(opcode):
                opcodes.append(opcode)
    return opcodes


def _value(choose: random.Random) -> int:
    return choose.choice([choose.choice(_SPECIAL), choose.getrandbits(32)])


def _case(choose: random.Random, code: list[int], registers: list[int]) -> dict:
    return {
        "code": code,
        "registers": registers,
        "flags": f"{choose.choice([0b0000, 0b0100, 0b1000]) | choose.getrandbits(2):04b}",
        "ram": base64.b64encode(choose.randbytes(_DATA_BYTES)).decode(),
    }


def _computing(choose: random.Random) -> list[dict]:
    return [
        _case(choose, [opcode], [*(_value(choose) for _ in range(13)), _MIDDLE, _value(choose)])
        for opcode in _opcodes(choose, _COMPUTING)
    ]


def _addressing(choose: random.Random) -> list[dict]:
    """Return registers that point into RAM; values that POP loads must also be code addresses."""
    cases = []
    for opcode in _opcodes(choose, _ADDRESSING):
        base = [_MIDDLE + 4 * choose.randrange(-8, 8) for _ in range(13)]
        case = _case(choose, [opcode], [*base, _MIDDLE, choose.getrandbits(32)])
        if opcode >> 8 == 0xBD:
            case["ram"] = base64.b64encode((_CODE | 1).to_bytes(4, "little") * 256).decode()
        cases.append(case)
    return cases


def _indexing(choose: random.Random) -> list[dict]:
    cases = []
    for opcode in _opcodes(choose, _INDEXING):
        index, base = opcode >> 6 & 7, opcode >> 3 & 7
        if index != base:
            registers = [_value(choose) for _ in range(15)]
            registers[base] = _MIDDLE
            registers[index] = 4 * choose.randrange(-64, 64) & _MASK32
            cases.append(_case(choose, [opcode], registers))
    return cases


def _branching(choose: random.Random) -> list[dict]:
    return [
        _case(choose, [opcode], [_DATA + 2 * choose.randrange(64) | 1 for _ in range(15)])
        for opcode in _opcodes(choose, _BRANCHING)
    ]


def _calling(choose: random.Random) -> list[dict]:
    """Return BL instructions, forwards and backwards."""
    cases = []
    for _ in range(200):
        offset = choose.randrange(-(2**24), 2**24, 2)
        sign, i1, i2 = offset >> 24 & 1, offset >> 23 & 1, offset >> 22 & 1
        j1, j2 = 1 - (i1 ^ sign), 1 - (i2 ^ sign)
        first = 0xF000 | sign << 10 | offset >> 12 & 0x3FF
        second = 0xD000 | j1 << 13 | j2 << 11 | offset >> 1 & 0x7FF
        cases.append(
            _case(choose, [first, second], [_value(choose) for _ in range(13)] + [_MIDDLE, 0])
        )
    return cases


def _execute(cases: list[dict]) -> list[dict]:
    node = find_node()
    environment = {**os.environ, "BOARDCERT_NODE_MODULES": str(emulator_modules(node))}
    driver = Path(__file__).with_name("core_driver.mjs")
    result = subprocess.run(
        [node.executable, driver],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        env=environment,
        check=True,
        timeout=120,
    )
    return json.loads(result.stdout)


class _Reference:
    """Executes one instruction at a time in Unicorn."""

    def __init__(self) -> None:
        self._uc = uc.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB | uc.UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M0)
        self._uc.mem_map(0x1EFF_0000, 0x202_0000)  # everything a BL can reach

    def execute(self, case: dict) -> dict:
        code = b"".join(halfword.to_bytes(2, "little") for halfword in case["code"])
        self._uc.mem_write(_CODE, code)
        self._uc.mem_write(_DATA, base64.b64decode(case["ram"]))
        self._uc.ctl_remove_cache(_CODE, _CODE + 4)
        self._uc.reg_write_batch(list(zip(_REGISTERS[:15], case["registers"], strict=True)))
        self._uc.reg_write(arm.UC_ARM_REG_APSR, int(case["flags"], 2) << 28)
        self._uc.emu_start(_CODE | 1, 0, count=1)
        return {
            "registers": [value & _MASK32 for value in self._uc.reg_read_batch(_REGISTERS)],
            "flags": f"{self._uc.reg_read(arm.UC_ARM_REG_APSR) >> 28:04b}",
            "ram": base64.b64encode(bytes(self._uc.mem_read(_DATA, _DATA_BYTES))).decode(),
        }


@pytest.mark.parametrize("cases_of", [_computing, _addressing, _indexing, _branching, _calling])
def test_instructions_do_what_they_do_in_unicorn(cases_of):
    cases = cases_of(random.Random(20250611))
    reference = _Reference()
    differences = []
    for case, result in zip(cases, _execute(cases), strict=True):
        cycles = result.pop("cycles", None)
        expected = reference.execute(case)
        if result != expected or not cycles:
            differences.append((case["code"], case["registers"], case["flags"], result, expected))
    assert not differences[:2], len(differences)


@pytest.mark.parametrize(
    ("code", "cycles"),
    [
        ([0x1888], 1),  # ADDS
        ([0x4348], 1),  # MULS: the RP2040's multiplier takes one cycle
        ([0x6808], 2),  # LDR
        ([0x6008], 2),  # STR
        ([0xB5F0], 6),  # PUSH {r4-r7, lr}: 1 + N
        ([0xBDF0], 8),  # POP {r4-r7, pc}: 3 + N
        ([0xC907], 4),  # LDM of three
        ([0xD000], 2),  # BEQ taken
        ([0xD100], 1),  # BNE not taken
        ([0xE000], 2),  # B
        ([0x4770], 2),  # BX lr
        ([0xF000, 0xF800], 3),  # BL
        ([0xF3BF, 0x8F5F], 3),  # DMB
        ([0xF3EF, 0x8010], 3),  # MRS r0, PRIMASK
    ],
)
def test_instructions_take_the_cycles_of_the_cortex_m0plus_manual(code, cycles):
    ram = base64.b64encode((_CODE | 1).to_bytes(4, "little") * 256).decode()
    registers = [*[_MIDDLE] * 14, _CODE | 1]
    case = {"code": code, "registers": registers, "flags": "0100", "ram": ram}
    assert _execute([case])[0]["cycles"] == cycles
