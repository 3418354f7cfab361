"""What `boardcert flash` has for a workbench: labels, and `--batch`, one board after another."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..console import messages, results, say
from ..errors import CHECKED_AND_BAD, OK, USAGE, Error
from ..patterns import has_fields
from .shared import check_free, print_json

if TYPE_CHECKING:
    from ..board.label import Label
    from ..flash.batch import Batch
    from ..flash.batch_record import Entry
    from ..flash.board_kinds import Board

_FOLDER = Path("batch")
_TEXT_FIELDS = ("name", "serial_number", "unique_id", "date")
_MOST_TEXTS = 2
_LONGEST_TEXT = 40  # In a longer one the letters are less than 1 mm high.


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of labels and of --batch."""
    add = parser.add_argument
    help = "the serial number of the device, kept in the inventory; --batch numbers them itself"
    add("--serial-number", metavar="TEXT", help=help)
    add("--label", type=Path, metavar="FILE", help="draw its label; with --batch, one .pdf or .svg")
    add(
        "--label-text",
        action="append",
        default=[],
        metavar="TEXT",
        help=f"a line on the label, two at most; with {', '.join(_TEXT_FIELDS)} in braces",
    )
    add("--label-size", metavar="WxHmm", help="of the labels of a sheet (default: 62x29mm)")
    add("--force", action="store_true", help="overwrite the FILE of --label")
    add("--batch", action="store_true", help="flash one board after another, several at once")
    add("--count", type=int, metavar="N", help="with --batch: end after N boards, else at Ctrl-C")
    help = f"with --batch: where record, logs and numbers are kept (default: {_FOLDER})"
    add("--records", type=Path, metavar="DIR", help=help)


def check(arguments: argparse.Namespace) -> None:
    """Raise Error, before anything is asked or looked for, for options that do not go together."""
    for option in ("count", "records"):
        if getattr(arguments, option) is not None and not arguments.batch:
            raise Error(f"--{option} needs --batch", None, USAGE)
    if not arguments.batch and len(arguments.port or []) > 1:
        raise Error("several ports need --batch", None, USAGE)
    if arguments.batch:
        _check_batch(arguments)
    if arguments.label is None and (arguments.label_text or arguments.label_size):
        raise Error("--label-text and --label-size need --label FILE", None, USAGE)
    if arguments.label is None:
        return
    if arguments.firmware_only:
        raise Error("--firmware-only excludes --label", None, USAGE)
    _check_texts(arguments.label_text)
    if _is_sheet(arguments):
        from ..board import label_sheet

        label_sheet.read_size(arguments.label_size or label_sheet.DEFAULT_SIZE)
        label_sheet.check_sheet(arguments.label, arguments.force)
    elif arguments.label_size:
        raise Error("--label-size is for sheets: a .pdf, or with --batch", None, USAGE)
    else:
        from ..board.label import check_label

        check_label(arguments.label)
        check_free(arguments.label, arguments.force)


def _check_batch(arguments: argparse.Namespace) -> None:
    from ..flash.host_names import is_pattern

    for option in ("at", "firmware_only", "drive", "serial_number"):
        if getattr(arguments, option):
            raise Error(f"--batch excludes --{option.replace('_', '-')}", None, USAGE)
    if arguments.count is not None and arguments.count < 1:
        raise Error("--count is at least 1", None, USAGE)
    if arguments.hostname is not None and not is_pattern(arguments.hostname):
        hint = f"number them: --hostname '{arguments.hostname}-{{n:03}}'"
        raise Error(f"several boards cannot be called {arguments.hostname}", hint, USAGE)


def _is_sheet(arguments: argparse.Namespace) -> bool:
    return arguments.batch or arguments.label.suffix.lower() == ".pdf"


def _check_texts(texts: Sequence[str]) -> None:
    hint = f"for example 'S/N {{serial_number}}'; there are {', '.join(_TEXT_FIELDS)}"
    if len(texts) > _MOST_TEXTS:
        raise Error(f"a label has room for {_MOST_TEXTS} lines of text", hint, USAGE)
    for text in texts:
        try:
            has_fields(text, dict.fromkeys(_TEXT_FIELDS, ""))
        except ValueError as error:
            raise Error(f"not a text for labels: {text}: {error}", hint, USAGE) from error
        if len(text) > _LONGEST_TEXT or not text.isprintable():
            raise Error(f"too long for a label, or not one line: {text}", hint, USAGE)


def _label(texts: Sequence[str], facts: dict[str, Any]) -> "Label":
    """Return the label of a board. *facts*: url, public_key_pin, and what texts may name."""
    from ..board.label import Label

    lines = tuple(text.format_map({name: facts[name] for name in _TEXT_FIELDS}) for text in texts)
    return Label(facts["url"], facts["name"], facts["public_key_pin"], lines)


