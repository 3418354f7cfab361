"""What was asked for: names, which CA, how the DNS is changed, where the board is.

It is kept with the order, so that a renewal needs no more than the board's name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..board.rules import why_not_named
from ..enrolment.way import Way, way_from
from ..errors import USAGE, Error
from ..targets import canonical_host, is_address

# Known by a name of their own, since they are asked for most.
DIRECTORIES = {
    "letsencrypt": "https://acme-v02.api.letsencrypt.org/directory",
    "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
DNS_WAIT_S = 300.0


@dataclass(frozen=True)
class DNS:
    """Who writes the records: a provider of dns-lexicon, a program, or an acme-dns server.

    *config*: the directory with lexicon.yml. *wait_s*: until a record must be seen. *server*:
    HOST:PORT of the resolver; None: the system's.
    """

    provider: str | None = None
    config: str | None = None
    hook: str | None = None
    service: str | None = None
    wait_s: float = DNS_WAIT_S
    server: str | None = None


@dataclass(frozen=True)
class Plan:
    """All of it. *directory*: the URL; *directory_ca*: a PEM file by which that is trusted."""

    way: Way
    domains: tuple[str, ...]
    dns: DNS
    directory: str = DIRECTORIES["letsencrypt"]
    directory_ca: str | None = None


@dataclass(frozen=True)
class Registration:
    """What a new account needs, once. *eab_key*: base64url, as the CA has given it."""

    agrees: bool = False
    email: str | None = None
    eab_kid: str | None = None
    eab_key: str | None = field(default=None, repr=False)


def directory_url(text: str) -> str:
    """Return the URL of the ACME directory that --directory names. Raises Error, a usage error."""
    url = DIRECTORIES.get(text, text)
    if not re.fullmatch(r"https://[^/\s]+(/\S*)?", url):
        hint = f"https://..., or one of {', '.join(DIRECTORIES)}"
        raise Error(f"not the URL of an ACME directory: {text}", hint, USAGE)
    return url


def read_domains(texts: Iterable[str]) -> tuple[str, ...]:
    """Return domains in their one spelling, each once. Raises Error, a usage error.

    dns-01 proves DNS names alone; "*." may stand in front.
    """
    found = tuple(dict.fromkeys(_domain(text) for text in texts))
    if found and (reason := why_not_named(found)):
        raise Error(f"no board makes a request for so many domains: {reason}", None, USAGE)
    return found


def _domain(text: str) -> str:
    star, name = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    host = canonical_host(name)
    if is_address(host):
        raise Error(f"dns-01 proves names, not addresses: {text}", None, USAGE)
    if "." not in host or "_" in host or host.endswith(".local"):
        hint = "for example kitchen.example.org, in a domain whose DNS you can change"
        raise Error(f"no CA can check this name by DNS: {text}", hint, USAGE)
    return star + host


def plan_from(content: dict[str, Any]) -> Plan:
    """Return the plan that `asdict` has made *content* of. Raises TypeError and KeyError."""
    rest = {**content, "way": way_from(content["way"]), "dns": DNS(**content["dns"])}
    return Plan(**{**rest, "domains": tuple(content["domains"])})
