"""The music of a stream: bars that stand, and the plan behind them. Knows notes, and no engine.

What stands is never changed again; what is planned may still be dropped. Only the last bars are
kept, so that a day takes no more memory than a minute.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from composer.engines import Stretch
from composer.piece import KeyChange, MeterChange, Note, Piece, TempoChange
from composer.theory import Key

RING_BARS = 64
# Longest figure that is looked for when bars say the same again and again.
MAX_LOOP_BARS = 4

# Of every part when, how high and how long; what two bars share that sound alike.
Fingerprint = tuple[tuple[tuple[Fraction, int, Fraction], ...], ...]


@dataclass(frozen=True, kw_only=True)
class LiveBar:
    """A bar of a stream.

    Args:
        number: From 1.
        onset_beats: Its bar line, in quarters since the beginning.
        music: Its notes, counted from its bar line; they may sound beyond its end.
        key: In which it stands.
        tempo_bpm: At which it begins.
        label: What it is to the piece: `theme`, `new`, `close` ...
        why: Why it was chosen, in a sentence.
        candidates: Of how many it was chosen.
        drawn: How many were asked for, which follows the load.
        attempts: How often they might be drawn, which does so, too.
        nats_per_note: How surprising the model found its chunk; None if it cannot tell.
        stretch: The chunk that it belongs to, as engines go on with it.
        place: Index of the bar in its chunk.
    """

    number: int
    onset_beats: Fraction
    music: Piece
    key: Key
    tempo_bpm: float
    label: str = ""
    why: str = ""
    candidates: int = 1
    drawn: int = 1
    attempts: int = 1
    nats_per_note: float | None = None
    stretch: Stretch
    place: int = 0

    @property
    def end_beats(self) -> Fraction:
        """The next bar line."""
        return self.onset_beats + self.music.meter.length_beats


@dataclass(frozen=True)
class Mix:
    """What is played of what is composed.

    Args:
        transpose: Semitones.
        muted: Parts that are silent, from 1.
        solo: The only parts that are heard, from 1; none for all.
    """

    transpose: int = 0
    muted: tuple[int, ...] = ()
    solo: tuple[int, ...] = ()

    def plays(self, part: int) -> bool:
        """Whether a part is heard, by its index."""
        number = part + 1
        return number not in self.muted and (not self.solo or number in self.solo)


def mixed(music: Piece, mix: Mix) -> Piece:
    """Return the notes that are heard, at the pitches at which they are heard."""
    if mix == Mix():
        return music
    parts = tuple(
        replace(
            part,
            notes=tuple(
                replace(note, pitch=note.pitch + mix.transpose)
                for note in part.notes
                if mix.plays(index) and 0 <= note.pitch + mix.transpose <= 127
            ),
        )
        for index, part in enumerate(music.parts)
    )
    return replace(music, parts=parts)


@dataclass
class Score:
    """What was played, and what is to be.

    Args:
        players: Who plays: parts without notes.
        ring: The last bars that stand.
        plan: Bars that may still be dropped.
    """

    players: Piece
    ring: deque[LiveBar] = field(default_factory=lambda: deque(maxlen=RING_BARS))
    plan: deque[LiveBar] = field(default_factory=deque)

    @property
    def n_bars(self) -> int:
        """Bars that stand."""
        return self.ring[-1].number if self.ring else 0

    @property
    def end_beats(self) -> Fraction:
        """Where they end."""
        return self.ring[-1].end_beats if self.ring else Fraction(0)

    @property
    def n_planned(self) -> int:
        """Bars that are planned behind them."""
        return len(self.plan)

    def last_planned(self) -> LiveBar | None:
        """Return the last bar of the plan, or the last that stands; None before the first."""
        return self.plan[-1] if self.plan else self.ring[-1] if self.ring else None

    def commit(self) -> LiveBar:
        """Let the next bar of the plan stand."""
        bar = self.plan.popleft()
        self.ring.append(bar)
        return bar

    def last(self, n_bars: int) -> Piece | None:
        """Return the last bars that stand as a piece, notes cut at its end; None before any."""
        bars = list(self.ring)[-n_bars:]
        return gather(self.players, bars) if bars else None


def split(music: Piece, n_bars: int) -> list[Piece]:
    """Return each bar of a piece with the notes that begin in it; notes keep their lengths."""
    found = []
    for bar in music.bars[:n_bars]:
        parts = tuple(
            replace(part, notes=tuple(_moved(part.notes, bar.onset_beats, bar.end_beats)))
            for part in music.parts
        )
        meter = MeterChange(Fraction(0), bar.meter)
        found.append(replace(music, parts=parts, meters=(meter,), n_bars=1, keys=(), tempos=()))
    return found


def _moved(notes: Iterable[Note], begin: Fraction, end: Fraction) -> Iterable[Note]:
    for note in notes:
        if begin <= note.onset_beats < end:
            yield replace(note, onset_beats=note.onset_beats - begin)


def gather(players: Piece, bars: Sequence[LiveBar], *, is_cut: bool = True) -> Piece:
    """Return bars that follow one another as a piece.

    Args:
        players: Who plays.
        bars: At least one.
        is_cut: Whether notes end with the last bar.
    """
    begin, end = bars[0].onset_beats, bars[-1].end_beats
    lines: list[list[Note]] = [[] for _ in players.parts]
    for bar in bars:
        moved = bar.onset_beats - begin
        for line, part in zip(lines, bar.music.parts, strict=True):
            line += [replace(note, onset_beats=note.onset_beats + moved) for note in part.notes]
    if is_cut:
        length = end - begin
        lines = [[_ended(note, length) for note in line] for line in lines]
    return replace(
        players,
        parts=tuple(
            replace(part, notes=tuple(sorted(line)))
            for part, line in zip(players.parts, lines, strict=True)
        ),
        meters=_changes(bars, begin),
        key=bars[0].key,
        keys=tuple(
            KeyChange(bar.onset_beats - begin, bar.key)
            for before, bar in zip(bars, bars[1:], strict=False)
            if bar.key != before.key
        ),
        tempo_bpm=bars[0].tempo_bpm,
        tempos=tuple(
            TempoChange(bar.onset_beats - begin, bar.tempo_bpm)
            for before, bar in zip(bars, bars[1:], strict=False)
            if bar.tempo_bpm != before.tempo_bpm
        ),
        n_bars=len(bars),
        first_bar_number=bars[0].number,
    )


def _ended(note: Note, end: Fraction) -> Note:
    if note.end_beats <= end:
        return note
    return replace(note, duration_beats=end - note.onset_beats)


def _changes(bars: Sequence[LiveBar], begin: Fraction) -> tuple[MeterChange, ...]:
    found = [MeterChange(Fraction(0), bars[0].music.meter)]
    for bar in bars[1:]:
        if bar.music.meter != found[-1].meter:
            found.append(MeterChange(bar.onset_beats - begin, bar.music.meter))
    return tuple(found)


def fingerprint(bar: Piece) -> Fingerprint:
    """Return what a bar shares with every bar that sounds like it."""
    return tuple(
        tuple((note.onset_beats, note.pitch, note.duration_beats) for note in part.notes)
        for part in bar.parts
    )


def count_loop(prints: Sequence[Fingerprint]) -> int:
    """Return how often in a row the last bars say the same; 1 if they say something new.

    Args:
        prints: Of all bars that are remembered, in order.

    Returns:
        The most over figures of 1 to `MAX_LOOP_BARS` bars.
    """
    return max(
        (_times(prints, length) for length in range(1, MAX_LOOP_BARS + 1)),
        default=1,
    )


def _times(prints: Sequence[Fingerprint], length: int) -> int:
    figure, times = prints[-length:], 1
    while len(prints) >= (times + 1) * length:
        before = prints[len(prints) - (times + 1) * length : len(prints) - times * length]
        if list(before) != list(figure):
            break
        times += 1
    return times
