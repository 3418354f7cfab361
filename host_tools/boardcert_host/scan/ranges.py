"""Ranges of addresses as people write them, and the networks of this computer."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..errors import USAGE, Error

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST_ADDRESSES = 65_536
"""Of one scan: at 100 a second, that is 11 minutes."""
_MOST_UNASKED = 1024
"""Of a network that nobody has named: containers have networks of 65,536, and no boards."""
_EXAMPLE = "for example 192.168.4.0/24, 192.168.4.10-192.168.4.40 or 192.168.4.7"


@dataclass(frozen=True)
class Range:
    """Addresses from *first* to *last*, both included. *text*: how a person writes it."""

    text: str
    first: Address
    last: Address

    @property
    def size(self) -> int:
        """How many addresses; of IPv6, more than len() can return."""
        return int(self.last) - int(self.first) + 1

    def __iter__(self) -> Iterator[str]:
        kind = type(self.first)
        return (str(kind(number)) for number in range(int(self.first), int(self.last) + 1))

    def __contains__(self, text: str) -> bool:
        address = _address(text)
        if address is None or address.version != self.first.version:
            return False
        return int(self.first) <= int(address) <= int(self.last)


def parse(texts: Iterable[str], is_public_allowed: bool) -> list[Range]:
    """Read ranges. Raises Error, a usage error: also for public ones, and for too many addresses.

    *is_public_allowed*: take addresses that are not private, too.
    """
    found = [_parse(text) for text in texts]
    for one in found:
        if not is_public_allowed and not is_near(one):
            hint = "`boardcert scan --public` allows it; ask its owner first"
            raise Error(f"{one.text} is not a private network", hint, USAGE)
    count = sum(one.size for one in found)
    if count > MOST_ADDRESSES:
        hint = "scan a part of it at a time, such as 10.0.0.0/16, or by name: --mdns"
        message = f"{count:,} addresses are too many for one scan, which takes {MOST_ADDRESSES:,}"
        raise Error(message, hint, USAGE)
    return found


def is_near(one: Range) -> bool:
    """Return whether all of it is loopback, link-local or private, and nothing else.

    The first and the last address are of one network of those: they lie apart.
    """
    return any(one.first in network and one.last in network for network in _NEAR)


def is_near_address(text: str) -> bool:
    """Return whether this is an address of loopback, of this link, or of a private network."""
    address = _address(text)
    return address is not None and any(address in network for network in _NEAR)


def own_networks(interface: str | None = None) -> tuple[list[Range], list[Range]]:
    """Return the private networks that this computer is in: those to scan, and those too large.

    *interface*: an address of this computer: only the network of that, even if it is loopback.
    """
    import psutil

    found: dict[str, Range] = {}
    is_up = {name: state.isup for name, state in psutil.net_if_stats().items()}
    for name, addresses in psutil.net_if_addrs().items():
        for one in addresses:
            wanted = one.address == interface if interface else is_up.get(name, False)
            network = _network(one.address, one.netmask) if wanted else None
            if network and (interface or not network.is_loopback):
                found[str(network)] = _of_network(str(network), network)
    near = [one for one in found.values() if is_near(one)]
    small = [one for one in near if one.size <= _MOST_UNASKED]
    return small, [one for one in near if one not in small]


def is_own_address(text: str) -> bool:
    """Return whether this computer has this address."""
    import psutil

    found = psutil.net_if_addrs().values()
    return any(one.address == text for addresses in found for one in addresses)


_NEAR = [
    ipaddress.ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
]
"""Loopback, private (RFC 1918, RFC 4193) and link-local (RFC 3927, RFC 4291)."""


def _parse(text: str) -> Range:
    try:
        first, dash, last = text.partition("-")
        if not dash:
            return _of_network(text, ipaddress.ip_network(text, strict=False))
        one = Range(text, ipaddress.ip_address(first), ipaddress.ip_address(last))
        if one.first.version != one.last.version or int(one.first) > int(one.last):
            raise ValueError
    except ValueError as error:
        raise Error(f"not a range of addresses: {text}", _EXAMPLE, USAGE) from error
    return one


def _of_network(text: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Range:
    """Return the hosts of a network: of IPv4 without its own address, and that of all."""
    first, last = network[0], network[-1]
    if network.version == 4 and network.num_addresses > 2:
        first, last = network[1], network[-2]
    return Range(text, first, last)


def _network(address: str, netmask: str | None) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(f"{address}/{netmask}", strict=False) if netmask else None
    except ValueError:  # IPv6, whose networks are too large, or the number of an interface.
        return None


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def addresses(ranges: Sequence[Range]) -> Iterator[str]:
    """Yield each address of *ranges* once, in their order."""
    for number, one in enumerate(ranges):
        for address in one:
            if not any(address in before for before in ranges[:number]):
                yield address
