"""Parts as they sound -> as they stand in their own scores: for clarinets, horns, double basses.

Knows pitches and their names, and no bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from composer.errors import OptionError
from composer.piece import Part, Piece
from composer.piece.moving import fifths_of_interval, moved_spelling, transposed_part
from composer.rendering.spelling import Spelling
from composer.theory import LINE_OF_FIFTHS

Names = tuple[Spelling, ...]


def as_written(
    piece: Piece, names: Sequence[Names], pairs: Sequence[tuple[int, int]]
) -> tuple[Piece, list[Names]]:
    """Return a piece whose transposing parts have the pitches that are written, and their names.

    A part that could not be written so stands as it sounds, and is no transposing part any more;
    so do two hands that differ in it.

    Args:
        piece: As it sounds.
        names: Of the notes of each part.
        pairs: The hands of each keyboard, by their indices.
    """
    parts, found = list(piece.parts), list(names)
    plain = {i for pair in pairs for i in pair if len({parts[j].transposition for j in pair}) > 1}
    for index, part in enumerate(piece.parts):
        if part.transposition:
            parts[index], found[index] = _written(part, names[index], is_plain=index in plain)
    return replace(piece, parts=tuple(parts)), found


def _written(part: Part, names: Names, *, is_plain: bool) -> tuple[Part, Names]:
    fifths = -fifths_of_interval(part.transposition)
    try:
        there = transposed_part(part, 0 if is_plain else -part.transposition, fifths)
    except OptionError:
        is_plain = True
    if is_plain:
        return replace(part, transposition=0), names
    moved = (
        _moved(name, fifths, note.pitch) for name, note in zip(names, there.notes, strict=True)
    )
    return there, tuple(moved)


def _moved(name: Spelling, fifths: int, pitch: int) -> Spelling:
    sign = "#" * name.alteration if name.alteration > 0 else "b" * -name.alteration
    found = name.step + sign
    if found in LINE_OF_FIFTHS:
        found = moved_spelling(found, fifths)
    alteration = found.count("#") - found.count("b")
    return Spelling(found[0], alteration, (pitch - alteration) // 12 - 1)
