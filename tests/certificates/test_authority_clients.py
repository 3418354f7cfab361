"""Independent clients that trust a board's authority accept that board, and nothing else.

Clients that read name constraints refuse what the authority signs beyond its limits.
"""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import micropython_server
import outsiders
import pytest
from authority_pair import make_pair
from boardcert_host.certificates.certificate import describe, parse
from boardcert_host.cli import main
from boardcert_host.verify.tls_probe import session_of, unverified_context
from boardcert_host.virtual.node import find_node
from certificates import Identity
from cryptography.hazmat.primitives.asymmetric import ec
from issued import pem
from outsiders import JAVA_CLIENT, WORDS, browse, run
from servers import serving

_HOSTS = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Served:
    """A board that serves WORDS at *port*; its *authority*, PEM, and its *leaf*, DER."""

    port: int
    authority: Path
    leaf: bytes


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a board with the firmware's own code, and its authority from `boardcert ca trust`."""
    directory = tmp_path_factory.mktemp("board")
    file = directory / "authority.pem"
    with outsiders.serving(directory / "data", "p384", "localhost 127.0.0.1", "authority") as port:
        leaf = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))
        pin = describe(parse(leaf))["public_key_pin"]
        fetch = ["ca", "trust", f"127.0.0.1:{port}", "--pin", pin, "-o", str(file)]
        assert main(fetch) == 0
        yield Served(port, file, leaf)


