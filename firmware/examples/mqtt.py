"""Publish over MQTT, with the board's certificate as its login; the page is served as well.

Copy the certificate of the CA that signed for the broker to the board, in DER:
    openssl x509 -in broker-ca.crt -outform DER -out broker-ca.der
    mpremote fs cp broker-ca.der :broker-ca.der
firmware/docs/clients.md describes the broker's settings. This client implements only the part of
MQTT 3.1.1 that publishing needs, and does not block other tasks.
"""

import asyncio
import gc
import time

import boardcert

BROKER, PORT = "broker.example", 8883
EVERY_S = 10

with open("/broker-ca.der", "rb") as file:
    BROKER_CA = file.read()


def text(value: str) -> bytes:
    """Encode a string (MQTT 3.1.1, section 1.5.3)."""
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def packet(kind: int, content: bytes) -> bytes:
    """Encode a packet of at most 127 bytes (section 2.2)."""
    return bytes((kind, len(content))) + content


async def publish(me) -> None:
    """Connect as *me*, and publish until the connection fails."""
    context = me.client_context(ca=BROKER_CA)
    reader, writer = await asyncio.open_connection(BROKER, PORT, ssl=context)
    try:
        # Protocol level 4, a clean session, and a keep-alive of twice the interval (section 3.1).
        options = b"\x04\x02" + (2 * EVERY_S).to_bytes(2, "big")
        writer.write(packet(0x10, text("MQTT") + options + text(me.hostname)))
        await writer.drain()
        if await reader.readexactly(4) != b"\x20\x02\x00\x00":  # CONNACK, accepted
            raise OSError("the broker refuses the board")
        while True:
            free = str(gc.mem_free()).encode()
            writer.write(packet(0x30, text(f"boards/{me.hostname}/free_bytes") + free))
            await writer.drain()
            await asyncio.sleep(EVERY_S)
    finally:
        writer.close()
        await writer.wait_closed()


async def publish_always() -> None:
    """Publish, and reconnect after any failure of broker or network."""
    while time.gmtime()[0] < 2026:  # Until network and clock are there: certificates have dates.
        await asyncio.sleep(1)
    me = boardcert.identity()
    while True:
        try:
            await publish(me)
        except (OSError, EOFError, ValueError) as error:
            print("mqtt:", error)
        await asyncio.sleep(EVERY_S)


async def main() -> None:
    publishing = asyncio.create_task(publish_always())
    try:
        await boardcert.arun()
    finally:
        publishing.cancel()


asyncio.run(main())