def draw_one(arguments: argparse.Namespace, record: dict[str, Any]) -> None:
    """Write the label of the board that was flashed. *record*: of its story."""
    from ..board import label, label_sheet
    from ..targets import PORTAL_PORT

    report, path = record["report"], arguments.label
    name = report["names"][0]
    number = re.search(r"\d+$", name.partition(".")[0])
    facts = {
        "name": name,
        "serial_number": arguments.serial_number or (number[0] if number else ""),
        "unique_id": report["unique_id"],
        "date": record["pin"]["first_seen"][:10],
        "url": (record.get("urls") or [f"https://{name}:{PORTAL_PORT}"])[0],
        "public_key_pin": record["pin"]["public_key_pin"],
    }
    wanted = _label(arguments.label_text, facts)
    if _is_sheet(arguments):
        size = label_sheet.read_size(arguments.label_size or label_sheet.DEFAULT_SIZE)
        label_sheet.write_sheet(path, [wanted], size, arguments.force)
    else:
        label.write_label(path, wanted, arguments.force)
    say(f"{path}: the label of {name}")


def run_batch(arguments: argparse.Namespace, board: "Board", environment: dict[str, str]) -> int:
    """Flash boards until there are enough, or Ctrl-C; say which have failed.

    *environment*: what each board's `boardcert flash` finds there: passwords, which arguments show.
    """
    from ..flash import batch

    running = _start(arguments, board, environment)
    boards = "1 board" if arguments.count == 1 else f"{arguments.count} boards"
    count = boards if arguments.count else "until Ctrl-C"
    say(f"waiting for boards ({count}); record and logs are in {running.record.folder}")
    try:
        running.run()
    except KeyboardInterrupt:
        _finish(running)
    except BaseException:
        running.stop()
        raise
    done, failed = batch.done(running.ended), batch.failed(running.ended)
    if arguments.json:
        told = {"done": [vars(one) for one in done], "failed": [vars(one) for one in failed]}
        print_json({"folder": str(running.record.folder)} | told)
    else:
        _tell(arguments, done, failed)
    return CHECKED_AND_BAD if failed else OK


def _start(arguments: argparse.Namespace, board: "Board", environment: dict[str, str]) -> "Batch":
    """Check the image, which all boards get, and return the batch."""
    from ..flash import batch
    from ..flash.batch_record import DONE
    from ..flash.sequence import Wishes, find_image
    from ..flash.story import Story

    console = messages()
    image = find_image(Story(console), board, Wishes(firmware=arguments.firmware))
    wishes = batch.BatchWishes(
        folder=arguments.records or _FOLDER,
        pattern=arguments.hostname and arguments.hostname.lower(),
        ports=tuple(arguments.port or ()),
        most=arguments.count,
        arguments=_child_arguments(arguments, bool(environment)),
        environment=environment,
    )

    def on_entry(entry: "Entry") -> None:
        if arguments.label and entry.result == DONE:
            _draw_sheet(arguments, running)
        how = entry.result if entry.result == DONE else f"{entry.result}: {entry.error}"
        console.print(f"boardcert: {entry.port}: {entry.title} {how}", markup=False)

    running = batch.Batch(board, wishes, image.content, say, on_entry)
    strangers = running.strangers()  # A damaged record is told before a board is touched.
    if strangers:
        say(
            f"note: the record in {running.record.folder} has boards of another batch, such as "
            f"{strangers[0].title}: they are left alone, and on its labels, too; --records DIR "
            "begins another one"
        )
    return running


def _child_arguments(arguments: argparse.Namespace, has_password: bool) -> tuple[str, ...]:
    """Return what each board's own `boardcert flash` is given; but for port and name.

    *has_password*: of the Wi-Fi, which goes on in the environment.
    """
    found: list[str] = []
    for option in ("firmware", "main", "copy"):
        path = getattr(arguments, option)
        found += [f"--{option}", str(path)] if path else []
    found += ["--inventory", arguments.inventory] if arguments.inventory else []
    found += ["--wifi", arguments.wifi] if arguments.wifi else []
    found += ["--wifi-open"] if arguments.wifi and not has_password else []
    found += [f"--{option}" for option in ("erase", "yes") if getattr(arguments, option)]
    return tuple(found)


def _draw_sheet(arguments: argparse.Namespace, running: "Batch") -> None:
    """Write the labels of all boards that are done, also those of an earlier day of this batch."""
    from ..board import label_sheet
    from ..flash.batch_record import DONE

    size = label_sheet.read_size(arguments.label_size or label_sheet.DEFAULT_SIZE)
    with running.drawing:
        entries = [one for one in running.record.latest().values() if one.result == DONE]
        entries.sort(key=lambda entry: entry.name)
        labels = [
            _label(arguments.label_text, vars(entry) | {"date": entry.finished[:10]})
            for entry in entries
        ]
        label_sheet.write_sheet(arguments.label, labels, size, True)  # Checked at the start.


def _finish(running: "Batch") -> None:
    """Let boards in progress be finished; a second Ctrl-C ends them."""
    say("no further board is begun; those in progress are finished, Ctrl-C again stops them")
    try:
        running.finish()
    except KeyboardInterrupt:
        running.stop()


def _tell(arguments: argparse.Namespace, done: "list[Entry]", failed: "list[Entry]") -> None:
    console = results()
    for entry in done:
        console.print(f"{entry.title:<16} done    {entry.public_key_pin}", markup=False)
    for entry in failed:
        console.print(f"{entry.title:<16} failed  {entry.error} ({entry.log})", markup=False)
    console.print(f"{len(done)} done, {len(failed)} failed", markup=False)
    for entry in failed:
        alone = f"the same command with --count 1 --port {entry.port}"
        say(f"hint: to repeat {entry.title} alone: {alone}")
