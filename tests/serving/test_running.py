"""boardcert.run and arun on the MicroPython unix binary, with a radio that the test controls."""

import json
import socket
from pathlib import Path

import micropython_server
import pytest
from servers import reserved_port

# A radio. `script` has the result of each attempt to join: True for success.
_RADIO = """
import asyncio, sys
class WLAN:
    script = [True]
    is_joined = False
    is_active = [False, False]
    name = None
    address = "127.0.0.1"
    def __init__(self, interface):
        self.interface = interface
    def active(self, *on):
        if on:
            WLAN.is_active[self.interface] = on[0]
        return WLAN.is_active[self.interface]
    def connect(self, ssid, password):
        print("connect", ssid, password)
        WLAN.name = ssid
        WLAN.is_joined = WLAN.script.pop(0) if WLAN.script else True
    def disconnect(self):
        WLAN.is_joined = False
    def isconnected(self):
        return self.interface == 0 and WLAN.is_joined
    def ifconfig(self):
        is_up = self.active() if self.interface else WLAN.is_joined
        return (WLAN.address if is_up else "0.0.0.0",)
    def status(self):
        return -3
    def config(self, name):
        return WLAN.name
class network:
    STA_IF, AP_IF, WLAN = 0, 1, WLAN
    hostname = staticmethod(lambda name: print("host name", name))
sys.modules["network"] = network
directory, page, app = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
import boardcert

async def handler(reader, writer):
    await reader.read(1)
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi")

async def ask(port):
    # As soon as anybody answers there.
    while True:
        try:
            print(port == app, await first_line(port))
            return
        except OSError:
            await asyncio.sleep(0.1)

async def first_line(port):
    context = __import__("ssl").SSLContext(__import__("ssl").PROTOCOL_TLS_CLIENT)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        writer.write(b"GET /api/identity HTTP/1.1\\r\\nHost: b\\r\\nConnection: close\\r\\n\\r\\n")
        await writer.drain()
        return (await reader.readline()).decode().strip()
    finally:
        writer.close()

def run(**settings):
    settings = dict(directory=directory, portal_port=page, ntp_server=None, **settings)
    boardcert.run(handler, app, hostname="kitchen", **settings)
"""


def _run(directory: Path, code: str, page: int | None = None) -> list[str]:
    """Return the program's output; its arguments are a directory and two ports."""
    ports = str(page or reserved_port()), str(reserved_port())
    return micropython_server.run(_RADIO + code, str(directory), *ports).splitlines()


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """Return a directory with a network, as `boardcert flash --wifi` stores it."""
    wifi = {"ssid": "HomeNet", "password": "secret"}
    (tmp_path / "wifi.json").write_text(json.dumps(wifi))
    return tmp_path


_STORY = """
async def use():
    await ask(page)
    await ask(app)
    WLAN.is_joined = False
    while not WLAN.is_joined:
        await asyncio.sleep(0.1)
    print("joined again")
    raise KeyboardInterrupt
asyncio.create_task(use())
run()
print("ended")
async def wait():
    await ask(page)
    await asyncio.sleep(2)
    raise KeyboardInterrupt
asyncio.create_task(wait())
run()
"""


def test_the_network_is_joined_and_page_and_application_are_served(stored: Path) -> None:
    """The board joins under its name, rejoins after a loss, and serves again on the same ports."""
    lines = _run(stored, _STORY)
    assert lines[:2] == ["host name kitchen", "connect HomeNet secret"]
    first, second = lines[2 : lines.index("ended")], lines[lines.index("ended") :]
    # It is printed again if the network is lost for long enough to be noticed.
    page, app = sorted({line for line in first if "https://127.0.0.1" in line}, reverse=True)
    (key,) = [line for line in first if line.startswith("boardcert: SHA-256 of the public key: ")]
    (words,) = [
        line for line in first if line.startswith("boardcert: its first 16 bytes as words:")
    ]
    assert key.count(":") == 1 + 32 and words.count("-") == 7
    assert page.startswith("page  https://kitchen.local:") and "https://127.0.0.1:" in page
    assert app.startswith("app  https://kitchen.local:") and "https://127.0.0.1:" in app
    assert [line for line in first if "HTTP" in line] == [
        "False HTTP/1.1 200 OK",
        "True HTTP/1.1 200 OK",
    ]
    assert "joined again" in first
    assert {page, app} <= set(second)
    assert not any("unavailable" in line for line in lines)


