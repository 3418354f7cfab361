"""What a TLS server shows to anyone: its certificate, and a board's page its report.

No token is sent, and no trust is needed. A handshake proves that the server holds its certificate's
key (see verify.tls_probe); what it reports over that connection is its own word.
"""

import asyncio
import contextlib
import http.client
import io
import json
import re
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from ..board import reports
from ..ca.board_authority import is_boards_own
from ..certificates import certificate as certificates
from ..inventory.facts import text
from ..targets import in_local

REPORT, FORM = "its page", "its certificate"
"""By what a server is recognised as a board."""
SILENT, REFUSED, NOT_TLS, TLS = "silent", "refused", "not TLS", "TLS"
"""What an address is found to be."""

_REPORT_LIMIT_BYTES = 65536
# A board has few connections, and closes one more than that during the handshake.
_ATTEMPTS = 3
_RETRY_S = 1.0
_CLOSING_S = 1.0
_BUSY = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


@dataclass(frozen=True)
class Server:
    """A TLS server. *certificate*: as returned by `certificate.describe`; its key was proven.

    *report*: of a board's page, whose certificate is this one, else None. *how*: by what it is
    recognised as a board, None if it is not. *called*: names by which it was found.
    """

    address: str
    port: int
    certificate: dict[str, Any]
    report: dict[str, Any] | None
    how: str | None
    called: frozenset[str] = field(default=frozenset())

    @property
    def public_key_pin(self) -> str:
        """The key that it has proven to hold."""
        return self.certificate["public_key_pin"]

    @property
    def names(self) -> list[str]:
        """What it says that it is called."""
        return [*self.certificate["names"], *(self.report or {}).get("names", ())]

    @property
    def unique_id(self) -> str | None:
        """The chip number that it reports."""
        return self.reported("unique_id")

    def reported(self, name: str) -> str | None:
        """Return a text that it reports; None for anything else, which is not a board's."""
        return text((self.report or {}).get(name))

    def facts(self) -> dict[str, Any]:
        """Return what the inventory keeps of a board: its report, and what its certificate says."""
        return (self.report or {}) | self.certificate


async def look_at(
    context: ssl.SSLContext, address: str, port: int, connect_s: float, talk_s: float
) -> tuple[str, Server | None]:
    """Return what *address* is, and the server if it is one of TLS with a readable certificate.

    *connect_s*: to wait for the connection; *talk_s*: for handshake and report together.
    """
    attempts = _ATTEMPTS
    while True:
        try:
            plain = await _connect(address, port, connect_s)
        except ConnectionRefusedError:
            return REFUSED, None
        except (OSError, asyncio.TimeoutError):
            return SILENT, None
        try:
            return await asyncio.wait_for(_talk(context, plain, address, port), talk_s)
        except _BUSY:
            attempts -= 1
            if not attempts:
                return NOT_TLS, None
        except (OSError, asyncio.TimeoutError):
            return NOT_TLS, None
        finally:
            plain.close()
        await asyncio.sleep(_RETRY_S)


async def _connect(address: str, port: int, connect_s: float) -> socket.socket:
    """Connect to an address; no name is looked up."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    (_, _, _, _, where), *_ = socket.getaddrinfo(address, port, family, socket.SOCK_STREAM)
    plain = socket.socket(family, socket.SOCK_STREAM)
    plain.setblocking(False)
    try:
        loop = asyncio.get_running_loop()
        await asyncio.wait_for(loop.sock_connect(plain, where), connect_s)
    except BaseException:
        plain.close()
        raise
    return plain


async def _talk(
    context: ssl.SSLContext, plain: socket.socket, address: str, port: int
) -> tuple[str, Server | None]:
    """Shake hands, and ask for the report that a board's page gives anyone."""
    reader, writer = await asyncio.open_connection(
        sock=plain, ssl=context, server_hostname=address.partition("%")[0]
    )
    try:
        shown = _read(writer.get_extra_info("ssl_object").getpeercert(True))
        if shown is None:
            return TLS, None
        certificate, described = shown
        report = await _ask(reader, writer, address)
        if report and report["fingerprint"] != described["fingerprint"]:
            report = None  # Of another board: this server passes on what that one says.
        how = REPORT if report else FORM if has_boards_form(certificate) else None
        return TLS, Server(address, port, described, report, how)
    finally:
        writer.close()
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), _CLOSING_S)
        writer.transport.abort()


def _read(data: bytes | None) -> tuple[x509.Certificate, dict[str, Any]] | None:
    """Return a certificate and its description; None for one that cannot be described."""
    try:
        certificate = certificates.parse(data or b"")
        return certificate, certificates.describe(certificate)
    except (ValueError, UnsupportedAlgorithm):
        return None


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str
) -> dict[str, Any] | None:
    """Return the report of a board's page, None for any other answer."""
    host = f"[{address}]" if ":" in address else address
    request = f"GET /api/identity HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n"
    writer.write(f"{request}Connection: close\r\n\r\n".encode())
    try:
        await writer.drain()
        data = await _read_answer(reader)
        answer = http.client.HTTPResponse(_Answer(data))  # type: ignore[arg-type]
        answer.begin()
        report = json.loads(answer.read()) if answer.status == http.client.OK else None
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return None
    return report if isinstance(report, dict) and reports.flaw(report) is None else None


async def _read_answer(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the server closes. Raises ValueError for more than a report."""
    data = bytearray()
    while chunk := await reader.read(_REPORT_LIMIT_BYTES):
        data += chunk
        if len(data) > _REPORT_LIMIT_BYTES:
            raise ValueError("too long for a report")
        if _is_whole(data):
            break
    return bytes(data)


def _is_whole(data: bytearray) -> bool:
    """Return whether the body has its length: some servers do not close the connection."""
    head, blank, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"(?i)\r\ncontent-length: *(\d{1,9})(\r\n|$)", head)
    return bool(blank and found and len(body) >= int(found[1]))


class _Answer:
    """An answer that has come, as HTTPResponse reads it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        """Return its bytes."""
        return io.BytesIO(self._data)


def has_boards_form(certificate: x509.Certificate) -> bool:
    """Return whether it is as boards sign their own: no other program names itself so.

    The subject is the host name, which is in subjectAltName with .local, and the chip's number in
    hexadecimal (firmware/boardcert/certificates/issue.py); the issuer is the same, or the board's
    own authority.
    """
    attributes = list(certificate.subject)
    kinds = [attribute.oid for attribute in attributes]
    issuer, subject = certificate.issuer, certificate.subject
    if issuer != subject and not is_boards_own(issuer, subject):
        return False
    if kinds != [NameOID.COMMON_NAME, NameOID.SERIAL_NUMBER]:
        return False
    common_name, number = (str(attribute.value) for attribute in attributes)
    names = certificates.alternative_names(certificate)
    return in_local(common_name.lower()) in names and bool(re.fullmatch(r"[0-9a-f]{8,64}", number))
