"""How loud a player plays: velocities from phrase, meter and line. Knows no seconds.

Each phrase has a level, p to f, by how high and how full it is beside the others; one that says the
same as the phrase before is an echo, and in its last bar a phrase leads over to the next level.
Around these levels phrase, meter, height and place among the parts add and take away.

Sources:
    N. P. Todd (1992), as in `timing`: a phrase grows to its middle and fades to its end.
    J. A. Sloboda, The communication of musical metre in piano performance, Quarterly Journal of
    Experimental Psychology 35A (1983), pp. 377-396: notes on strong beats are played louder.
    A. Friberg, R. Bresin and J. Sundberg (2006), as in `timing`, pp. 145-161: the rules "high loud"
    (the higher, the louder), "duration contrast" (the shorter, the softer) and "phrase arch".
    W. Goebl, Melody lead in piano performance, JASA 110 (2001), pp. 563-572: the melody is played
    louder than what goes with it.
    The levels of phrases, echoes and all amounts below are ours.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby, pairwise
from statistics import fmean, pstdev

from composer.piece import Note, Part, Piece
from composer.rendering.phrases import Phrase
from composer.rendering.sounding import DYNAMIC_VELOCITIES
from composer.rendering.timing import arch
from composer.theory import INSTRUMENTS, Meter
from composer.units import DEFAULT_VELOCITY

# Marks, the softest first, and what they add to the velocity of notes that state none.
LEVELS = {mark: DYNAMIC_VELOCITIES[mark] - DEFAULT_VELOCITY for mark in ("p", "mp", "mf", "f")}
_LOUDNESS = tuple(LEVELS)
PHRASE_VELOCITY = 8.0  # by which the edges of a phrase are softer
PIECE_VELOCITY = 2.0  # and the edges of the whole piece
DOWNBEAT_VELOCITY = 8.0
HALF_BAR_VELOCITY = 3.0
OFFBEAT_VELOCITY = -5.0
MELODY_VELOCITY = 12.0
BASS_VELOCITY = -3.0
INNER_VELOCITY = -12.0
VELOCITY_PER_OCTAVE = 5.0
MAX_HEIGHT_VELOCITY = 6.0
SHORT_VELOCITY = -1.5  # a halving of the usual length
MAX_SHORT_VELOCITY = 3.0
MAX_VELOCITY_CHANGE = 52
VELOCITIES = (1, 127)
# Their keys know no loud and soft.
FIXED_PROGRAMS = frozenset(INSTRUMENTS[name].program for name in ("harpsichord", "organ"))


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a phrase is as a whole.

    Args:
        phrase: Which.
        mark: A name in `LEVELS`.
        leads_to: The mark that its last bar leads over to; the same where it leads nowhere.
    """

    phrase: Phrase
    mark: str
    leads_to: str


def states_dynamics(piece: Piece) -> bool:
    """Whether a piece says itself how loud its notes are: they have different velocities."""
    return len({note.velocity for part in piece.parts for note in part.notes}) > 1


def shaded_parts(piece: Piece, phrases: Sequence[Phrase]) -> tuple[Part, ...]:
    """Return the parts of a piece, their notes louder and softer as a player would.

    A piece that states the velocities of its notes keeps them; where dynamics are marked, the
    levels of phrases are left to them (`sounding`).

    Args:
        piece: At least one note.
        phrases: Of the piece, without gaps.
    """
    if states_dynamics(piece):
        return piece.parts
    shade = _Shade(piece, phrases)
    return tuple(
        part
        if part.instrument.program in FIXED_PROGRAMS
        else replace(part, notes=tuple(shade.notes(part, index)))
        for index, part in enumerate(piece.parts)
    )


def plan_levels(piece: Piece, phrases: Sequence[Phrase]) -> tuple[Level, ...]:
    """Return how loud every phrase is.

    Args:
        piece: At least one note.
        phrases: Of the piece, without gaps.
    """
    marks = _marks(piece, phrases)
    following = [*marks[1:], marks[-1]]
    return tuple(map(Level, phrases, marks, following))


