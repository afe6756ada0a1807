"""The sheet of a piece as HTML for a page. Knows no event, and nobody's state."""

from __future__ import annotations

import base64
import json
import math
from html import escape
from typing import Any

from composer.errors import MissingTool, RequestError, WorkerError
from composer.piece import Piece
from composer.rendering.sheet import NARROW, WIDE, Sheet, engrave_opening
from composer.ui.shared import wording
from composer.ui.shared.sheet_boxes import bar_boxes, head_places, step_of

NARROW_BELOW_PX = 640


def show_sheet(piece: Piece, window_px: Any, *, tells_notes: bool = False) -> str:
    """Engrave the beginning of a piece for a window; one quiet line if that cannot be.

    Args:
        piece: Any.
        window_px: Width of the visitor's window as the browser says; anything else counts as wide.
        tells_notes: Whether the view learns where each note lies, so that it can be chosen.
    """
    layout = NARROW if _is_narrow(window_px) else WIDE
    try:
        return sheet_html(engrave_opening(piece, layout=layout, tells_notes=tells_notes), piece)
    except (MissingTool, RequestError, WorkerError) as error:
        return wording.note(f"no sheet: {error}")


def sheet_html(sheet: Sheet, piece: Piece) -> str:
    """Show engraved pages as pictures one below the other, on white paper.

    A picture is sealed: no style of the page reaches into it, and nothing in it can act.
    """
    n_pages = len(sheet.pages)
    boxes, heads_of = bar_boxes(sheet.pages, piece), head_places(sheet.pages)
    shown = zip(sheet.pages, boxes, heads_of, strict=True)
    pictures = "".join(
        f'<div class="sheet-page" data-step="{step_of(page)}" '
        f'data-bars="{escape(json.dumps(found))}" '
        f'data-heads="{json.dumps(heads, separators=(",", ":"))}">'
        f'<img alt="{escape(_words(piece, number, n_pages))}" src="{_data_url(page)}"></div>'
        for number, (page, found, heads) in enumerate(shown, start=1)
    )
    paper = (
        f'<div class="paper" role="region" aria-label="Sheet music" tabindex="0">{pictures}</div>'
    )
    rest = "" if sheet.is_whole else wording.note(_cut_words(sheet.n_bars, piece.n_bars))
    return paper + rest


def _words(piece: Piece, number: int, n_pages: int) -> str:
    of = f", page {number} of {n_pages}" if n_pages > 1 else ""
    return f"Sheet music{of}: {wording.title(piece)}"


def _cut_words(n_shown: int, n_bars: int) -> str:
    return f"the first {n_shown} of {n_bars:,} bars; the PDF has the whole piece"


def _data_url(page: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(page.encode()).decode()


def _is_narrow(window_px: Any) -> bool:
    is_number = isinstance(window_px, (int, float)) and not isinstance(window_px, bool)
    return is_number and math.isfinite(window_px) and 0 < window_px < NARROW_BELOW_PX
