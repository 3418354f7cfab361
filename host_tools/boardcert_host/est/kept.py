"""What is kept between two runs: requests, chains that are not installed yet, trust anchors.

In $BOARDCERT_EST, or in the user's data: boards/HOST.json, and anchors/SERVER.pem for a server
whose CA was compared by its fingerprint. All of it is for its owner only, and without passwords.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..enrolment.shelf import Entry, Shelf, file_name
from .plan import place_of, plan_from


@dataclass
class Kept(Entry):
    """One board's, with a `plan.Plan`. *request*: what the server has not decided about yet."""

    @property
    def is_unfinished(self) -> bool:
        """Whether there is a request, or a chain, of a run before."""
        return bool(self.request or self.chains)


def _read(content: dict[str, Any]) -> Kept:
    values = {name: content[name] for name in ("request", "chains", "installed")}
    return Kept(plan_from(content["plan"]), **values)


SHELF = Shelf("BOARDCERT_EST", "est", _read)


def anchors_file(url: str) -> Path:
    """Return where the trust anchors of the server at *url* are kept."""
    return SHELF.home() / "anchors" / f"{file_name(place_of(url))}.pem"
