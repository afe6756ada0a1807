"""`Piece` -> sheet music: SVG pages for screens, PDF and PNG for paper. Knows no page in a browser.

`engraving` lays the notes out (verovio), `printing` puts pages on paper (Typst). Long pieces are
engraved in a process that can be killed.
"""

from composer.rendering.sheet.engraving import A4, NARROW, WIDE, Layout, Sheet, sheet_pages
from composer.rendering.sheet.opening import engrave_opening, first_bars
from composer.rendering.sheet.printing import pages_to_pdf, pages_to_png, sheet_pdf, sheet_png

__all__ = [
    "A4",
    "NARROW",
    "WIDE",
    "Layout",
    "Sheet",
    "engrave_opening",
    "first_bars",
    "pages_to_pdf",
    "pages_to_png",
    "sheet_pages",
    "sheet_pdf",
    "sheet_png",
]
