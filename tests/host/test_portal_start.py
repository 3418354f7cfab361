"""How enable() brings up the page: over TLS, in plain HTTP, or not at all with a notice."""

import json
import socket
from pathlib import Path

import micropython_server

_ENABLE = """
import asyncio, sys
class network:
    hostname = staticmethod(print)
sys.modules["network"] = network
import boardcert

async def ask(me):
    await asyncio.sleep(0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", me.portal_port)
    writer.write(b"GET /api/identity HTTP/1.1\\r\\nHost: board\\r\\nConnection: close\\r\\n\\r\\n")
    await writer.drain()
    print((await reader.read(12)).decode())

async def main():
    me = boardcert.enable(directory=sys.argv[1], portal_port=int(sys.argv[2]), https=sys.argv[3])
    try:
        await asyncio.wait_for(ask(me), 5)
    except OSError as error:
        print("OSError")
    print(boardcert.identity().notices)
asyncio.run(main())
"""
_WITHOUT_MICRODOT = """
import sys
sys.path[:] = [path for path in sys.path if "microdot" not in path]
"""


def _enable(directory: Path, https: str, before: str = "") -> list[str]:
    """Return what a program prints that enables the page and asks for it in plain HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return micropython_server.run(before + _ENABLE, str(directory), str(port), https).splitlines()


def test_the_page_is_served_in_plain_http_when_the_setting_says_so(tmp_path: Path) -> None:
    """Otherwise a plain request gets no answer."""
    assert _enable(tmp_path / "identity", "off")[1:] == ["HTTP/1.1 200", "[]"]
    assert not any(line.startswith("HTTP") for line in _enable(tmp_path / "identity", "required"))


def test_the_token_is_there_from_the_first_boot_on(tmp_path: Path) -> None:
    """Before anybody asks for it; the next boots leave it as it is."""
    directory = tmp_path / "identity"
    _enable(directory, "required")
    token = (directory / "token").read_text()
    assert len(token) == 26
    _enable(directory, "required")
    assert (directory / "token").read_text() == token


def test_without_microdot_a_notice_tells_what_to_do(tmp_path: Path) -> None:
    """There is no page; the program goes on, and serves what it serves."""
    lines = _enable(tmp_path / "identity", "required", _WITHOUT_MICRODOT)
    assert "OSError" in lines
    (notice,) = json.loads(lines[-1].replace("'", '"'))
    assert "Microdot is not installed" in notice and "`boardcert flash`" in notice
    assert "mip install github:miguelgrinberg/microdot" in notice


def test_another_fault_in_the_page_is_not_taken_for_that(tmp_path: Path) -> None:
    """A module of its own that is missing is an error, which the program's log shows."""
    broken = _WITHOUT_MICRODOT.replace('"microdot" not in path', "True") + (
        "sys.modules['boardcert.portal_http'] = None\n"
    )
    lines = _enable(tmp_path / "identity", "required", broken)
    assert "[]" in lines and any("portal" in line for line in lines)


def test_the_versions_of_microdot_agree() -> None:
    """What the notice names is what the host installs."""
    root = micropython_server.ROOT
    notice = (root / "firmware" / "boardcert" / "portal_start.py").read_text()
    project = (root / "pyproject.toml").read_text()
    version = project.partition('"microdot==')[2].partition('"')[0]
    assert version and f"microdot.py@v{version}`" in notice
