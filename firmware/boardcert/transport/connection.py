"""One client's stream, with the limits that keep it from holding a connection forever."""

# The stubs leave out asyncio.core and Stream.s, and that generators can be awaited here.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportIncompatibleMethodOverride=false

import asyncio
from time import ticks_add, ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

from .limits import LimitError

# A line is read in pieces of this size: readline() allocates the most that it may return.
_PIECE_BYTES = 128


class Connection(asyncio.StreamReader):
    """A stream that keeps track of what its client has sent and read, and when.

    Its clocks (the deadline, the silence of a client that is waited for, and the debt of one that
    reads slowly) are not a class of their own: that took 624 bytes more of the 24 KB of a server,
    which did not fit (measured, on a board without a kernel).

    *peer*: the client's address, for get_extra_info("peername"), or None; Microdot asks. Lines
    up to an empty one are counted as the head of a request; a handler of another line protocol
    raises those two limits. A handler that uses read() alone sets a time limit by allow(): a
    client that sends a byte now and then is not idle.
    """

    def __init__(self, secure, raw, peer, limits) -> None:
        super().__init__(secure, {"peername": peer, "peercert": None})
        self.has_spoken = False
        self.is_waiting = False
        """Whether it is between two requests, so that nothing would be lost if it were closed."""
        self.ping = self._ping = None
        """What to send to a silent client, which has idle_timeout_ms to answer before it is closed;
        or None, if the protocol has no such message."""
        self._raw = raw
        self.limits = limits
        self._head_bytes = 0
        self._unsent = []
        self._debt_ms = 0
        self._idle_ms = 0
        self._waits = 0  # Of how many tasks: one may read while another writes.
        self._waits_since = 0
        self.allow(limits.handshake_timeout_ms)

    def end(self) -> None:
        """Close TLS and what is under it.

        After a failed handshake, closing TLS does not close the socket. A serial line cannot be
        closed: its call ends when it is hung up.
        """
        self.s.close()
        if hasattr(self._raw, "close"):
            self._raw.close()

    def idle_ms(self) -> int:
        """Return how long the client has been waited for since it last sent or read something.

        While the application works or sleeps, the client is not counted as idle.
        """
        since = ticks_diff(ticks_ms(), self._waits_since) if self._waits else 0
        return self._idle_ms + since

    def yields(self) -> bool:
        """Return whether it makes room: between requests, or silent before one is complete."""
        if self.is_waiting:
            return True
        has_begun = self.has_spoken and not self._head_bytes
        return not has_begun and self.idle_ms() > self.limits.silent_ms

    def is_overdue(self) -> bool:
        """Return whether the client has used up its time."""
        if self._deadline is not None and ticks_diff(ticks_ms(), self._deadline) > 0:
            return True
        if not self.has_spoken or self.idle_ms() <= self.limits.idle_timeout_ms:
            return False
        return not self._ask_whether_alive()

    def _ask_whether_alive(self) -> bool:
        """Send `ping`, if any, once: the answer ends the silence. Return whether it was sent."""
        ping, self._ping = self._ping, None
        if not ping or self._unsent or self.s.write(ping) != len(ping):
            return False
        self._idle_ms = 0
        self._waits_since = ticks_ms()
        return True

    def allow(self, time_ms: int | None) -> None:
        """End the connection in *time_ms*, whatever the client does; None: without a limit."""
        self._deadline = None if time_ms is None else ticks_add(ticks_ms(), time_ms)

    def read(self, n: int = -1):
        """As asyncio.StreamReader.read."""
        pieces = []
        while True:
            yield from self._ready(asyncio.core._io_queue.queue_read)
            piece = self._receive(self.s.read, n)
            if piece is None:
                continue
            self._heard(piece)
            if n >= 0:
                return piece
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)

    def readinto(self, buf):
        """As asyncio.StreamReader.readinto (an extension of MicroPython)."""
        yield from self._ready(asyncio.core._io_queue.queue_read)
        count = self._receive(self.s.readinto, buf)
        self._heard(count)
        return count

    async def readexactly(self, n: int) -> bytes:
        """As asyncio.StreamReader.readexactly."""
        return await read_exactly(self, n)

    def readline(self):
        """As asyncio.StreamReader.readline, within the limits of a request's head: LimitError."""
        pieces = []
        while not pieces or not pieces[-1].endswith(b"\n"):
            yield from self._ready(asyncio.core._io_queue.queue_read)
            piece = self._receive(self.s.readline, _PIECE_BYTES)
            if piece is None:
                continue
            self._heard(piece)
            if not piece:
                break
            if not self._head_bytes:
                self.allow(self.limits.head_timeout_ms)
            self._head_bytes += len(piece)
            if self._head_bytes > self.limits.max_header_bytes:
                raise LimitError("request head too long")
            pieces.append(piece)
        line = b"".join(pieces)
        if line in (b"\r\n", b"\n"):
            self._head_bytes = 0
            self.allow(None)
        return line

    def write(self, buf) -> None:
        """Keep *buf* for drain(), which is also called when the handler ends.

        asyncio's own tries to send at once. When the network accepts only a part, TLS must get
        the very same data again, which the next write would change.
        """
        if isinstance(buf, str):  # As asyncio of MicroPython takes it.
            buf = buf.encode()
        if buf:
            self._unsent.append(buf if isinstance(buf, bytes) else bytes(buf))

    def drain(self):
        """As asyncio.StreamWriter.drain; LimitError for a client that reads too slowly.

        A long answer may take a long time: each piece counts by itself.
        """
        if not self._unsent:
            yield from asyncio.sleep_ms(0)  # So that a loop of writes lets others run.
        while self._unsent:
            began = ticks_ms()
            yield from self._ready(asyncio.core._io_queue.queue_write)
            count = self.s.write(self._unsent[0])
            if count:
                self._took(count, ticks_diff(ticks_ms(), began))

    def _ready(self, queue):
        """Wait in *queue* until the stream is ready."""
        if not self._waits:
            self._waits_since = ticks_ms()
        self._waits += 1
        try:
            yield queue(self.s)
        finally:
            self._waits -= 1
            if not self._waits:
                self._idle_ms += ticks_diff(ticks_ms(), self._waits_since)

    def _receive(self, function, argument):
        """Return function(argument); a handshake's arithmetic does not use up the client's time.

        An RP2040 signs for 26 s with a key of 4,096 bits.
        """
        began = ticks_ms()
        try:
            piece = function(argument)
        finally:
            if self._deadline is not None:
                self._deadline = ticks_add(self._deadline, ticks_diff(ticks_ms(), began))
        if piece is None and not self.has_spoken:
            self._idle_ms = 0  # A handshake in progress is not silence.
        return piece

    def _took(self, count: int, waited_ms: int) -> None:
        """Note that the client took *count* bytes, after *waited_ms*."""
        rest = memoryview(self._unsent.pop(0))[count:]
        if rest:
            self._unsent.insert(0, rest)
        self._heard(count)
        earned_ms = count * 1000 // self.limits.min_bytes_per_s
        self._debt_ms = max(0, self._debt_ms + waited_ms - earned_ms)
        if self._debt_ms > self.limits.idle_timeout_ms:
            raise LimitError("client too slow")

    def _heard(self, data) -> None:
        """Note that the client sent or took *data*, if it did."""
        if data:
            if not self.has_spoken:
                self.has_spoken = True
                self.allow(None)
            self._ping = self.ping
            self._idle_ms = 0
            self._waits_since = ticks_ms()


async def read_exactly(reader, n: int) -> bytes:
    """Return *n* bytes from *reader*, or raise EOFError."""
    pieces = []
    while n:
        piece = await reader.read(n)
        if not piece:
            raise EOFError
        pieces.append(piece)
        n -= len(piece)
    return b"".join(pieces)