def _marks(piece: Piece, phrases: Sequence[Phrase]) -> list[str]:
    """Return a mark a phrase: the highest and fullest are loudest, echoes a step softer."""
    if len(phrases) == 1:
        return ["mf"]
    top = next(part.notes for part in piece.parts if part.notes)
    lines = [_within(top, phrase) for phrase in phrases]
    heights = _standard([fmean(n.pitch for n in line) if line else 0.0 for line in lines])
    counts = [
        sum(len(_within(part.notes, phrase)) for part in piece.parts)
        / float(phrase.end_beats - phrase.start_beats)
        for phrase in phrases
    ]
    weights = [height + full for height, full in zip(heights, _standard(counts), strict=True)]
    order = sorted(range(len(phrases)), key=lambda index: (weights[index], -index))
    places = [0] * len(phrases)
    for rank, index in enumerate(order):
        places[index] = min(3, rank * 4 // len(phrases)) if len(phrases) > 3 else 1 + rank % 3
    for index, (earlier, later) in enumerate(pairwise(range(len(phrases))), start=1):
        if _shape(lines[earlier], phrases[earlier]) == _shape(lines[later], phrases[later]):
            places[index] = max(0, places[index - 1] - 1)
    return [_LOUDNESS[place] for place in places]


def _within(notes: Sequence[Note], phrase: Phrase) -> Sequence[Note]:
    def place(time: Fraction) -> int:
        return bisect_left(notes, time, key=lambda note: note.onset_beats)

    return notes[place(phrase.start_beats) : place(phrase.end_beats)]


def _shape(line: Sequence[Note], phrase: Phrase) -> list[tuple[Fraction, int]]:
    return [(note.onset_beats - phrase.start_beats, note.pitch) for note in line]


def _standard(values: Sequence[float]) -> list[float]:
    spread = pstdev(values) or 1.0
    return [(value - fmean(values)) / spread for value in values]


def metrical_velocity(meter: Meter, position_beats: Fraction) -> float:
    """Return the accent of a position in the bar.

    Args:
        meter: Of the bar.
        position_beats: Quarters from the bar line.
    """
    if position_beats == 0:
        return DOWNBEAT_VELOCITY
    if position_beats % meter.pulse_beats != 0:
        return OFFBEAT_VELOCITY
    n_pulses = meter.length_beats / meter.pulse_beats
    is_half = n_pulses % 2 == 0 and position_beats * 2 == meter.length_beats
    return HALF_BAR_VELOCITY if is_half else 0.0


class _Shade:
    """The rules, with what they look up in a piece."""

    def __init__(self, piece: Piece, phrases: Sequence[Phrase]) -> None:
        self._bars = piece.bars
        self._bar_lines = [bar.onset_beats for bar in piece.bars]
        self._phrases = phrases
        self._phrase_starts = [phrase.start_beats for phrase in phrases]
        kinds = {one.kind for part in piece.parts for one in part.markings}
        is_marked = bool(kinds & {"dynamic", "crescendo", "diminuendo"})
        self._levels = () if is_marked else plan_levels(piece, phrases)
        self._end = phrases[-1].end_beats
        self._n_parts = len(piece.parts)

    def notes(self, part: Part, index: int) -> Iterator[Note]:
        """Yield the notes of a part."""
        mean_pitch = fmean(note.pitch for note in part.notes) if part.notes else 0.0
        usual = fmean(math.log2(note.duration_beats) for note in part.notes) if part.notes else 0.0
        for onset, found in groupby(part.notes, key=lambda note: note.onset_beats):
            chord = list(found)
            common = self._at(onset)
            for note in chord:
                height = VELOCITY_PER_OCTAVE * (note.pitch - mean_pitch) / 12
                height = min(MAX_HEIGHT_VELOCITY, max(-MAX_HEIGHT_VELOCITY, height))
                short = SHORT_VELOCITY * (usual - math.log2(note.duration_beats))
                short = min(MAX_SHORT_VELOCITY, max(-MAX_SHORT_VELOCITY, short))
                yield _louder(note, common + height + short + self._line(note, chord, index))

    def _at(self, onset: Fraction) -> float:
        """Return what a moment adds for all parts."""
        bar = self._bars[bisect_right(self._bar_lines, onset) - 1]
        position = (onset - bar.onset_beats) % bar.meter.length_beats
        place = bisect_right(self._phrase_starts, onset) - 1
        phrase = self._phrases[place]
        length = phrase.end_beats - phrase.start_beats
        swell = PHRASE_VELOCITY * arch(float((onset - phrase.start_beats) / length))
        whole = PIECE_VELOCITY * arch(float(onset / self._end))
        level = self._level(place, onset, bar.meter.length_beats) if self._levels else 0.0
        return float(metrical_velocity(bar.meter, position) + swell + whole + level)

    def _level(self, place: int, onset: Fraction, bar_beats: Fraction) -> float:
        """Return the level of a moment: in the last bar of a phrase on its way to the next one."""
        level = self._levels[place]
        end = level.phrase.end_beats
        share = float(max(Fraction(0), 1 - (end - onset) / bar_beats))
        return LEVELS[level.mark] + share * (LEVELS[level.leads_to] - LEVELS[level.mark])

    def _line(self, note: Note, chord: list[Note], index: int) -> float:
        """Return what a note's place among the others adds: melody, bass, or between."""
        if index == 0:
            return MELODY_VELOCITY if note is chord[-1] else INNER_VELOCITY
        is_bass = index == self._n_parts - 1 and note is chord[0]
        return BASS_VELOCITY if is_bass else INNER_VELOCITY


def _louder(note: Note, change: float) -> Note:
    bounded = round(min(MAX_VELOCITY_CHANGE, max(-MAX_VELOCITY_CHANGE, change)))
    low, high = VELOCITIES
    return replace(note, velocity=min(high, max(low, note.velocity + bounded)))
