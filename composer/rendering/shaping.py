"""One dynamic for a whole piece, or how it grows and fades: `p`, `p<f`, `f>p`, `p<f>p`.

Writes dynamics and hairpins, which files and sound read like those of any score. The same shape is
read back from a piece, so that it can be told whether it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from composer.piece import Marking, Part, Piece
from composer.rendering.staves import staff_groups

_HAIRPINS = {"<": "crescendo", ">": "diminuendo"}
_SIGNS = {kind: sign for sign, kind in _HAIRPINS.items()}


def shape_loudness(piece: Piece, shape: str) -> Piece:
    """Return a piece whose dynamics have a shape; hairpins part it into equal stretches of bars.

    Args:
        piece: Its own dynamics are replaced, its other markings stay.
        shape: Dynamics with `<` and `>` between them.
    """
    silent = {group.last for group in staff_groups(piece) if group.is_grand_staff}
    marks = tuple(_marks(piece, shape))
    return replace(
        piece,
        parts=tuple(
            replace(part, markings=_without_dynamics(part) + (() if n in silent else marks))
            for n, part in enumerate(piece.parts)
        ),
    )


def _without_dynamics(part: Part) -> tuple[Marking, ...]:
    return tuple(one for one in part.markings if one.kind not in ("dynamic", *_SIGNS))


def _marks(piece: Piece, shape: str) -> Iterator[Marking]:
    levels, signs = re.split("[<>]", shape), re.findall("[<>]", shape)
    bars = piece.bars
    # The last stretch ends with the last bar, which stands at its own level.
    turns = (
        [round(n * (len(bars) - 1) / len(signs)) for n in range(len(signs) + 1)] if signs else [0]
    )
    onsets = [bars[turn].onset_beats for turn in turns]
    for level, onset in zip(levels, onsets, strict=True):
        yield Marking(onset, "dynamic", level)
    for sign, (begin, end) in zip(signs, pairwise(onsets), strict=True):
        if end > begin:
            yield Marking(begin, _HAIRPINS[sign], end_beats=end)


def loudness_of(piece: Piece) -> str:
    """Return the shape of the dynamics that are written in the first part that has any."""
    for part in piece.parts:
        stated = [one for one in part.markings if one.kind in ("dynamic", *_SIGNS)]
        # A hairpin begins where its first dynamic stands, and is told after it.
        stated.sort(key=lambda one: (one.onset_beats, one.kind != "dynamic"))
        if stated:
            return "".join(_SIGNS.get(one.kind, one.text) for one in stated)
    return ""