def test_what_hinders_is_said_at_once_and_does_not_end_it(tmp_path: Path) -> None:
    """A missing network or a port in use is reported at once, and the program continues."""
    with socket.create_server(("0.0.0.0", 0)) as busy:
        port = busy.getsockname()[1]
        lines = _run(tmp_path, _STOP, page=port)
    assert any(
        line.startswith(f"boardcert: port {port} for the page is unavailable") for line in lines
    )
    assert any(line.startswith("boardcert: no network:") for line in lines)
    assert [line.split()[0] for line in lines if "https" in line] == ["app"]


def test_a_page_that_lacks_memory_as_it_begins_is_tried_again(tmp_path: Path) -> None:
    """A page that lacks memory at its start, which clients may have, is tried again."""
    lines = _run(tmp_path, _LACKING)
    assert sum("for the page is unavailable (MemoryError" in line for line in lines) == 1
    assert "False HTTP/1.1 200 OK" in lines


_LACKING = """
from boardcert.page import portal
serve_page = portal.serve_page
async def lacking(*arguments):
    portal.serve_page = serve_page
    raise MemoryError("memory allocation failed, allocating 5000 bytes")
portal.serve_page = lacking

async def look():
    await ask(page)
    raise KeyboardInterrupt
asyncio.create_task(look())
run()
"""

_STOP = """
async def stop():
    await ask(app)
    await asyncio.sleep(2)
    raise KeyboardInterrupt
asyncio.create_task(stop())
run()
"""


def test_a_network_of_the_program_is_left_alone(stored: Path) -> None:
    """An access point, another network, or a setting keeps run from joining."""
    for before in (
        "WLAN(1).active(True)",
        "WLAN(0).active(True); WLAN(0).connect('Mine', ''); print('mine')",
    ):
        lines = _run(stored, before + _STOP)
        assert "connect HomeNet secret" not in lines
        assert any("https://127.0.0.1" in line for line in lines)
    lines = _run(stored, _STOP.replace("run()", "run(wifi=False)"))
    assert "connect HomeNet secret" not in lines


def test_a_program_that_has_set_an_address_still_has_its_network_joined(stored: Path) -> None:
    """A fixed address that the program has set does not prevent the board from joining."""
    before = "WLAN(0).active(True); WLAN.name = ''; WLAN.ifconfig = lambda link: (WLAN.address,)"
    lines = _run(stored, f"{before}\n{_STOP}")
    assert lines.count("connect HomeNet secret") == 1
    assert any("https://127.0.0.1" in line for line in lines)


_JOINED_LATER = """
async def join():
    await ask(app)
    await ask(page)
    await asyncio.sleep(1)
    print("now")
    WLAN.is_joined = True
    await asyncio.sleep(1)
    raise KeyboardInterrupt
asyncio.create_task(join())
run(wifi=False)
"""


def test_an_address_is_told_once_its_network_is_there(stored: Path) -> None:
    """A fixed address is printed once the board has joined, and not before."""
    before = "WLAN(0).active(True); WLAN.name = ''; WLAN.ifconfig = lambda link: (WLAN.address,)"
    lines = _run(stored, f"{before}\n{_JOINED_LATER}")
    now = lines.index("now")
    assert any(line.startswith("boardcert: no network:") for line in lines[:now])
    assert not any("https://127.0.0.1" in line for line in lines[:now])
    answer = [line.split()[0] for line in lines[now:] if "https://127.0.0.1" in line]
    assert sorted(answer) == ["app", "page"]


def test_a_network_that_was_joined_before_is_stayed_in(stored: Path) -> None:
    """The board stays in a joined network, as an ESP32 does after a soft reset."""
    before = "WLAN(0).active(True); WLAN(0).connect('HomeNet', 'secret'); print('reset')"
    lines = _run(stored, before + _STORY)
    assert lines[lines.index("reset") :].count("connect HomeNet secret") == 1
    assert "joined again" in lines


