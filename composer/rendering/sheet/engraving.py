"""`Piece` -> engraved pages as SVG, by verovio from our own MusicXML. Knows no paper and no PDF.

A page needs no font but one for words: musical signs are drawn as outlines, those within words too.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from composer import worker
from composer.errors import MissingTool, RequestError
from composer.piece import Piece
from composer.rendering.sheet.words import draw_signs

if TYPE_CHECKING:
    import verovio

# Larger pieces are engraved in another process: verovio lets no other thread work meanwhile.
MAX_NOTES_HERE = 2_000
WALL_S = 60.0
MAX_LINE = 60  # characters of a title that fit above a page; verovio breaks no line
MEMORY_BYTES = 3_000_000_000
# verovio counts tenths of a millimetre, for staves of eight times its unit.
_VEROVIO_STAFF_MM = 7.2
_MAX_PAGE = 60_000
# Only the outlines of signs are referred to; they have names such as `E0A4-x`. Ids of notes stay
# where they tell the sounds.
_UNUSED_ID = re.compile(r'(<(?:g|tspan)) id="(?![0-9A-F]{4}-|sound_)[^"]*"')
_SCORE_DEF = re.compile(r"<scoreDef\b[^>]*>")
# Groups without content, and hints that a pointer would show as if they were words of the score.
_UNSEEN = re.compile(r'<g(?: [^>]*)?/>|<title class="labelAttr">[^<]*</title>')


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A kind of page.

    Args:
        width_mm, height_mm: Of the page.
        margin_mm: On all sides.
        staff_mm: Height of a staff in a score of one or two parts; larger scores get smaller ones.
        has_title: Whether title and composer stand above the music.
        is_cropped: Whether a page ends below its last system.
    """

    width_mm: float
    height_mm: float
    margin_mm: float
    staff_mm: float
    has_title: bool = True
    is_cropped: bool = False

    def staff_of(self, n_parts: int) -> float:
        """Return the height of a staff in millimetres: as printed scores, smaller for many."""
        if self.is_cropped:  # a screen scrolls
            return self.staff_mm
        return self.staff_mm * (1.0 if n_parts <= 2 else 0.86 if n_parts <= 4 else 0.72)


A4 = Layout(width_mm=210, height_mm=297, margin_mm=15, staff_mm=6.6)
_SCREEN: dict[str, Any] = {"margin_mm": 4, "staff_mm": 6, "has_title": False, "is_cropped": True}
WIDE = Layout(width_mm=250, height_mm=330, **_SCREEN)  # of a screen
NARROW = Layout(width_mm=105, height_mm=330, **_SCREEN)  # of a telephone


@dataclass(frozen=True)
class Sheet:
    """Engraved pages.

    Args:
        pages: An SVG document a page.
        n_bars: How many bars of the piece they show.
        is_whole: Whether these are all.
    """

    pages: tuple[str, ...]
    n_bars: int
    is_whole: bool = True


def sheet_pages(piece: Piece, *, layout: Layout = A4, tells_notes: bool = False) -> tuple[str, ...]:
    """Engrave a whole piece; return an SVG document a page.

    Args:
        piece: Any.
        layout: Of the pages.
        tells_notes: Whether notes have ids of their sounds (`exporting.SOUND_MARK`).

    Raises:
        RequestError: If it cannot be engraved.
        MissingTool: If verovio is absent.
        WorkerError: If a long piece takes too long or too much memory.
    """
    if piece.n_notes <= MAX_NOTES_HERE:
        return _engrave_piece(piece, layout, tells_notes)
    job = {"piece": piece.to_dict(), "layout": asdict(layout), "tells_notes": tells_notes}
    answer = worker.call(
        f"{__name__}:engrave_job",
        json.dumps(job).encode(),
        wall_s=WALL_S,
        memory_bytes=MEMORY_BYTES,
        preload=("composer.rendering.musicxml", "verovio"),
        what="engraving the sheet",
    )
    return tuple(json.loads(answer))