@pytest.fixture(scope="module")
def thief(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return an impostor that has the keys of pump-7.local and calls itself localhost."""
    directory = tmp_path_factory.mktemp("thief")
    leaf, authority = make_pair(
        ("pump-7.local", "localhost", "127.0.0.1"), permitted=["pump-7.local"]
    )
    file = directory / "authority.pem"
    file.write_bytes(pem(authority))
    with _answering(directory, leaf, authority) as port:
        yield Served(port, file, leaf.der)


@contextlib.contextmanager
def _answering(directory: Path, leaf: Identity, authority: Identity) -> Iterator[int]:
    """Serve WORDS with these certificates; yield the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (directory / "board.pem").write_bytes(leaf.key_pem() + pem(leaf, authority))
    context.load_cert_chain(directory / "board.pem")
    answer = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(WORDS)}\r\n\r\n{WORDS}"

    def reply(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(4096)
            secure.sendall(answer.encode())

    with serving(reply) as port:
        yield port


@pytest.fixture(scope="module")
def clockwork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a board whose clock was years ahead for a while: its authority was signed twice more.

    The client has imported the first certificate; the board serves the third.
    """
    directory = tmp_path_factory.mktemp("clockwork")
    key, names = ec.generate_private_key(ec.SECP384R1()), ("localhost", "127.0.0.1")
    _, first = make_pair(names, authority_key=key, authority_days=(-400, 3252))
    leaf, third = make_pair(names, authority_key=key)
    file = directory / "authority.pem"
    file.write_bytes(pem(first))
    assert first.der != third.der
    with _answering(directory, leaf, third) as port:
        yield Served(port, file, leaf.der)


Asked = tuple[bool, str]


def _python(module: str, served: Served, host: str, flags: str = "0") -> Asked:
    code = f"""
import socket, sys, {module} as ssl
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= {flags}
with socket.create_connection((sys.argv[2], int(sys.argv[3]))) as plain:
    with context.wrap_socket(plain, server_hostname=sys.argv[2]) as secure:
        secure.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        answer = b""
        while {WORDS!r}.encode() not in answer:
            part = secure.recv(4096)
            if not part:
                break
            answer += part
        print(answer.decode())
"""
    words = (sys.executable, "-c", code, served.authority, host, served.port)
    return _found(*run(*words))


def _found(code: int, answer: str) -> Asked:
    return code == 0 and WORDS in answer, answer


def _url(served: Served, host: str) -> str:
    return f"https://{host}:{served.port}/"


def _openssl(served: Served, host: str) -> Asked:
    name = "-verify_ip" if host[0].isdigit() else "-verify_hostname"
    connect = ("-connect", f"{host}:{served.port}", "-CAfile", served.authority, "-no-CApath")
    strict = ("-x509_strict", "-verify_return_error", "-brief", name, host)
    _, answer = run("openssl", "s_client", *connect, *strict)
    return "Verification: OK" in answer, answer


def _curl(served: Served, host: str) -> Asked:
    quiet = ("--silent", "--show-error")
    return _found(*run("curl", *quiet, "--cacert", served.authority, _url(served, host)))


def _boringssl(served: Served, host: str) -> Asked:
    code = "import curl_cffi, sys; print(curl_cffi.get(sys.argv[1], verify=sys.argv[2]).text)"
    return _found(*run(sys.executable, "-c", code, _url(served, host), served.authority))


def _gnutls(served: Served, host: str) -> Asked:
    client = ("gnutls-cli", "--port", served.port, "--x509cafile", served.authority)
    code, answer = run(*client, host)
    return code == 0 and "Status: The certificate is trusted" in answer, answer


def _node(served: Served, host: str) -> Asked:
    code = "fetch(process.argv[1]).then((answer) => answer.text()).then(console.log)"
    done = subprocess.run(
        [find_node().executable, "-e", code, _url(served, host)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(served.authority)},
    )
    return _found(done.returncode, done.stdout + done.stderr)


def _java(served: Served, host: str) -> Asked:
    return _found(*run(*JAVA_CLIENT, _url(served, host), served.authority))


def _mbedtls(served: Served, host: str) -> Asked:
    return _micropython("CERT_REQUIRED", served, host)


def _mbedtls_unverified(served: Served, host: str) -> Asked:
    return _micropython("CERT_NONE", served, host)


_MICROPYTHON = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = getattr(ssl, sys.argv[1])
if sys.argv[1] == "CERT_REQUIRED":
    with open(sys.argv[2], "rb") as file:
        context.load_verify_locations(cadata=file.read())
plain = socket.socket()
plain.connect(socket.getaddrinfo("127.0.0.1", int(sys.argv[4]))[0][-1])
secure = context.wrap_socket(plain, server_hostname=sys.argv[3])
secure.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
print(secure.read(500).decode())
"""


def _micropython(mode: str, served: Served, host: str) -> Asked:
    file = served.authority.with_suffix(".der")
    file.write_bytes(ssl.PEM_cert_to_DER_cert(served.authority.read_text()))
    try:
        answer = micropython_server.run(_MICROPYTHON, mode, str(file), host, str(served.port))
    except AssertionError as error:
        return False, str(error)
    return _found(0, answer)


def _openssl_of_python(served: Served, host: str) -> Asked:
    return _python("ssl", served, host, "ssl.VERIFY_X509_STRICT")


def _rustls(served: Served, host: str) -> Asked:
    return _python("rtls", served, host)


_Ask = Callable[[Served, str], Asked]
# These clients read name constraints, and refuse with these words.
_LIMITED: dict[str, tuple[_Ask, str]] = {
    "openssl": (_openssl, "certificate verify failed"),
    "python": (_openssl_of_python, "permitted subtree violation"),
    "curl": (_curl, "verify"),
    "boringssl": (_boringssl, "permitted subtree violation"),
    "gnutls-cli": (_gnutls, "The certificate is NOT trusted"),
    "node": (_node, "fetch failed"),
    "rustls": (_rustls, "NameConstraintViolation"),
}
# These do not, at least for a CA that they were told to trust.
_UNLIMITED: dict[str, _Ask] = {
    "java": _java,
    "mbedtls": _mbedtls,
    "mbedtls-unverified": _mbedtls_unverified,
}
_PROGRAMS = ("openssl", "curl", "gnutls-cli", "java")
_ASK = {**{name: ask for name, (ask, _) in _LIMITED.items()}, **_UNLIMITED}


def _parameters(*names: str) -> list[object]:
    return [
        pytest.param(name, marks=[pytest.mark.needs(name)] if name in _PROGRAMS else [])
        for name in names
    ]


@pytest.mark.parametrize("host", _HOSTS)
@pytest.mark.parametrize("name", _parameters(*_ASK))
def test_a_client_that_trusts_it_connects(board: Served, name: str, host: str) -> None:
    """Each client connects by name and by address, with all its checks."""
    is_open, answer = _ASK[name](board, host)
    assert is_open, answer


@pytest.mark.parametrize("name", _parameters(*_ASK))
def test_an_earlier_import_is_good_once_the_clock_is_right(clockwork: Served, name: str) -> None:
    """An earlier import stays valid once the clock is right, since key and name are the same."""
    is_open, answer = _ASK[name](clockwork, "localhost")
    assert is_open, answer


@pytest.mark.parametrize("name", _parameters(*(one for one in _ASK if "unverified" not in one)))
def test_the_authority_of_another_board_is_no_help(board: Served, thief: Served, name: str) -> None:
    """Another board's authority, with the same name but another key, does not help."""
    other = Served(board.port, thief.authority, board.leaf)
    assert not _ASK[name](other, "localhost")[0]


@pytest.mark.parametrize("name", _parameters(*_LIMITED))
def test_another_name_is_refused(thief: Served, name: str) -> None:
    """A name outside the limits is refused, although the limits are not critical."""
    ask, words = _LIMITED[name]
    is_open, answer = ask(thief, "localhost")
    assert not is_open and words in answer, answer


@pytest.mark.parametrize("name", _parameters(*_UNLIMITED))
def test_some_clients_do_not_read_the_limits(thief: Served, name: str) -> None:
    """Clients that ignore the limits accept a key thief as any server, as documented."""
    is_open, answer = _UNLIMITED[name](thief, "localhost")
    assert is_open, answer


@pytest.mark.needs("certutil")
@pytest.mark.needs("chromium")
def test_chromium(board: Served, thief: Served, clockwork: Served, tmp_path: Path) -> None:
    """Chromium warns without `boardcert ca trust HOST` only; it applies all limits."""
    database = tmp_path / ".pki/nssdb"
    database.mkdir(parents=True)
    assert run("certutil", "-N", "-d", f"sql:{database}", "--empty-password")[0] == 0
    assert WORDS not in browse(board.port, tmp_path, "--dump-dom")[1]
    pin = describe(parse(board.leaf))["public_key_pin"]
    place = f"127.0.0.1:{board.port}"
    trust = ("ca", "trust", place, "--name", "pump-7.local", "--pin", pin)
    boardcert = Path(sys.executable).with_name("boardcert")
    done = run(boardcert, *trust, "--only", "nss", "--yes", home=tmp_path)
    assert done[0] == 0, done
    code, answer = browse(board.port, tmp_path, "--dump-dom")
    assert code == 0 and f"<h1>{WORDS}</h1>" in answer
    add = ("certutil", "-A", "-d", f"sql:{database}", "-n", "thief", "-t", "C,,")
    assert run(*add, "-i", thief.authority)[0] == 0
    answer = browse(thief.port, tmp_path, "--dump-dom")[1]
    assert WORDS not in answer and "ERR_CERT_INVALID" in answer
    assert run(*add[:-3], "clockwork", *add[-2:], "-i", clockwork.authority)[0] == 0
    code, answer = browse(clockwork.port, tmp_path, "--dump-dom")
    assert code == 0 and WORDS in answer


def test_the_linter_finds_that_the_limits_are_not_critical(tmp_path: Path) -> None:
    """The linter's only finding is that the limits are not critical; names need a dot for it."""
    names = "pump.boards.example 192.168.4.7"
    with outsiders.serving(tmp_path / "data", "p256", names, "authority") as port:
        context = unverified_context()
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain) as secure,
        ):
            leaf, authority = session_of(secure, False).chain
    assert _lint(tmp_path, leaf) == set()
    assert _lint(tmp_path, authority) == {
        ("ERROR", "pkix.certificate_name_constraints_extension_not_critical")
    }


def _lint(directory: Path, der: bytes) -> set[tuple[str, str]]:
    path = directory / "linted.pem"
    path.write_text(ssl.DER_cert_to_PEM_cert(der))
    linter = Path(sys.executable).parent / "lint_pkix_cert"
    _, answer = run(linter, "lint", "-s", "NOTICE", "-f", "JSON", path)
    return {
        (finding["severity"], finding["code"])
        for result in json.loads(answer)["results"]
        for finding in result["finding_descriptions"]
    }
