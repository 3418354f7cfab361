"""The API of a board's page, against servers that are not the board or answer unexpectedly."""

import json
import socket
import ssl
from types import SimpleNamespace

import pytest
from board_answers import TOKEN, Dripping, answer, api, https_server, pin_of, report_of
from boardcert_host.board import checked_https, over_https
from boardcert_host.board.over_https import BoardAPI
from boardcert_host.certificates import certificate
from boardcert_host.certificates.fingerprint import KeyPin
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.targets import Target
from ca_cases import kitchen_request
from certificates import NAME, make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from servers import refusing_port, serving


def test_the_token_is_sent_to_the_board_that_has_the_pin(tmp_path):
    """The token is sent once the pin of key or certificate matches; one connection per request."""
    board = make()
    received = []
    with https_server(board, tmp_path, [answer(200, report_of(board))] * 2, received) as port:
        assert api(port, pin=pin_of(board)).report()["hostname"] == "kitchen"
        pin = KeyPin.of_certificate(certificate.fingerprint(board.der))
        assert api(port, pin=pin).report() == report_of(board)
    assert len(received) == 2
    assert all(f"Authorization: Bearer {TOKEN}".encode() in request for request in received)
    assert all(request.startswith(b"GET /api/identity HTTP/1.1\r\n") for request in received)


@pytest.mark.parametrize("kind", ["public_key_pin", "fingerprint"])
def test_another_key_than_the_pinned_one_gets_nothing(kind, tmp_path):
    """A server with another key sees a handshake, no token and no request; both keys are named."""
    board, other = make(), make()
    received = []
    pinned = certificate.describe(certificate.parse(board.der))[kind]
    with https_server(other, tmp_path, [answer(200, report_of(other))], received) as port:
        for act in (BoardAPI.report, BoardAPI.csr, BoardAPI.remove, BoardAPI.served):
            with pytest.raises(Error, match="nothing was sent to it") as caught:
                act(api(port, pin=KeyPin(kind, pinned)))
            assert caught.value.code == 1
            assert pinned in caught.value.message
            found = certificate.describe(certificate.parse(other.der))[kind]
            assert found in caught.value.message
    assert received == [b""] * 4


def test_a_ca_vouches_for_a_board_that_is_not_pinned(tmp_path):
    """A CA authenticates an unpinned board by name; another CA, name or pin is refused."""
    ca, other_ca = make_ca(), make_ca()
    board = make(issuer=ca)
    files = {}
    for name, authority in (("ca", ca), ("other", other_ca)):
        pem = x509.load_der_x509_certificate(authority.der).public_bytes(Encoding.PEM)
        files[name] = str(tmp_path / f"{name}.pem")
        (tmp_path / f"{name}.pem").write_bytes(pem)
    received = []
    answers = [answer(200, report_of(board))] * 2
    with https_server(board, tmp_path, answers, received) as port:
        assert api(port, ca=files["ca"]).report()["names"][0] == NAME
        assert api(port, ca=files["ca"], name=NAME).report()["names"][0] == NAME
        del received[:]
        refused = (
            {"ca": files["other"]},
            {"ca": files["ca"], "name": "hall.local"},
            {"ca": files["ca"], "pin": pin_of(make())},
        )
        for options in refused:
            with pytest.raises(Error, match="nothing was sent to it") as caught:
                api(port, **options).report()
            assert caught.value.code == 1
    assert not any(received)


def test_nothing_vouches_for_a_board_without_pin_and_ca():
    """A call without pin and CA is a programming error."""
    with pytest.raises(ValueError, match="a pin or a CA"):
        api(1)


