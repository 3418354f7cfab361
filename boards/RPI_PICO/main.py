"""The program of a board without a network: its identity, and its page over TLS on UART0.

TX on GP0, RX on GP1; modem signals: DCD on GP2 (low while a client is there), DTR on GP3.
"""

import boardcert
from machine import UART, Pin

uart = UART(0, 921_600, tx=Pin(0), rx=Pin(1), rxbuf=4096, txbuf=1024, timeout=0)
boardcert.run(line=boardcert.ModemLine(uart, Pin(2, Pin.IN), Pin(3, Pin.OUT)))
