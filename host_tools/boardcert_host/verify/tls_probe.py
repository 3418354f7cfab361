"""One TLS handshake with a server, and what it shows.

Trust is not decided here: the handshake asks for no CA, so that a self-signed certificate can be
looked at. It proves one thing all the same, whatever OpenSSL thinks of the certificate: in TLS 1.2
with an ephemeral (ECDHE or DHE) suite the server signs its key exchange together with both sides'
fresh random values (RFC 8422, section 5.4), and in TLS 1.3 the whole transcript (RFC 8446, section
4.4.3), with the private key of the certificate it sent. OpenSSL checks that signature even with
CERT_NONE, and no handshake completes without it. Suites without ephemeral keys are not offered. So
a Session with a certificate is proof that the server holds the certificate's key.
"""

import http.client
import socket
import ssl
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from ..certificates.read_files import read_certificates
from ..deadline import Deadline, TimedSSLSocket, open_tls
from ..errors import USAGE, Error
from ..files import read_small
from ..targets import Target, is_address
from .network_errors import handshake_error, network_error

# Reasons of OpenSSL that are verdicts on the server, with the check that fails by them.
_VERDICTS = {
    "BAD_SIGNATURE": ("key_proven", "the server cannot sign with the certificate's key"),
    "BAD_ECC_CERT": ("key_usage", "without digitalSignature no ECDHE handshake is allowed"),
    "UNSUPPORTED_PROTOCOL": ("tls_version", "the server supports nothing newer than TLS 1.1"),
    "TLSV1_ALERT_PROTOCOL_VERSION": (
        "tls_version",
        "the server supports nothing newer than TLS 1.1",
    ),
}
_BODY_LIMIT_BYTES = 1 << 20
# An answer by mDNS takes a second at most; a silent name server is not waited for.
LOOK_UP_S = 4.0


@dataclass(frozen=True)
class Session:
    """What a handshake showed.

    *certificate*: DER of the leaf, or None when a flaw ended the handshake. *flaw*: (the check that
    the server fails by it, why), or None. *chain*: all that the server sent, leaf first.
    *address*: of the server; *was_not_found*: it is the last known one, as its name was not found.
    """

    tls_version: str | None = None
    cipher: str | None = None
    certificate: bytes | None = None
    flaw: tuple[str, str] | None = None
    chain: tuple[bytes, ...] = ()
    address: str | None = None
    was_not_found: bool = False


def probe(target: Target, timeout_s: float, server_name: str) -> Session:
    """Shake hands without asking for trust. Raises Error when no TLS server answers."""
    try:
        return _shake_hands(unverified_context(), target, timeout_s, server_name)
    except ssl.SSLError as error:
        return flawed_session(error, target)


def unverified_context() -> ssl.SSLContext:
    """Return a context that accepts every server; each still proves that it holds its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def flawed_session(error: ssl.SSLError, target: Target) -> Session:
    """Return what a failed handshake says about the server; raises Error when that is nothing."""
    verdict = _VERDICTS.get(error.reason or "")
    if verdict:
        return Session(flaw=verdict)
    raise handshake_error(error, target) from error


def probe_chain(
    target: Target, timeout_s: float, server_name: str, ca_file: str | None
) -> tuple[Session, str | None]:
    """Shake hands as a client does that trusts the CAs in *ca_file*; None: those of this computer.

    OpenSSL builds and checks the chain: signatures, dates, CA flags, path length, name constraints,
    EKU serverAuth. Returns the session, and None or why the chain is refused. Whether the
    certificate covers the host's name is another check.
    """
    try:
        return _shake_hands(trusting_context(ca_file), target, timeout_s, server_name), None
    except ssl.SSLError as error:
        return Session(), refusal_of(error, target)


def refusal_of(error: ssl.SSLError, target: Target) -> str:
    """Return why a trusting client refuses the chain; raises Error for any other reason."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    raise handshake_error(error, target) from error


def trusting_context(ca_file: str | None) -> ssl.SSLContext:
    """Return a context that trusts the CAs in *ca_file*; None: those of this computer."""
    return ca_context(ca_file) if ca_file else _own_context()


