"""A sticker for a board: its name, its key's short fingerprint, and a QR code of address and key.

Anyone can compare the fingerprint of the public key, or the words, on the board's page or in a
browser with those on the sticker: all are of the same bytes. They stay when the board
signs its certificate again; the certificate's own fingerprint does not, and is not there.
segno makes the QR code; an SVG is text, a PNG of the same layout is drawn by Pillow.
"""

import xml.sax.saxutils
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont

from ..certificates.fingerprint import fingerprint_words, key_fingerprint
from ..errors import USAGE, Error
from ..files import write_output

# Sixteen of the 32 bytes: nobody finds another key for them (a second preimage of 128 bits), and
# they can be compared by eye.
_SHORT_BYTES = 16
_LINE_BYTES = 8
_LINE_WORDS = 4
# All lengths are in modules of the QR code. Its standard asks for a border of four.
_BORDER = 4
# A smaller code is less high than the text beside it; what is left over corrects more errors.
_LEAST_VERSION = 8
_TEXT_WIDTH = 74
_NAME_SIZE = 8.0
_TEXT_SIZE = 5.0
_SMALL_SIZE = 3.6
# The width of a character over its size: of a typewriter face in SVG, and at most that in Pillow's.
_ASPECT = 0.6
# A module of 0.5 mm is read by a phone from a hand's breadth; the PNG has 16 pixels to the mm.
_MODULE_MM = 0.5
_MODULE_PIXELS = 8
_ADVICE = ("Compare with its page", "before you trust this board.")
_DOTS_PER_INCH = _MODULE_PIXELS / _MODULE_MM * 25.4


@dataclass(frozen=True)
class Label:
    """What a sticker is about. *url*: where the board's page is; *text*: the maker's own lines."""

    url: str
    name: str
    public_key_pin: str
    text: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Text:
    """A line of text. *y*: of its base line; *size*: its height."""

    y: float
    size: float
    text: str


@dataclass(frozen=True)
class Drawing:
    """A sticker, laid out: the code, and the lines beside it. All lengths are in its modules."""

    code: segno.QRCode
    lines: list[_Text]

    @property
    def height(self) -> int:
        """Of the code, which is higher than the text."""
        return int(self.code.symbol_size(border=_BORDER)[0])

    @property
    def width(self) -> int:
        """Of code and text."""
        return self.height + _TEXT_WIDTH

    def svg(self) -> str:
        """Return it as elements of an SVG whose unit is a module."""
        squares = "".join(
            f"M{x} {y}h1v1h-1z"
            for y, row in enumerate(self.code.matrix_iter(border=_BORDER))
            for x, is_dark in enumerate(row)
            if is_dark
        )
        texts = [
            f'<text x="{self.height}" y="{line.y:g}" font-size="{line.size:g}">'
            f"{xml.sax.saxutils.escape(line.text)}</text>"
            for line in self.lines
        ]
        face = '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace">'
        return "\n".join([f'<path d="{squares}"/>', face, *texts, "</g>"])

    def paint(self, image: Image.Image, left: int, top: int, module_pixels: int) -> None:
        """Draw it in black on an *image* of mode 1, *module_pixels* for a module."""
        draw = ImageDraw.Draw(image)
        for y, row in enumerate(self.code.matrix_iter(border=_BORDER)):
            for x, is_dark in enumerate(row):
                if is_dark:
                    corner = (left + x * module_pixels, top + y * module_pixels)
                    end = (corner[0] + module_pixels - 1, corner[1] + module_pixels - 1)
                    draw.rectangle((corner, end), fill=0)
        for line in self.lines:
            font = ImageFont.load_default(line.size * module_pixels)
            place = (left + self.height * module_pixels, top + line.y * module_pixels)
            draw.text(place, line.text, fill=0, font=font, anchor="ls")


def draw_label(label: Label) -> Drawing:
    """Lay out a sticker.

    The QR code holds the URL, and behind a #, which no browser sends, the whole digest of the
    public key, which a renewed certificate keeps.
    """
    content = f"{label.url}#key={label.public_key_pin.removeprefix('sha256//')}"
    code = segno.make_qr(content, error="m", boost_error=False)
    if int(code.version) < _LEAST_VERSION:
        code = segno.make_qr(content, version=_LEAST_VERSION, error="m")
    return Drawing(code, _layout(label))


def check_label(path: Path) -> None:
    """Raise Error, a usage error, when `write_label` cannot make a file of the kind of *path*."""
    if path.suffix.lower() not in (".svg", ".png"):
        raise Error(f"a label is an .svg or a .png, not {path.name}", None, USAGE)


def write_label(path: Path, label: Label, is_forced: bool = False) -> None:
    """Write the sticker to *path*, .svg or .png by its name, whole or not at all.

    *is_forced*: over an older file.
    """
    check_label(path)
    encode = {".svg": _encode_svg, ".png": _encode_png}[path.suffix.lower()]
    try:
        write_output(path, encode(draw_label(label)), is_forced)
    except OSError as error:
        raise Error(f"cannot write {path}: {error.strerror or error}") from error


def _layout(label: Label) -> list[_Text]:
    """Return the lines beside the code, each small enough to fit."""
    fingerprint = key_fingerprint(label.public_key_pin)
    octets = fingerprint.split(":")[:_SHORT_BYTES]
    rows = [":".join(octets[at : at + _LINE_BYTES]) for at in range(0, _SHORT_BYTES, _LINE_BYTES)]
    words = fingerprint_words(fingerprint).split("-")
    rows += ["-".join(words[at : at + _LINE_WORDS]) for at in range(0, len(words), _LINE_WORDS)]
    lines = [_fitting(12, _NAME_SIZE, label.name)]
    lines.append(_Text(19, _SMALL_SIZE, "SHA-256 of its key begins"))
    for y, row in zip((25, 31, 38, 44), rows, strict=True):
        lines.append(_Text(y, _TEXT_SIZE, row))
    last = label.text or _ADVICE
    lines += [_fitting(y, _SMALL_SIZE, text) for y, text in zip((50, 54), last, strict=False)]
    return lines


def _fitting(y: float, size: float, text: str) -> _Text:
    """Return a line of at most *size*, which is not wider than there is room."""
    return _Text(y, min(size, (_TEXT_WIDTH - _BORDER) / _ASPECT / max(len(text), 1)), text)


def _encode_svg(drawing: Drawing) -> bytes:
    width, height = drawing.width, drawing.height
    size = f'width="{width * _MODULE_MM:g}mm" height="{height * _MODULE_MM:g}mm"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size}>'
    paper = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    return "\n".join([head, paper, drawing.svg(), "</svg>", ""]).encode()


def _encode_png(drawing: Drawing) -> bytes:
    size = (drawing.width * _MODULE_PIXELS, drawing.height * _MODULE_PIXELS)
    image = Image.new("1", size, 1)
    drawing.paint(image, 0, 0, _MODULE_PIXELS)
    buffer = BytesIO()
    image.save(buffer, "PNG", dpi=(_DOTS_PER_INCH, _DOTS_PER_INCH), optimize=True)
    return buffer.getvalue()
