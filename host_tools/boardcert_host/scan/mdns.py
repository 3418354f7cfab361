"""Names and services in .local: multicast DNS (RFC 6762) and its services (RFC 6763), by zeroconf.

Boards with stock MicroPython answer for their host name, and announce no service: what is known is
asked for by name. Services are announced by other programs for boards, or by other firmware.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Error
from .pace import Pace
from .ranges import is_own_address

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

SERVICES = ("_boardcert._tcp.local.", "_https._tcp.local.")
_SERVICE_S = 3.0
_NAME_S = 3.0
"""A board answers within a second; one query of three may get lost."""
_AT_ONCE = 64


@dataclass(frozen=True)
class Place:
    """Where something is. *name*: by which it was found; *port*: None where only a name is."""

    name: str
    address: str
    port: int | None


@contextlib.asynccontextmanager
async def opened(interface: str | None) -> "AsyncIterator[AsyncZeroconf]":
    """Yield access to mDNS on all interfaces, or on the one with this address. Raises Error."""
    from zeroconf import InterfaceChoice
    from zeroconf.asyncio import AsyncZeroconf

    hint = "without names: boardcert scan 192.168.4.0/24"
    if interface and not is_own_address(interface):
        raise Error(f"{interface} is not an address of this computer", hint)
    try:
        where = [interface] if interface else InterfaceChoice.All
        zeroconf = AsyncZeroconf(interfaces=where)
    except (OSError, RuntimeError, ValueError) as error:
        raise Error(f"cannot use mDNS: {error}", hint) from error
    try:
        yield zeroconf
    finally:
        await zeroconf.async_close()


async def find_services(zeroconf: "AsyncZeroconf") -> list[Place]:
    """Return what is announced within _SERVICE_S, by the services that a board may have."""
    from zeroconf import ServiceStateChange
    from zeroconf.asyncio import AsyncServiceBrowser

    names: set[tuple[str, str]] = set()

    def note(
        *, service_type: str, name: str, state_change: ServiceStateChange, **_: object
    ) -> None:
        if state_change is not ServiceStateChange.Removed:
            names.add((service_type, name))

    browser = AsyncServiceBrowser(zeroconf.zeroconf, list(SERVICES), handlers=[note])
    try:
        await asyncio.sleep(_SERVICE_S)
    finally:
        await browser.async_cancel()
    found = await asyncio.gather(*(_service(zeroconf, kind, name) for kind, name in sorted(names)))
    return _joined(found)


async def _service(zeroconf: "AsyncZeroconf", kind: str, name: str) -> list[Place]:
    """Return where a service is, by each of its addresses."""
    from zeroconf.asyncio import AsyncServiceInfo

    info = AsyncServiceInfo(kind, name)
    await info.async_request(zeroconf.zeroconf, _NAME_S * 1000)
    host = (info.server or "").rstrip(".").lower()
    if info.port is None:
        return []
    return [Place(host, address, info.port) for address in info.parsed_scoped_addresses()]


async def find_names(zeroconf: "AsyncZeroconf", names: Sequence[str], pace: Pace) -> list[Place]:
    """Return the addresses of *names* in .local that answer; IPv4, as lwIP and ESP-IDF have it."""
    from zeroconf import AddressResolverIPv4  # pyright: ignore[reportPrivateImportUsage]

    turn = asyncio.Semaphore(_AT_ONCE)

    async def look_up(name: str) -> list[Place]:
        async with turn:
            await pace.wait()
            resolver = AddressResolverIPv4(f"{name}.")
            await resolver.async_request(zeroconf.zeroconf, _NAME_S * 1000)
            return [Place(name, address, None) for address in resolver.parsed_scoped_addresses()]

    return _joined(await asyncio.gather(*map(look_up, names)))


def _joined(found: Iterable[list[Place]]) -> list[Place]:
    return [place for places in found for place in places]
