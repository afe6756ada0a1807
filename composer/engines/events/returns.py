"""A leaning towards what a layout says: bars that come again, also differently. Knows rows.

A small model hardly looks back by itself: it repeats what it has just said, or says something new.
A layout says which bar takes up which, and how (`tokenizer.bar_layouts`). Where a bar takes up
another one, the next note of that one gains some nats, in the fields that the relation keeps:

    relation   time, part and length   pitch
    repeat     as it was               as it was
    line       as they were            transposed as the layout says, else the way it went
    notes      hardly                  as it was, weakly
    rhythm     as they were, weakly    -
    contour    -                       the way it went

Everything else may still happen, and does where the model is sure of it: the same again, but
different. A bar that is new loses in turn what would go on as one of the last bars did.

A worked example: bar 1 is C4 E4 D4 in quarters (positions 0, 24, 48), and bar 2 takes up its line
two semitones higher, `~1+2`. After D4 at 0 has been written, 24 gains as a time, F#4 as a pitch
there, and F4 and G4 half of that, because a sequence within the key moves some notes by a semitone
less or more; a quarter gains as a length. After a note at 48 the bar line gains.

Shapes: B candidates, V ids of a field that may be written.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from composer.tokenizer import vocab
from composer.tokenizer.bar_layouts import MIN_RHYTHM_ONSETS, RELATION, SOURCE, STEPS, Layout
from composer.tokenizer.sections import RETURN_LIKENESS
from composer.tokenizer.vocab import BAR, DURATION, PART, PITCH, TIME, Events

Ints = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]
Note = tuple[int, ...]  # ids of time, part, pitch and duration
Bar = list[Note]
Ids = int | list[int] | Ints
Gain = tuple[Ids, float]  # ids, and the nats that they gain

# What ids of time, part, pitch and duration gain in nats, in the order of `vocab.RELATIONS`.
NATS = np.array(
    [
        [4.0, 4.0, 5.0, 4.0],
        [3.0, 3.0, 4.0, 3.0],
        [1.0, 1.0, 2.5, 1.0],
        [2.0, 2.0, 0.0, 2.0],
        [0.0, 0.0, 2.5, 0.0],
    ]
)
NEIGHBOUR = 0.5  # share for a pitch a semitone beside the transposed one
# What a new bar loses: pitches with which it would go on as one of the last bars, and times at
# which it would go on in the rhythm of one of the last few.
COPY_NATS, COPY_BARS = 2.0, 16
RHYTHM_NATS, RHYTHM_BARS = 1.0, 4
# From which on it can be told what a bar copies: share of the notes of the other one, and onsets.
COPIED_SHARE, MIN_BEGUN = 0.5, 2
_LINE, _CONTOUR = vocab.RELATIONS.index("line"), vocab.RELATIONS.index("contour")
_PITCHES = np.arange(vocab.N_PITCH_WRITTEN)


class Returns:
    """The leaning of a group of candidates, as `decoding.Leaning`.

    Args:
        size: Candidates.
        layout: What every bar is, [bars, 4]; the same for all candidates.
    """

    def __init__(self, size: int, layout: Layout) -> None:
        self._layout = layout.tolist()
        self._lines = [_Line() for _ in range(size)]

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a field, [B, V]; None if nothing is."""
        weights: Weights | None = None
        for index, (line, begun) in enumerate(zip(self._lines, chosen.tolist(), strict=True)):
            for ids, nats in self._gains(field_index, line, begun):
                if weights is None:
                    shape = len(chosen), vocab.WRITTEN_SIZES[field_index]
                    weights = np.zeros(shape, np.float32)
                weights[index, ids] += nats
        return weights

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate."""
        for line, row in zip(self._lines, rows.tolist(), strict=True):
            if row[TIME] == BAR:
                line.end_bar()
            elif vocab.POSITION <= row[TIME] < vocab.N_TIME_WRITTEN:
                line.add(tuple(row))

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        self._lines = [self._lines[place].copy() for place in places.tolist()]

    def _gains(self, field_index: int, line: _Line, chosen: list[int]) -> Iterator[Gain]:
        """Yield what a candidate's next note gains and loses in one field."""
        if not line.bars or (field_index != TIME and chosen[TIME] == BAR):
            return
        bar = self._layout[len(line.bars) - 1]
        if bar[SOURCE] < 0:
            yield from _copies(field_index, line, chosen)
            return
        nats = float(NATS[bar[RELATION], field_index])
        if nats:
            source, begun = line.bars[bar[SOURCE]].notes, line.bars[-1].notes
            for ids, share in _taken_up(field_index, source, begun, chosen, bar):
                yield ids, share * nats


