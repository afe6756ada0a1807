"""Every note's name: the letter, accidental and octave that fit the key and what sounds around it.

Names are places on the line of fifths (... F C G D A ...). The key has a vote for the name that its
scale and its usual chromatic degrees give; the notes nearby vote by the method ps13s1; and a note
outside the scale that moves on by a semitone takes the letter beside the note that it leads to.
benchmarks/quality/musicxml.py counts how often that is what the editors of Bach's chorales wrote.

Source:
    D. Meredith, The ps13 pitch spelling algorithm, Journal of New Music Research 35(2), 2006,
    pp. 121-159: for each note, each tonic that may rule implies a letter, and has as many votes as
    its pitch class comes in the notes around. Key and resolution are our additions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from composer.piece import Note, Piece
from composer.theory import LETTER_PITCH_CLASSES, LINE_OF_FIFTHS, Key, pitch_name

# Every fourth Bach chorale of 410 gave these numbers (6 of 24,974 notes spelled otherwise than by
# the editors); Meredith's windows of 10 and 42 notes without the other two votes gave 48.
NOTES_BEFORE, NOTES_AFTER = 16, 24
KEY_VOTES = 10
RESOLUTION_VOTES = 20
# Semitones above a tonic -> fifths above it: unison, minor 2nd, major 2nd, ..., raised 4th, ...
_FIFTHS_OF_INTERVAL = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)
_C_ON_LINE = LINE_OF_FIFTHS.index("C")
_FIFTHS_RANGE = range(-_C_ON_LINE, len(LINE_OF_FIFTHS) - _C_ON_LINE)
# Up to a semitone above, as a leading note: five fifths away; down to one below: five the other way
_RESOLUTIONS = {1: 5, -1: -5}

Place = tuple[int, int]  # index of a part, and of a note in it
Votes = Counter[int]  # by place on the line of fifths, C = 0


@dataclass(frozen=True, slots=True)
class Spelling:
    """A pitch as it is written.

    Args:
        step: A letter, `A` to `G`.
        alteration: Semitones by which the accidental raises it, -2..2.
        octave: 4 for the octave that middle C begins.
    """

    step: str
    alteration: int
    octave: int

    def __str__(self) -> str:
        sign = "#" * self.alteration if self.alteration > 0 else "b" * -self.alteration
        return f"{self.step}{sign}{self.octave}"

    @property
    def pitch(self) -> int:
        """MIDI number."""
        return LETTER_PITCH_CLASSES[self.step] + self.alteration + 12 * (self.octave + 1)


def spell(piece: Piece) -> tuple[tuple[Spelling, ...], ...]:
    """Spell every note of a piece: the name of part p's note n stands at [p][n]."""
    places = sorted(_places(piece), key=lambda place: (_note(piece, place).onset_beats, place))
    pitches = [_note(piece, place).pitch for place in places]
    votes = dict(zip(places, _votes(pitches, piece.key), strict=True))
    _add_resolutions(votes, piece)
    return tuple(
        tuple(
            _name(note.pitch, _winner(votes[part_index, index], piece.key))
            for index, note in enumerate(part.notes)
        )
        for part_index, part in enumerate(piece.parts)
    )


def _places(piece: Piece) -> Iterator[Place]:
    for part_index, part in enumerate(piece.parts):
        for index in range(len(part.notes)):
            yield part_index, index


def _note(piece: Piece, place: Place) -> Note:
    return piece.parts[place[0]].notes[place[1]]


def _votes(pitches: Sequence[int], key: Key) -> Iterator[Votes]:
    """Yield the votes of the key and of the notes around for each note, in the order of time."""
    names = {pitch_class: _place_in_key(pitch_class, key) for pitch_class in range(12)}
    tonic = _place_on_line(key.tonic)
    around = Counter(pitch % 12 for pitch in pitches[: NOTES_AFTER - 1])
    for i, pitch in enumerate(pitches):
        if i + NOTES_AFTER - 1 < len(pitches):
            around[pitches[i + NOTES_AFTER - 1] % 12] += 1
        if i > NOTES_BEFORE:
            around[pitches[i - NOTES_BEFORE - 1] % 12] -= 1
        votes: Votes = Counter({names[pitch % 12]: KEY_VOTES})
        for ruler, n in around.items():
            to_key = _FIFTHS_OF_INTERVAL[(key.tonic_pitch_class - ruler) % 12]
            votes[tonic - to_key + _FIFTHS_OF_INTERVAL[(pitch - ruler) % 12]] += n
        yield votes


def _add_resolutions(votes: dict[Place, Votes], piece: Piece) -> None:
    """Let notes outside the scale lean towards the note that follows in their part."""
    first = {place: _winner(found, piece.key) for place, found in votes.items()}
    for part_index, part in enumerate(piece.parts):
        for index, (note, following) in enumerate(pairwise(part.notes)):
            fifths = _RESOLUTIONS.get(following.pitch - note.pitch)
            if fifths and note.pitch % 12 not in piece.key.scale:
                target = first[part_index, index + 1]
                votes[part_index, index][target + fifths] += RESOLUTION_VOTES


def _winner(votes: Votes, key: Key) -> int:
    """Return the name with most votes that at most a double accidental writes."""
    middle = key.fifths + 2  # of the seven notes of the scale
    possible = [place for place in votes if place in _FIFTHS_RANGE]
    if not possible:
        return min((p + 12 * k for p in votes for k in (-1, 1)), key=lambda p: abs(p - middle))
    return max(possible, key=lambda place: (votes[place], -abs(place - middle), place))


def _place_in_key(pitch_class: int, key: Key) -> int:
    return _place_on_line(pitch_name(60 + pitch_class, key)[:-1])


def _place_on_line(name: str) -> int:
    return LINE_OF_FIFTHS.index(name) - _C_ON_LINE


def _name(pitch: int, place: int) -> Spelling:
    name = LINE_OF_FIFTHS[place + _C_ON_LINE]
    alteration = name.count("#") - name.count("b")
    return Spelling(name[0], alteration, (pitch - alteration) // 12 - 1)
