"""What became of the renewal of a board."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import CHECKED_AND_BAD, COULD_NOT_RUN, OK

RENEWED, NOT_DUE, OTHER = "renewed", "not due", "serves another certificate"
REFUSED, UNREACHABLE, NO_TOKEN = "refused", "unreachable", "no token"
UNKNOWN, CA_ENDS = "not in the inventory", "the CA ends first"

# The worst first, each with its exit code.
CODES = {
    REFUSED: CHECKED_AND_BAD,
    CA_ENDS: COULD_NOT_RUN,
    UNREACHABLE: COULD_NOT_RUN,
    NO_TOKEN: COULD_NOT_RUN,
    UNKNOWN: COULD_NOT_RUN,
    OTHER: OK,
    RENEWED: OK,
    NOT_DUE: OK,
}
_ORDER = list(CODES)


@dataclass(frozen=True)
class Outcome:
    """What became of one board. *host*: as it is known here, or a name in its certificate.

    *result*: of CODES. *not_after*: the end of what it serves now, as far as that is known.
    """

    host: str
    result: str
    detail: str = ""
    not_after: str | None = None

    @property
    def rank(self) -> int:
        """The place of its result among all, 0 for the worst."""
        return _ORDER.index(self.result)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data, one line of `ca renew --json`."""
        more = {"detail": self.detail or None, "not_after": self.not_after}
        return {"host": self.host, "result": self.result, "ok": CODES[self.result] == OK} | more


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """Return 1 when any board refused or is another one, else 3 when any could not be renewed."""
    codes = {CODES[one.result] for one in outcomes}
    return next((code for code in (CHECKED_AND_BAD, COULD_NOT_RUN) if code in codes), OK)