@pytest.mark.parametrize(
    ("status", "content", "code", "message", "hint"),
    [
        (401, {"message": "x", "field": "token"}, 3, "wrong token", "--usb PORT"),
        (403, {"message": "wrong origin", "field": None}, 3, "403: wrong origin", "its settings"),
        (404, None, 3, "404", "is this boardcert's page?"),
        (413, {"message": "too large", "field": None}, 3, "413: too large", "three certificates"),
        (
            429,
            {"message": "later", "field": "token"},
            3,
            r"429: .*later \(17 s\)",
            "try again later",
        ),
        (
            422,
            {"message": "it has expired", "field": "chain"},
            1,
            "refuses the chain: it has",
            None,
        ),
        (422, {"message": "not yours", "field": "key"}, 1, "refuses the key: not yours", None),
        (500, {"message": "OSError: 28", "field": None}, 3, "500: OSError: 28", None),
        (302, None, 3, "302", None),
        (400, ["unexpected"], 3, "400", None),
    ],
)
def test_a_refusal_is_told_with_its_reason(status, content, code, message, hint, tmp_path):
    """A refusal is reported with its reason and a hint, and never with the token."""
    board = make()
    body = b"<html>" if content is None else {"error": content}
    extra = "Retry-After: 17\r\nLocation: https://127.0.0.1/\r\n"
    received = []
    answers = [answer(status, body, extra)]
    with (
        https_server(board, tmp_path, answers, received) as port,
        pytest.raises(Error, match=message) as caught,
    ):
        api(port, pin=pin_of(board)).remove()
    assert caught.value.code == code
    assert (caught.value.hint is None) if hint is None else (hint in caught.value.hint)
    assert TOKEN not in f"{caught.value.message}{caught.value.hint}"
    assert len(received) == 1


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (answer(200, b"<html>"), "invalid JSON"),
        (answer(200, b"\xff\xfe\xff"), "invalid JSON"),
        (answer(200, []), "not a report"),
        (
            answer(200, {"hostname": "x", "names": [], "fingerprint": "AB"}),
            "without public_key_pin",
        ),
        (answer(200, b"[" * 60_000), "invalid JSON"),
        (answer(200, b" " * 70_000), "too long"),
        (answer(200, {})[:-1], "did not answer in full"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", "did not answer in full"),
        (b"", "did not answer in full"),
        (b"SSH-2.0-OpenSSH\r\n", "did not answer in full"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, "did not answer in full"),
    ],
)
def test_a_strange_answer_is_an_error(sent, message, tmp_path):
    """An unexpected answer is an error, and is never used as a report."""
    board = make()
    with (
        https_server(board, tmp_path, [sent], []) as port,
        pytest.raises(Error, match=message) as caught,
    ):
        api(port, pin=pin_of(board)).report()
    assert caught.value.code == 3


def test_a_server_that_is_silent_is_given_up(tmp_path):
    """When a server does not answer, the error says that the action may have been done."""
    board = make()
    with (
        https_server(board, tmp_path, [None], []) as port,
        pytest.raises(Error, match=r"within 0\.5 s") as caught,
    ):
        api(port, pin=pin_of(board), timeout_s=0.5).remove()
    assert "may have done" in caught.value.hint


def test_the_limit_is_for_a_whole_call(tmp_path):
    """One limit covers both reconnecting to a busy board and reading its answer."""
    slow = Dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    board = make()
    with (
        https_server(board, tmp_path, [slow], [], busy=2) as port,
        pytest.raises(Error, match=r"within 5 s"),
    ):
        api(port, timeout_s=5.0, pin=pin_of(board)).report()


def test_an_action_may_take_longer_than_an_answer(tmp_path, monkeypatch):
    """An action may take longer than other requests, as wiping flash does; a given limit holds."""
    monkeypatch.setattr(checked_https, "TIMEOUT_S", 3.0)
    slow = Dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert len(slow) * 0.1 > 3.0
    board = make()
    with https_server(board, tmp_path, [slow, slow], []) as port:
        api(port, timeout_s=None, pin=pin_of(board)).restart()
        with pytest.raises(Error, match=r"within 3 s"):
            api(port, timeout_s=3.0, pin=pin_of(board)).restart()


def test_what_does_not_speak_tls_is_an_error():
    """A missing server or one without TLS is an error, and receives a ClientHello only."""
    with pytest.raises(Error, match="refused the connection") as caught:
        api(refusing_port(), pin=KeyPin.of_certificate("AB")).report()
    assert caught.value.code == 3
    received = []

    def handle(connection: socket.socket) -> None:
        received.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(handle) as port, pytest.raises(Error, match="does not speak TLS"):
        api(port, pin=KeyPin.of_certificate("AB")).report()
    assert TOKEN.encode() not in b"".join(received)


def test_a_key_that_the_board_changed_for_us_is_the_pin_from_then_on(tmp_path):
    """A new key announced over the old connection becomes the pin, and the old one is refused."""
    old, new = make(), make()
    with https_server(old, tmp_path, [answer(200, report_of(new))], []) as port:
        board = api(port, pin=pin_of(old))
        assert board.new_key("kitchen") == report_of(new)
        with pytest.raises(Error, match="nothing was sent to it"):
            board.served()
    with https_server(new, tmp_path, [], []) as port:
        board.https.target = Target("127.0.0.1", port)
        assert board.served()["public_key_pin"] == pin_of(new)[1]


def test_old_tls_is_not_spoken(tmp_path):
    """Nothing is sent over TLS 1.1, even if the key matches."""
    board = make()
    received = []
    version = ssl.TLSVersion.TLSv1_1
    with (
        https_server(board, tmp_path, [answer(200, {})], received, version) as port,
        pytest.raises(Error, match="failed: tlsv1 alert protocol version"),
    ):
        api(port, pin=pin_of(board)).report()
    assert not any(received)


