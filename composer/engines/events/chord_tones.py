"""A leaning towards the chords of a progression while notes are drawn. Knows music and rows.

Nothing is forbidden, because passing and neighbour notes, suspensions and anticipations are what
keeps harmony moving (W. Piston, Harmony, 5th ed. (1987), ch. 8): notes outside the chord lose many
nats on a pulse, fewer between pulses; they stay short, and no note is held into a chord that it
does not belong to. The lowest part leans to the bass of the symbol where a chord begins.
benchmarks/quality/chords.py counts how many chords are kept with it and without.

Shapes: B candidates, V ids. Rows are written with the tonic on C.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from composer.chords import Chord, Progression
from composer.theory import Meter
from composer.tokenizer import vocab
from composer.tokenizer.masks import Grammar
from composer.tokenizer.vocab import DURATION, MAX_DURATION, METER, PART, PITCH, TIME, Events
from composer.units import POSITIONS_PER_QUARTER

Ints = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]

ON_PULSE_NATS, OFF_PULSE_NATS = 5.0, 2.0  # that a pitch outside the chord loses
BASS_NATS = 2.5  # that a bass loses, where a chord begins, which is not the symbol's
HELD_NATS = 4.0  # that a length loses which reaches into a chord without the note
PICKUP_SILENCE = 0.25  # of the first bar, from which on it is an upbeat, as of a `Piece`
_UNKNOWN = -1
_CLASSES = np.arange(vocab.N_PITCH_WRITTEN) % 12


class ChordTones:
    """The leaning of a group of candidates, as `decoding.Leaning`.

    Args:
        grammar: Of the group; knows which bar is drawn, and hears of each row first.
        progression: What is leant to.
        shift: Semitones from C up to the tonic: rows are written so much lower.
        first: Index in the piece of the bar that the grammar counts as 0.
        has_upbeat: Whether the piece's first bar is an upbeat; None where it is drawn here.
    """

    def __init__(
        self,
        grammar: Grammar,
        progression: Progression,
        shift: int,
        *,
        first: int = 0,
        has_upbeat: bool | None = None,
    ) -> None:
        self._grammar, self._progression, self._shift = grammar, progression, shift
        self._first = first
        known = _UNKNOWN if has_upbeat is None else int(has_upbeat)
        self._upbeat = np.full(grammar.size, known, np.int64)

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a field, [B, V]; None if nothing is."""
        if field_index not in (PITCH, DURATION):
            return None
        who = np.flatnonzero(vocab.is_note(chosen) & (self._grammar.bar >= 0))
        if not len(who):
            return None
        weights = np.zeros((len(chosen), vocab.WRITTEN_SIZES[field_index]), np.float32)
        for row in who.tolist():
            position = int(chosen[row, TIME]) - vocab.POSITION
            if field_index == PITCH:
                weights[row] = self._of_pitches(row, position, int(chosen[row, PART]))
            else:
                pitch = int(chosen[row, PITCH]) + self._shift
                weights[row, :MAX_DURATION] = self._of_lengths(row, position, pitch % 12)
        return weights

    def _of_pitches(self, row: int, position: int, part: int) -> Weights | float:
        grammar = self._grammar
        begin, chord = next(self._chords(row, position))
        if chord is None:
            return 0.0
        is_first = (position, part) != (grammar.position[row], grammar.last_part[row])
        is_bass = begin == position and is_first and part == len(grammar.frame.ranges) - 1
        is_on_pulse = position % _pulse(int(grammar.meter[row])) == 0
        return _pitch_weights(chord, self._shift, is_on_pulse, is_bass)

    def _of_lengths(self, row: int, position: int, pitch_class: int) -> Weights:
        """Weigh every length of a note that begins at a position, 1 to `MAX_DURATION`."""
        pulse = _pulse(int(self._grammar.meter[row]))
        weights = np.zeros(MAX_DURATION, np.float32)
        for begin, chord in self._chords(row, position):
            if chord is not None and pitch_class not in chord.pitch_classes:
                room = max(begin - position, pulse - position % pulse)
                weights[room:] = -HELD_NATS
                break
            if begin - position > MAX_DURATION:
                break
        return weights

    def _chords(self, row: int, position: int) -> Iterator[tuple[int, Chord | None]]:
        """Yield where chords begin, and which, from the one at a position to the end of next bar.

        Bars to come are taken to be as long as this one.
        """
        upbeat = int(self._upbeat[row])
        length = int(self._grammar.bar_length[row])
        if upbeat == _UNKNOWN:
            upbeat = int(position >= PICKUP_SILENCE * length)
        index = self._first + int(self._grammar.bar[row]) - upbeat
        for offset in (0, 1):
            chords = self._progression.bar(index + offset)
            for number, chord in enumerate(chords):
                begin = offset * length + number * length // len(chords)
                end = offset * length + (number + 1) * length // len(chords)
                if end > position:
                    yield begin, chord

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate, [B, 4]; the first note tells whether it is an upbeat."""
        position = rows[:, TIME].astype(np.int64) - vocab.POSITION
        is_late = position >= PICKUP_SILENCE * self._grammar.bar_length
        heard = vocab.is_note(rows) & (self._upbeat == _UNKNOWN)
        self._upbeat[heard] = is_late[heard]

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only, by their places in the group."""
        self._upbeat = self._upbeat[places]


@lru_cache(maxsize=4096)
def _pitch_weights(chord: Chord, shift: int, is_on_pulse: bool, is_bass: bool) -> Weights:
    """Weigh every pitch with the tonic on C, [V]."""
    sounding = (_CLASSES + shift) % 12
    nats = ON_PULSE_NATS if is_on_pulse else OFF_PULSE_NATS
    weights = np.where(np.isin(sounding, list(chord.pitch_classes)), 0.0, -nats)
    if is_bass:
        weights -= np.where(sounding == chord.bass_class, 0.0, BASS_NATS)
    return weights.astype(np.float32)


@lru_cache(maxsize=256)
def _pulse(meter: int) -> int:
    """Return the pulse of a meter in positions."""
    beats = Meter(*vocab.METERS[meter - METER]).pulse_beats if meter >= METER else 1
    return max(1, int(beats * POSITIONS_PER_QUARTER))
