"""Join the Wi-Fi that `boardcert flash --wifi` stored, and rejoin it whenever it is lost."""

import asyncio
import json
from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

from micropython import const

from .. import Error, board

_ATTEMPT_MS = const(20_000)
"""After which a network that was not joined is asked for again."""
_POLL_MS = const(250)
_FILE = "wifi.json"


class WiFi:
    """A network to stay connected to. *announce*(sentence) is called with each new problem."""

    def __init__(self, ssid: str, password: str, announce) -> None:
        import network

        self._name = ssid
        self._password = password
        self._announce = announce
        self._reported = None
        self._link = network.WLAN(network.STA_IF)

    async def stay(self) -> None:
        """Join the network, and rejoin it when it is lost, until cancelled."""
        while True:
            if self._link.isconnected():
                self._reported = None
            else:
                self._hinder(await self._join())
            await asyncio.sleep_ms(_POLL_MS)

    async def _join(self):
        """Try to join once; return what hindered it, or None."""
        began = ticks_ms()
        try:
            self._link.active(True)
            self._link.disconnect()  # Otherwise esp32 refuses to connect again.
            self._link.connect(self._name, self._password)
        except OSError as error:  # A radio that does not start, or is at work.
            await asyncio.sleep_ms(_ATTEMPT_MS)
            return error
        while not self._link.isconnected():
            if ticks_diff(ticks_ms(), began) > _ATTEMPT_MS:
                return f"status {self._link.status()}"
            await asyncio.sleep_ms(_POLL_MS)
        return None

    def _hinder(self, reason) -> None:
        """Announce a *reason* that is new."""
        reason = reason and str(reason)
        if reason and reason != self._reported:
            self._announce(f"the Wi-Fi {self._name} cannot be joined yet ({reason}); retrying")
        self._reported = reason


def is_joined() -> bool:
    """Return whether the board has joined a Wi-Fi."""
    import network

    try:
        return network.WLAN(network.STA_IF).isconnected()
    except (OSError, RuntimeError, AttributeError):  # There is no radio, or it does not start.
        return False


def addresses_in_use() -> list:
    """Return the addresses at which the board can be reached.

    Not one that the program has set, while no network is joined.
    """
    found = board.addresses()
    if found and not is_joined():
        import network

        station = network.WLAN(network.STA_IF).ifconfig()[0]
        found = [address for address in found if address != station]
    return found


def load(directory: str) -> tuple | None:
    """Return (name, password) of the stored network, None without one; Error for a bad file."""
    path = f"{directory}/{_FILE}"
    try:
        with open(path) as file:
            stored = json.load(file)
        network = stored["ssid"], stored["password"]
        if all([isinstance(text, str) for text in network]):
            return network
    except OSError:
        return None
    except (ValueError, KeyError, TypeError, RuntimeError):
        pass
    raise Error(f"{path} is damaged: write it again by `boardcert flash --wifi`")


def is_up_otherwise(ssid: str | None) -> bool:
    """Return whether the program has an access point up, or joins a network other than *ssid*.

    An address that it has set before joining any network does not count.
    """
    import network

    for interface in (network.STA_IF, network.AP_IF):
        try:
            link = network.WLAN(interface)
            is_up = link.active() and link.ifconfig()[0] != "0.0.0.0"  # noqa: S104 (no address)
            if is_up and (interface == network.AP_IF or link.config("ssid") not in ("", ssid)):
                return True
        except (OSError, RuntimeError, ValueError):  # A radio that does not start.
            pass
    return False
