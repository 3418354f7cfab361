"""Virtual boards to measure on: each with a copy of one flash, the same id and the same noise."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boardcert_host.virtual import VirtualBoard

# A collection takes some 15 ms: with 20 ms or more, the board progresses between two of them.
SAMPLE_PERIODS_MS = (20, 22, 24, 26, 28, 30)
_UNIQUE_ID = "e661640843515b2f"
_TIMEOUT_S = 300


class BenchBoard:
    """Boards that start with a copy of the file *flash*, or an empty one if it does not exist.

    *is_flash_slow*: whether erasing, programming and misses of the flash's cache take time.
    """

    def __init__(self, firmware: Path, flash: Path, is_flash_slow: bool = False) -> None:
        self.firmware = firmware
        self.flash = flash
        self._timing = {"flash_timing": is_flash_slow, "flash_cache": is_flash_slow}

    def of(self, flash: Path) -> "BenchBoard":
        """Return the same boards with another *flash*."""
        return BenchBoard(self.firmware, flash, self._timing["flash_cache"])

    @contextmanager
    def board(self, keep: Path | None = None, **more: Any) -> Iterator[VirtualBoard]:
        """Run a board. *keep*: where to save its flash at the end. *more*: see VirtualBoard."""
        with tempfile.TemporaryDirectory(prefix="boardcert-bench-") as directory:
            flash = Path(directory, "flash.bin")
            if self.flash.exists():
                shutil.copy(self.flash, flash)
            settings = {"ring_oscillator": "seed:1", "unique_id": _UNIQUE_ID, "pace": "free"}
            settings |= self._timing | more
            with VirtualBoard(directory, firmware=self.firmware, **settings) as board:
                board.wait_ready()
                yield board
            if keep:
                shutil.copy(flash, keep)


def ask(board: VirtualBoard, script: str, expression: str, timeout_s: float = _TIMEOUT_S) -> Any:
    """Return an *expression*, evaluated on the board after *script* of this folder."""
    text = Path(__file__).with_name(script).read_text()
    code = f"{text}\nimport json\nprint(json.dumps({expression}))\n"
    return json.loads(board.exec(code, timeout_s=timeout_s).splitlines()[-1])
