"""Sheets of labels: every code of every page is read back."""

import base64
import hashlib
import re
import struct
import xml.etree.ElementTree as ElementTree
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from boardcert_host.board.label import Label
from boardcert_host.board.label_sheet import check_sheet, read_size, write_sheet
from boardcert_host.errors import Error
from PIL import Image, ImageDraw

_SVG = "{http://www.w3.org/2000/svg}"
_SIZE = read_size("62x29mm")


def labels(count: int) -> list[Label]:
    """Return labels of made-up boards."""
    made = []
    for number in range(1, count + 1):
        key = base64.b64encode(hashlib.sha256(bytes([number])).digest()).decode()
        name = f"sensor-{number:03}.local"
        text = ("ACME sensor", f"S/N {number:03}")
        made.append(Label(f"https://{name}:20034/", name, f"sha256//{key}", text))
    return made


def expected(made: list[Label]) -> set[str]:
    """Return what a phone should read."""
    return {f"{one.url}#key={one.public_key_pin.removeprefix('sha256//')}" for one in made}


def codes(image: Image.Image) -> list[str]:
    """Return what an independent QR reader finds."""
    return [found.text for found in zxingcpp.read_barcodes(image)]


def pictures(pdf: bytes) -> list[Image.Image]:
    """Extract the pictures, fax-coded, from a PDF: each is wrapped in a TIFF header to be read."""
    found = []
    pattern = rb"/Width (\d+)\n/Height (\d+).*?stream\n(.*?)\nendstream"
    for match in re.finditer(pattern, pdf, re.DOTALL):
        width, height, data = int(match[1]), int(match[2]), match[3]
        # TIFF tags: width, height, bits, compression, 0 is white, offset of the data, rows and
        # bytes.
        tags = {256: width, 257: height, 258: 1, 259: 4, 262: 0, 273: 8 + 2 + 8 * 12 + 4}
        tags |= {278: height, 279: len(data)}
        entries = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in tags.items())
        head = struct.pack("<2sHLH", b"II", 42, 8, len(tags))
        found.append(Image.open(BytesIO(head + entries + bytes(4) + data)))
    return found


def svg_picture(path: Path, dots_per_mm: int = 12) -> Image.Image:
    """Draw the squares of a sheet."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 (our own file)
    image = Image.new("L", (210 * dots_per_mm, 297 * dots_per_mm), 255)
    draw = ImageDraw.Draw(image)
    for group in root.findall(f"{_SVG}g"):
        x, y, scale = (float(number) for number in re.findall(r"[\d.]+", group.get("transform")))
        for square in group.find(f"{_SVG}path").get("d").split("M")[1:]:
            column, row = (int(number) for number in square.partition("h")[0].split())
            corner = [(x + column * scale) * dots_per_mm, (y + row * scale) * dots_per_mm]
            draw.rectangle((*corner, *(at + scale * dots_per_mm for at in corner)), fill=0)
    return image


def test_thirty_boards_are_two_pages_of_a_pdf(tmp_path: Path) -> None:
    """Thirty boards fill two A4 pages of a PDF, and each printed code can be read."""
    made = labels(30)
    path = tmp_path / "labels.pdf"
    write_sheet(path, made, _SIZE, False)
    pdf = path.read_bytes()
    assert pdf.startswith(b"%PDF")
    for box in re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf):
        assert [float(number) for number in box] == pytest.approx([595.3, 841.9], abs=0.2)
    first, second = (codes(picture) for picture in pictures(pdf))
    assert len(first) == 27 and len(second) == 3
    assert {*first, *second} == expected(made)


def test_svg_pages_are_files(tmp_path: Path) -> None:
    """SVG pages are single files with frames of the requested size and the maker's text."""
    made = labels(28)
    path = tmp_path / "labels.svg"
    write_sheet(path, made, _SIZE, False)
    second = tmp_path / "labels-2.svg"
    assert set(codes(svg_picture(path))) | set(codes(svg_picture(second))) == expected(made)
    root = ElementTree.parse(path).getroot()  # noqa: S314 (our own file)
    frames = root.findall(f"{_SVG}rect")[1:]
    assert len(frames) == 27
    for frame in frames:
        assert (frame.get("width"), frame.get("height")) == ("62", "29")
        assert float(frame.get("x")) + 62 <= 210 and float(frame.get("y")) + 29 <= 297
    texts = [text.text for text in root.iter(f"{_SVG}text")]
    assert texts.count("ACME sensor") == 27 and "S/N 005" in texts


@pytest.mark.parametrize("size", ["40x18mm", "62x29", "100x50.5mm", "190x270mm"])
def test_codes_of_every_size_are_read(size: str, tmp_path: Path) -> None:
    """Codes can be read at every permitted label size."""
    made = labels(2)
    path = tmp_path / "labels.pdf"
    read = read_size(size)
    write_sheet(path, made, read, False)
    assert {code for picture in pictures(path.read_bytes()) for code in codes(picture)} == expected(
        made
    )


@pytest.mark.parametrize("size", ["", "62", "0x29mm", "62x29cm", "20x9mm", "220x29mm", "9x300mm"])
def test_a_size_that_cannot_be_is_a_usage_error(size: str) -> None:
    """A label size of zero, too small for a phone, or too large for a page is a usage error."""
    with pytest.raises(Error) as caught:
        read_size(size)
    assert caught.value.code == 2


@pytest.mark.parametrize("name", ["labels.pdf", "labels.svg"])
def test_older_files_stay_without_force(name: str, tmp_path: Path) -> None:
    """An existing file, also of the second page, is reported before anything else is done."""
    path = tmp_path / name
    check_sheet(path, False)
    path.write_bytes(b"older")
    for act in (check_sheet, lambda *more: write_sheet(path, labels(1), _SIZE, False)):
        with pytest.raises(Error, match="exists already"):
            act(path, False)
    assert path.read_bytes() == b"older"
    check_sheet(path, True)
    write_sheet(path, labels(1), _SIZE, True)
    assert path.read_bytes() != b"older"
    path.unlink()
    (tmp_path / "labels-2.svg").write_bytes(b"older")
    if name.endswith(".svg"):
        with pytest.raises(Error, match=r"labels-2\.svg exists already"):
            check_sheet(path, False)
    with pytest.raises(Error, match=r"a \.pdf or an \.svg"):
        check_sheet(tmp_path / "labels.png", False)