def ca_context(ca_file: str) -> ssl.SSLContext:
    """Return a context that trusts only the CAs in *ca_file*, a file of any form. Raises Error."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    try:
        found = read_certificates(read_small(Path(ca_file)), ca_file)
        pem = b"".join(one.public_bytes(Encoding.PEM) for one in found)
        context.load_verify_locations(cadata=pem.decode())
    except OSError as error:  # ssl.SSLError is one
        raise Error(f"cannot read the CA file {ca_file}: {error.strerror}", None, USAGE) from error
    except Error as error:
        raise Error(f"cannot read the CA file: {error.message}", None, USAGE) from error
    return context


def _own_context() -> ssl.SSLContext:
    """Return a context that trusts the CAs that OpenSSL finds on this computer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.load_default_certs()
    return context


def get(target: Target, timeout_s: float, server_name: str, ca_file: str, path: str) -> bytes:
    """Ask for *path* over HTTPS as any client does that trusts only *ca_file*; return the body.

    Python's own checks decide: chain, dates, name. Raises Error when one fails, or the request.
    """
    context = ssl.create_default_context(cafile=ca_file)
    request = f"GET {path} HTTP/1.1\r\nHost: {server_name}\r\nConnection: close\r\n\r\n"
    try:
        with open_tls(
            context, target.host, target.port, Deadline(timeout_s), server_name
        ) as secure:
            secure.sendall(request.encode())
            answer = http.client.HTTPResponse(secure)
            answer.begin()
            body = answer.read(_BODY_LIMIT_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise Error(f"{target} did not answer an HTTPS request: {error}") from error
    if len(body) > _BODY_LIMIT_BYTES:
        raise Error(f"{target} sent too long an answer")
    if answer.status != http.client.OK:
        raise Error(f"{target} answered {answer.status} {answer.reason}")
    return body


def _shake_hands(
    context: ssl.SSLContext, target: Target, timeout_s: float, server_name: str
) -> Session:
    """Connect and shake hands, see connect."""
    deadline = Deadline(timeout_s)
    found = find(target, deadline)
    with connect(context, found, deadline, server_name) as secure:
        return session_of(secure, found.host != target.host)


def session_of(secure: ssl.SSLSocket, was_not_found: bool) -> Session:
    """Return what a handshake that is done has shown."""
    cipher = secure.cipher()
    return Session(
        secure.version(),
        cipher and cipher[0],
        secure.getpeercert(True),
        chain=_sent_chain(secure),
        address=secure.getpeername()[0],
        was_not_found=was_not_found,
    )


def find(target: Target, deadline: Deadline) -> Target:
    """Return *target*, or its last known address where its name is not found.

    Names in .local are found by mDNS, which some computers and networks lack. Whoever uses the
    address checks by a pin that it is the same board.
    """
    if target.address is None or is_address(target.host):
        return target
    limit = Deadline(min(LOOK_UP_S, deadline.remaining_s()))
    try:
        limit.wait_for(lambda: socket.getaddrinfo(target.host, target.port))
    except (OSError, UnicodeError):  # TimeoutError is an OSError.
        return replace(target, host=target.address, address=None)
    return target


def _sent_chain(secure: ssl.SSLSocket) -> tuple[bytes, ...]:
    """Return the certificates that the server sent (DER), leaf first."""
    public = getattr(secure, "get_unverified_chain", None)
    if public:
        return tuple(public())
    # Before Python 3.13 the same, not public yet; its certificates give PEM.
    found = secure._sslobj.get_unverified_chain() or ()  # pyright: ignore[reportAttributeAccessIssue]
    return tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in found)


def connect(
    context: ssl.SSLContext, target: Target, deadline: Deadline, server_name: str
) -> TimedSSLSocket:
    """Connect and shake hands. ssl.SSLError passes; other network trouble becomes Error.

    *deadline* is for all that is done with the socket.
    """
    try:
        return open_tls(context, target.host, target.port, deadline, server_name)
    except ssl.SSLError:
        raise
    except OSError as error:
        raise network_error(error, target, deadline.timeout_s) from error
