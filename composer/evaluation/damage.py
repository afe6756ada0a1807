"""Damage a piece on purpose, more or less, so that a judge can be tried on it. Knows no score.

Every damage is a pure function of a piece and a generator; `damage` draws it from a seed. What a
piece does not have (a second part, a bar of the same length) stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from composer.errors import OptionError
from composer.piece import Bar, Note, Part, Piece

SHIFTS = (-2, -1, 1, 2)
CADENCE_SHIFTS = (-4, -3, -2, 2, 3, 5)
CADENCE_BARS = 2
SWAPPED_SHARE = 0.5
Change = Callable[[Piece, np.random.Generator], Piece]


def damage(piece: Piece, kind: str, seed: int) -> Piece:
    """Return a piece after one damage; the same seed does the same.

    Args:
        piece: Stays as it is.
        kind: Of `DAMAGES`.
        seed: Not negative.

    Raises:
        OptionError: If there is no such damage.
    """
    if kind not in DAMAGES:
        raise OptionError(f"there is no damage {kind[:40]!r}; there are {', '.join(DAMAGES)}")
    return DAMAGES[kind](piece, np.random.default_rng([seed, *kind.encode()]))


def shift_pitches(piece: Piece, rng: np.random.Generator, *, share: float) -> Piece:
    """Move a share of the notes, one at least, by one or two semitones up or down.

    Args:
        piece: Any.
        rng: Chooses the notes and their shifts.
        share: Of all notes, 0..1.
    """
    places = [(i, j) for i, part in enumerate(piece.parts) for j in range(len(part.notes))]
    n_moved = min(len(places), max(1, round(share * len(places))))
    moved = {places[k] for k in rng.choice(len(places), n_moved, replace=False)} if places else ()
    parts = [
        _with_notes(
            part,
            (
                _shifted(note, int(rng.choice(SHIFTS))) if (i, j) in moved else note
                for j, note in enumerate(part.notes)
            ),
        )
        for i, part in enumerate(piece.parts)
    ]
    return replace(piece, parts=tuple(parts))


def swap_bars(piece: Piece, rng: np.random.Generator) -> Piece:
    """Exchange half of the inner bars with one another, all parts together; the frame stays."""
    slots = _equal_bars(piece)
    inner = [k for k, bar in enumerate(slots) if 0 < bar.index < piece.n_bars - 1]
    n_moved = round(SWAPPED_SHARE * len(inner))
    if n_moved < 2:
        return piece
    chosen = rng.choice(inner, n_moved, replace=False)
    order = np.arange(len(slots))
    order[chosen] = np.roll(chosen, 1)
    parts = tuple(_reordered(part, slots, order.tolist()) for part in piece.parts)
    return replace(piece, parts=parts)


def shuffle_parts(piece: Piece, rng: np.random.Generator) -> Piece:
    """Displace every part but the highest by a number of bars of its own, round the piece."""
    slots = _equal_bars(piece)
    if len(slots) < 2:
        return piece
    n_others = len(piece.parts) - 1
    # No two parts keep together while there are bars enough.
    steps = [1 + k % (len(slots) - 1) for k in range(max(n_others, len(slots) - 1))]
    turns = rng.permutation(steps)[:n_others]
    moved = (
        _reordered(part, slots, np.roll(np.arange(len(slots)), turn).tolist())
        for part, turn in zip(piece.parts[1:], turns, strict=True)
    )
    return replace(piece, parts=(piece.parts[0], *moved))


def break_cadence(piece: Piece, rng: np.random.Generator) -> Piece:
    """Transpose the closing two bars, so that a sound cadence ends on a wrong degree."""
    semitones = int(rng.choice(CADENCE_SHIFTS))
    first = piece.bars[max(0, piece.n_bars - CADENCE_BARS)].onset_beats
    parts = tuple(
        _with_notes(
            part,
            (_shifted(n, semitones) if n.onset_beats >= first else n for n in part.notes),
        )
        for part in piece.parts
    )
    return replace(piece, parts=parts)


def flatten_rhythm(piece: Piece, _rng: np.random.Generator) -> Piece:
    """Leave one chord a pulse in every part: what begins within a pulse after another is gone."""
    return replace(piece, parts=tuple(_flattened(part, piece) for part in piece.parts))


DAMAGES: Mapping[str, Change] = MappingProxyType(
    {
        "pitch 1 %": partial(shift_pitches, share=0.01),
        "pitch 5 %": partial(shift_pitches, share=0.05),
        "pitch 20 %": partial(shift_pitches, share=0.20),
        "swapped bars": swap_bars,
        "shuffled parts": shuffle_parts,
        "broken cadence": break_cadence,
        "flat rhythm": flatten_rhythm,
    }
)


# --- Notes and bars -----------------------------------------------------------------------------


def _shifted(note: Note, semitones: int) -> Note:
    """Move a note; at the end of the range the other way."""
    there = note.pitch + semitones
    return replace(note, pitch=there if 0 <= there <= 127 else note.pitch - semitones)


def _with_notes(part: Part, notes: Iterable[Note]) -> Part:
    ordered = sorted(notes, key=lambda note: (note.onset_beats, note.pitch))
    return replace(part, notes=tuple(ordered))


def _equal_bars(piece: Piece) -> list[Bar]:
    """Return the bars of the commonest length, in order."""
    lengths = Counter(bar.meter.length_beats for bar in piece.bars)
    commonest, _ = lengths.most_common(1)[0]
    return [bar for bar in piece.bars if bar.meter.length_beats == commonest]


def _reordered(part: Part, slots: Sequence[Bar], order: Sequence[int]) -> Part:
    """Put what begins in slot `order[k]` into slot k; what moves ends with its bar."""
    target_of = {slots[source].index: slots[k] for k, source in enumerate(order)}
    by_onset = sorted(slots, key=lambda bar: bar.onset_beats)
    kept: list[Note] = []
    place = 0
    for note in part.notes:
        while place + 1 < len(by_onset) and by_onset[place + 1].onset_beats <= note.onset_beats:
            place += 1
        bar = by_onset[place]
        target = target_of[bar.index]
        is_inside = bar.onset_beats <= note.onset_beats < bar.end_beats
        kept.append(_moved(note, bar, target) if is_inside and target is not bar else note)
    return _with_notes(part, kept)


def _moved(note: Note, bar: Bar, target: Bar) -> Note:
    length = min(note.duration_beats, bar.end_beats - note.onset_beats)
    onset = note.onset_beats - bar.onset_beats + target.onset_beats
    return replace(note, onset_beats=onset, duration_beats=length)


def _flattened(part: Part, piece: Piece) -> Part:
    """Keep the first chord of every pulse, moved to the pulse and held until the next one kept."""
    first: dict[Fraction, Fraction] = {}
    pulses = [_pulse_of(note, piece) for note in part.notes]
    for note, pulse in zip(part.notes, pulses, strict=True):
        first.setdefault(pulse, note.onset_beats)
    following = dict(pairwise([*first, piece.length_beats]))
    kept = (
        replace(
            note,
            onset_beats=pulse,
            duration_beats=min(max(note.end_beats - pulse, _pulse_beats(piece)), room),
        )
        for note, pulse in zip(part.notes, pulses, strict=True)
        if note.onset_beats == first[pulse] and (room := following[pulse] - pulse) > 0
    )
    return _with_notes(part, kept)


def _pulse_beats(piece: Piece) -> Fraction:
    return piece.meter.pulse_beats


def _pulse_of(note: Note, piece: Piece) -> Fraction:
    """Return the pulse at or before a note, by the meter of bar 1."""
    pulse = _pulse_beats(piece)
    return note.onset_beats // pulse * pulse
