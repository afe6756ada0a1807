"""When every note is written to begin: chords that are played spread stand as chords.

A player rolls a chord, strikes one hand a little after the other, or a little off the beat, and a
file says so to the tick: three notes a 96th apart, each tied to the next beat. A score shows one
chord, with a wavy line where it is rolled. Notes that follow one another so closely and are held
together begin where the first of them does; a beginning that no beat explains goes to the place
beside it where other parts begin. Knows times, and no note value.

Source:
    E. Gould, Behind Bars (2011), pp. 131-134: a spread chord is written as a chord with a wavy
    line, and the notes are played one after the other. The amounts below are ours.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from composer.piece import Note, Part, Piece

# Steps of a roll are shorter than any that is written at usual tempos; its notes sound together.
MAX_STEP_BEATS = Fraction(1, 12)
MAX_SPREAD_BEATS = Fraction(1, 2)
MIN_TOGETHER_BEATS = Fraction(1, 8)
# Parts of a quarter that a beginning may have without being odd.
_PLAIN = (8, 6, 5, 7)


@dataclass(slots=True)
class Roll:
    """Notes of a part that are written to begin together.

    Args:
        onset_beats: Where they are written.
        indices: Which notes of the part, in the order in which they are struck.
        is_spread: Whether they are struck one after the other.
    """

    onset_beats: Fraction
    indices: list[int] = field(default_factory=list)
    is_spread: bool = False


def write_onsets(piece: Piece) -> list[list[Roll]]:
    """Return the chords of every part, each where it is written to begin.

    Args:
        piece: With times that can be written (`rhythm.snap`).
    """
    rolls = [_rolls(part) for part in piece.parts]
    plain = sorted({r.onset_beats for part in rolls for r in part if is_plain(r.onset_beats)})
    for part, found in zip(piece.parts, rolls, strict=True):
        taken = {one.onset_beats for one in found}
        for roll in found:
            if not is_plain(roll.onset_beats):
                _move(part, roll, plain, taken)
    return rolls


def is_plain(onset_beats: Fraction) -> bool:
    """Whether a beat explains a time."""
    return any(n % onset_beats.denominator == 0 for n in _PLAIN)


def says_its_length(note: Note) -> bool:
    """Whether the values in which a note is written are given, and last as long as it sounds."""
    marks = note.marks
    if marks is None or not marks.written:
        return False
    return sum((one.beats for one in marks.written), Fraction(0)) == note.duration_beats


def keeps_its_time(note: Note) -> bool:
    """Whether a note begins where it is written: by its given values, or by what stands at it."""
    marks = note.marks
    return marks is not None and (says_its_length(note) or bool(marks.graces or marks.lyrics))


def _rolls(part: Part) -> list[Roll]:
    rolls: list[Roll] = []
    for index, note in enumerate(part.notes):
        if rolls and _joins(part.notes, rolls[-1], note):
            last = part.notes[rolls[-1].indices[-1]]
            rolls[-1].is_spread |= note.onset_beats > last.onset_beats
            rolls[-1].indices.append(index)
        else:
            rolls.append(Roll(note.onset_beats, [index]))
    return rolls


def _joins(notes: Sequence[Note], roll: Roll, note: Note) -> bool:
    """Whether a note belongs to the chord before it."""
    first, last = notes[roll.indices[0]], notes[roll.indices[-1]]
    if note.onset_beats == last.onset_beats:
        return True
    is_near = note.onset_beats - last.onset_beats <= MAX_STEP_BEATS
    if not is_near or note.onset_beats - first.onset_beats > MAX_SPREAD_BEATS:
        return False
    held = [notes[index] for index in roll.indices]
    until = note.onset_beats + MIN_TOGETHER_BEATS
    is_held = all(one.end_beats >= until and one.pitch != note.pitch for one in held)
    is_free = not any(one.marks and one.marks.graces for one in held) and not keeps_its_time(note)
    return is_held and note.end_beats >= until and is_free


def _move(part: Part, roll: Roll, plain: Sequence[Fraction], taken: set[Fraction]) -> None:
    """Write a chord at the nearest time beside its own where something plainly begins."""
    notes = [part.notes[index] for index in roll.indices]
    place = bisect_left(plain, roll.onset_beats)
    near = [
        time
        for time in plain[max(0, place - 1) : place + 1]
        if abs(time - roll.onset_beats) <= MAX_STEP_BEATS and time not in taken
    ]
    if not near or any(map(keeps_its_time, notes)):
        return
    time = min(near, key=lambda one: abs(one - roll.onset_beats))
    if all(note.end_beats >= time + MIN_TOGETHER_BEATS for note in notes):
        roll.onset_beats = time
        taken.add(time)
