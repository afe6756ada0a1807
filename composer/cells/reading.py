"""Areas as people write them: `5-8:C4-C6`, bars and pitches, and `5-8:C4-C6:1,2` of some parts."""

from __future__ import annotations

import re

from composer.cells.areas import N_PITCHES, Area
from composer.errors import OptionError
from composer.piece import Piece
from composer.theory import spelling_to_pitch_class

_AREA = re.compile(
    r"\s*(\d{1,6})(?:-(\d{1,6}))?\s*(?::\s*([^:]*?)\s*)?(?::\s*(\d+(?:\s*,\s*\d+)*)\s*)?",
    re.ASCII,
)
_PITCH = re.compile(r"([A-Ga-g](?:##?|bb?)?)(-?\d)", re.ASCII)


def read_area(text: str, piece: Piece) -> Area:
    """Read an area of a piece.

    Args:
        text: Bars as printed (`5` or `5-8`, a pickup is 0), then, if not all pitches are meant,
            `:C4-C6` or `:C4`, and, if not all parts are meant, their numbers (`:1,2`, the highest
            is 1); an empty middle means all pitches.
        piece: In which it lies.

    Raises:
        OptionError: If it is none, or the piece has no such bars or parts.
    """
    match = _AREA.fullmatch(text)
    if not match:
        raise OptionError(f"an area must be bars and pitches such as 5-8:C4-C6, got {text[:40]!r}")
    first, last = piece.index_of_bars(int(match[1]), int(match[2] or match[1]))
    low, high = _pitches(match[3] or "")
    parts = tuple(int(number) - 1 for number in match[4].split(",")) if match[4] else None
    return Area(
        begin_beats=piece.bars[first].onset_beats,
        end_beats=piece.bars[last].end_beats,
        low=low,
        high=high,
        parts=parts,
    )


def _pitches(text: str) -> tuple[int, int]:
    """Read the lowest and the highest pitch; of no text all.

    Raises:
        OptionError: If they are none.
    """
    if not text:
        return 0, N_PITCHES - 1
    found = re.fullmatch(rf"({_PITCH.pattern})(?:\s*-\s*({_PITCH.pattern}))?", text, re.ASCII)
    if not found:
        raise OptionError(f"pitches must be such as C4-C6, where C4 is middle C, got {text[:40]!r}")
    low, high = _pitch(found[1]), _pitch(found[4] or found[1])
    return min(low, high), max(low, high)


def _pitch(name: str) -> int:
    match = _PITCH.fullmatch(name)
    assert match is not None
    spelling = match[1][0].upper() + match[1][1:]
    alteration = spelling.count("#") - spelling[1:].count("b")
    # B#3 sounds as C4, and Cb4 as B3: the octave is that of the letter.
    letter = spelling_to_pitch_class(spelling[0])
    pitch = letter + alteration + 12 * (int(match[2]) + 1)
    if not 0 <= pitch < N_PITCHES:
        raise OptionError(f"pitches must be from C-1 to G9, got {name[:40]!r}")
    return pitch
