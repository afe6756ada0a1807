"""Playing with a stream: in turns, or along with it. Knows bars, notes and beats, and no clock.

A bar without notes is counted in. In turns a person then has some bars and the machine as many,
over and over. Along with it the person plays the highest part all the time and the machine the
others, each bar composed behind what was played up to then. Bars of a person stand when they begin
like all others, and get their notes from `heard`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from composer.engines import Stretch
from composer.errors import OptionError, RequestError
from composer.live.score import LiveBar, Score, gather
from composer.live.themes import GRID, into_range, one_line
from composer.piece import MeterChange, Note, Piece
from composer.scoring.texture import build_texture
from composer.scoring.tonality import durations_by_pitch_class
from composer.theory import MONOPHONIC_ENSEMBLES, Key, estimate_key

KINDS = ("turns", "along")
MAX_TURN_BARS = 8
MAX_NOTES = 1_000  # that are taken at a time
COUNTED = 1  # bars that are counted in
YOURS = "yours"
# The machine waits for the notes before its turn until those are there that were played so many
# seconds before its bar line, or until so many are left.
WAIT_S, HURRY_S = 1.3, 1.0


@dataclass(frozen=True)
class Duet:
    """Who plays when.

    Args:
        kind: One of `KINDS`.
        bars: Of a turn.

    Raises:
        OptionError: If one will not do.
    """

    kind: str
    bars: int = 4

    def __post_init__(self) -> None:
        """Refuse what will not do."""
        if self.kind not in KINDS:
            raise OptionError(f"`duet` must be {' or '.join(KINDS)}, got {str(self.kind)[:40]!r}")
        if type(self.bars) is not int or not 1 <= self.bars <= MAX_TURN_BARS:
            raise OptionError(f"`turn_bars` must be from 1 to {MAX_TURN_BARS}")

    def is_yours(self, index: int) -> bool:
        """Whether a person alone plays in a bar, by its index; nobody while it is counted in."""
        if self.kind == "along":
            return index <= COUNTED
        return index < COUNTED or (index - COUNTED) // self.bars % 2 == 0

    def place(self, index: int) -> int:
        """Return the place of a bar in its turn."""
        return 0 if self.kind == "along" else (index - COUNTED) % self.bars

    def left(self, index: int) -> int:
        """Return how many bars a turn has left, a bar included."""
        return 1 if self.kind == "along" or index < COUNTED else self.bars - self.place(index)


def open_bars(score: Score, duet: Duet, key: Key, tempo_bpm: float) -> tuple[LiveBar, ...]:
    """Return the bars up to the end of a person's turn, still without notes."""
    last = score.last_planned()
    first, onset = (last.number, last.end_beats) if last else (0, Fraction(0))
    found = []
    for place in range(duet.left(first)):
        music = _bar_of(score.players, [() for _ in score.players.parts], key)
        found.append(
            LiveBar(
                number=first + place + 1,
                onset_beats=onset,
                music=music,
                key=key,
                tempo_bpm=tempo_bpm,
                label="count" if first + place < COUNTED else YOURS,
                why="counted in" if first + place < COUNTED else "you play",
                candidates=0,
                drawn=0,
                stretch=Stretch(music=music, bars=1, key=key),
            )
        )
        onset = found[-1].end_beats
    return tuple(found)


def without_highest(bar: LiveBar) -> LiveBar:
    """Return a bar in which a person plays the highest part."""
    lines = [part.notes for part in bar.music.parts]
    return _with(bar, [(), *lines[1:]])


