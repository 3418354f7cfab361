"""Make the pictures of the page for its description: python tests/page/make_screenshots.py

The page is that of a board which is the MicroPython unix binary; each run shows another key.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "shared"))
import browser
import portal_server

OUTPUT = Path(__file__).resolve().parents[2] / "firmware" / "docs"
_COLOURS = 64

# name: (colour scheme, whether signed in, and what can be changed is shown; width, height)
_PICTURES = {
    "page-light": ("light", False, 720, 1070),
    "page-dark": ("dark", True, 720, 880),
    "page-phone": ("light", False, 390, 844),
}


def make(output: Path, chromium: object) -> list[Path]:
    """Write all pictures to the folder *output* and return their paths."""
    with (
        tempfile.TemporaryDirectory() as directory,
        portal_server.serving_page(Path(directory) / "data") as client,
    ):
        return [_make(name, output, chromium, client) for name in _PICTURES]


def _make(name: str, output: Path, chromium: object, client: portal_server.Client) -> Path:
    scheme, is_signed_in, width, height = _PICTURES[name]
    size = {"width": width, "height": height}
    with browser.visiting(chromium, client, color_scheme=scheme, viewport=size) as visit:
        if is_signed_in:
            visit.page.get_by_label("Token").fill(client.token)
            visit.button("Sign in").click()
            visit.button("Sign out").wait_for()
            visit.page.locator("section").last.evaluate("e => scrollTo(0, e.offsetTop - 16)")
        picture = visit.page.screenshot()
    path = output / f"{name}.png"
    output.mkdir(parents=True, exist_ok=True)
    # The few colours of the page need no more than a byte for a pixel.
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLOURS).save(path, optimize=True)
    return path


if __name__ == "__main__":
    with browser.chromium() as running:
        for made in make(OUTPUT, running):
            sys.stdout.write(f"{made}: {made.stat().st_size} bytes\n")
