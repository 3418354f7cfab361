"""Fetch readings from a board whose public key is known: python readings_client.py HOST[:PORT] PIN

PIN is "sha256//...", as `boardcert pin list` prints it. So the board needs no CA, and its
certificate may be signed again. Nothing is sent before the key is compared. Needs `cryptography`.
"""

import base64
import hashlib
import http.client
import json
import ssl
import sys

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate


class PinnedConnection(http.client.HTTPSConnection):
    """A connection to a server that must have the public key *pin*; ssl.SSLError for others."""

    def __init__(self, host: str, pin: str) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # The pin takes the place of a CA.
        super().__init__(host, context=context, timeout=30)
        self._pin = pin

    def connect(self) -> None:
        super().connect()
        served = load_der_x509_certificate(self.sock.getpeercert(binary_form=True))
        key = served.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        found = "sha256//" + base64.b64encode(hashlib.sha256(key).digest()).decode()
        if found != self._pin:
            self.close()
            raise ssl.SSLError(f"{self.host} has another key: {found}")


if __name__ == "__main__":
    connection = PinnedConnection(*sys.argv[1:3])
    connection.request("GET", "/readings")
    print(json.load(connection.getresponse()))
