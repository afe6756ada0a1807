"""Edited pieces as words and HTML. Knows no component of the page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from composer.composition import Composition
from composer.errors import ComposerError, RequestError
from composer.piece import Piece
from composer.scorecard import Scorecard
from composer.ui.shared import keeping, score_view, tables, wording
from composer.ui.shared.marked import Selection

EMPTY = (
    '<div class="empty"><p>Take what you composed, bring a <b>MIDI</b> or <b>MusicXML</b> file, or '
    "write a melody. Then mark bars on the roll and have them written anew or varied, paint "
    "notes, or let a melody be harmonised.</p></div>"
)
PAINTED = "painted"
MAX_SLUG = 40
FORMAT = 1  # of the versions that the library of a browser keeps
MAX_VERSIONS = 20
MAX_CHARACTERS = 4_000_000  # of all of them


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


def heading(
    piece: Piece, card: Scorecard, words: str, shown: int = 0, filled: Composition | None = None
) -> str:
    """Name what is on show, say what it is like, and how it came to be."""
    if shown and filled:
        place = f"candidate {shown} of {len(filled.ranked)}, not kept yet"
        words = f"{words}: {place}"
    return (
        f'<div class="heading"><div><h2>{escape(wording.title(piece))}</h2>'
        f'<p class="verdict">{escape(tables.verdict(card))}</p>'
        f"<p>{escape(words)} · {wording.count(piece.n_notes, 'note')}</p></div></div>"
    )


def candidates(filled: Composition | None, shown: int, first_bar: int = 1) -> str:
    """Show the candidates of the last run as rows that can be picked; nothing before the first."""
    if filled is None:
        return ""
    reason = tables.ranking_reason(filled, shown) if shown else ""
    return tables.ranking(filled, shown, first_bar) + reason


def versions_json(versions: Sequence[tuple[Piece, str]]) -> str:
    """Return versions of a piece, and how each came to be, as JSON text; of many the last."""
    kept: list[str] = []
    for piece, words in reversed(versions[-MAX_VERSIONS:]):
        text = json.dumps({"words": words, "piece": piece.to_dict()}, ensure_ascii=False)
        if kept and sum(map(len, kept)) + len(text) > MAX_CHARACTERS:
            break
        kept.append(text)
    return f'{{"format": {FORMAT}, "versions": [{", ".join(reversed(kept))}]}}\n'


def read_versions(values: Mapping[str, Any]) -> list[tuple[Piece, str]]:
    """Read what `versions_json` wrote.

    Raises:
        RequestError: If the values are none.
    """
    try:
        if values["format"] != FORMAT:
            raise ValueError("another format")
        found = [
            (Piece.from_dict(one["piece"]), str(one["words"])[:200])
            for one in values["versions"][-MAX_VERSIONS:]
        ]
        if not found:
            raise ValueError("no version")
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError, ComposerError) as e:
        raise RequestError(keeping.NOT_OURS) from e
    return found


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