class _Bar:
    """The notes of a bar, in the order of rows, and what they have in common with others."""

    def __init__(self) -> None:
        self.notes: Bar = []
        self.sounds: set[Note] = set()  # time, part and pitch of each
        self.onsets: list[int] = []

    def copy(self) -> _Bar:
        """Return the same, to go on by itself."""
        other = _Bar()
        other.notes, other.sounds, other.onsets = [*self.notes], {*self.sounds}, [*self.onsets]
        return other

    @cached_property
    def has_rhythm(self) -> bool:
        """Whether it has one of its own, now that it is complete: onsets not evenly spaced."""
        gaps = {later - before for before, later in pairwise(self.onsets)}
        return len(self.onsets) >= MIN_RHYTHM_ONSETS and len(gaps) > 1


class _Line:
    """The bars of one candidate, the present one last."""

    def __init__(self, bars: Sequence[_Bar] = ()) -> None:
        self.bars = list(bars)

    def copy(self) -> _Line:
        """Return the same; bars that are complete never change, and are shared."""
        return _Line([*self.bars[:-1], *(bar.copy() for bar in self.bars[-1:])])

    def end_bar(self) -> None:
        """Begin the next bar."""
        self.bars.append(_Bar())

    def add(self, note: Note) -> None:
        """Put a note into the present bar."""
        bar = self.bars[-1]
        bar.notes.append(note)
        bar.sounds.add(note[:DURATION])
        if not bar.onsets or bar.onsets[-1] != note[TIME]:
            bar.onsets.append(note[TIME])


def _taken_up(
    field_index: int, source: Bar, begun: Bar, chosen: list[int], bar: list[int]
) -> Iterator[Gain]:
    """Yield the ids that a relation to a source keeps, and the share of the nats that they gain."""
    if field_index == TIME:
        following = _following(source, begun)
        yield (following[0][TIME] if following else BAR), 1.0
        return
    here = [note for note in source if note[TIME] == chosen[TIME]]
    if field_index == PART:
        if following := _following(here, begun):
            yield following[0][PART], 1.0
        return
    here = [note for note in here if note[PART] == chosen[PART]]
    if not here:
        return
    if field_index == DURATION:
        yield sorted({note[DURATION] for note in here}), 1.0
    elif bar[RELATION] == _CONTOUR or (bar[RELATION] == _LINE and not bar[STEPS]):
        yield from _same_way(source, begun, here[-1])
    else:
        pitches = np.array([note[PITCH] for note in here]) + bar[STEPS]
        for moved in (-1, 0, 1) if bar[STEPS] else (0,):
            ids = pitches + moved
            yield ids[(ids >= 0) & (ids < len(_PITCHES))], NEIGHBOUR if moved else 1.0


def _following(source: Bar, begun: Bar) -> Bar:
    """Return the notes of a source that are still to come.

    Of a chord in one part as many have come as were written there, whatever their pitches.
    """
    if not begun:
        return source
    place = begun[-1][:PITCH]
    first = bisect_left(source, place)
    n_here = bisect_right(source, (*place, vocab.N_PITCH)) - first
    n_written = sum(note[:PITCH] == place for note in begun)
    return source[first + min(n_here, n_written) :]


def _same_way(source: Bar, begun: Bar, note: Note) -> Iterator[Gain]:
    """Yield the pitches to which a line goes up, down or not at all, as it did before a note."""
    before, own = (
        [one for one in bar if one[PART] == note[PART] and one[TIME] < note[TIME]]
        for bar in (source, begun)
    )
    if before and own:
        way = np.sign(note[PITCH] - before[-1][PITCH])
        yield _PITCHES[np.sign(_PITCHES - own[-1][PITCH]) == way], 1.0


def _copies(field_index: int, line: _Line, chosen: list[int]) -> Iterator[Gain]:
    """Yield with what a new bar would go on as bars before it did, and lose."""
    begun = line.bars[-1]
    if field_index == TIME:
        n_begun = len(begun.onsets)
        for bar in line.bars[-1 - RHYTHM_BARS : -1]:
            is_alike = n_begun >= MIN_BEGUN and bar.onsets[:n_begun] == begun.onsets
            if is_alike and bar.has_rhythm:
                yield (bar.onsets[n_begun] if len(bar.onsets) > n_begun else BAR), -RHYTHM_NATS
                return
    elif field_index == PITCH and len(begun.notes) >= MIN_BEGUN:
        lost = {
            note[PITCH]
            for bar in line.bars[-1 - COPY_BARS : -1]
            if _goes_on_as(begun, bar)
            for note in bar.notes
            if note[TIME] == chosen[TIME] and note[PART] == chosen[PART]
        }
        if lost:
            yield sorted(lost), -COPY_NATS


def _goes_on_as(begun: _Bar, bar: _Bar) -> bool:
    """Whether a bar has nearly all notes with which another one has begun, and these are many."""
    is_told = len(begun.notes) >= COPIED_SHARE * len(bar.notes)
    return is_told and len(begun.sounds & bar.sounds) >= RETURN_LIKENESS * len(begun.sounds)
