"""Arbitrary bytes over TLS: no crash, no hang, no unauthorised change, and no 500."""

import json
import re
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portal_server import Client, serving_page

_EXAMPLES = 100
_FUZZ = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_PATHS = (
    *("/", "/api/identity", "/api/session", "/certificate.pem", "/request.der", "/request.pem"),
    *("/api/install", "/api/remove", "/api/renew", "/api/new-key", "/api/reset", "/api/restart"),
)
_METHODS = ("GET", "HEAD", "POST", "DELETE", "PUT", "OPTIONS", "TRACE", "CONNECT", "get", "")
_KINDS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "")
_CHARACTERS = st.characters(min_codepoint=1, max_codepoint=0x2FF, exclude_characters="\r\n")
_LINE = st.text(_CHARACTERS, max_size=40)
_SECRETS = st.one_of(
    _LINE, st.sampled_from(["Bearer", "Bearer ", "Bearer a", "Basic YTpi", "__Host-session=0"])
)
_HEADERS = st.dictionaries(
    st.sampled_from(
        ["Authorization", "Cookie", "Origin", "Sec-Fetch-Site", "Connection", "Expect", "X-Any"]
    ),
    _SECRETS,
    max_size=4,
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_FIELDS = ("action", "token", "form", "chain", "key", "hostname")
_VALUES = st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=4)
_FORM = st.lists(
    st.tuples(st.sampled_from([*_FIELDS, "x"]), st.sampled_from("=&;%"), _LINE), max_size=5
).map(lambda parts: "&".join("".join(part) for part in parts))
_BODIES = st.one_of(
    st.binary(max_size=200),
    _JSON.map(lambda value: json.dumps(value).encode()),
    _VALUES.map(lambda value: json.dumps(value).encode()),
    _FORM.map(str.encode),
    st.sampled_from([b"[" * 5000, b'{"a":' * 2000, b"a=" + b"%41" * 4000, b"&" * 9000]),
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a client of a board that must be unchanged afterwards."""
    directory = tmp_path_factory.mktemp("fuzz") / "identity"
    with serving_page(directory, "first_delay_ms=1", "longest_delay_ms=1") as client:
        before = client.files()
        yield client
        assert json.loads(client.get("/api/identity"))["hostname"] == "kitchen"
        assert client.files() == before
        assert not client.directory.with_suffix(".restarted").exists()


def _exchange(client: Client, sent: bytes) -> bytes:
    """Send bytes and end that direction; return the answer until the board closes."""
    received = b""
    with (
        socket.create_connection(("127.0.0.1", client.port), timeout=60) as raw,
        client.context.wrap_socket(raw, server_hostname="kitchen") as secure,
    ):
        try:
            secure.sendall(sent)
            socket.socket.shutdown(secure, socket.SHUT_WR)  # Of TCP: TLS still reads.
        except OSError:
            pass  # It has refused the beginning, and closed.
        try:
            while piece := secure.recv(65536):
                received += piece
        except ConnectionError:
            pass
    return received


def _check(answers: bytes) -> None:
    """Check that each answer is one, and is not a failure of the board."""
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d\d\d) ", answers)]
    assert bool(statuses) == bool(answers) and b"HTTP/1.0" not in answers
    assert 500 not in statuses, answers


@_FUZZ
@given(
    method=st.sampled_from(_METHODS),
    path=st.one_of(st.sampled_from(_PATHS), _LINE),
    headers=_HEADERS,
    kind=st.sampled_from(_KINDS),
    body=_BODIES,
)
def test_requests_of_any_content(
    client: Client, method: str, path: str, headers: dict[str, str], kind: str, body: bytes
) -> None:
    """Each well-framed request is answered."""
    lines = [f"{method} {path} HTTP/1.1", "Host: kitchen", f"Content-Length: {len(body)}"]
    lines += [f"Content-Type: {kind}", *(f"{name}: {value}" for name, value in headers.items())]
    answers = _exchange(client, "\r\n".join([*lines, "", ""]).encode() + body)
    assert answers
    _check(answers)


@_FUZZ
@given(
    lines=st.lists(
        st.one_of(
            st.sampled_from(
                [
                    *("POST /api/reset HTTP/1.1", "GET / HTTP/1.1", "POST / HTTP/1.1", "Host: x"),
                    *("Content-Length: 5", "Content-Length: -5", "Content-Length: 5, 5"),
                    *("Content-Length: 99999999999999999999", "Content-Length:", "Content-Length"),
                    *("Transfer-Encoding: chunked", "5", "0", "", "", " x", "Expect: 100-continue"),
                    *(
                        "Content-Type: application/json",
                        '{"hostname": "kitchen"}',
                        "X: " + "y" * 5000,
                    ),
                    *("Cookie: =;;==; __Host-session", "Connection: upgrade", "Upgrade: websocket"),
                ]
            ),
            _LINE,
        ),
        max_size=20,
    ),
    end=st.sampled_from(["\r\n", "\n", "\r", "\0"]),
)
def test_lines_in_any_order(client: Client, lines: list[str], end: str) -> None:
    """Pipelines, smuggling and floods, however they are parsed, change nothing."""
    _check(_exchange(client, end.join(lines).encode()))


@_FUZZ
@given(sent=st.binary(max_size=3000))
def test_random_bytes(client: Client, sent: bytes) -> None:
    """Random bytes inside TLS are handled."""
    _check(_exchange(client, sent))


_PEM_LINES = st.sampled_from(
    [
        *("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "MIIB", "MAA=", "MAMCAQE="),
        *("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "-----", "MIIw", "", "\0"),
        *("-----BEGIN ENCRYPTED PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED", "//////8="),
    ]
)
_PEM = st.one_of(st.lists(_PEM_LINES, max_size=8).map("\n".join), st.text(max_size=100))


@_FUZZ
@given(chain=_PEM, key=st.none() | _PEM)
def test_an_administrator_may_send_anything(client: Client, chain: str, key: str | None) -> None:
    """An administrator's invalid certificates are refused at their field."""
    status, answer = client.api("install", {"chain": chain, "key": key}, client.token)
    assert status == 422 and answer["error"]["field"] in ("chain", "key")
