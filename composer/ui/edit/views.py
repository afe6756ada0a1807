"""Edited pieces as words and HTML. Knows no component of the page."""

from __future__ import annotations

import re
from html import escape

from composer.composition import Composition
from composer.piece import Piece
from composer.ui.shared import score_view, tables, wording
from composer.ui.shared.score_view import Selection

EMPTY = (
    '<div class="empty"><p>Take what you composed, bring a <b>MIDI</b> or <b>MusicXML</b> file, or '
    "write a melody. Then mark bars on the roll and have them written anew or varied, paint "
    "notes, or let a melody be harmonised.</p></div>"
)
PAINTED = "painted"
MAX_SLUG = 40


def place_words(place: Selection, piece: Piece) -> str:
    """Name bars, and parts if they are not all: `bars 3 to 4 of alto and tenor`."""
    first, last = place.first_bar, place.last_bar
    bars = f"bar {first}" if first == last else f"bars {first} to {last}"
    if len(place.parts) == len(piece.parts):
        return bars
    names = [score_view.part_names(piece)[part] for part in place.parts]
    return f"{bars} of {wording.listed(names)}"


def painted_words(words: str) -> str:
    """Say that something was painted on a version."""
    return words if words.endswith(PAINTED) else f"{words}, then {PAINTED}"


def heading(piece: Piece, words: str, shown: int, filled: Composition | None) -> str:
    """Name what is on show, and say how it came to be."""
    if shown and filled:
        place = f"candidate {shown} of {len(filled.ranked)}, not kept yet"
        words = f"{words}: {place}"
    return (
        f'<div class="heading"><div><h2>{escape(wording.title(piece))}</h2>'
        f"<p>{escape(words)} · {wording.count(piece.n_notes, 'note')}</p></div></div>"
    )


def candidates(filled: Composition | None, shown: int, first_bar: int = 1) -> str:
    """Show the candidates of the last run as rows that can be picked; nothing before the first."""
    if filled is None:
        return ""
    reason = tables.ranking_reason(filled, shown) if shown else ""
    return tables.ranking(filled, shown, first_bar) + reason


def part_choices(piece: Piece) -> list[tuple[str, int]]:
    """Return the parts of a piece as a list offers them: as shown, as sent."""
    names = score_view.part_names(piece)
    return [(f"{number}: {name}", number - 1) for number, name in enumerate(names, start=1)]


def slug(piece: Piece) -> str:
    """Return words of a piece's content for the name of a file."""
    plain = re.sub(
        r"[^a-z0-9]+", "-", wording.title(piece).encode("ascii", "ignore").decode().lower()
    )
    return plain.strip("-")[:MAX_SLUG].strip("-")
