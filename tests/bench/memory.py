"""The heap that serving uses: the figures that bench.json has under "memory"."""

from pathlib import Path

from bench_board import BenchBoard, ask
from boardcert_host.board import installation
from speed import Speed

_SCRIPT = "measure_memory.py"


def measure(boards: Speed, flash: Path) -> dict[str, int]:
    """Return live heap and peaks in bytes, see README.md, of *boards* with the package only.

    *flash*: a path for the flash of a board with its identity, its token, as after a first boot
    with the page, and Microdot.
    """
    with boards.board(keep=flash) as board:
        installation.install_microdot(board.usb_port)
        ask(board, "measure.py", "first_boot_or_load()")
        board.exec("import boardcert\nboardcert.identity().admin_token()")
    settled = BenchBoard(boards.firmware, flash)
    with settled.board() as board:
        identity = ask(board, "measure.py", "first_boot_or_load()")["resident_heap_bytes"]
    figures = {"identity": identity, "sign_peak": boards.peak_heap_bytes}
    for state in ("with_handler", "with_app", "with_page"):
        with settled.board() as board:
            figures |= ask(board, _SCRIPT, f"memory({state})")
    figures["page_peak"] = max(figures["page_rendered"], figures["form_taken"])
    return figures
