"""An HTTPS server with given answers, and the board API as its client."""

import contextlib
import json
import socket
import ssl
import time
import warnings

from boardcert_host.board.over_https import BoardAPI
from boardcert_host.certificates import certificate
from boardcert_host.certificates.fingerprint import KeyPin
from boardcert_host.targets import Target
from certificates import Identity
from issued import pem
from servers import serving

TOKEN = "abcdefghijklmnopqrstuvwx27"  # noqa: S105 (made up)


def pin_of(identity: Identity) -> KeyPin:
    """Return the pin of its key in BoardAPI's form."""
    return KeyPin.of_key(certificate.public_key_pin(certificate.parse(identity.der)))


def report_of(identity: Identity) -> dict[str, object]:
    """Return the report of a board with this identity."""
    described = certificate.describe(certificate.parse(identity.der))
    facts = {name: described[name] for name in ("public_key_pin", "fingerprint", "names")}
    return facts | {"hostname": "kitchen"}


def api(port: int, timeout_s: float = 60.0, **more: object) -> BoardAPI:
    """Return the API of a board on loopback."""
    return BoardAPI(Target("127.0.0.1", port), token=TOKEN, timeout_s=timeout_s, **more)


def answer(status: int, content: object, headers: str = "") -> bytes:
    """Return an HTTP answer: *content* as it is, or as JSON."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    head = f"HTTP/1.1 {status} Status\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


class Dripping(bytes):
    """An answer sent at ten bytes per second."""


def https_server(
    identity: Identity,
    tmp_path: object,
    answers: list[bytes | None],
    received: list[bytes],
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
    busy: int = 0,
    chain: tuple[Identity, ...] = (),
) -> contextlib.AbstractContextManager[int]:
    """Answer each connection with the next of *answers*, None for silence, and record requests.

    *busy*: the number of connections closed at once, as by a board without memory for them.
    *chain*: certificates sent after its own.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old TLS versions, on purpose
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    path = tmp_path / "identity.pem"
    path.write_bytes(identity.key_pem() + pem(identity, *chain))
    context.load_cert_chain(path)
    waiting = iter(answers)
    refusing = iter(range(busy))

    def handle(connection: socket.socket) -> None:
        if next(refusing, None) is not None:
            return
        with context.wrap_socket(connection, server_side=True) as secure:
            received.append(_read_request(secure))
            if received[-1]:
                _send(secure, next(waiting))

    return serving(handle)


def _send(secure: ssl.SSLSocket, sent: bytes | None) -> None:
    """Send one of the answers of `https_server`."""
    if sent is None:
        secure.recv(1)  # until the client closes
    elif isinstance(sent, Dripping):
        for byte in sent:
            secure.sendall(bytes([byte]))
            time.sleep(0.1)
    else:
        secure.sendall(sent)


def _read_request(secure: ssl.SSLSocket) -> bytes:
    """Return one request, or its received part if the client closes."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = secure.recv(65536)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            while len(body) < int(line.partition(b":")[2]):
                body += secure.recv(65536)
    return head + b"\r\n\r\n" + body
