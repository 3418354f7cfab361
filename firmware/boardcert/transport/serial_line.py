"""TLS over a serial line with modem signals: carrier detect shows when a client is connected."""

import asyncio
import io
import select


class ModemLine(io.IOBase):
    """A UART as a stream that ends when the carrier drops.

    *uart*: a machine.UART with timeout=0 and, since there is no flow control while the board
    computes, an rxbuf for a TLS flight (4,096 bytes); what txbuf does not accept is sent later.
    *carrier*: an input Pin, low while a client is connected. *ready*: an output Pin, low while
    this side accepts a call; raising it hangs up. ValueError for anything else.
    """

    def __init__(self, uart, carrier, ready) -> None:
        if not (
            hasattr(uart, "readinto") and hasattr(carrier, "value") and hasattr(ready, "value")
        ):
            raise ValueError(f"not a UART and two pins: {uart!r}, {carrier!r}, {ready!r}")
        self._uart = uart
        self._carrier = carrier
        self._ready = ready
        ready.value(1)

    async def answer(self) -> None:
        """Wait until a client is connected, and discard what an earlier one has left."""
        while not self._carrier.value():
            await asyncio.sleep_ms(5)
        while self._uart.any():
            self._uart.read()
        self._ready.value(0)
        while self._carrier.value():
            await asyncio.sleep_ms(20)

    async def hang_up(self) -> None:
        """Send what is still buffered, then end the call."""
        while not self._uart.txdone() and not self._carrier.value():
            await asyncio.sleep_ms(1)
        self._ready.value(1)

    def readinto(self, buffer: bytearray) -> int | None:
        """Read into *buffer*; None when nothing is there yet, 0 when the client has gone."""
        if self._uart.any():
            return self._uart.readinto(buffer)
        return 0 if self._carrier.value() else None

    def write(self, data: bytes) -> int | None:
        """Write as much as the buffer takes; None when it takes nothing yet."""
        if self._carrier.value():
            raise OSError(104)  # ECONNRESET
        return self._uart.write(data)

    def ioctl(self, request: int, argument: int) -> int:
        """Answer poll (request 3) as the UART, and readable also when the client has gone."""
        if request != 3:
            return 0
        ready = argument & select.POLLOUT
        if self._uart.any() or self._carrier.value():
            ready |= argument & select.POLLIN
        return ready
