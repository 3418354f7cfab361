"""A TLS context that connects to one public key, whatever its certificate is signed by."""

import ssl

from ..certificates import certificate


class PinnedContext(ssl.SSLContext):
    """Connects to the server that has the public key *pin*, "sha256//...".

    Others are refused by ssl.SSLCertVerificationError at the end of the handshake, before anything
    is sent. Names and dates are not looked at: the key identifies the board.
    """

    pin: str

    def __new__(cls, pin: str) -> "PinnedContext":
        made = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE  # The pin decides.
        made.sslsocket_class, made.sslobject_class = _PinnedSocket, _PinnedObject
        made.pin = pin
        return made

    def check(self, der: bytes | None) -> None:
        """Raise SSLCertVerificationError unless the certificate *der* is for the pinned key."""
        try:
            found = certificate.public_key_pin(certificate.parse(der or b""))
        except ValueError:
            found = "unreadable"
        if found != self.pin:
            raise ssl.SSLCertVerificationError(f"the key of the board is {self.pin}, not {found}")


class _PinnedSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        _check(self)


class _PinnedObject(ssl.SSLObject):
    """As asyncio has it, which reads and writes itself."""

    def do_handshake(self) -> None:
        super().do_handshake()
        _check(self)


def _check(secure: ssl.SSLSocket | ssl.SSLObject) -> None:
    if not isinstance(secure.context, PinnedContext):
        raise ssl.SSLError("the context was replaced, and the pin with it")
    secure.context.check(secure.getpeercert(binary_form=True))
