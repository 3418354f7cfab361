"""An EST server for tests, by RFC 7030 and 8951: TLS with client certificates, Basic, Digest.

It has a CA of two levels, decides at once or later, and can give any wrong answer on request. curl
and openssl check its answers, see tests/est.
"""

import base64
import contextlib
import hashlib
import http.server
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import issued
from certificates import Identity, make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

USER, PASSWORD = "operator", "correct horse"
PATH = "/.well-known/est"
_NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
_CERTS_ONLY = "application/pkcs7-mime; smime-type=certs-only"


@dataclass
class Reply:
    """An answer. *body*: the bytes to send; *drips*: the seconds for each byte."""

    status: int
    body: bytes = b""
    kind: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)
    drips: float = 0


def in_base64(der: bytes, is_in_lines: bool = True) -> bytes:
    """Return *der* in EST's base64: RFC 7030's examples have lines, newer servers one."""
    return base64.encodebytes(der) if is_in_lines else base64.b64encode(der)


def certs_only(certificates: list[x509.Certificate], is_in_lines: bool = True) -> Reply:
    """Return certificates in unsigned PKCS#7 (RFC 7030, section 4.1.3)."""
    der = pkcs7.serialize_certificates(certificates, Encoding.DER)
    return Reply(200, in_base64(der, is_in_lines), _CERTS_ONLY)


def parsed(identity: Identity) -> x509.Certificate:
    """Return the certificate of *identity*."""
    return x509.load_der_x509_certificate(identity.der)


