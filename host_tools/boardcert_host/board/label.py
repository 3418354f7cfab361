"""A sticker for a board: its name, its key's short fingerprint, and a QR code of address and key.

Anyone who meets the board compares the fingerprint of the public key, or the words, on the board's
page or in a browser with those on the sticker: all are of the same bytes. They stay when the board
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
_DOTS_PER_INCH = _MODULE_PIXELS / _MODULE_MM * 25.4


@dataclass(frozen=True)
class _Text:
    """A line of text. *y*: of its base line; *size*: its height."""

    y: float
    size: float
    text: str


def write_label(
    path: Path, url: str, name: str, public_key_pin: str, is_forced: bool = False
) -> None:
    """Write the sticker to *path*, .svg or .png by its name, whole or not at all.

    *is_forced*: over an older file.

    *url*: where the board's page is. The QR code holds it, and behind a #, which no browser sends,
    the whole digest of the public key, which a renewed certificate keeps.
    """
    drawers = {".svg": _draw_svg, ".png": _draw_png}
    draw = drawers.get(path.suffix.lower())
    if draw is None:
        raise Error(f"a label is an .svg or a .png, not {path.name}", None, USAGE)
    key = public_key_pin.removeprefix("sha256//")
    content = f"{url}#key={key}"
    code = segno.make_qr(content, error="m", boost_error=False)
    if int(code.version) < _LEAST_VERSION:
        code = segno.make_qr(content, version=_LEAST_VERSION, error="m")
    try:
        write_output(path, draw(code, _layout(name, key_fingerprint(public_key_pin))), is_forced)
    except OSError as error:
        raise Error(f"cannot write {path}: {error.strerror or error}") from error


def _layout(name: str, fingerprint: str) -> list[_Text]:
    """Return the lines beside the code, each small enough to fit."""
    octets = fingerprint.split(":")[:_SHORT_BYTES]
    rows = [":".join(octets[at : at + _LINE_BYTES]) for at in range(0, _SHORT_BYTES, _LINE_BYTES)]
    words = fingerprint_words(fingerprint).split("-")
    rows += ["-".join(words[at : at + _LINE_WORDS]) for at in range(0, len(words), _LINE_WORDS)]
    lines = [_Text(12, min(_NAME_SIZE, (_TEXT_WIDTH - _BORDER) / _ASPECT / len(name)), name)]
    lines.append(_Text(19, _SMALL_SIZE, "SHA-256 of its key begins"))
    for y, row in zip((25, 31, 38, 44), rows, strict=True):
        lines.append(_Text(y, _TEXT_SIZE, row))
    lines.append(_Text(50, _SMALL_SIZE, "Compare with its page"))
    lines.append(_Text(54, _SMALL_SIZE, "before you trust this board."))
    return lines


def _draw_svg(code: segno.QRCode, lines: list[_Text]) -> bytes:
    side = code.symbol_size(border=_BORDER)[0]
    width = side + _TEXT_WIDTH
    squares = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(code.matrix_iter(border=_BORDER))
        for x, is_dark in enumerate(row)
        if is_dark
    )
    texts = [
        f'<text x="{side}" y="{line.y:g}" font-size="{line.size:g}">'
        f"{xml.sax.saxutils.escape(line.text)}</text>"
        for line in lines
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {side}"'
            f' width="{width * _MODULE_MM:g}mm" height="{side * _MODULE_MM:g}mm">',
            f'<rect width="{width}" height="{side}" fill="#fff"/>',
            f'<path d="{squares}"/>',
            '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace">',
            *texts,
            "</g>",
            "</svg>",
            "",
        ]
    ).encode()


def _draw_png(code: segno.QRCode, lines: list[_Text]) -> bytes:
    side = int(code.symbol_size(border=_BORDER)[0])
    size = ((side + _TEXT_WIDTH) * _MODULE_PIXELS, side * _MODULE_PIXELS)
    image = Image.new("1", size, 1)
    draw = ImageDraw.Draw(image)
    rows = code.matrix_iter(scale=_MODULE_PIXELS, border=_BORDER)
    for y, row in enumerate(rows):
        for x, is_dark in enumerate(row):
            if is_dark:
                image.putpixel((x, y), 0)
    for line in lines:
        font = ImageFont.load_default(line.size * _MODULE_PIXELS)
        place = (side * _MODULE_PIXELS, line.y * _MODULE_PIXELS)
        draw.text(place, line.text, fill=0, font=font, anchor="ls")
    buffer = BytesIO()
    image.save(buffer, "PNG", dpi=(_DOTS_PER_INCH, _DOTS_PER_INCH), optimize=True)
    return buffer.getvalue()
