"""Serve only clients with a certificate of your CA, and greet each by its certificate.

Copy the CA's certificate to the board, in DER:
    openssl x509 -in ca.crt -outform DER -out client-ca.der
    mpremote fs cp client-ca.der :client-ca.der
"""

import hashlib

import boardcert

with open("/client-ca.der", "rb") as file:
    CLIENT_CA = file.read()

_ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}"


async def handler(reader, writer):
    while await reader.readline() not in (b"\r\n", b"\n", b""):
        pass  # The client is known from the first read on.
    certificate = writer.get_extra_info("peercert")
    text = hashlib.sha256(certificate).digest().hex() + "\n"
    writer.write(_ANSWER.format(len(text), text))
    await writer.drain()


boardcert.run(handler, client_ca=CLIENT_CA)
