"""`boardcert flash --batch`: one board after another, at a workbench."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import messages, results, say
from ..errors import CHECKED_AND_BAD, OK, USAGE, Error
from . import flash_labels
from .shared import print_json

if TYPE_CHECKING:
    from ..flash.batch import Batch
    from ..flash.batch_record import Entry
    from ..flash.board_kinds import Board

_FOLDER = Path("batch")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of --batch, of labels, and the serial number."""
    add = parser.add_argument
    help = "the serial number of the device, kept in the inventory; --batch numbers them itself"
    add("--serial-number", metavar="TEXT", help=help)
    flash_labels.add_arguments(parser)
    add("--batch", action="store_true", help="flash boards as they are plugged in, several at once")
    help = "with --batch: stop after N boards (default: at Ctrl-C)"
    add("--count", type=int, metavar="N", help=help)
    help = f"with --batch: where its record, logs and numbers are kept (default: {_FOLDER})"
    add("--records", type=Path, metavar="DIR", help=help)


def check(arguments: argparse.Namespace) -> None:
    """Raise Error for invalid options, before anything is asked or looked for."""
    for option in ("count", "records"):
        if getattr(arguments, option) is not None and not arguments.batch:
            raise Error(f"--{option} needs --batch", None, USAGE)
    if not arguments.batch and len(arguments.port or []) > 1:
        raise Error("several ports need --batch", None, USAGE)
    if arguments.batch:
        _check_batch(arguments)
    flash_labels.check(arguments)


def _check_batch(arguments: argparse.Namespace) -> None:
    from ..flash.host_names import is_pattern

    for option in ("at", "firmware_only", "drive", "serial_number"):
        if getattr(arguments, option):
            raise Error(f"--batch cannot be used with --{option.replace('_', '-')}", None, USAGE)
    if arguments.count is not None and arguments.count < 1:
        raise Error("--count is at least 1", None, USAGE)
    if arguments.hostname is not None and not is_pattern(arguments.hostname):
        hint = f"number them: --hostname '{arguments.hostname}-{{n:03}}'"
        raise Error(f"several boards cannot be called {arguments.hostname}", hint, USAGE)


def run_batch(arguments: argparse.Namespace, board: "Board", environment: dict[str, str]) -> int:
    """Flash boards until there are enough, or Ctrl-C; print which have failed.

    *environment*: for each board's `boardcert flash`: passwords, which arguments would reveal.
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
        ended = {"done": [vars(one) for one in done], "failed": [vars(one) for one in failed]}
        print_json({"folder": str(running.record.folder)} | ended)
    else:
        _print(done, failed)
    return CHECKED_AND_BAD if failed else OK


def _start(arguments: argparse.Namespace, board: "Board", environment: dict[str, str]) -> "Batch":
    """Check the image, which is for all boards, and return the batch."""
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
            flash_labels.draw_sheet(arguments, running)
        how = entry.result if entry.result == DONE else f"{entry.result}: {entry.error}"
        console.print(f"boardcert: {entry.port}: {entry.title} {how}", markup=False)

    running = batch.Batch(board, wishes, image.content, say, on_entry)
    strangers = running.strangers()  # Reports a damaged record before a board is touched.
    if strangers:
        say(
            f"note: the record in {running.record.folder} has boards of another batch, such as "
            f"{strangers[0].title}: they stay in it, and on its labels; --records DIR begins "
            "another one"
        )
    return running


def _child_arguments(arguments: argparse.Namespace, has_password: bool) -> tuple[str, ...]:
    """Return the arguments of each board's own `boardcert flash`, except port and name.

    *has_password*: whether the Wi-Fi has one, which is passed in the environment.
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


def _finish(running: "Batch") -> None:
    """Wait for the boards in progress; a second Ctrl-C stops them."""
    say("no further board is started; those in progress are finished, Ctrl-C again stops them")
    try:
        running.finish()
    except KeyboardInterrupt:
        running.stop()


def _print(done: "list[Entry]", failed: "list[Entry]") -> None:
    console = results()
    for entry in done:
        console.print(f"{entry.title:<16} done    {entry.public_key_pin}", markup=False)
    for entry in failed:
        console.print(f"{entry.title:<16} failed  {entry.error} ({entry.log})", markup=False)
    console.print(f"{len(done)} done, {len(failed)} failed", markup=False)
    for entry in failed:
        alone = f"the same command with --count 1 --port {entry.port}"
        say(f"hint: to repeat {entry.title} alone: {alone}")
