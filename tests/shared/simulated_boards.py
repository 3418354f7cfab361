"""Boards that serve their certificate and the API for `ca renew`, over real TLS."""

import contextlib
import http.server
import json
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator

from board_answers import report_of
from certificates import Identity
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding


class SimulatedBoard(http.server.ThreadingHTTPServer):
    """One board on a port of its own. *installed*: the chains installed so far."""

    daemon_threads = True

    def __init__(self, key: ec.EllipticCurvePrivateKey, token: str, number: str) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.key, self.token, self.number = key, token, number
        self.identity = Identity(key, b"")
        self.installed: list[str] = []
        self.on_install: Callable[[SimulatedBoard], None] = lambda board: None
        self._context: ssl.SSLContext | None = None

    def serve_chain(self, pem: str) -> None:
        """Serve a certificate and its issuers from the next connection on."""
        leaf = x509.load_pem_x509_certificate(pem.encode())
        identity = Identity(self.key, leaf.public_bytes(Encoding.DER))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:
            file.write(identity.key_pem() + pem.encode())
            file.flush()
            context.load_cert_chain(file.name)
        self.identity, self._context = identity, context

    def request_pem(self) -> bytes:
        """Return a request with the board's key and its number."""
        names = [
            x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "kitchen"),
            x509.NameAttribute(x509.oid.NameOID.SERIAL_NUMBER, self.number),
        ]
        builder = x509.CertificateSigningRequestBuilder(x509.Name(names))
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def finish_request(self, request: object, client_address: object) -> None:
        """Do the TLS handshake in the connection's own thread."""
        with (
            contextlib.suppress(OSError),
            self._context.wrap_socket(request, server_side=True) as secure,
        ):
            super().finish_request(secure, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing when a client disconnects."""


class _Page(http.server.BaseHTTPRequestHandler):
    server: SimulatedBoard
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the request."""
        if self._is_allowed():
            self._answer(200, self.server.request_pem())

    def do_POST(self) -> None:
        """Install a chain."""
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._is_allowed():
            board = self.server
            board.serve_chain(content["chain"])
            board.installed.append(content["chain"])
            board.on_install(board)
            report = report_of(board.identity) | {"unique_id": board.number}
            self._answer(200, json.dumps(report).encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""

    def _is_allowed(self) -> bool:
        is_allowed = self.headers["Authorization"] == f"Bearer {self.server.token}"
        if not is_allowed:
            self._answer(401, b'{"error": {"message": "wrong token"}}')
        return is_allowed

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def simulated_boards(count: int) -> Iterator[list[SimulatedBoard]]:
    """Yield so many boards, each with a key, a token and a number; they do not serve yet."""
    boards = []
    with contextlib.ExitStack() as stack:
        for number in range(count):
            token = "abcdefghijklmnopqrstuvw" + "".join(
                chr(97 + number // 26**at % 26) for at in (2, 1, 0)
            )
            board = SimulatedBoard(
                ec.generate_private_key(ec.SECP256R1()), token, f"e66{number:05}"
            )
            stack.callback(board.server_close)
            boards.append(board)
        yield boards


@contextlib.contextmanager
def answering(boards: list[SimulatedBoard]) -> Iterator[None]:
    """Serve the boards until the end of the block."""
    threads = [
        threading.Thread(target=board.serve_forever, kwargs={"poll_interval": 0.05})
        for board in boards
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for board in boards:
            board.shutdown()
        for thread in threads:
            thread.join()
