"""Pieces cut at bar lines and joined there. Knows notes and bars, no event and no model.

What stands beside the notes comes along: what is in force at a cut (tempo, key, pedals, volume) is
stated anew, spans are cut, and a pedal that is still held at a seam is let go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from typing import TypeVar

from composer.errors import OptionError
from composer.piece import (
    KeyChange,
    MeterChange,
    Note,
    Part,
    Piece,
    Repeat,
    TempoChange,
    walk_bars,
)
from composer.piece.cutting import (
    appended,
    cut_controls,
    cut_keys,
    cut_markings,
    cut_repeats,
    cut_tempos,
    moved,
)

_Change = TypeVar("_Change", KeyChange, TempoChange)


def trim(piece: Piece, first_bar: int, last_bar: int) -> Piece:
    """Return some bars of a piece: the notes that begin in them, cut at their end.

    Args:
        piece: Any.
        first_bar: Its place from 1, whatever number is printed there.
        last_bar: The last one's, included.

    Raises:
        OptionError: If the piece has no such bars.
    """
    if not 1 <= first_bar <= last_bar <= piece.n_bars:
        raise OptionError(
            f"bars {first_bar} to {last_bar} are not in a piece of {piece.n_bars}; "
            f"give a first and a last bar from 1 to {piece.n_bars}"
        )
    begin = piece.bars[first_bar - 1].onset_beats
    end = piece.bars[last_bar - 1].end_beats
    first = MeterChange(Fraction(0), piece.bars[first_bar - 1].meter)
    later = (
        replace(change, onset_beats=change.onset_beats - begin)
        for change in piece.meters
        if begin < change.onset_beats < end
    )
    return replace(
        piece,
        parts=tuple(_cut_part(part, begin, end) for part in piece.parts),
        meters=(first, *later),
        key=piece.key_at(begin),
        n_bars=last_bar - first_bar + 1,
        tempo_bpm=piece.tempo_at(begin),
        tempos=_cut_tempos(piece, begin, end),
        keys=cut_keys(piece.keys, begin, end),
        repeats=cut_repeats(piece.repeats, begin, end),
        percussion=tuple(_cut_part(part, begin, end) for part in piece.percussion),
        first_bar_number=piece.first_bar_number if first_bar == 1 else 1,
    )


def join(piece: Piece, n_bars: int, more: Piece) -> Piece:
    """Return a piece with other bars behind its own, part by part.

    The notes that were there stay the same objects; key, names and tempo are the first one's, and
    so is what changes them before the seam.

    Args:
        piece: What is there, with as many parts as `more`.
        n_bars: Its bars; 0 if it only says who plays.
        more: What comes behind it.
    """
    bars = tuple(islice(walk_bars(piece.meters), n_bars))
    seam = bars[-1].end_beats if bars else Fraction(0)
    is_begun = bool(bars)
    parts = tuple(
        appended(part, new, seam, is_begun=is_begun)
        for part, new in zip(piece.parts, more.parts, strict=True)
    )
    last = bars[-1].meter if bars else None
    meters = [
        MeterChange(change.onset_beats + seam, change.meter)
        for change in more.meters
        if change.onset_beats or change.meter != last
    ]
    kept = piece.meters if bars else ()
    return replace(
        piece,
        parts=parts,
        meters=(*kept, *meters),
        n_bars=n_bars + more.n_bars,
        tempos=(*_before(piece.tempos, seam), *moved(more.tempos, seam)),
        keys=(*_before(piece.keys, seam), *moved(more.keys, seam)),
        repeats=(*cut_repeats(piece.repeats, Fraction(0), seam), *moved(more.repeats, seam)),
        percussion=_joined_percussion(piece, more, seam, is_begun=is_begun),
    )


def _before(changes: tuple[_Change, ...], seam: Fraction) -> tuple[_Change, ...]:
    return tuple(change for change in changes if change.onset_beats < seam)


def _joined_percussion(
    piece: Piece, more: Piece, seam: Fraction, *, is_begun: bool
) -> tuple[Part, ...]:
    """Return the percussion of both; a part that the first does not have is silent before."""
    silent_parts = tuple(_silenced(part) for part in more.percussion[len(piece.percussion) :])
    missing = piece.percussion[len(more.percussion) :]
    return tuple(
        appended(part, new, seam, is_begun=is_begun)
        for part, new in zip(
            (*piece.percussion, *silent_parts),
            (*more.percussion, *map(_silenced, missing)),
            strict=True,
        )
    )


def clip(piece: Piece) -> Piece:
    """Return a piece whose notes end with its last bar; those that do anyway stay as they are."""
    end = piece.length_beats
    return replace(
        piece,
        parts=tuple(_clipped(part, end) for part in piece.parts),
        percussion=tuple(_clipped(part, end) for part in piece.percussion),
    )


def silent(piece: Piece) -> Piece:
    """Return a piece's parts, meter, key and names without a note, in one bar."""
    return replace(
        piece,
        parts=tuple(_silenced(part) for part in piece.parts),
        meters=piece.meters[:1],
        n_bars=1,
        tempos=(),
        keys=(),
        repeats=(),
        percussion=tuple(_silenced(part) for part in piece.percussion),
    )


