"""`boardcert list` and `history`: what the inventory knows."""

import argparse
import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..console import aligned, as_csv, brief, print_plain, results, say
from ..errors import OK, USAGE, Error
from .shared import HOW_TO_ADD, Command, add_json, complete_hosts, print_json
from .times import add_changed_since, duration, since

if TYPE_CHECKING:
    from ..inventory.listing import Wanted

_LIST_EXAMPLES = """\
examples:
  boardcert list                                   every known board: names, address, number
  boardcert list 'sensor-*' --tag greenhouse       by name and tag
  boardcert list --expiring 30d --sort not-after   certificates that end soon
  boardcert list --where firmware='*v1.27*' --csv
  boardcert list --inventory postgresql://station@db.example/boards --json
"""
_HISTORY_EXAMPLES = """\
examples:
  boardcert history kitchen.local          keys, certificates, verdicts, and who did what
  boardcert history kitchen.local --json
"""
_COLUMNS = ("name", "address", "unique id", "verdict", "days left", "last seen", "tags")
_CSV_FIELDS = ("host", "port", "address", "unique_id", "serial_number", "board", "firmware")
_CSV_FIELDS += ("package", "source", "public_key_pin", "fingerprint", "not_after", "verdict")
_CSV_FIELDS += ("verified_at", "first_seen", "last_seen", "provisioned_at", "provisioned_by")
_CSV_FIELDS += ("hosts", "tags", "notes")


def _add_list_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help = "names, addresses, chip or serial numbers, with * and ? (default: all boards)"
    complete_hosts(add("patterns", nargs="*", metavar="NAME", help=help))
    add("--tag", action="append", default=[], metavar="TAG", help="boards with this tag")
    help = "boards of which a field matches: board, firmware, package, source, verdict and others"
    add("--where", action="append", default=[], metavar="FIELD=PATTERN", help=help)
    add("--expiring", metavar="TIME", help="certificates that end within TIME, for example 30d")
    add("--unseen", metavar="TIME", help="boards that have not been seen for TIME")
    add_changed_since(add)
    add("--sort", default="host", metavar="FIELD", help="order by this field (default: host)")
    add("--reverse", action="store_true", help="reverse the order")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    forms.add_argument("--csv", action="store_true", help="print a table for other programs")


def _run_list(arguments: argparse.Namespace) -> int:
    from ..inventory.place import inventory_place, is_absent

    wanted = _wanted(arguments)
    found: list[dict[str, Any]] = []
    if not is_absent():
        from ..inventory import listing, store

        with store.reading() as connection:
            found = list(listing.find(connection, wanted))
    if arguments.json:
        print_json({"inventory": str(inventory_place()), "boards": found})
    elif arguments.csv:
        print_plain(as_csv(_CSV_FIELDS, map(_csv_row, found)).rstrip("\n"))
    elif found or _is_narrowed(arguments):
        _print_table(found)
    else:
        say("no board is known yet")
        say(f"hint: {HOW_TO_ADD}")
    return OK


def _is_narrowed(arguments: argparse.Namespace) -> bool:
    of_words = arguments.patterns or arguments.tag or arguments.where
    return bool(of_words or arguments.expiring or arguments.unseen or arguments.changed_since)


def _wanted(arguments: argparse.Namespace) -> "Wanted":
    from ..inventory.listing import SORT_FIELDS, TEXT_FIELDS, Wanted

    now = datetime.datetime.now(datetime.timezone.utc)
    where = []
    for text in arguments.where:
        field, equals, pattern = text.partition("=")
        if not equals:
            raise Error(f"not FIELD=PATTERN: {text}", "for example board='*Pico*'", USAGE)
        where.append((_field(field, TEXT_FIELDS), pattern))
    return Wanted(
        patterns=arguments.patterns,
        where=where,
        tags=arguments.tag,
        ends_before=now + duration(arguments.expiring) if arguments.expiring else None,
        unseen_since=now - duration(arguments.unseen) if arguments.unseen else None,
        changed_since=since(arguments.changed_since),
        sort=_field(arguments.sort, SORT_FIELDS),
        is_reversed=arguments.reverse,
    )


def _field(text: str, known: Iterable[str]) -> str:
    """Return the column that *text* names. Raises Error, a usage error."""
    name = text.lower().replace("-", "_")
    if name not in known:
        listed = ", ".join(name.replace("_", "-") for name in known)
        raise Error(f"not a field: {text}", f"there are {listed}", USAGE)
    return name


def _csv_row(board: dict[str, Any]) -> list[str]:
    first = board["hosts"][0] if board["hosts"] else {}
    row = board | {name: first.get(name) for name in ("host", "port", "address")}
    row["hosts"] = " ".join(one["host"] for one in board["hosts"])
    row["tags"] = ",".join(board["tags"])
    return ["" if row[name] is None else str(row[name]) for name in _CSV_FIELDS]


def _print_table(found: list[dict[str, Any]]) -> None:
    from ..inventory.listing import days_left

    if not found:
        say("no known board matches")
        return
    rows: list[list[str]] = [list(_COLUMNS)]
    for board in found:
        names = [one["host"] for one in board["hosts"]]
        address = next((one["address"] for one in board["hosts"] if one["address"]), "")
        days = days_left(board["not_after"])
        more = f" +{len(names) - 1}" if len(names) > 1 else ""
        cells = [f"{names[0]}{more}" if names else "", address, brief(board["unique_id"] or "")]
        cells += [board["verdict"] or "", "" if days is None else str(days)]
        rows.append([*cells, board["last_seen"][:10], ", ".join(board["tags"])])
    for line in aligned(rows):
        results().print(line, markup=False)


def _add_history_arguments(parser: argparse.ArgumentParser) -> None:
    complete_hosts(parser.add_argument("host", metavar="NAME", help="a board, or a forgotten one"))
    add_json(parser)


def _run_history(arguments: argparse.Namespace) -> int:
    from ..inventory.place import is_absent
    from ..targets import canonical, in_local
    from ..trust.look_up import place_of

    place = place_of(arguments.host)
    host = place.known.host if place.known else canonical(in_local(arguments.host))
    found: dict[str, list[Any]] = {}
    if not is_absent():
        from ..inventory import boards, history, store

        with store.reading() as connection:
            board = boards.by_host(connection, host)
            found = history.of_host(connection, host, board.id if board else None)
    if not any(found.values()):
        raise Error(f"{host} is not in the inventory, and never was", "`boardcert list` prints it")
    if arguments.json:
        print_json({"host": host} | found)
        return OK
    for at, line in sorted(_lines(found)):
        results().print(f"{at.replace('T', ' ').removesuffix('Z')}  {line}", markup=False)
    return OK


def _lines(found: dict[str, list[Any]]) -> Iterable[tuple[str, str]]:
    """Yield (time, words) for everything that happened."""
    from ..inventory import telling

    for one in found["events"]:
        yield one["at"], f"{one['host']} {telling.of_event(one)}"
    for one in found["certificates"]:
        yield one["first_seen"], telling.of_certificate(one)
    for one in found["verdicts"]:
        yield one["first_at"], f"{one['host']} {telling.of_verdict(one)}"


COMMANDS = {
    "list": Command(
        "list known boards: names, addresses, verdicts, days left",
        _LIST_EXAMPLES,
        _add_list_arguments,
        _run_list,
    ),
    "history": Command(
        "show the history of a board: keys, certificates, verdicts, who did what",
        _HISTORY_EXAMPLES,
        _add_history_arguments,
        _run_history,
    ),
}
