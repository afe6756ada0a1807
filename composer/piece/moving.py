"""Parts moved to other pitches, with their spelling. Knows the line of fifths, and no bar."""

from __future__ import annotations

from dataclasses import replace

from composer.chords import CHORD
from composer.piece.marks import Marks
from composer.piece.notes import Note, Part
from composer.piece.signs import Marking
from composer.theory import LINE_OF_FIFTHS, Key, key_from_signature


def fifths_of_interval(semitones: int) -> int:
    """Return how far an interval reaches on the line of fifths, by its usual spelling.

    A semitone up is a minor second (-5), a tritone up an augmented fourth (6).
    """
    fifths = (abs(semitones) * 7 + 5) % 12 - 5
    return fifths if semitones >= 0 else -fifths


def moved_spelling(spelling: str, fifths: int) -> str:
    """Return a spelling moved along the line of fifths, drawn back to it by an enharmonic change.

    Args:
        spelling: A name in `LINE_OF_FIFTHS`.
        fifths: How far.
    """
    place = LINE_OF_FIFTHS.index(spelling) + fifths
    if place < 0:
        place = place % 12
    while place >= len(LINE_OF_FIFTHS):
        place -= 12
    return LINE_OF_FIFTHS[place]


def moved_key(key: Key, fifths: int) -> Key:
    """Return a key moved along the line of fifths, with at most seven accidentals."""
    there = key.fifths + fifths
    return key_from_signature(there if -7 <= there <= 7 else (there + 6) % 12 - 6, key.mode)


def transposed_part(part: Part, semitones: int, fifths: int) -> Part:
    """Return a part with every note and chord symbol moved.

    Args:
        part: Any pitched one.
        semitones: Up, or down.
        fifths: How far spellings go on the line of fifths.

    Raises:
        OptionError: If a note would leave 0-127.
    """
    # Notes share their marks, so few of them have to be moved.
    moved = {marks: _moved_marks(marks, semitones, fifths) for marks in _marks_of(part)}
    return replace(
        part,
        notes=tuple(
            Note(
                note.onset_beats,
                note.pitch + semitones,
                note.duration_beats,
                note.velocity,
                moved[note.marks] if note.marks else None,
            )
            for note in part.notes
        ),
        markings=tuple(moved_marking(one, fifths) for one in part.markings),
    )


def _marks_of(part: Part) -> frozenset[Marks]:
    return frozenset(note.marks for note in part.notes if note.marks)


def _moved_marks(marks: Marks, semitones: int, fifths: int) -> Marks:
    graces = tuple(
        replace(
            grace,
            pitch=grace.pitch + semitones,
            spelling=_moved_if_any(grace.spelling, fifths),
        )
        for grace in marks.graces
    )
    return replace(marks, spelling=_moved_if_any(marks.spelling, fifths), graces=graces)


def _moved_if_any(spelling: str, fifths: int) -> str:
    return spelling and moved_spelling(spelling, fifths)


def moved_marking(marking: Marking, fifths: int) -> Marking:
    """Return a marking whose chord symbol, if it is one, is moved along the line of fifths."""
    match = CHORD.fullmatch(marking.text) if marking.kind == "chord" else None
    if match is None:
        return marking
    root = moved_spelling(match["root"], fifths)
    bass = f"/{moved_spelling(match['bass'], fifths)}" if match["bass"] else ""
    return replace(marking, text=f"{root}{match['kind']}{bass}")
