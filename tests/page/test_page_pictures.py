"""The page's screenshots in the documentation can be made again, and are small."""

import make_screenshots
import portal_server
import pytest
from PIL import Image

_LIMIT_BYTES = 100_000
_DESCRIPTION = make_screenshots.OUTPUT / "page.md"


@pytest.mark.needs("chromium")
def test_the_pictures_can_be_made_again(tmp_path, chromium):
    """New screenshots, here of the unix binary, have the committed names and sizes."""
    with portal_server.serving_page(tmp_path / "data") as client:
        made = make_screenshots.make(tmp_path, chromium, client)
    assert {path.name for path in made} == {
        path.name for path in make_screenshots.OUTPUT.glob("*.png")
    }
    for path in made:
        kept = make_screenshots.OUTPUT / path.name
        with Image.open(path) as new, Image.open(kept) as old:
            assert new.size == old.size
            assert len(new.convert("RGB").getcolors()) > 10
        assert 5_000 < kept.stat().st_size < _LIMIT_BYTES


def test_the_description_shows_every_picture():
    """The documentation shows every screenshot by a path in this repository."""
    for path in make_screenshots.OUTPUT.glob("*.png"):
        assert f"]({path.name})" in _DESCRIPTION.read_text("utf-8")
