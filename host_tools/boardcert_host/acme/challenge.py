"""What a CA must find in the DNS before it signs: dns-01 (RFC 8555, section 8.4)."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Challenge:
    """A TXT record at *name*, "_acme-challenge.kitchen.example.org", with *value*.

    *domain*: as it was ordered, without "*.". *body* and *response* are the library's.
    """

    domain: str
    name: str
    value: str = field(repr=False)
    body: Any = field(repr=False)
    response: Any = field(repr=False)
