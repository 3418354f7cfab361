"""What a board without a network runs: its identity, and the page of it, over TLS on UART0.

TX on GP0, RX on GP1; modem signals: DCD on GP2 (low while a client is there), DTR on GP3.
"""

import boardcert

me = boardcert.enable()

import asyncio  # noqa: E402 (after the identity: it needs the memory first)

from machine import UART, Pin  # noqa: E402

uart = UART(0, 921_600, tx=Pin(0), rx=Pin(1), rxbuf=4096, txbuf=1024, timeout=0)
line = boardcert.ModemLine(uart, Pin(2, Pin.IN), Pin(3, Pin.OUT))
asyncio.run(boardcert.Server(me).run_stream(boardcert.Portal(me), line))
