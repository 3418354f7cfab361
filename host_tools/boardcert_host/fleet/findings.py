"""The findings about one server: the verdict, the reasons, and what a program needs of the rest."""

import datetime
from dataclasses import dataclass
from typing import Any

from ..errors import Error
from ..inventory.history import NOT_VALID, UNREACHABLE, VALID
from ..targets import Target
from ..trust.pins import Pin
from ..verify.judging import HostResult
from ..verify.reasons import EXPIRING, NOT_A_HOST, is_expiring, reasons_of


@dataclass(frozen=True)
class Finding:
    """One server. *title*: as it was asked for; *pin*: the known board that it is, or None.

    *verdict*: of history.VERDICTS; *reasons*: as in verify.reasons, the worst first. *attempts*:
    after how many.
    """

    title: str
    result: HostResult
    pin: Pin | None
    attempts: int
    verdict: str
    reasons: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return an entry of `verify --json`, with only the checks that did not pass, and more."""
        data = self.result.to_json()
        data["checks"] = [one for one in data["checks"] if one["status"] in ("warn", "fail")]
        more = {"asked": self.title, "verdict": self.verdict, "reasons": list(self.reasons)}
        more |= {"detail": self._detail()}
        more |= {"address": self.result.address, "attempts": self.attempts}
        more |= {"known": self.pin.host if self.pin else None}
        more |= {"unique_id": self.pin.unique_id if self.pin else None, "again": False}
        return more | data

    def _detail(self) -> str:
        """Return the reasons as sentences."""
        if self.result.error:
            return self.result.error.message
        if self.reasons == (EXPIRING,) and self.result.certificate:
            return f"its certificate ends on {self.result.certificate['not_after'][:10]}"
        return "; ".join(self.result.failures)


def found(
    title: str,
    result: HostResult,
    pin: Pin | None,
    attempts: int,
    expiring_within: datetime.timedelta,
) -> Finding:
    """Return what was found of a server that was judged."""
    reasons = reasons_of(result)
    if is_expiring(result, expiring_within, datetime.datetime.now(datetime.timezone.utc)):
        reasons = [EXPIRING]
    verdict = UNREACHABLE if result.error else VALID if result.ok else NOT_VALID
    return Finding(title, result, pin, attempts, verdict, tuple(reasons))


def not_a_host(title: str, error: Error) -> Finding:
    """Return the finding about a text that is not a host, and was not asked."""
    result = HostResult(Target(title), title, error=error)
    return Finding(title, result, None, 0, UNREACHABLE, (NOT_A_HOST,))
