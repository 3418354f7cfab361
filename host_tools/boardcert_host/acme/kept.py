"""What is kept between two runs: the account's key, orders, chains that are not installed yet.

In $BOARDCERT_ACME, or in the user's data: accounts/CA/account.key; boards/HOST.json, which has the
plan, how far the order is, and what was installed last. All of it is for its owner only.
"""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..enrolment.shelf import Entry, Shelf, file_name
from .plan import plan_from


@dataclass
class Kept(Entry):
    """One board's, with a `plan.Plan`.

    *order*: the URL of an order that is not finished, and *request* what it is for. *records*: TXT
    records that were written, and may be there still.
    """

    order: str | None = None
    records: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_unfinished(self) -> bool:
        """Whether there is an order, or a chain, of a run before."""
        return bool(self.order or self.chains)


def _read(content: dict[str, Any]) -> Kept:
    names = ("order", "request", "chains", "installed")
    records = [(str(name), str(value)) for name, value in content["records"]]
    values = {name: content[name] for name in names}
    return Kept(plan_from(content["plan"]), records=records, **values)


SHELF = Shelf("BOARDCERT_ACME", "acme", _read)


def account_directory(directory: str) -> Path:
    """Return where the account at the ACME *directory*, a URL, is kept."""
    host = re.sub(r"[^a-z0-9.-]", "_", urlsplit(directory).netloc.lower())
    digest = hashlib.sha256(directory.encode()).hexdigest()[:8]
    return SHELF.home() / "accounts" / f"{host}-{digest}"


def service_file(domain: str) -> Path:
    """Return where the credentials of *domain* at an acme-dns server are kept."""
    return SHELF.home() / "acme-dns" / f"{file_name(domain)}.json"