def engrave_job(payload: bytes) -> bytes:
    """Engrave in another process: JSON of piece and layout in, JSON of the pages out."""
    job = json.loads(payload)
    piece = Piece.from_dict(job["piece"])
    return json.dumps(_engrave_piece(piece, Layout(**job["layout"]), job["tells_notes"])).encode()


def _engrave_piece(piece: Piece, layout: Layout, tells_notes: bool) -> tuple[str, ...]:
    # Here, not above: it brings music21, which the page shall not wait for.
    from composer.rendering.musicxml import musicxml_bytes, shortened

    title, composer, credit = (
        shortened(text, MAX_LINE) for text in (piece.title, piece.composer, piece.credit)
    )
    shown = replace(piece, title=title, composer=composer, credit=credit)
    head = _page_head(title, credit or composer) if layout.has_title else ""
    text = musicxml_bytes(shown, tells_notes=tells_notes)
    return engrave(text, len(piece.parts), layout, head)


def engrave(musicxml: bytes, n_parts: int, layout: Layout, head: str = "") -> tuple[str, ...]:
    """Engrave our own MusicXML in this process; return an SVG document a page.

    Args:
        musicxml: As `musicxml_bytes` writes it.
        n_parts: Of its parts.
        layout: Of the pages.
        head: MEI of what stands above the first page.
    """
    toolkit = _open_toolkit()
    toolkit.setOptions(_options(layout, n_parts))
    is_loaded = toolkit.loadData(musicxml.decode())
    if is_loaded and head:
        # verovio's own head leaves the composer out.
        is_loaded = toolkit.loadData(_SCORE_DEF.sub(rf"\g<0>{head}", toolkit.getMEI(), count=1))
    if not is_loaded:
        raise RequestError("this piece cannot be written as sheet music; MIDI and sound still can")
    pages = (toolkit.renderToSVG(number) for number in range(1, toolkit.getPageCount() + 1))
    return tuple(_tidy(page) for page in pages)


def _page_head(title: str, credit: str) -> str:
    """Return MEI of a title, and below it who made the piece."""
    rows = (("center", "top", "x-large", title), ("right", "bottom", "small", credit))
    rends = (
        f'<rend halign="{halign}" valign="{valign}" fontsize="{size}">{escape(text)}</rend>'
        for halign, valign, size, text in rows
        if text
    )
    return f'<pgHead func="first">{"".join(rends)}</pgHead>'.replace("\\", "&#92;")


def _open_toolkit() -> verovio.toolkit:
    try:
        import verovio
    except ImportError as problem:
        raise MissingTool("sheet music needs verovio: `pip install verovio`") from problem
    verovio.enableLog(verovio.LOG_OFF)  # what it says concerns us, and no visitor
    # Its default folder is known to the thread that imported it, and to no other.
    toolkit = verovio.toolkit(False)
    toolkit.setResourcePath(str(Path(verovio.__file__).parent / "data"))
    return toolkit


def _options(layout: Layout, n_parts: int) -> dict[str, Any]:
    """Return verovio's options for a layout."""
    zoom = 10 * _VEROVIO_STAFF_MM / layout.staff_of(n_parts)
    margin = round(layout.margin_mm * zoom)
    margins = {f"pageMargin{side}": margin for side in ("Left", "Right", "Top", "Bottom")}
    return margins | {
        "pageWidth": round(layout.width_mm * zoom),
        "pageHeight": min(_MAX_PAGE, round(layout.height_mm * zoom)),
        "adjustPageHeight": layout.is_cropped,
        "justifyVertically": not layout.is_cropped,
        "header": "auto" if layout.has_title else "none",
        "footer": "none",
        "breaks": "auto",
        "spacingSystem": 8 if layout.is_cropped else 6,
        "svgViewBox": True,
        "svgFormatRaw": True,
        "svgRemoveXlink": True,
        "smuflTextFont": "none",  # instead, `draw_signs` draws them
        "xmlIdSeed": 1,  # the same piece gives the same text
    }


def _tidy(page: str) -> str:
    """Draw signs within words, and drop what nobody reads: a page is sent over the network."""
    return draw_signs(_UNSEEN.sub("", _UNUSED_ID.sub(r"\1", page)))
