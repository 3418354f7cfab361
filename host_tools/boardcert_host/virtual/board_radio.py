"""Controls of a virtual board's radio for tests: the networks in its range, faults, the LED."""

from collections.abc import Mapping
from typing import Any

from .process import EmulatorProcess

_CLASS_3_FRAME_REFUSED = 7  # IEEE 802.11, table 9-49: what an access point says after a restart


class RadioControls:
    """The part of `VirtualBoard` that is about its radio. *ssid* names one of its networks."""

    @property
    def _running(self) -> EmulatorProcess:
        raise NotImplementedError

    @property
    def led(self) -> bool:
        """Whether the LED, which is on a pin of the radio, is lit."""
        return self.radio_status()["led"]

    def radio_status(self) -> dict[str, Any]:
        """Return powered, joined (a network's name or None), rssi, access_point, led, ...

        *counters*: Ethernet frames. *unknown*: requests of the driver that are not modelled, with
        their number. The radio treats them as settings without an effect.
        """
        return self._running.request("air", action="status")["radio"]

    def add_network(self, description: Mapping[str, Any]) -> None:
        """Switch on an access point without a network behind it; *description*: see *networks*."""
        self._running.request("air", action="add", value=dict(description))

    def remove_network(self, ssid: str) -> None:
        """Switch an access point off permanently."""
        self._running.request("air", action="remove", ssid=ssid)

    def leave_range(self, ssid: str | None = None) -> None:
        """Move the board out of the range of *ssid*, or of all networks.

        It notices after 4 s without a beacon, and then keeps looking for the network. Frames sent
        meanwhile are lost.
        """
        self._running.request("air", action="set", ssid=ssid, value={"inRange": False})

    def return_to_range(self, ssid: str | None = None) -> None:
        """Move the board back. If it noticed the loss, it joins again within 3 s."""
        self._running.request("air", action="set", ssid=ssid, value={"inRange": True})

    def set_rssi(self, dbm: int, ssid: str | None = None) -> None:
        """Change the signal strength at which *ssid*, or every network, is received."""
        self._running.request("air", action="set", ssid=ssid, value={"rssi": dbm})

    def set_wifi_password(self, ssid: str, password: str) -> None:
        """Change the password of the access point; connected boards stay connected."""
        self._running.request("air", action="set", ssid=ssid, value={"password": password})

    def deauthenticate(self, reason: int = _CLASS_3_FRAME_REFUSED) -> None:
        """Have the access point deauthenticate the board. *reason*: the IEEE 802.11 code."""
        self._running.request("air", action="deauthenticate", value=reason)

    def associate(self, address: str, password: str = "") -> None:
        """Have a station with a MAC *address* join the board's own access point."""
        self._running.request("air", action="associate", value=[address, password])

    def disassociate(self, address: str) -> None:
        """Have that station leave."""
        self._running.request("air", action="disassociate", value=[address])
