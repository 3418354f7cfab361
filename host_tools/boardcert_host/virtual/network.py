"""A virtual network for the radios of one or several virtual boards."""

import ipaddress
import threading
from collections.abc import Mapping
from typing import Any

from ..errors import Error
from .hub import Hub

_FIRST_BOARD = 20  # the host number of the first board's address
_SEED = 1


class VirtualNetwork:
    """A Wi-Fi with boards in it, and a router with DHCP, DNS and NTP.

    It stays within this computer, and needs no privileges. Boards reach each other, and what
    *outward* allows; loopback ports lead to them (see BoardNetwork.forward).

    *ssid*, *password*: of the Wi-Fi; without a password it is open.
    *subnet*: of the IPv4 addresses; the router is its first host, boards start at the 20th.
    *prefix*: of the IPv6 addresses, advertised by the router; None: no IPv6 addresses.
    *names*: {name: address, list of addresses, or None for an invented one}; names that end in
    ".local" are also answered by mDNS. pool.ntp.org always exists.
    *outward*: {"name:port" or "address:port": port on loopback}: where boards may connect to.
    *epoch_s*: the time, in seconds since 1970, at which a board starts; it advances with the
    board's simulated time. None: the time of this computer. *lease_s*: of the addresses.
    *seed*: of random events such as lost frames: the same seed repeats them.
    """

    def __init__(
        self,
        ssid: str = "boardcert",
        *,
        password: str = "",
        subnet: str = "192.168.77.0/24",
        prefix: str | None = "fd62:6f61:7264::/64",
        names: Mapping[str, str | list[str] | None] | None = None,
        outward: Mapping[str, int] | None = None,
        epoch_s: float | None = None,
        lease_s: int = 3600,
        seed: int = _SEED,
    ) -> None:
        try:
            self._subnet = ipaddress.IPv4Network(subnet)
        except ValueError as error:
            raise Error(f"not an IPv4 subnet: {subnet}", "for example 192.168.77.0/24") from error
        if not 8 <= self._subnet.prefixlen <= 26:
            raise Error(f"the subnet {subnet} is too small or too large", "use /8 to /26")
        self.ssid = ssid
        self.password = password
        self._settings = {
            "subnet": str(self._subnet),
            "prefix": prefix,
            "names": dict(names or {}),
            "outward": dict(outward or {}),
            "epoch_s": epoch_s,
            "lease_s": lease_s,
            "seed": seed,
        }
        self._addresses: dict[str, str] = {}
        self._users: set[str] = set()
        self._hub: Hub | None = None
        self._lock = threading.Lock()

    @property
    def gateway(self) -> str:
        """The router's address."""
        return str(self._subnet[1])

    def address_of(self, unique_id: str) -> str:
        """Return the address of the board with *unique_id*, always the same."""
        number = _FIRST_BOARD + len(self._addresses)
        if unique_id not in self._addresses:
            if number >= self._subnet.num_addresses - 1:
                raise Error(f"the virtual network {self.ssid} is full")
            self._addresses[unique_id] = str(self._subnet[number])
        return self._addresses[unique_id]

    def plug_in(self, unique_id: str) -> dict[str, Any]:
        """Add a board to this network until `unplug`; return the settings for its process."""
        with self._lock:
            address = self.address_of(unique_id)
            if self._hub is None:
                self._hub = Hub()
            self._users.add(unique_id)
            wifi = {"ssid": self.ssid, "password": self.password}
            return {**self._settings, **wifi, "address": address, "hub_port": self._hub.port}

    def unplug(self, unique_id: str) -> None:
        """Remove a board; the last one ends the hub."""
        with self._lock:
            self._users.discard(unique_id)
            if not self._users and self._hub is not None:
                self._hub.close()
                self._hub = None
