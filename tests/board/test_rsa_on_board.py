"""An RSA key generated beside the application on the official image, then served."""

import base64
import json
import shutil
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from boardcert_host.build.package import Form
from boardcert_host.errors import Error
from boardcert_host.virtual import VirtualBoard
from prepared import prepared_flash
from uart_client import Program

# With this seed, both primes are found after five candidates that pass trial division: 10 s.
_MAKE = """
import asyncio, json, time
import boardcert
import boardcert.ecdsa as engine
random = engine.HMACDRBG(b"boardcert 157" + bytes(48)).generate
engine.seed = lambda now, gathered=None: (random, {})

phase = "before"
gaps_us = {}

def progress(step):
    global phase
    phase = "search" if "prime" in step else step
    if phase in stops:
        raise RuntimeError(json.dumps(gaps_us))

async def tick():
    last = time.ticks_us()
    while True:
        await asyncio.sleep(0)
        now = time.ticks_us()
        gaps_us[phase] = max(gaps_us.get(phase, 0), time.ticks_diff(now, last))
        last = now

async def main():
    asyncio.create_task(tick())
    await asyncio.sleep(0)
    me = await boardcert.identity_async(key_type="rsa2048", progress=progress)
    await asyncio.sleep(0)
    print(json.dumps([gaps_us, me.report()]))

asyncio.run(main())
"""

_STOPS = "stops = {!r}\n"

_SERVE = """
import boardcert
me = boardcert.identity(key_type="rsa2048")
print(me.generated)
wait_for_client()
secure = me.server_context().wrap_socket(uart, server_side=True)
secure.write(b"hello")
"""

_LITTLE_MEMORY = """
import asyncio, gc
import boardcert
gc.collect()
ballast = bytearray(gc.mem_free() - 80_000)
asyncio.run(boardcert.identity_async(directory="/other", key_type="rsa4096"))
"""


def test_a_key_is_made_while_others_run_and_served(package_board: VirtualBoard) -> None:
    """The search blocks the event loop for less than 100 ms; the next boot loads the key."""
    package_board.soft_reset()
    gaps_us, report = json.loads(package_board.exec(_STOPS.format([]) + _MAKE, timeout_s=240))
    assert report["generated"] and report["key_type"] == "rsa2048" and not report["notices"]
    assert 0 < gaps_us["search"] <= 100_000, gaps_us
    package_board.soft_reset()
    certificate = base64.b64decode(report["certificate"])
    context = ssl.create_default_context(cadata=certificate)
    with (
        Program(package_board, _SERVE) as program,
        socket.create_connection(package_board.uart_address, timeout=60) as raw,
        context.wrap_socket(raw, server_hostname=report["names"][0]) as secure,
    ):
        assert secure.recv(5) == b"hello"
        assert secure.getpeercert(binary_form=True) == certificate
    assert program.output.strip() == "False"


@pytest.mark.parametrize("form", [Form.SHIPPED, Form.PORTABLE])
def test_others_run_until_the_search_begins(
    form: Form, firmware: Path, new_board: Callable[..., VirtualBoard], tmp_path: Path
) -> None:
    """Files, modules and noise delay other tasks by 100 ms at most, with and without a kernel."""
    (tmp_path / "board").mkdir()
    shutil.copy(prepared_flash(firmware, form), tmp_path / "board" / "flash.bin")
    with pytest.raises(Error, match="RuntimeError: ") as raised:
        new_board().exec(_STOPS.format(["search"]) + _MAKE, timeout_s=240)
    (gap_us,) = json.loads(str(raised.value).partition("RuntimeError: ")[2]).values()
    assert 0 < gap_us <= 100_000, gap_us


def test_too_little_memory_is_told_before_the_search(package_board: VirtualBoard) -> None:
    """If memory is short, the error before the search states the required and the free amount."""
    package_board.soft_reset()
    with pytest.raises(Error, match="rsa4096 needs 62000 bytes of free memory, there are"):
        package_board.exec(_LITTLE_MEMORY)
