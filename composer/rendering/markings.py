"""Signs at notes -> music21's. Knows single notes of a score that are laid out already; no file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from music21 import articulations, expressions, note

from composer.piece import Marks

_ARTICULATIONS: dict[str, Any] = {
    "accent": articulations.Accent,
    "strong-accent": articulations.StrongAccent,
    "staccato": articulations.Staccato,
    "staccatissimo": articulations.Staccatissimo,
    "tenuto": articulations.Tenuto,
    "detached-legato": articulations.DetachedLegato,
    "spiccato": articulations.Spiccato,
    "breath-mark": articulations.BreathMark,
    "caesura": articulations.Caesura,
    "up-bow": articulations.UpBow,
    "down-bow": articulations.DownBow,
}
_EXPRESSIONS: dict[str, Any] = {
    "fermata": expressions.Fermata,
    "inverted-fermata": expressions.Fermata,
    "trill-mark": expressions.Trill,
    "turn": expressions.Turn,
    "inverted-turn": expressions.InvertedTurn,
    "mordent": expressions.Mordent,
    "inverted-mordent": expressions.InvertedMordent,
    "arpeggiate": expressions.ArpeggioMark,
}
WRITTEN_SIGNS = frozenset((*_ARTICULATIONS, *_EXPRESSIONS))  # by `put_signs`


def put_signs(element: note.NotRest, marks: Iterable[Marks | None], *, ends: bool) -> None:
    """Put the signs of notes at a written note or chord, each once.

    Args:
        element: A note or chord; of several that are tied, the first or the last.
        marks: Of its notes.
        ends: Whether it is the last that is tied, where a fermata stands.
    """
    signs = dict.fromkeys(sign for one in marks if one for sign in one.signs)
    for sign in signs:
        if sign in _ARTICULATIONS and not ends:
            element.articulations.append(_ARTICULATIONS[sign]())
        elif sign in _EXPRESSIONS and ends == sign.endswith("fermata"):
            found = _EXPRESSIONS[sign]()
            if sign == "fermata":
                found.type = "upright"
            element.expressions.append(found)
