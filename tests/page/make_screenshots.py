"""Make the screenshots of the page: python tests/page/make_screenshots.py

The page is that of a virtual Pico W on Wi-Fi; each run shows another key.
"""

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "shared"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "board"))
import browser
import over_wifi
import prepared
from boardcert_host.flash.board_kinds import load_board
from boardcert_host.flash.firmware import firmware_image

OUTPUT = Path(__file__).resolve().parents[2] / "firmware" / "docs"
_COLOURS = 64

# name: (colour scheme, whether signed in with the forms visible; width, height)
_PICTURES = {
    "page-light": ("light", False, 720, 1070),
    "page-dark": ("dark", True, 720, 880),
    "page-phone": ("light", False, 390, 844),
}


class _Board:
    """The board as browser.visiting expects it."""

    def __init__(self, board: Any, token: str) -> None:
        self.port = board.network.address(over_wifi.PAGE)[1]
        self.token = token


def make(output: Path, chromium: object, client: Any) -> list[Path]:
    """Save all screenshots of *client*'s page to the folder *output* and return their paths."""
    return [_make(name, output, chromium, client) for name in _PICTURES]


def _make(name: str, output: Path, chromium: object, client: Any) -> Path:
    scheme, is_signed_in, width, height = _PICTURES[name]
    size = {"width": width, "height": height}
    with browser.visiting(chromium, client, color_scheme=scheme, viewport=size) as visit:
        if is_signed_in:
            visit.page.get_by_label("Token").fill(client.token)
            visit.send("Sign in")
            visit.page.locator("section").last.evaluate("e => scrollTo(0, e.offsetTop - 16)")
        picture = visit.page.screenshot()
    path = output / f"{name}.png"
    output.mkdir(parents=True, exist_ok=True)
    # The page has few colours, so a byte for a pixel is enough.
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLOURS).save(path, optimize=True)
    return path


def _main() -> None:
    firmware, _ = firmware_image(load_board("VIRTUAL_PICO_W"))
    flash = prepared.prepared_flash(firmware)
    with (
        tempfile.TemporaryDirectory() as directory,
        over_wifi.board_in_wifi(flash, firmware, Path(directory)) as board,
        browser.chromium() as running,
    ):
        token = board.exec("import boardcert; print(boardcert.identity().admin_token())").strip()
        board.reset()
        board.network.wait_listening(over_wifi.PAGE, over_wifi.TIMEOUT_S)
        for made in make(OUTPUT, running, _Board(board, token)):
            sys.stdout.write(f"{made}: {made.stat().st_size} bytes\n")


if __name__ == "__main__":
    _main()
