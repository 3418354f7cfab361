"""Labels: their QR code is read back, and their text fits."""

import base64
import hashlib
import xml.etree.ElementTree as ElementTree

import pytest
import zxingcpp
from boardcert.page import words as proquint
from boardcert_host.board.label import Label, write_label
from boardcert_host.errors import Error
from PIL import Image, ImageDraw

_DIGEST = hashlib.sha256(b"key").digest()
_KEY = base64.b64encode(_DIGEST).decode()
_URL = "https://kitchen.local:20034/"
_EXPECTED = f"{_URL}#key={_KEY}"
_SVG = "{http://www.w3.org/2000/svg}"


def label(path, name="kitchen.local"):
    """Write the label of a made-up board and return its path."""
    write_label(path, Label(_URL, name, f"sha256//{_KEY}"))
    return path


def test_a_phone_reads_the_address_and_the_key_from_the_png(tmp_path):
    """An independent QR reader finds address and key in the PNG."""
    (found,) = zxingcpp.read_barcodes(Image.open(label(tmp_path / "label.png")))
    assert found.text == _EXPECTED


def test_a_phone_reads_the_same_from_the_svg(tmp_path):
    """The SVG, drawn here at its size, contains the same QR code."""
    root = ElementTree.parse(label(tmp_path / "label.svg")).getroot()  # noqa: S314 (our own file)
    width, height = (int(number) for number in root.get("viewBox").split()[2:])
    image = Image.new("L", (4 * width, 4 * height), 255)
    draw = ImageDraw.Draw(image)
    for square in root.find(f"{_SVG}path").get("d").split("M")[1:]:
        x, y = (4 * int(number) for number in square.partition("h")[0].split())
        draw.rectangle((x, y, x + 3, y + 3), fill=0)
    (found,) = zxingcpp.read_barcodes(image)
    assert found.text == _EXPECTED


@pytest.mark.parametrize("name", ["k", "kitchen.local", "n" * 63 + ".local"])
def test_every_line_of_text_fits(name, tmp_path):
    """Each line fits in a monospaced font, whose characters are 0.6 times as wide as high."""
    root = ElementTree.parse(label(tmp_path / "label.svg", name)).getroot()  # noqa: S314
    width = int(root.get("viewBox").split()[2])
    texts = list(root.iter(f"{_SVG}text"))
    assert texts[0].text == name
    for text in texts:
        assert float(text.get("x")) + 0.6 * float(text.get("font-size")) * len(text.text) <= width


def test_the_text_names_the_first_half_of_the_fingerprint(tmp_path):
    """The first half of the fingerprint is two lines of eight bytes."""
    root = ElementTree.parse(label(tmp_path / "label.svg")).getroot()  # noqa: S314
    lines = [text.text for text in root.iter(f"{_SVG}text")]
    octets = _DIGEST.hex(":").upper().split(":")
    assert ":".join(octets[:8]) in lines
    assert ":".join(octets[8:16]) in lines


def test_a_name_with_markup_in_it_stays_text(tmp_path):
    """Markup in a name that a board reports is shown as text."""
    root = ElementTree.parse(label(tmp_path / "label.svg", "<b>&")).getroot()  # noqa: S314
    assert next(root.iter(f"{_SVG}text")).text == "<b>&"


def test_another_kind_of_file_is_refused(tmp_path):
    """Another file type is a usage error, and nothing is written."""
    with pytest.raises(Error, match=r"an \.svg or a \.png") as caught:
        label(tmp_path / "label.pdf")
    assert caught.value.code == 2
    assert list(tmp_path.iterdir()) == []


def test_the_text_has_the_words_that_the_page_shows(tmp_path):
    """The words are those that the board's page shows, four in a line, all within the label."""
    root = ElementTree.parse(label(tmp_path / "label.svg")).getroot()  # noqa: S314
    words = proquint.words(_DIGEST).split("-")
    lines = [text.text for text in root.iter(f"{_SVG}text")]
    assert "-".join(words[:4]) in lines and "-".join(words[4:]) in lines
    height = int(root.get("viewBox").split()[3])
    assert all(float(text.get("y")) <= height - 2 for text in root.iter(f"{_SVG}text"))