class Partner:
    """What a person plays with a stream.

    Args:
        duet: Who plays when.
        is_key_open: Whether the key of the stream follows what is played in the first turn.
    """

    def __init__(self, duet: Duet, *, is_key_open: bool) -> None:
        self._duet = duet
        self._is_key_open = is_key_open
        self._until = Fraction(0)
        self.home: Key | None = None  # as it was found

    def heard(self, score: Score, notes: Sequence[Note], since: Fraction, until: Fraction) -> int:
        """Put what was played into the bars that stand; return how many hold it now.

        The same notes may come again, corrected or with later ones: bars that began at `since` or
        later hold what came last.

        Args:
            score: Whose last bars take the notes up.
            notes: All that was played from `since` on, in quarters since the beginning; they are
                put on the sixteenths.
            since: From which beat on.
            until: Up to which beat; the machine waits for the end of a turn.
        """
        self._until = max(self._until, until)
        grid = _on_the_grid(notes, score.players)
        n_changed = 0
        for place, bar in enumerate(score.ring):
            if bar.onset_beats < since or not self._takes(bar):
                continue
            mine = tuple(
                replace(note, onset_beats=note.onset_beats - bar.onset_beats)
                for note in grid
                if bar.onset_beats <= note.onset_beats < bar.end_beats
            )
            score.ring[place] = _with(bar, [mine, *[part.notes for part in bar.music.parts[1:]]])
            n_changed += 1
        self._find_key(score)
        return n_changed

    def _takes(self, bar: LiveBar) -> bool:
        is_open = self._duet.kind == "along" or self._duet.is_yours(bar.number - 1)
        return is_open and bar.number > COUNTED

    def _find_key(self, score: Score) -> None:
        """Find the key, until the machine has played: then it stays."""
        durations = durations_of(score.players, [*score.ring])
        if self._is_key_open and any(durations):
            self._is_key_open = not any(bar.candidates for bar in score.ring)
        if self._is_key_open and any(durations):
            self.home = estimate_key(durations)[0]

    def is_due(self, score: Score, tempo_bpm: float, left_s: float) -> bool:
        """Whether the bars behind the plan wait for notes that are still to come.

        Args:
            score: What stands and is planned.
            tempo_bpm: Quarters a minute.
            left_s: Until those bars are to sound.
        """
        last = score.last_planned()
        if last is None or last.number <= COUNTED or left_s <= HURRY_S:
            return False
        is_led = self._takes(last)
        if not is_led or self._duet.is_yours(last.number):
            return False
        return float(self._until) < float(last.end_beats) - WAIT_S * tempo_bpm / 60


def _on_the_grid(notes: Iterable[Note], players: Piece) -> tuple[Note, ...]:
    """Return notes on the sixteenths, in the range of the highest part."""
    placed = []
    for note in sorted(notes):
        onset = max(Fraction(0), round(note.onset_beats / GRID) * GRID)
        length = max(GRID, round(note.duration_beats / GRID) * GRID)
        placed.append(replace(note, onset_beats=onset, duration_beats=length))
    if players.ensemble in MONOPHONIC_ENSEMBLES:
        placed = list(one_line(placed))
    return into_range(placed, players.parts[0])


def _bar_of(players: Piece, lines: Sequence[Sequence[Note]], key: Key) -> Piece:
    parts = tuple(
        replace(part, notes=tuple(notes)) for part, notes in zip(players.parts, lines, strict=True)
    )
    meters = (MeterChange(Fraction(0), players.meter),)
    return replace(players, parts=parts, meters=meters, key=key, keys=(), tempos=(), n_bars=1)


def _with(bar: LiveBar, lines: Sequence[Sequence[Note]]) -> LiveBar:
    """Return a bar with other notes, which stands by itself."""
    parts = tuple(
        replace(part, notes=tuple(notes))
        for part, notes in zip(bar.music.parts, lines, strict=True)
    )
    music = replace(bar.music, parts=parts, keys=(), tempos=())
    stretch = Stretch(music=music, bars=1, key=bar.key)
    return replace(bar, music=music, stretch=stretch, place=0)


def durations_of(players: Piece, bars: Sequence[LiveBar]) -> list[float]:
    """Return how long each pitch class sounds in bars that follow one another, C first."""
    if not bars:
        return [0.0] * 12
    music = gather(players, bars, is_cut=False)
    durations: list[float] = durations_by_pitch_class(build_texture(music)).tolist()
    return durations


def read_notes(values: Any) -> tuple[Note, ...]:
    """Read notes as lists of onset and length in quarters, pitch and velocity.

    Raises:
        RequestError: If they are none, or too many.
    """
    if not isinstance(values, list) or len(values) > MAX_NOTES:
        raise RequestError(f"`notes` is a list of {MAX_NOTES} notes at most")
    return tuple(_note(one) for one in values)


def _note(one: Any) -> Note:
    is_list = isinstance(one, list | tuple) and len(one) == 4
    if not is_list or not all(
        type(value) in (int, float) and math.isfinite(value) and 0 <= value < 1e7 for value in one
    ):
        raise RequestError("a note is its onset and length in quarters, pitch and velocity")
    onset, length, pitch, velocity = one
    if pitch > 127 or not 1 <= velocity <= 127 or length > 64:
        raise RequestError("a note has a pitch to 127, a velocity to 127 and 64 quarters at most")
    beats, duration = (Fraction(value).limit_denominator(10_000) for value in (onset, length))
    return Note(beats, int(pitch), max(GRID, duration), int(velocity))