class ESTServer(http.server.ThreadingHTTPServer):
    """One server. Attributes may be changed between requests.

    *scheme*: "basic", "digest" (MD5), "digest-sha-256", or None for no authentication. *renews*:
    whether /simplereenroll accepts a "user", requires the old "certificate" in TLS, or does not
    exist: "". *replies*: by operation, answers in order, before the server does its work; *always*:
    instead of its work. *seen*: (method, path, headers in lower case, body).
    """

    daemon_threads = True

    def __init__(self, directory: Path, is_client_required: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.closing = threading.Event()
        self.root = make_ca()
        self.intermediate = _intermediate(self.root)
        self.client_ca = make_ca()
        self.scheme: str | None = "basic"
        self.renews = "user"
        self.label = ""
        self.days: tuple[float, float] = (-1, 90)
        self.attributes = Reply(404)
        self.replies: dict[str, list[Reply]] = {}
        self.always: dict[str, Reply] = {}
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.issued: list[x509.Certificate] = []
        self.change: Callable[[dict], None] = lambda extensions: None
        self.ca_file = issued.write(directory / "est-ca.pem", issued.pem(self.root))
        own = issued.issue(self.intermediate)
        chain = issued.pem(own, self.intermediate) + own.key_pem()
        clients = issued.write(directory / "est-clients.pem", issued.pem(self.client_ca, self.root))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(issued.write(directory / "est-server.pem", chain))
        self.context.load_verify_locations(clients)
        self.context.verify_mode = ssl.CERT_REQUIRED if is_client_required else ssl.CERT_OPTIONAL

    @property
    def url(self) -> str:
        """The server's URL, without a path."""
        return f"https://localhost:{self.server_port}"

    def count(self, operation: str) -> int:
        """Return the number of requests for *operation*."""
        return sum(path.endswith(f"/{operation}") for _, path, _, _ in self.seen)

    def finish_request(self, request: object, client_address: object) -> None:
        """Do the TLS handshake in the connection's own thread."""
        with (
            contextlib.suppress(OSError),
            self.context.wrap_socket(request, server_side=True) as secure,
        ):
            super().finish_request(secure, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing when a client disconnects."""

    def sign(self, request: x509.CertificateSigningRequest) -> x509.Certificate:
        """Issue a certificate with the names of *request*."""
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

        def change(extensions: dict) -> None:
            extensions["subject_alt_name"] = (names, not request.subject.rdns)
            self.change(extensions)

        key = issued.PublicKey(request.public_key())
        made = parsed(
            make(
                key=key,
                issuer=self.intermediate,
                subject=request.subject,
                days=self.days,
                change=change,
            )
        )
        self.issued.append(made)
        return made


def _intermediate(root: Identity) -> Identity:
    """Return an issuing CA below *root*."""
    own = make_ca()

    def change(extensions: dict) -> None:
        for name, extension in _extensions(own).items():
            extensions[name] = extension
        for name in ("extended_key_usage", "subject_alt_name"):
            extensions.pop(name, None)

    return make(key=own.key, issuer=root, common_name="Test issuing CA", change=change)


def _extensions(ca: Identity) -> dict:
    found = parsed(ca).extensions
    usage = found.get_extension_for_class(x509.KeyUsage)
    constraints = found.get_extension_for_class(x509.BasicConstraints)
    return {
        "key_usage": (usage.value, usage.critical),
        "basic_constraints": (constraints.value, constraints.critical),
    }


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ESTServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer /cacerts and /csrattrs."""
        self._do(b"")

    def do_POST(self) -> None:
        """Answer /simpleenroll and /simplereenroll."""
        self._do(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""

    def _do(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, body))
        reply = self._reply(body)
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.kind, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if not reply.drips:
            self.wfile.write(reply.body)
            return
        for byte in reply.body:
            self.wfile.write(bytes([byte]))
            if self.server.closing.wait(reply.drips):
                return

    def _reply(self, body: bytes) -> Reply:
        server, (base, _, operation) = self.server, self.path.rpartition("/")
        if base != PATH + (f"/{server.label}" if server.label else ""):
            return Reply(404)
        if self.command == "POST" and not self._is_known():
            return Reply(401, headers={"WWW-Authenticate": self._challenge()})
        if server.replies.get(operation):
            return server.replies[operation].pop(0)
        if operation in server.always:
            return server.always[operation]
        if operation == "cacerts":
            return certs_only([parsed(server.root), parsed(server.intermediate)])
        if operation == "csrattrs":
            return server.attributes
        return self._enrol(operation, body)

    def _enrol(self, operation: str, body: bytes) -> Reply:
        """RFC 7030, section 4.2."""
        server = self.server
        if self.headers["Content-Type"] != "application/pkcs10":
            return Reply(415)
        try:
            request = x509.load_der_x509_csr(base64.b64decode(body))
        except ValueError:
            return Reply(400, b"The request cannot be read.\n")
        if not request.is_signature_valid:
            return Reply(400, b"The request is not signed by its key.\n")
        if operation == "simplereenroll" and (refusal := self._why_not_renewed(request)):
            return refusal
        return certs_only([server.sign(request)])

    def _why_not_renewed(self, request: x509.CertificateSigningRequest) -> Reply | None:
        """RFC 7030, section 4.2.2: the same subject and names as the certificate to be renewed."""
        if not self.server.renews:
            return Reply(404)
        if self.server.renews == "certificate":
            return Reply(403, b"a client certificate is required")
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        for one in self.server.issued:
            found = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            if one.subject == request.subject and set(found) == set(names):
                return None
        return Reply(400, b"Nothing of this subject and these names was issued.\n")

    def _is_known(self) -> bool:
        """Return whether TLS or HTTP authenticates the client."""
        scheme, given = self.server.scheme, self.headers["Authorization"] or ""
        if scheme is None or self.connection.getpeercert(True):
            return True
        if scheme == "basic":
            wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            return given == f"Basic {wanted}"
        return given.startswith("Digest ") and self._is_digest(given)

    def _challenge(self) -> str:
        scheme = self.server.scheme
        if scheme == "basic":
            return 'Basic realm="estrealm"'
        algorithm = "SHA-256" if scheme == "digest-sha-256" else "MD5"
        return f'Digest realm="estrealm", nonce="{_NONCE}", qop="auth", algorithm={algorithm}'

    def _is_digest(self, given: str) -> bool:
        """RFC 7616, section 3.4.1."""
        found = {name: quoted or plain for name, quoted, plain in _PARAMETER.findall(given)}
        hashed = hashlib.sha256 if self.server.scheme == "digest-sha-256" else hashlib.md5

        def digest(*parts: str) -> str:
            return hashed(":".join(parts).encode()).hexdigest()

        if found.get("nonce") != _NONCE or found.get("uri") != self.path:
            return False
        first = digest(USER, "estrealm", PASSWORD)
        second = digest(self.command, self.path)
        middle = (_NONCE, found["nc"], found["cnonce"], "auth")
        return found.get("response") == digest(first, *middle, second)


_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@contextlib.contextmanager
def est_server(directory: Path, is_client_required: bool = False) -> Iterator[ESTServer]:
    """Run a server; its files are in *directory*."""
    with ESTServer(directory, is_client_required) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