def _silenced(part: Part) -> Part:
    return replace(part, notes=(), markings=(), controls=())


def _clipped(part: Part, end: Fraction) -> Part:
    if all(note.end_beats <= end for note in part.notes):
        return part
    return replace(part, notes=tuple(_ended(note, end) for note in part.notes))


def _cut_part(part: Part, begin: Fraction, end: Fraction) -> Part:
    return replace(
        part,
        notes=tuple(_within(part.notes, begin, end)),
        markings=cut_markings(part.markings, begin, end),
        controls=cut_controls(part.controls, begin, end),
    )


def _cut_tempos(piece: Piece, begin: Fraction, end: Fraction) -> tuple[TempoChange, ...]:
    """Return the changes within a stretch; a ramp that it cuts goes on as it did."""
    within = cut_tempos(piece.tempos, begin, end)
    before = [change for change in piece.tempos if change.onset_beats <= begin]
    after = [change for change in piece.tempos if change.onset_beats >= end]
    if before and before[-1].is_ramp:
        within = (TempoChange(Fraction(0), piece.tempo_at(begin), is_ramp=True), *within)
    if within and within[-1].is_ramp and after:
        within = (*within, TempoChange(end - begin, piece.tempo_at(end)))
    return within


def _within(notes: tuple[Note, ...], begin: Fraction, end: Fraction) -> Iterator[Note]:
    """Yield the notes that begin from `begin` to `end`, counted from there."""
    for note in notes:
        if begin <= note.onset_beats < end:
            length = min(note.end_beats, end) - note.onset_beats
            yield replace(note, onset_beats=note.onset_beats - begin, duration_beats=length)


def _ended(note: Note, end: Fraction) -> Note:
    too_long = note.end_beats > end > note.onset_beats
    return replace(note, duration_beats=end - note.onset_beats) if too_long else note


# --- Repeats ------------------------------------------------------------------------------------
# Beyond this many bars a piece is not unfolded: signs that contradict one another may go on and on.
MAX_UNFOLDED_BARS = 10_000


def unfold(piece: Piece) -> Piece:
    """Return a piece with its bars in the order in which they are played, without repeat signs.

    Endings are played in their times; after D.C. and D.S. repeats are not made again, and the last
    ending is taken. Signs that stand within a bar are passed over.

    Raises:
        OptionError: If the order has no end.
    """
    if not piece.repeats:
        return piece
    order = played_bars(piece)
    runs: list[tuple[int, int]] = []
    for index in order:
        if runs and runs[-1][1] + 1 == index:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    whole: Piece | None = None
    for first, last in runs:
        run = replace(trim(piece, first + 1, last + 1), repeats=())
        whole = run if whole is None else join(whole, whole.n_bars, _stated(run, whole))
    assert whole is not None  # a piece has a bar
    return replace(whole, first_bar_number=piece.first_bar_number)


