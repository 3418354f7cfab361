"""The hub of a virtual network: passes Ethernet frames between the boards' processes."""

import contextlib
import selectors
import socket
import threading
from dataclasses import dataclass, field

_LENGTH_BYTES = 2
_QUEUE_LIMIT_BYTES = 256 * 1024  # unread frames beyond this are lost, as in a switch
_GROUP = 1


@dataclass
class _Port:
    """One board's end: the incomplete frame received, and the bytes to be sent."""

    received: bytearray = field(default_factory=bytearray)
    waiting: bytearray = field(default_factory=bytearray)


class Hub:
    """Listen on loopback, at `port`, until `close`. Each frame is preceded by two bytes of length.

    It learns hardware addresses like a switch; frames for unknown addresses and for groups go to
    all others.
    """

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._wake_end, self._woken_end = socket.socketpair()
        self.port: int = self._listening.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._selector.register(self._woken_end, selectors.EVENT_READ)
        self._ports: dict[socket.socket, _Port] = {}
        self._known: dict[bytes, socket.socket] = {}
        self._thread = threading.Thread(target=self._run, name="virtual network", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Disconnect everyone and stop listening."""
        self._wake_end.close()
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            for key, events in self._selector.select():
                if key.fileobj is self._woken_end:
                    is_open = False
                elif key.fileobj is self._listening:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._ports:
                    self._serve(key.fileobj, events)
        for connection in [*self._ports, self._listening, self._woken_end]:
            connection.close()
        self._selector.close()

    def _accept(self) -> None:
        connection, _ = self._listening.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ports[connection] = _Port()
        self._selector.register(connection, selectors.EVENT_READ)

    def _serve(self, connection: socket.socket, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                self._send_waiting(connection)
            if events & selectors.EVENT_READ:
                self._receive(connection)
        except OSError:
            self._drop(connection)

    def _receive(self, connection: socket.socket) -> None:
        data = connection.recv(65536)
        if not data:
            self._drop(connection)
            return
        received = self._ports[connection].received
        received += data
        while len(received) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(received[:_LENGTH_BYTES], "big")
            if len(received) < end:
                break
            self._pass_on(connection, bytes(received[:end]))
            del received[:end]

    def _pass_on(self, sender: socket.socket, message: bytes) -> None:
        to, source = message[2:8], message[8:14]
        if len(source) < 6:
            return
        self._known[source] = sender
        target = None if to[0] & _GROUP else self._known.get(to)
        receivers = [target] if target else list(self._ports)
        for receiver in receivers:
            if receiver is not sender:
                self._send(receiver, message)

    def _send(self, receiver: socket.socket, message: bytes) -> None:
        waiting = self._ports[receiver].waiting
        if len(waiting) < _QUEUE_LIMIT_BYTES:
            waiting += message
            with contextlib.suppress(OSError):  # the receiver is then dropped when it is read
                self._send_waiting(receiver)

    def _send_waiting(self, receiver: socket.socket) -> None:
        waiting = self._ports[receiver].waiting
        with contextlib.suppress(BlockingIOError):
            del waiting[: receiver.send(waiting)]
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if waiting else 0)
        self._selector.modify(receiver, events)

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._ports[connection]
        self._known = {mac: port for mac, port in self._known.items() if port is not connection}
        connection.close()
