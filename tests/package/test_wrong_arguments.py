"""Wrong arguments to serving functions, on MicroPython: an immediate ValueError that names them."""

import json

import micropython_server
import pytest

_TRY = """
import asyncio, json, sys
import boardcert

me = boardcert.identity(directory=sys.argv[1])

async def handler(reader, writer):
    pass

async def wait(coroutine):
    await asyncio.wait_for(coroutine, 60)

def serve(app=handler, port=0, host="127.0.0.1", **options):
    asyncio.run(wait(boardcert.serve(app, port, host, **options)))

def serve_stream(app=handler, line=None):
    asyncio.run(wait(boardcert.serve_stream(app, line)))

def arun(app=handler, port=0, host="127.0.0.1", **options):
    usual = dict(wifi=False, ntp_server=None, portal_port=0, directory=sys.argv[1])
    options = dict(usual, **options)
    asyncio.run(wait(boardcert.arun(app, port, host=host, **options)))

def server_run(app=handler, port=0, host="127.0.0.1"):
    asyncio.run(wait(Server(me).run(app, port, host)))

def server_run_stream(app=handler, line=None):
    asyncio.run(wait(Server(me).run_stream(app, line)))

def modem_line(**pins):
    class Pin:
        def value(self, *_):
            return 1
        def readinto(self, _):
            return None
    ends = {"uart": Pin(), "carrier": Pin(), "ready": Pin()}
    ends.update(pins)
    boardcert.ModemLine(**ends)

def portal(**options):
    boardcert.Portal(**dict({"me": me}, **options))

def server(**options):
    boardcert.Server(**dict({"me": me}, **options))

Server = boardcert.Server
client_context = me.client_context
server_context = me.server_context
messages = []
with open(sys.argv[2]) as file:
    calls = json.load(file)
for function, arguments in calls:
    try:
        globals()[function](**arguments)
        messages.append("no error")
    except ValueError as error:
        messages.append(str(error))
    except Exception as error:
        messages.append(repr(error))
print(json.dumps(messages))
"""

_STRANGE = (5, "x", [5], {}, True)
_CASES = [
    *(("serve", {"app": app}, "neither a Microdot app nor") for app in (None, 5, "app")),
    *(("serve", {"port": port}, "port and host must be") for port in ("x", -1, 70000, None)),
    ("serve", {"host": 5}, "port and host must be"),
    *(("serve", {"redirect_port": port}, "port and host must be") for port in ("x", -1)),
    *(("serve", {"client_ca": ca}, "ca must be") for ca in (5, [5], {}, "PEM")),
    *(("serve", {"client_pins": pins}, "pins must be") for pins in (5, [5], {})),
    ("serve", {"client_pins": []}, "a ca or pins must be given"),
    ("serve", {"unheard_of": 1}, "not a limit of a server: unheard_of=1"),
    ("serve", {"max_connections": "x"}, "not a limit of a server: max_connections='x'"),
    ("serve", {"idle_timeout_ms": None}, "not a limit of a server: idle_timeout_ms=None"),
    ("serve", {"backlog": 0}, "not a limit of a server: backlog=0"),
    ("serve_stream", {"app": 5}, "neither a Microdot app nor"),
    *(("serve_stream", {"line": line}, "line must be a ModemLine") for line in (None, 5)),
    ("arun", {"port": "x"}, "port and host must be"),
    ("arun", {"app": 5}, "neither a Microdot app nor"),
    ("arun", {"line": 5}, "line must be a ModemLine: 5"),
    ("arun", {"ntp_server": 5}, "ntp_server must be a name, or None: 5"),
    ("arun", {"hostname": 5}, "a name must be a string: 5"),
    ("arun", {"directory": 5}, "directory must be a path: 5"),
    ("arun", {"unheard_of": 5}, "unheard_of"),
    *(("client_context", {"ca": ca}, "ca must be") for ca in (5, [5], {}, "PEM")),
    *(("client_context", {"pins": pins}, "pins must be") for pins in (5, [5], {})),
    *(("client_context", {"pins": pin}, "not a pin") for pin in ("x", "sha256//", "sha256//!!")),
    ("client_context", {}, "a ca or pins must be given"),
    *(("server_context", {"clients": one}, "clients must be a PeerCheck") for one in _STRANGE),
    *(("portal", {"me": me}, "me must be an Identity") for me in (None, *_STRANGE)),
    *(("portal", {"restart": restart}, "restart must be a function") for restart in _STRANGE),
    *(("portal", {"server": server}, "server must be a Server") for server in _STRANGE),
    *(("server", {"me": me}, "me must be an Identity") for me in (None, *_STRANGE)),
    *(("server", {"clients": clients}, "clients must be a PeerCheck") for clients in _STRANGE),
    ("server", {"unheard_of": 1}, "not a limit of a server: unheard_of=1"),
    *(("server_run", {"app": app}, "neither a Microdot app nor") for app in (None, *_STRANGE)),
    *(("server_run_stream", {"line": line}, "line must be") for line in (None, *_STRANGE)),
    *(("modem_line", {name: 5}, "not a UART and two") for name in ("uart", "carrier", "ready")),
]


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return MicroPython's error for each case."""
    directory = tmp_path_factory.mktemp("board")
    calls = directory / "calls.json"  # Too long for an argument of MicroPython.
    calls.write_text(json.dumps([case[:2] for case in _CASES]))
    printed = micropython_server.run(_TRY, str(directory / "data"), str(calls))
    return json.loads(printed.splitlines()[-1])


@pytest.mark.parametrize("number", range(len(_CASES)))
def test_a_wrong_argument_is_named_at_once(messages: list[str], number: int) -> None:
    """A wrong argument of any type is named at once."""
    _, _, words = _CASES[number]
    assert words in messages[number], _CASES[number]


def test_the_page_is_taken_for_an_application(tmp_path) -> None:
    """A program's own server accepts the page as its application, as serve does."""
    code = """
import asyncio, sys
import boardcert
me = boardcert.identity(directory=sys.argv[1])
server = boardcert.Server(me)
page = boardcert.Portal(me, server=server)
for serving in (server.run(page, 0, "127.0.0.1"), boardcert.serve(page, 0, "127.0.0.1")):
    try:
        asyncio.run(asyncio.wait_for(serving, 0.3))
    except asyncio.TimeoutError:
        print("served")
"""
    printed = micropython_server.run(code, str(tmp_path / "data"))
    assert printed.splitlines() == ["served"] * 2


def test_a_certificate_to_trust_is_read_at_once(tmp_path) -> None:
    """A CA certificate is read at once, not at the first connection."""
    code = """
import asyncio, json, sys
import boardcert
messages = []
me = boardcert.identity(directory=sys.argv[1])
async def handler(reader, writer):
    pass
for data in (b"", b"no certificate", me.certificate[:-1]):
    for act in (
        lambda: me.client_context(data),
        lambda: asyncio.run(boardcert.serve(handler, 0, "127.0.0.1", client_ca=data)),
    ):
        try:
            act()
            messages.append("taken")
        except ValueError as error:
            messages.append(str(error))
print(json.dumps(messages))
me.client_context([me.certificate])
"""
    messages = json.loads(micropython_server.run(code, str(tmp_path / "data")).splitlines()[-1])
    assert len(messages) == 6
    assert all(one.startswith("ca: not a certificate in DER that") for one in messages), messages
