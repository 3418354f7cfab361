"""The virtual board's program: its identity, and the page that shows it, over TLS on UART0.

A board with a network needs two lines only, `import boardcert` and `boardcert.run()`. This one is
for a virtual board without its radio, whose page is served over a serial line with modem signals:
TX on GP0, RX on GP1, DCD on GP2, DTR on GP3.
"""

import boardcert

me = boardcert.identity()

import asyncio  # noqa: E402 (after the identity: it needs the memory first)

from machine import UART, Pin  # noqa: E402

uart = UART(0, 921_600, tx=Pin(0), rx=Pin(1), rxbuf=4096, txbuf=1024, timeout=0)
line = boardcert.ModemLine(uart, Pin(2, Pin.IN), Pin(3, Pin.OUT))
server = boardcert.Server(me)
asyncio.run(server.run_stream(boardcert.Portal(me, server=server), line))
