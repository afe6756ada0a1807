"""What draws lean to, beside part-writing: closes on the tonic, all parts coming in, clear beats.

Knows music and rows. Nothing is forbidden: ids lose or gain some nats.

- Tonal pieces end on the chord of their tonic with the tonic in the bass (W. E. Caplin, The
  Classical Cadence, Journal of the American Musicological Society 57 (2004), pp. 51-118, as the
  rules of `scoring.tonality`). Behind the bars of real pieces the model expects that about as often
  as it comes, but its own bars lead to a close less surely than a composer's (docs/log.md has
  numbers).
- A close at a keyboard is held: of 80 sonatas, 80 mazurkas and 40 nocturnes 78, 95 and 100 in 100
  hold their last chord for a pulse or more, of 16 draws of each 38, 75 and 81. Other ensembles
  hold theirs by themselves.
- A part that never sounds is none, and its candidate is lost. Of 3,110 training pieces of 8 to 40
  bars 95 in 100 have heard every part within their first 22 %.
- In compound meters a note that is held over a beat begins on a beat and ends on one (E. Gould,
  Behind Bars (2011), pp. 166-170): of 20,690 notes of real pieces 0.8 in 100 do not, and of those
  that were drawn 4.5, as if the bar had beats of two.

Shapes: B candidates, V ids. Rows are written with the tonic on C.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from composer.decoding import Leaning
from composer.theory import Meter
from composer.tokenizer import vocab
from composer.tokenizer.masks import Grammar
from composer.tokenizer.vocab import DURATION, MAX_DURATION, METER, PART, PITCH, TIME, Events
from composer.units import POSITIONS_PER_QUARTER

Ints = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# In the last bar notes outside the tonic's triad lose some nats, other bass notes than the tonic
# some more: draws end on the tonic as often as real pieces, and lose 0.005 nats a note.
CHORD_NATS, BASS_NATS = 1.5, 3.0
HOLD_NATS = 2.5  # that a length under a pulse loses, of a note of the triad on a pulse of this bar
ENTRY_NATS = 8.0  # that a silent part gains in the last bar; the gain grows from
WAITS_FOR = 0.25  # of the piece on
BEAT_NATS = 2.0  # that a length loses which hides a beat of a compound meter
THIRDS = {"major": (4,), "minor": (3, 4)}  # the major third in minor as the Picardy third
_CLASSES = np.arange(vocab.N_PITCH_WRITTEN) % 12


class Closing:
    """The leaning of a group of candidates, as `decoding.Leaning`.

    Args:
        grammar: Of the group; knows which bar is drawn, and hears of each row first.
        mode: `major` or `minor`; both thirds are the triad's where it is open.
        strength: 0..1, a share of the nats.
        holds: Whether the last notes lean to a pulse or more.
    """

    def __init__(
        self, grammar: Grammar, mode: str | None, strength: float = 1.0, *, holds: bool = False
    ) -> None:
        self._grammar = grammar
        self._hold_nats = strength * HOLD_NATS if holds else 0.0
        self._triad = np.isin(_CLASSES, (0, 7, *THIRDS["minor" if mode is None else mode]))
        thirds = THIRDS["minor" if mode is None else mode]
        chord = np.where(np.isin(_CLASSES, (0, 7, *thirds)), 0.0, -CHORD_NATS)
        bass = np.where(_CLASSES == 0, 0.0, -BASS_NATS)
        self._upper = (strength * chord).astype(np.float32)
        self._bass = (strength * (chord + bass)).astype(np.float32)

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a field, [B, V]; None if nothing is."""
        grammar = self._grammar
        if field_index not in (PITCH, DURATION):
            return None
        closes = (grammar.bar == grammar.frame.bars - 1) & vocab.is_note(chosen)
        if not closes.any():
            return None
        if field_index == DURATION:
            return self._hold(chosen, closes) if self._hold_nats else None
        # Of a chord the lowest note, which comes first, is the bass.
        is_first = (chosen[:, TIME] - vocab.POSITION != grammar.position) | (
            chosen[:, PART] != grammar.last_part
        )
        is_bass = is_first & (chosen[:, PART] == len(grammar.frame.ranges) - 1)
        found = np.where(is_bass[:, None], self._bass, self._upper)
        return np.where(closes[:, None], found, np.float32(0))

    def _hold(self, chosen: Events, closes: Mask) -> Weights | None:
        """Return what short lengths lose of the notes that may be the last."""
        weights = np.zeros((len(chosen), vocab.WRITTEN_SIZES[DURATION]), np.float32)
        onsets = chosen[:, TIME].astype(np.int64) - vocab.POSITION
        for row in np.flatnonzero(closes):
            pulse = _pulse(int(self._grammar.meter[row]))
            if pulse and onsets[row] % pulse == 0 and self._triad[chosen[row, PITCH]]:
                weights[row, : pulse - 1] = -self._hold_nats
        return weights if weights.any() else None

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate; the grammar remembers what is needed."""

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only; the grammar does."""


