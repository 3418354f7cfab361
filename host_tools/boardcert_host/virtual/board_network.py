"""A virtual board on its network, controlled from this computer: forwarded ports, and faults."""

import time
from pathlib import Path
from typing import Any

from ..errors import Error
from .process import EmulatorProcess

_POLL_S = 0.05
_MDNS_PORT = 5353


class BoardNetwork:
    """The object `VirtualBoard.network`, for use while the board runs."""

    def __init__(self, process: EmulatorProcess) -> None:
        self._process = process
        self._ports: dict[tuple[int, int], int] = {}

    def _do(self, action: str, value: Any = None) -> dict[str, Any]:
        return self._process.request("network", action=action, value=value)

    def forward(self, port: int, host_port: int = 0, family: int = 4) -> int:
        """Forward *host_port* of loopback (0: any free one) to *port* of the board; return it.

        It listens at once. While the board is not in the network, clients wait for it, as they
        would behind a router; if the board is there and does not listen, they get a reset.
        *family*: the kind of the board's address, IPv4 or (6) IPv6.
        """
        value = {"port": port, "host_port": host_port, "family": family}
        self._ports[port, family] = self._do("forward", value)["host_port"]
        return self._ports[port, family]

    def address(self, port: int, family: int = 4) -> tuple[str, int]:
        """Return the loopback address that leads to *port* of the board; created at first use."""
        known = self._ports.get((port, family))
        return "127.0.0.1", self.forward(port, family=family) if known is None else known

    def mdns_address(self) -> tuple[str, int]:
        """Return the UDP address on loopback at which the board answers mDNS queries.

        For zeroconf, for example: AddressResolverIPv4("kitchen.local.").request(zeroconf, 3000,
        addr=address, port=port), with Zeroconf(interfaces=["127.0.0.1"], unicast=True).
        """
        known = self._ports.get((_MDNS_PORT, 0))
        if known is None:
            known = self._do("forward", {"port": _MDNS_PORT, "datagrams": True})["host_port"]
            self._ports[_MDNS_PORT, 0] = known
        return "127.0.0.1", known

    def status(self) -> dict[str, Any]:
        """Return link, lease, addresses, connections, frames and notes.

        *lease*: None, or the board's address, host_name and mac, and when it was granted.
        *addresses*: all that the board has sent from. *notes*: its requests without an answer.
        """
        return self._process.request("status")["network"]

    def wait_address(self, timeout_s: float = 120) -> str:
        """Wait until the board uses an IPv4 address, and return it."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = [each for each in self.status()["addresses"] if ":" not in each]
            if found:
                return found[-1]
            time.sleep(_POLL_S)
        raise Error(f"the virtual board has no address after {timeout_s:g} s")

    def listens(self, port: int) -> bool:
        """Return whether the board listens on *port*; its program does not notice the probe."""
        return self._do("probe", {"port": port})["result"] == "listening"

    def wait_listening(self, port: int, timeout_s: float = 120) -> None:
        """Wait until the board listens on *port*."""
        deadline = time.monotonic() + timeout_s
        while not self.listens(port):
            if time.monotonic() > deadline:
                raise Error(f"the virtual board does not listen on {port} after {timeout_s:g} s")
            time.sleep(_POLL_S)

    def disturb(self, **conditions: float) -> None:
        """Change the link between board and router, in both directions.

        *loss*, *duplicate*, *reorder*: the probability for each frame. *delay_ms*, *bytes_per_s*:
        its latency and rate.
        """
        self._do("setConditions", conditions)

    def switch_gateway(self, is_on: bool) -> None:
        """Make the router stop or resume answering; other boards remain reachable."""
        self._do("setGateway", is_on)

    def change_lease(
        self,
        address: str | None = None,
        lease_s: int | None = None,
        silent: bool | None = None,
    ) -> None:
        """Change what DHCP answers from now on.

        With another *address*, the board's current one is refused when it asks to renew it: after
        half of the lease, or when its link returns. *silent*: DHCP does not answer.
        """
        changes = {"address": address, "lease_s": lease_s, "silent": silent}
        self._do("setLease", {name: value for name, value in changes.items() if value is not None})

    def set_time(self, epoch_s: float | None) -> None:
        """Set the time server: seconds since 1970, or None for the time of this computer."""
        self._do("setTime", epoch_s)

    def capture(self, file: Path | str | None) -> None:
        """Write the board's frames to *file*, in pcap format with simulated times; None: stop."""
        self._do("setCapture", None if file is None else str(Path(file).resolve()))

    def join_access_point(self, password: str = "") -> None:
        """Have a station join the board's own network, get an address there, and forward to it."""
        self._do("joinAccessPoint", {"password": password})

    def leave_access_point(self) -> None:
        """Have that station leave."""
        self._do("leaveAccessPoint")

    def forward_by_access_point(self, port: int, host_port: int = 0) -> int:
        """Do the same as `forward`, through the station in the board's own network."""
        value = {"port": port, "host_port": host_port}
        return self._do("forwardByAccessPoint", value)["host_port"]
