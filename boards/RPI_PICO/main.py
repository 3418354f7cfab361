"""What a board without a network runs: its identity, and the page of it, over TLS on UART0.

TX on GP0, RX on GP1; modem signals: DCD on GP2 (low while a client is there), DTR on GP3.
"""

import boardcert

me = boardcert.enable()

import asyncio  # noqa: E402 (after the identity: it needs the memory first)

from boardcert.portal import Portal  # noqa: E402
from boardcert.serial_line import ModemLine  # noqa: E402
from boardcert.server import Server  # noqa: E402
from machine import UART, Pin  # noqa: E402

uart = UART(0, 921_600, tx=Pin(0), rx=Pin(1), rxbuf=4096, txbuf=1024, timeout=0)
line = ModemLine(uart, Pin(2, Pin.IN), Pin(3, Pin.OUT))
asyncio.run(Server(me).run_stream(Portal(me), line))