class Entries:
    """A leaning of silent parts to come in, stronger from a quarter of the piece on.

    A part that never sounds is none, and the candidate is lost; of real pieces all parts have come
    in long before.

    Args:
        grammar: Of the group; knows who has sounded, and hears of each row first.
        strength: 0..1, a share of the nats.
    """

    def __init__(self, grammar: Grammar, strength: float = 1.0) -> None:
        self._grammar = grammar
        self._nats = strength * ENTRY_NATS

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a part, [B, V]; None if nothing is."""
        grammar = self._grammar
        share = (grammar.bar + 1) / grammar.frame.bars
        if field_index != PART or not (share > WAITS_FOR).any():
            return None
        is_silent = (grammar.part_end == 0) & vocab.is_note(chosen)[:, None]
        if not is_silent.any():
            return None
        ramp = np.clip((share - WAITS_FOR) / (1 - WAITS_FOR), 0, 1)
        weights = np.zeros((len(chosen), vocab.WRITTEN_SIZES[PART]), np.float32)
        weights[:, : is_silent.shape[1]] = self._nats * ramp[:, None] * is_silent
        return weights

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate; the grammar remembers what is needed."""

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only; the grammar does."""


class Beats:
    """A leaning away from lengths that hide the beats of a compound meter.

    Args:
        grammar: Of the group; knows its meters.
        strength: 0..1, a share of the nats.
    """

    def __init__(self, grammar: Grammar, strength: float = 1.0) -> None:
        self._grammar = grammar
        self._nats = strength * BEAT_NATS

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a length, [B, V]; None if nothing is."""
        if field_index != DURATION:
            return None
        beats = [_compound_beat(int(meter)) for meter in self._grammar.meter]
        if not any(beats):
            return None
        weights = np.zeros((len(chosen), vocab.WRITTEN_SIZES[DURATION]), np.float32)
        onsets = chosen[:, TIME].astype(np.int64) - vocab.POSITION
        for row in np.flatnonzero(vocab.is_note(chosen)):
            if beats[row]:
                weights[row, :MAX_DURATION] = -self._nats * _hides(beats[row], int(onsets[row]))
        return weights

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate; the grammar remembers what is needed."""

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only; the grammar does."""


@lru_cache(maxsize=256)
def _pulse(meter: int) -> int:
    """Return the pulse of a meter in positions; 0 where there is no meter."""
    if meter < METER:
        return 0
    return int(Meter(*vocab.METERS[meter - METER]).pulse_beats * POSITIONS_PER_QUARTER)


@lru_cache(maxsize=256)
def _compound_beat(meter: int) -> int:
    """Return the beat of a compound meter in positions; 0 for other meters, and for none."""
    numerator, denominator = vocab.METERS[meter - METER] if meter >= METER else (0, 1)
    is_compound = numerator > 3 and numerator % 3 == 0 and denominator >= 4
    return 3 * 4 * POSITIONS_PER_QUARTER // denominator if is_compound else 0


@lru_cache(maxsize=4096)
def _hides(beat: int, onset: int) -> Mask:
    """Say of every length, from a place in the bar, whether it is held over a beat unclearly."""
    ends = onset + np.arange(1, MAX_DURATION + 1)
    is_over = (onset // beat + 1) * beat < ends
    hides: Mask = is_over & ((onset % beat != 0) | (ends % beat != 0))
    return hides


class Together:
    """Several leanings as one: their weights add up."""

    def __init__(self, leanings: Sequence[Leaning]) -> None:
        self._leanings = leanings

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits, [B, V]; None if nothing is."""
        asked = (leaning.weights(field_index, chosen) for leaning in self._leanings)
        found = [weights for weights in asked if weights is not None]
        return np.sum(found, axis=0) if found else None

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate."""
        for leaning in self._leanings:
            leaning.accept(rows)

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        for leaning in self._leanings:
            leaning.keep(places)
