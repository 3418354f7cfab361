"""Hosts as people write them, in one canonical spelling, which `verify` and the pins compare."""

import ipaddress
import re
from dataclasses import dataclass, field

from .errors import USAGE, Error

DEFAULT_PORT = 443
PORTAL_PORT = 20034
# RFC 1123, section 2.1, and the underscore that some local networks have in names.
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME_LIMIT = 253
# What resolvers read as a part of an IPv4 address: 127.1 and 0x7f.1 are 127.0.0.1 to them.
_NUMBER = r"\d+|0x[0-9a-f]*"


# A page's address as a browser shows it: the host is read, what follows it is not.
_URL = re.compile(r"https://([^/?#@]+)([/?#].*)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Target:
    """Where to connect. *address*: where the host was last, for when its name is not found.

    *pinned_port*: the port by which the board is known, for hints.
    """

    host: str
    port: int = DEFAULT_PORT
    address: str | None = None
    pinned_port: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def refused_hint(self) -> str:
        """Return what to try when nothing listens on the port."""
        page = self.pinned_port or PORTAL_PORT
        if self.port == page:
            return "nothing listens on this port: is its program running?"
        what = "it is pinned with port" if self.pinned_port else "its page is by default on port"
        there = Target(self.host, page)
        return f"nothing listens on this port; {what} {page}: boardcert verify {there}"


def parse_target(text: str, default_port: int = DEFAULT_PORT) -> Target:
    """Read HOST, HOST:PORT, IPV6, [IPV6]:PORT, or a URL with one. Raises Error, a usage error."""
    host, port = parse_host(text)
    return Target(host, default_port if port is None else port)


def canonical(text: str) -> str:
    """Return the one spelling of HOST or HOST:PORT; a port stays only when it was named.

    Lower case, no dot at the end, IDNA, the shortest IPv6. Raises Error, a usage error.
    """
    host, port = parse_host(text)
    return host if port is None else str(Target(host, port))


def canonical_host(text: str) -> str:
    """Return the one spelling of a HOST, which has no port. Raises Error, a usage error."""
    host, port = parse_host(text)
    if port is not None:
        raise Error(f"not a host name: {text}", "without a port, for example kitchen.local", USAGE)
    return host


def in_local(name: str) -> str:
    """Return the name in .local that a board of this host name has; a full name as it is."""
    return name if "." in name or ":" in name else f"{name}.local"


def renamed(host: str, old: str, new: str) -> str:
    """Return what HOST or HOST:PORT is once *old* is called *new*: its port stays."""
    if host == old:
        return new
    name, port = parse_host(host)
    return str(Target(parse_host(new)[0], port)) if name == old and port else host


def is_address(host: str) -> bool:
    """Return whether *host* is an IPv4 or IPv6 address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def parse_host(text: str) -> tuple[str, int | None]:
    """Return host and port as parse_target reads them; no port where none was named."""
    url = _URL.fullmatch(text)
    whole, text = text, url[1] if url else text
    match = re.fullmatch(r"(?:\[(?P<v6>[^]]+)\]|(?P<host>[^][\s:/]+))(?::(?P<port>\d+))?", text)
    try:
        if match is None:
            return str(ipaddress.IPv6Address(text)), None
        port = int(match["port"]) if match["port"] else None
        host = str(ipaddress.IPv6Address(match["v6"])) if match["v6"] else _name(match["host"])
        if port is None or 1 <= port <= 65535:
            return host, port
    except ValueError:
        pass
    hint = "for example kitchen.local:20034, [fd00::7]:443 or https://kitchen.local:20034"
    raise Error(f"not a HOST or HOST:PORT: {whole}", hint, USAGE)


def _name(text: str) -> str:
    """Return a name or an IPv4 address in its one spelling; ValueError when it can be neither."""
    name = text.encode("idna").decode().lower().removesuffix(".")
    if re.fullmatch(_NUMBER, name.rpartition(".")[2]):
        return str(ipaddress.IPv4Address(name))
    if len(name) > _NAME_LIMIT or not re.fullmatch(rf"{_LABEL}(\.{_LABEL})*", name):
        raise ValueError("not a host name")
    return name
