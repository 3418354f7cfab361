"""Stand in for MicroPython's module of this name: TLS contexts that accept everything."""

PROTOCOL_TLS_CLIENT = 0
PROTOCOL_TLS_SERVER = 1
CERT_REQUIRED = 2


class SSLContext:
    """A context that accepts everything; `loaded` lists its certificates and keys."""

    def __init__(self, protocol: int) -> None:
        self.loaded: list[tuple[bytes, bytes]] = []

    def load_cert_chain(self, certificate: bytes, key: bytes) -> None:
        """Record a certificate and its key."""
        self.loaded.append((certificate, key))

    def get_ciphers(self) -> list[str]:
        """Return one suite."""
        return ["TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384"]

    def set_ciphers(self, names: list[str]) -> None:
        """Accept any suites."""
