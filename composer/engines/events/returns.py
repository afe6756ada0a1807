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
from collections.abc import Iterator

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
        self._bars: list[list[Bar]] = [[] for _ in range(size)]

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a field, [B, V]; None if nothing is."""
        weights: Weights | None = None
        for index, (bars, begun) in enumerate(zip(self._bars, chosen.tolist(), strict=True)):
            for ids, nats in self._gains(field_index, bars, begun):
                if weights is None:
                    shape = len(chosen), vocab.WRITTEN_SIZES[field_index]
                    weights = np.zeros(shape, np.float32)
                weights[index, ids] += nats
        return weights

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate."""
        for bars, row in zip(self._bars, rows.tolist(), strict=True):
            if row[TIME] == BAR:
                bars.append([])
            elif vocab.POSITION <= row[TIME] < vocab.N_TIME_WRITTEN:
                bars[-1].append(tuple(row))

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        # Bars that are complete never change, so that several candidates may share them.
        self._bars = [[*self._bars[at][:-1], *map(list, self._bars[at][-1:])] for at in places]

    def _gains(self, field_index: int, bars: list[Bar], chosen: list[int]) -> Iterator[Gain]:
        """Yield what a candidate's next note gains and loses in one field."""
        if not bars or (field_index != TIME and chosen[TIME] == BAR):
            return
        bar = self._layout[len(bars) - 1]
        if bar[SOURCE] < 0:
            yield from _copies(field_index, bars, chosen)
            return
        nats = float(NATS[bar[RELATION], field_index])
        if nats:
            source, begun = bars[bar[SOURCE]], bars[-1]
            for ids, share in _taken_up(field_index, source, begun, chosen, bar):
                yield ids, share * nats


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


def _copies(field_index: int, bars: list[Bar], chosen: list[int]) -> Iterator[Gain]:
    """Yield with what a new bar would go on as bars before it did, and lose."""
    if field_index == TIME:
        own = _onsets(bars[-1])
        for bar in bars[-1 - RHYTHM_BARS : -1]:
            onsets = _onsets(bar)
            if len(own) >= MIN_BEGUN and onsets[: len(own)] == own and _has_rhythm(onsets):
                yield (onsets[len(own)] if len(onsets) > len(own) else BAR), -RHYTHM_NATS
                return
    elif field_index == PITCH:
        begun = {note[:DURATION] for note in bars[-1]}
        lost = {
            note[PITCH]
            for bar in bars[-1 - COPY_BARS : -1]
            if len(begun) >= max(MIN_BEGUN, COPIED_SHARE * len(bar)) and _shares(bar, begun)
            for note in bar
            if list(note[:PITCH]) == chosen[:PITCH]
        }
        if lost:
            yield sorted(lost), -COPY_NATS


def _onsets(bar: Bar) -> list[int]:
    return sorted({note[TIME] for note in bar})


def _has_rhythm(onsets: list[int]) -> bool:
    """Whether a bar has a rhythm of its own: as many onsets as can be told, not evenly spaced."""
    return len(onsets) >= MIN_RHYTHM_ONSETS and len(set(np.diff(onsets).tolist())) > 1


def _shares(bar: Bar, begun: set[Note]) -> bool:
    """Whether a bar has nearly all notes with which another one has begun."""
    n_shared = sum(note[:DURATION] in begun for note in bar)
    return n_shared >= RETURN_LIKENESS * len(begun)
