"""Name servers that do not answer: the time limit includes the look-up."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from boardcert_host import cli
from boardcert_host.board import serial_ports
from boardcert_host.board.over_https import BoardAPI
from boardcert_host.certificates.fingerprint import KeyPin
from boardcert_host.deadline import Deadline
from boardcert_host.errors import Error
from boardcert_host.targets import Target
from boardcert_host.verify import tls_probe
from certificates import make_ca
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_NAME = "kitchen.example"
_PIN = KeyPin.of_key("sha256//" + "A" * 43 + "=")


@pytest.fixture
def is_pending(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], bool]]:
    """Leave each name unanswered for a minute; return whether a look-up is still pending."""
    begun: list[threading.Thread] = []
    answered: list[str] = []
    is_over = threading.Event()

    def look_up(host: str, *_: object, **__: object) -> list[object]:
        begun.append(threading.current_thread())
        is_over.wait(60)
        answered.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield lambda: bool(begun) and not answered
    is_over.set()
    for thread in begun:
        if thread is not threading.current_thread():
            thread.join(60)


def test_verify_ends_by_its_timeout(is_pending, capsys) -> None:
    """`verify` ends in time, with the message for a board that does not answer."""
    assert cli.main(["verify", _NAME, "--timeout", "0.3"]) == 3
    assert is_pending()
    assert f"{_NAME}:443 did not answer within 0.3 s" in capsys.readouterr().err


def test_administration_ends_by_its_timeout(is_pending) -> None:
    """An administering command ends in time, and nothing was sent."""
    with pytest.raises(Error, match="did not answer within"):
        BoardAPI(Target(_NAME, 443), timeout_s=0.3, pin=_PIN).report()
    assert is_pending()


def test_a_client_that_trusts_a_ca_ends_by_its_timeout(is_pending, tmp_path) -> None:
    """A client that trusts a CA ends in time, before Python's own checks."""
    path = tmp_path / "ca.pem"
    ca = x509.load_der_x509_certificate(make_ca().der)
    path.write_bytes(ca.public_bytes(Encoding.PEM))
    with pytest.raises(Error, match="timed out"):
        tls_probe.get(Target(_NAME, 443), 0.3, _NAME, str(path), "/")
    assert is_pending()


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_nothing_answers_at_a_port_of_such_a_name(is_pending, scheme) -> None:
    """`flash` continues, after asking whether MicroPython answers at that name."""
    assert not serial_ports.is_answering(f"{scheme}://{_NAME}:4000", timeout_s=0.3)
    assert is_pending()


def test_what_is_waited_for_has_its_outcome() -> None:
    """A finished call returns its result or error; after the deadline no call starts."""
    assert Deadline(60).wait_for(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        Deadline(60).wait_for(lambda: 1 // 0)
    begun: list[None] = []
    with pytest.raises(TimeoutError):
        Deadline(0).wait_for(lambda: begun.append(None))
    assert not begun