def _stated(run: Piece, before: Piece) -> Piece:
    """Return bars that state their key and tempo anew where those differ from what was before."""
    keys, tempos = run.keys, run.tempos
    if run.key != before.key_at(before.length_beats):
        keys = (KeyChange(Fraction(0), run.key), *keys)
    is_stated = bool(tempos) and not tempos[0].onset_beats
    if run.tempo_bpm != before.tempo_at(before.length_beats) and not is_stated:
        tempos = (TempoChange(Fraction(0), run.tempo_bpm), *tempos)
    return replace(run, keys=keys, tempos=tempos)


def played_bars(piece: Piece) -> list[int]:
    """Return the indices of a piece's bars in the order in which they are played.

    Raises:
        OptionError: If the order has no end.
    """
    return _Player(piece).played()


class _Player:
    """Turns the pages of a piece as its repeat signs say."""

    def __init__(self, piece: Piece) -> None:
        begins = {bar.onset_beats: bar.index for bar in piece.bars}
        ends = {bar.end_beats: bar.index for bar in piece.bars}
        self._n_bars = piece.n_bars
        self._at: dict[str, dict[int, Repeat]] = {}  # kind -> bar -> sign
        self._endings: dict[int, Repeat] = {}  # every bar that lies in one
        for sign in piece.repeats:
            place = (ends if sign.is_at_end else begins).get(sign.onset_beats)
            if place is None:
                continue
            self._at.setdefault(sign.kind, {})[place] = sign
            if sign.kind == "ending" and sign.end_beats is not None:
                for bar in piece.bars:
                    if sign.onset_beats <= bar.onset_beats < sign.end_beats:
                        self._endings[bar.index] = sign
        self._time = 1  # through the present stretch
        self._begin = 0  # of it
        self._is_back = False  # after D.C. or D.S.

    def played(self) -> list[int]:
        """Return the bars."""
        order: list[int] = []
        bar = 0
        while bar < self._n_bars:
            if len(order) > MAX_UNFOLDED_BARS:
                raise OptionError("the repeat signs of this piece lead on without an end")
            if bar in self._at.get("forward", {}) and bar != self._begin:
                self._begin, self._time = bar, 1
            if self._is_passed_over(bar):
                bar += 1
                continue
            order.append(bar)
            bar = self._next(bar)
        return order

    def _is_passed_over(self, bar: int) -> bool:
        """Whether a bar lies in an ending that is not this time's."""
        ending = self._endings.get(bar)
        if ending is None or not ending.numbers:
            return False
        if self._is_back:  # the last ending: none behind it belongs to the same stretch
            return any(later.onset_beats == ending.end_beats for later in self._endings.values())
        return self._time not in ending.numbers

    def _next(self, bar: int) -> int:
        """Return the bar that follows."""
        if self._is_back:
            if bar in self._at.get("fine", {}):
                return self._n_bars
            if bar in self._at.get("to coda", {}):
                codas = [one for one in self._at.get("coda", {}) if one > bar]
                return codas[0] if codas else bar + 1
            return bar + 1
        backward = self._at.get("backward", {}).get(bar)
        if backward is not None and self._time < self._times_of(bar, backward):
            self._time += 1
            return self._begin
        if backward is not None:
            if bar not in self._endings:
                self._begin, self._time = bar + 1, 1
            return self._jump(bar)
        ending = self._endings.get(bar)
        if ending is not None and self._endings.get(bar + 1) is not ending:
            self._begin, self._time = bar + 1, 1
        return self._jump(bar)

    def _times_of(self, bar: int, backward: Repeat) -> int:
        """Return how often a stretch is played: as its sign or the endings in it say."""
        ending = self._endings.get(bar)
        return max(backward.times, max(ending.numbers, default=1) + 1) if ending else backward.times

    def _jump(self, bar: int) -> int:
        """Go back to the beginning or the segno, once."""
        if bar in self._at.get("da capo", {}):
            self._is_back = True
            return 0
        if bar in self._at.get("dal segno", {}):
            self._is_back = True
            return min(self._at.get("segno", {}), default=0)
        return bar + 1