def test_a_stored_network_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """An unreadable stored network is reported with the command that writes it, not its content."""
    (tmp_path / "wifi.json").write_text('{"ssid": "HomeNet", "password": "sec')
    with pytest.raises(AssertionError) as raised:
        _run(tmp_path, "run()")
    assert "wifi.json is damaged: write it again" in str(raised.value)
    assert '"sec' not in str(raised.value)


def test_an_invalid_setting_is_refused(tmp_path: Path) -> None:
    """An invalid setting, also of the application's server, is refused."""
    with pytest.raises(AssertionError, match="not a limit of a server: hostnam"):
        _run(tmp_path, "run(hostnam='kitchen')")
    with pytest.raises(AssertionError, match="unknown setting: 'hostnam'"):
        _run(tmp_path, "boardcert.run(hostnam='kitchen', directory=directory)")


_SHORT_OF_MEMORY = """
from boardcert.credentials import lifecycle
lifecycle.Identity.lacks_memory = lambda me: True
class machine:
    @staticmethod
    def reset():
        print("reset")
        raise SystemExit
boardcert.board.unique_id = lambda: bytes(8)
sys.modules["machine"] = machine
WLAN.is_joined = WLAN.is_active[0] = True
boardcert.identity(directory=directory, hostname="kitchen", portal_port=page)  # An earlier boot.
async def use():
    await ask(app)
    reader, writer = await asyncio.open_connection("127.0.0.1", app)
    await asyncio.sleep(0.5)
    WLAN.address = "127.0.0.2"
    await asyncio.sleep(2)
    print("restarts", *restarts)
    await writer.wait_closed()
    await asyncio.sleep(4)
    print("goes on")
    raise KeyboardInterrupt
asyncio.create_task(use())
restarts = [{restarts}]
run(restart={restarts})
print("next boot")
print(boardcert.identity(directory=directory, hostname="kitchen", portal_port=page).names)
"""


def test_a_board_short_of_memory_restarts_to_sign_while_nobody_is_connected(stored: Path) -> None:
    """Without memory to sign, the board restarts when idle, and then signs the new address."""
    code = _SHORT_OF_MEMORY.format(restarts=True)
    code = code.replace("run(restart=True)", "try:\n    run()\nexcept SystemExit:\n    pass")
    lines = _run(stored, code)
    assert "restarts True" in lines and "goes on" not in lines
    after = lines[lines.index("restarts True") :]
    assert after.index("boardcert: restarting, to sign the certificate again") < after.index(
        "reset"
    )
    assert lines[-1] == "['kitchen.local', '127.0.0.2']"


def test_a_program_may_leave_the_restart_to_itself(stored: Path) -> None:
    """A program may handle the restart itself: the next boot signs."""
    lines = _run(stored, _SHORT_OF_MEMORY.format(restarts=False))
    assert "goes on" in lines and "reset" not in lines
    assert lines[-1] == "['kitchen.local', '127.0.0.2']"


_STARVED = """
from boardcert.serving import server
async def starve():
    await ask(app)
    server.tls_reserve.tls_free_bytes = lambda wanted: 0
asyncio.create_task(starve())
"""


def test_a_board_that_can_serve_nobody_any_more_restarts(stored: Path) -> None:
    """A board that can serve nobody for some time restarts, unless the program decides."""
    code = _SHORT_OF_MEMORY.split("async def use():")[0] + _STARVED
    code += "try:\n    run({})\nexcept SystemExit:\n    pass"
    lines = _run(stored, code.format(""))
    reason = "boardcert: restarting, for lack of memory for clients"
    assert lines[lines.index(reason) + 1] == "reset"
    # A heap may be fragmented on other boards, too.
    ample = code.replace("lambda me: True", "lambda me: False", 1)
    lines = _run(stored, ample.format(""))
    assert lines[lines.index(reason) + 1] == "reset"
    code = code.replace("try:", _STOP.split("run()")[0].replace("sleep(2)", "sleep(15)") + "try:")
    assert "reset" not in _run(stored, code.format("restart=False"))
