"""What the virtual board runs: its identity, and the page that shows it, over TLS on UART0 as well.

A board that is reached by its network alone needs two lines, `import boardcert` and
`boardcert.run()`. Here the page is also served on a serial line with modem signals: TX on GP0, RX
on GP1, DCD on GP2, DTR on GP3.
"""

import boardcert
from machine import UART, Pin

uart = UART(0, 921_600, tx=Pin(0), rx=Pin(1), rxbuf=4096, txbuf=1024, timeout=0)
boardcert.run(line=boardcert.ModemLine(uart, Pin(2, Pin.IN), Pin(3, Pin.OUT)))
