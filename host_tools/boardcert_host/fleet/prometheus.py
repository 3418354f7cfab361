"""The findings of a run as a file for Prometheus, read by node_exporter's textfile collector.

prometheus-client writes the format; it is given the boards in groups, since it holds the text of
all that it is given in memory.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest

from .. import clock
from ..errors import CHECKED_AND_BAD, COULD_NOT_RUN, Error
from ..files import writing_whole
from ..inventory.history import VERDICTS
from .run import Summary
from .spool import Entry, Spool

_GROUP = 1000
_DAY_S = 86400

_Row = tuple[tuple[str, ...], float]
"""The values of the labels, and of the metric."""


class _Family:
    """A collector of one metric, as `generate_latest` asks for it."""

    def __init__(self, name: str, help: str, labels: tuple[str, ...], rows: Iterable[_Row]) -> None:
        self._family = GaugeMetricFamily(name, help, labels=labels)
        for values, number in rows:
            self._family.add_metric(values, number)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield self._family


def write(path: Path, kept: Spool, summary: Summary) -> None:
    """Write the file, whole or not at all, in place of an older one. Raises Error.

    The collector, which runs as another user, may read it: nothing in it is secret.
    """
    try:
        with writing_whole(path) as file:
            _write_all(file, kept, summary)
    except OSError as error:
        code = CHECKED_AND_BAD if summary.code == CHECKED_AND_BAD else COULD_NOT_RUN
        reason = error.strerror or error
        raise Error(f"cannot write {path}: {reason}", "an older one was left", code) from error


def _write_all(file: IO[bytes], kept: Spool, summary: Summary) -> None:
    verdicts = [((one,), float(summary.verdicts.get(one, 0))) for one in VERDICTS]
    reasons = [((one,), float(count)) for one, count in summary.reasons.items()]
    at = clock.now().timestamp()
    for name, help, labels, rows in (
        ("boards", "Boards of the last run by verdict.", ("verdict",), verdicts),
        ("boards_with_reason", "Boards of the last run by reason.", ("reason",), reasons),
        ("run_timestamp_seconds", "When the last whole run ended.", (), [((), at)]),
        ("run_duration_seconds", "How long it took.", (), [((), summary.seconds)]),
    ):
        _write_family(file, f"boardcert_{name}", help, labels, iter(rows))
    for name, help, labels, row in _OF_BOARDS:
        found = (one for entry in kept.each() if (one := row(entry)))
        _write_family(file, f"boardcert_board_{name}", help, labels, found)


def _write_family(
    file: IO[bytes], name: str, help: str, labels: tuple[str, ...], rows: Iterator[_Row]
) -> None:
    """Write one metric; its head stands before the first group alone."""
    is_first = True
    while group := list(islice(rows, _GROUP)):
        text = generate_latest(_Family(name, help, labels, group))
        lines = text.splitlines(keepends=True)
        file.writelines(lines if is_first else [line for line in lines if line[:1] != b"#"])
        is_first = False


def _days_left(entry: Entry) -> _Row | None:
    if not entry["certificate"]:
        return None
    left = clock.from_text(entry["certificate"]["not_after"]) - clock.now()
    return (entry["asked"],), round(left.total_seconds() / _DAY_S, 3)


def _verdict(entry: Entry) -> _Row:
    reason = entry["reasons"][0] if entry["reasons"] else ""
    return (entry["asked"], entry["verdict"], reason), 1.0


_OF_BOARDS: tuple[tuple[str, str, tuple[str, ...], Callable[[Entry], _Row | None]], ...] = (
    (
        "days_left",
        "Days until the certificate of a board ends, negative when it has ended.",
        ("board",),
        _days_left,
    ),
    (
        "verdict",
        "1 for the verdict on a board and the worst reason for it.",
        ("board", "verdict", "reason"),
        _verdict,
    ),
)
