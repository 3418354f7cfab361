"""Sheets of stickers: A4, in rows, as PDF or SVG.

A PDF holds a picture of each page, drawn by Pillow, in which a module of a code is a whole number
of dots. An SVG holds one page: further pages are files of their own, NAME-2.svg and so on.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from ..errors import USAGE, Error
from ..files import write_output
from .label import Drawing, Label, draw_label

_MM_PER_INCH = 25.4
_PAGE_MM = (210.0, 297.0)
# What printers leave white, and the room for a cut.
_MARGIN_MM = 8.0
_GAP_MM = 2.0
# Near that; a module decides. A laser printer has as many dots.
_DOTS_PER_INCH = 600
# A module that small is read by a phone that is held close.
_LEAST_MODULE_MM = 0.28
_SUFFIXES = (".pdf", ".svg")
DEFAULT_SIZE = "62x29mm"


@dataclass(frozen=True)
class Size:
    """The size of a label, in mm."""

    width: float
    height: float

    @property
    def columns(self) -> int:
        """How many lie side by side on a page."""
        return int((_PAGE_MM[0] - 2 * _MARGIN_MM + _GAP_MM) // (self.width + _GAP_MM))

    @property
    def rows(self) -> int:
        """How many rows a page has."""
        return int((_PAGE_MM[1] - 2 * _MARGIN_MM + _GAP_MM) // (self.height + _GAP_MM))

    def place(self, index: int) -> tuple[float, float]:
        """Return the left and upper edge of label *index* of a page, in mm."""
        row, column = divmod(index, self.columns)
        left = _MARGIN_MM + column * (self.width + _GAP_MM)
        return left, _MARGIN_MM + row * (self.height + _GAP_MM)


def read_size(text: str) -> Size:
    """Read a size such as 62x29mm. Raises Error, a usage error, if it is invalid or unfit."""
    found = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)x(\d{1,3}(?:\.\d+)?)(?:mm)?", text)
    if not found:
        raise Error(f"not a size of labels: {text}", f"for example {DEFAULT_SIZE}", USAGE)
    size = Size(float(found[1]), float(found[2]))
    if not size.columns or not size.rows:
        most = [int(length - 2 * _MARGIN_MM) for length in _PAGE_MM]
        hint = f"at most {most[0]}x{most[1]}mm"
        raise Error(f"a label of {text} does not fit on a page of A4", hint, USAGE)
    # The codes of all addresses that boards have are of one size.
    _module_mm([draw_label(Label("https://b.local", "b", "sha256//" + 43 * "A" + "="))], size)
    return size


def check_sheet(path: Path, is_forced: bool) -> None:
    """Raise Error for a file that is neither, and for one that is there when it may not be."""
    if path.suffix.lower() not in _SUFFIXES:
        raise Error(f"a sheet of labels is a .pdf or an .svg, not {path.name}", None, USAGE)
    there = [each for each in (path, *_further_pages(path)) if each.exists()]
    if there and not is_forced:
        raise Error(f"{there[0]} exists already", "--force overwrites it")


def write_sheet(path: Path, labels: Sequence[Label], size: Size, is_forced: bool) -> None:
    """Write *labels* to *path*, .pdf or .svg by its name; each file is whole or absent.

    *is_forced*: over older files. Raises Error, a usage error, when a label does not fit its size.
    """
    drawings = [draw_label(label) for label in labels]
    module_mm = _module_mm(drawings, size)
    count = size.columns * size.rows
    pages = [drawings[at : at + count] for at in range(0, len(drawings), count)] or [[]]
    if path.suffix.lower() == ".pdf":
        contents = {path: _encode_pdf(pages, size, module_mm)}
    else:
        names = [path, *(_page_file(path, number) for number in range(2, len(pages) + 1))]
        encoded = [_encode_svg(page, size, module_mm) for page in pages]
        contents = dict(zip(names, encoded, strict=True))
    try:
        for name, data in contents.items():
            write_output(name, data, is_forced)
    except OSError as error:
        raise Error(f"cannot write {path}: {error.strerror or error}") from error


def _page_file(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


def _further_pages(path: Path) -> list[Path]:
    """Return the second page, if that has a file of its own; without it there is no third."""
    return [] if path.suffix.lower() == ".pdf" else [_page_file(path, 2)]


def _module_mm(drawings: Sequence[Drawing], size: Size) -> float:
    """Return how large a module may be, the same for all labels. Raises Error when too small."""
    fits = [min(size.width / one.width, size.height / one.height) for one in drawings]
    module_mm = min(fits, default=_LEAST_MODULE_MM)
    if module_mm < _LEAST_MODULE_MM:
        least = [
            max(each) * _LEAST_MODULE_MM
            for each in zip(*((d.width, d.height) for d in drawings), strict=True)
        ]
        raise Error(
            f"labels of {size.width:g}x{size.height:g}mm are too small for a code that phones read",
            f"at least {least[0]:.0f}x{least[1]:.0f}mm",
            USAGE,
        )
    return module_mm


def _encode_svg(page: Sequence[Drawing], size: Size, module_mm: float) -> bytes:
    width, height = _PAGE_MM
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}mm" height="{height:g}mm">',
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
    ]
    for index, drawing in enumerate(page):
        left, top = size.place(index)
        frame = f'x="{left:g}" y="{top:g}" width="{size.width:g}" height="{size.height:g}"'
        lines.append(f'<rect {frame} fill="none" stroke="#999" stroke-width="0.1"/>')
        x, y = (round(at, 3) for at in _corner(drawing, size, module_mm, left, top))
        lines.append(f'<g transform="translate({x:g} {y:g}) scale({module_mm:.4f})">')
        lines += [drawing.svg(), "</g>"]
    return "\n".join([*lines, "</svg>", ""]).encode()


def _corner(
    drawing: Drawing, size: Size, module_mm: float, left: float, top: float
) -> tuple[float, float]:
    """Return where the upper left corner of *drawing* is, in mm: it stands in the middle."""
    x = left + (size.width - drawing.width * module_mm) / 2
    return x, top + (size.height - drawing.height * module_mm) / 2


def _encode_pdf(pages: Sequence[Sequence[Drawing]], size: Size, module_mm: float) -> bytes:
    module_dots = round(module_mm * _DOTS_PER_INCH / _MM_PER_INCH)
    dots_per_mm = module_dots / module_mm
    images = [_paint(page, size, module_mm, module_dots) for page in pages]
    buffer = BytesIO()
    resolution = dots_per_mm * _MM_PER_INCH
    images[0].save(buffer, "PDF", resolution=resolution, save_all=True, append_images=images[1:])
    return buffer.getvalue()


def _paint(page: Sequence[Drawing], size: Size, module_mm: float, module_dots: int) -> Image.Image:
    """Return a picture of one page, black and white."""
    dots_per_mm = module_dots / module_mm
    width, height = (round(length * dots_per_mm) for length in _PAGE_MM)
    image = Image.new("1", (width, height), 1)
    draw = ImageDraw.Draw(image)
    for index, drawing in enumerate(page):
        left, top = size.place(index)
        edges = (left, top, left + size.width, top + size.height)
        draw.rectangle([round(edge * dots_per_mm) for edge in edges], outline=0)
        x, y = _corner(drawing, size, module_mm, left, top)
        drawing.paint(image, round(x * dots_per_mm), round(y * dots_per_mm), module_dots)
    return image
