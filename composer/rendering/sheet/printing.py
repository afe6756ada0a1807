"""Engraved pages -> PDF and PNG, by Typst, which brings its own fonts. Knows SVG, and no music."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from composer.errors import MissingTool
from composer.piece import Piece
from composer.rendering.sheet.engraving import A4, Layout, sheet_pages

DPI = 150.0
# Typst's own serif stands before all that a machine may have, so that paper looks alike anywhere.
_FONTS = ('font-family="Times, serif"', 'font-family="Libertinus Serif, Times, serif"')
# Values come in as data: no word of a piece is ever read as Typst.
_TEMPLATE = b"""
#set document(title: sys.inputs.title, date: none)
#set page(
  width: float(sys.inputs.width) * 1mm,
  height: if sys.inputs.height == "" { auto } else { float(sys.inputs.height) * 1mm },
  margin: 0mm,
  fill: white,
)
#for number in range(int(sys.inputs.pages)) {
  if number > 0 { pagebreak() }
  image(bytes(sys.inputs.at("page" + str(number))), format: "svg", width: 100%)
}
"""


def sheet_pdf(piece: Piece) -> bytes:
    """Return a piece as one PDF of A4 pages.

    Raises:
        RequestError: If it cannot be engraved.
        MissingTool: If verovio or Typst are absent.
    """
    return pages_to_pdf(sheet_pages(piece), title=piece.title)


def sheet_png(piece: Piece, *, dpi: float = DPI) -> tuple[bytes, ...]:
    """Return a piece as a PNG an A4 page.

    Args:
        piece: What to engrave.
        dpi: Pixels an inch; 150 makes a page 1,240 wide.
    """
    return pages_to_png(sheet_pages(piece), dpi=dpi)


def pages_to_pdf(pages: Sequence[str], *, layout: Layout = A4, title: str = "") -> bytes:
    """Put engraved pages of one layout into one PDF."""
    (document,) = _print(pages, layout, "pdf", title=title)
    return document


def pages_to_png(
    pages: Sequence[str], *, layout: Layout = A4, dpi: float = DPI
) -> tuple[bytes, ...]:
    """Return a PNG a page."""
    return _print(pages, layout, "png", dpi=dpi)


def _print(
    pages: Sequence[str],
    layout: Layout,
    kind: Literal["pdf", "png"],
    *,
    title: str = "",
    dpi: float = DPI,
) -> tuple[bytes, ...]:
    try:
        import typst
    except ImportError as problem:
        raise MissingTool("PDF and PNG need Typst: `pip install typst`") from problem
    values = {f"page{number}": page.replace(*_FONTS) for number, page in enumerate(pages)}
    values |= {
        "title": title,
        "pages": str(len(pages)),
        "width": f"{layout.width_mm:g}",
        "height": "" if layout.is_cropped else f"{layout.height_mm:g}",
    }
    made = typst.compile(_TEMPLATE, format=kind, ppi=dpi, sys_inputs=values)
    return tuple(made) if isinstance(made, list) else (made,)
