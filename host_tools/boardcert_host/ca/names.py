"""Names in certificates: host names and addresses, and which of them a CA may sign for."""

import ipaddress
from collections.abc import Iterable, Sequence

from cryptography import x509

from ..errors import USAGE, Error
from ..targets import canonical_host

# Domains whose names nobody assigns: RFC 6762, RFC 6761. In home.arpa, internal and lan, a router
# or an administrator assigns them, and has names of its own there.
_UNASSIGNED_DOMAINS = tuple(x509.DNSName(text) for text in ("local", "test", "example", "invalid"))
_LOOPBACK = x509.DNSName("localhost")
# Clients look for these in every domain: the proxy's settings, and the IPv6 tunnel (RFC 5214).
_FOUND_BY_CLIENTS = ("wpad", "isatap")
_EVERY_DNS_NAME = x509.DNSName("")
_EVERY_ADDRESS = tuple(x509.IPAddress(ipaddress.ip_network(text)) for text in ("0.0.0.0/0", "::/0"))


def parse_name(text: str) -> x509.GeneralName:
    """Read a host name, with or without "*.", or an address. Raises Error, a usage error."""
    wildcard, name = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    try:
        host = canonical_host(name)
    except Error as error:
        raise Error(f"not a host name or address: {text}", None, USAGE) from error
    try:
        address = x509.IPAddress(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return x509.DNSName(wildcard + host)
    if wildcard or "%" in host:
        raise Error(f"not a host name or address: {text}", None, USAGE)
    return address


def name_text(name: x509.GeneralName) -> str:
    """Return a name as text, as users write it."""
    return str(name.value)


def make_constraints(permitted: Iterable[str]) -> x509.NameConstraints | None:
    """Return nameConstraints (RFC 5280, section 4.2.1.10) for DNS names and networks, if any.

    A name permits itself and all names below it. A kind of which nothing is permitted is excluded
    completely, since RFC 5280 would leave it unlimited. Raises Error, a usage error.
    """
    names: list[x509.GeneralName] = [_parse_permitted(text) for text in permitted]
    if not names:
        return None
    excluded: list[x509.GeneralName] = []
    if not any(isinstance(name, x509.DNSName) for name in names):
        excluded.append(_EVERY_DNS_NAME)
    if not any(isinstance(name, x509.IPAddress) for name in names):
        excluded.extend(_EVERY_ADDRESS)
    return x509.NameConstraints(names, excluded or None)


def _parse_permitted(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_network(text))
    except ValueError:
        pass
    name = None if "/" in text else parse_name(text.removeprefix("."))
    if not isinstance(name, x509.DNSName) or "*" in name.value:
        hint = "for example boards.example, or 192.168.4.0/24"
        raise Error(f"not a name or network to permit: {text}", hint, USAGE)
    return name


def permits(constraints: x509.NameConstraints | None, name: x509.GeneralName) -> bool:
    """Return whether a CA with these constraints may sign for *name*."""
    if constraints is None:
        return True
    permitted = [base for base in constraints.permitted_subtrees or () if type(base) is type(name)]
    if permitted and not _any_covers(permitted, name):
        return False
    return not _any_covers(constraints.excluded_subtrees or (), name)


def may_claim(constraints: x509.NameConstraints | None, name: x509.GeneralName) -> bool:
    """Return whether a device may claim *name* by its request alone.

    A name on the Internet, or below lan, is assigned to somebody, and so is a public address. Names
    below local, private addresses and, for the devices of a CA with constraints, what these permit
    may be claimed. Refused are names by which clients find what they trust blindly: localhost, any
    short name, and the hosts that configure proxies and tunnels.
    """
    permitted = (constraints and constraints.permitted_subtrees) or ()
    if isinstance(name, x509.IPAddress):
        return _may_claim_address(permitted, name)
    label, _, domain = name_text(name).lower().partition(".")
    if not domain or label in _FOUND_BY_CLIENTS or _covers(_LOOPBACK, name):
        return False
    return _any_covers(_UNASSIGNED_DOMAINS, name) or _any_covers(permitted, name)


def _may_claim_address(permitted: Sequence[x509.GeneralName], name: x509.IPAddress) -> bool:
    address = ipaddress.ip_address(name_text(name))
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback or address.is_multicast or address.is_unspecified:
        return False
    # These contain a public address, which is somebody's, even if Python calls them private.
    is_tunnel = getattr(address, "teredo", None) or getattr(address, "sixtofour", None)
    is_local = not (address.is_global or is_tunnel)
    return is_local or _any_covers(permitted, name)


def _any_covers(bases: Sequence[x509.GeneralName], name: x509.GeneralName) -> bool:
    return any(_covers(base, name) for base in bases)


def _covers(base: x509.GeneralName, name: x509.GeneralName) -> bool:
    """Return whether *name* lies within *base*, one subtree of a constraint."""
    if isinstance(base, x509.DNSName) and isinstance(name, x509.DNSName):
        suffix, host = base.value.lower().removeprefix("."), name.value.lower()
        return not suffix or host == suffix or host.endswith("." + suffix)
    if isinstance(base, x509.IPAddress) and isinstance(name, x509.IPAddress):
        # An address of the other version is in no network of this one.
        return ipaddress.ip_address(name_text(name)) in ipaddress.ip_network(name_text(base))
    return False