def test_what_is_asked_is_json(tmp_path):
    """Requests are JSON with the names that the page's API documents."""
    board = make()
    received = []
    answers = [answer(200, report_of(board))] * 2
    with https_server(board, tmp_path, answers, received) as port:
        api(port, pin=pin_of(board)).reset("kitchen")
        api(port, pin=pin_of(board)).renew()
    head, body = received[0].split(b"\r\n\r\n")
    assert head.startswith(b"POST /api/reset HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/json" in head
    assert json.loads(body) == {"hostname": "kitchen"}
    assert received[1].startswith(b"POST /api/renew ")


def test_a_board_that_is_busy_is_called_again(tmp_path, monkeypatch):
    """A busy board closes a connection before anything was sent, so connecting again is safe."""
    monkeypatch.setattr(checked_https, "_RETRY_S", 0.01)
    board = make()
    received = []
    with https_server(board, tmp_path, [answer(200, report_of(board))], received, busy=5) as port:
        assert api(port, pin=pin_of(board)).remove() == report_of(board)
    assert len(received) == 1
    with (
        https_server(board, tmp_path, [answer(200, report_of(board))], received, busy=6) as port,
        pytest.raises(Error, match="closed the connection during the handshake"),
    ):
        api(port, pin=pin_of(board)).remove()
    assert len(received) == 1


@pytest.fixture
def at_once(monkeypatch):
    """Make waiting for a restart take no time."""
    monkeypatch.setattr(over_https, "_PUT_OFF_PAUSE_S", 0)


def put_off(pin=None):
    """Return the answer of a board that defers an action to its next boot."""
    return answer(202, {"put_off": "0a1b", "public_key_pin": pin, "message": "it restarts"})


def outcome_of(identity, error=None, number="0a1b"):
    """Return the report of a board that carried out, or refused, a deferred action."""
    outcome = {"task": "install", "id": number, "error": error, "field": error and "key"}
    return answer(200, report_of(identity) | {"outcome": outcome | {"wiped": "4 KB"}})


@pytest.mark.usefixtures("at_once")
def test_what_is_put_off_is_waited_for(tmp_path):
    """The client waits until the board reports the action's number, then fetches a request."""
    board = make()
    waiting = [answer(200, report_of(board)), outcome_of(board, number="0000")]
    with https_server(board, tmp_path, [put_off(), *waiting, outcome_of(board)], []) as port:
        report = api(port, pin=pin_of(board)).renew()
    assert report["outcome"]["id"] == "0a1b" and report["wiped"] == "4 KB"
    answers, received = [put_off(), outcome_of(board), answer(200, {"request": 1})], []
    with https_server(board, tmp_path, answers, received) as port:
        names = ["a.example", "*.a.example"]
        assert json.loads(api(port, pin=pin_of(board)).csr(names)) == {"request": 1}
    wanted = b"GET /request.pem?names=a.example,*.a.example HTTP/1.1\r\n"
    assert [one.startswith(wanted) for one in received] == [True, False, True]


def test_a_board_that_overwrites_its_flash_before_it_serves_is_waited_for(tmp_path, monkeypatch):
    """A board that is silent for nine minutes after a deferred removal is waited for."""
    board, now = make(), [0.0]
    sleep = lambda seconds: now.append(now[-1] + seconds)  # noqa: E731
    monkeypatch.setattr(over_https, "time", SimpleNamespace(monotonic=lambda: now[-1], sleep=sleep))
    report = BoardAPI.report

    def found(self):
        if now[-1] < 540:
            raise Error("it refused the connection")
        return report(self)

    monkeypatch.setattr(BoardAPI, "report", found)
    with https_server(board, tmp_path, [put_off(), outcome_of(board)], []) as port:
        assert api(port, pin=pin_of(board)).remove()["wiped"] == "4 KB"


def test_an_older_board_gives_a_request_for_its_own_names(tmp_path, monkeypatch, capsys):
    """An older board ignores the requested names: the error says what to do about it."""
    board = make()
    monkeypatch.setenv("BOARDCERT_TOKEN", TOKEN)
    answers = [answer(200, kitchen_request(encoding=Encoding.PEM))]
    with https_server(board, tmp_path, answers, []) as port:
        host = ["csr", f"127.0.0.1:{port}", "--pin", pin_of(board)[1]]
        assert main([*host, "--san", "kitchen.example.org"]) == 3
    outcome_of = capsys.readouterr().err
    assert "request is for kitchen.local, not for kitchen.example.org" in outcome_of
    assert "boardcert flash" in outcome_of


@pytest.mark.usefixtures("at_once")
def test_what_was_put_off_and_refused_is_an_error(tmp_path):
    """A deferred action that was refused is an error that names the wrong field."""
    board = make()
    with (
        https_server(board, tmp_path, [put_off(), outcome_of(board, "it is weak")], []) as port,
        pytest.raises(Error, match="refuses the key: it is weak") as caught,
    ):
        api(port, pin=pin_of(board)).renew()
    assert caught.value.code == 1
