"""The labels of `boardcert flash`: their options, one label, and the sheet of a batch."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..console import say
from ..errors import USAGE, Error
from ..patterns import has_fields
from .shared import check_free

if TYPE_CHECKING:
    from ..board.label import Label
    from ..flash.batch import Batch

_TEXT_FIELDS = ("name", "serial_number", "unique_id", "date")
_MOST_TEXTS = 2
_LONGEST_TEXT = 40  # The letters of a longer one would be less than 1 mm high.


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of labels."""
    add = parser.add_argument
    fields = ", ".join(f"{{{name}}}" for name in _TEXT_FIELDS)
    help = "draw a label for it; with --batch, one .pdf or .svg"
    add("--label", type=Path, metavar="FILE", help=help)
    add(
        "--label-text",
        action="append",
        default=[],
        metavar="TEXT",
        help=f"a line of text on the label, at most two; may contain {fields}",
    )
    add("--label-size", metavar="WxHmm", help="size of a label on a sheet (default: 62x29mm)")
    add("--force", action="store_true", help="overwrite the FILE of --label")


def check(arguments: argparse.Namespace) -> None:
    """Raise Error for invalid options, before anything is asked or looked for."""
    if arguments.label is None and (arguments.label_text or arguments.label_size):
        raise Error("--label-text and --label-size need --label FILE", None, USAGE)
    if arguments.label is None:
        return
    if arguments.firmware_only:
        raise Error("--firmware-only cannot be used with --label", None, USAGE)
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


def draw_sheet(arguments: argparse.Namespace, running: "Batch") -> None:
    """Write the labels of all finished boards of the batch, those of earlier days included."""
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
