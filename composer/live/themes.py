"""What somebody plays -> the first bars of a stream: in meter and tempo, on the grid, in a key.

Knows moments in seconds and pitches. Of what sounds together the highest note is the theme.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from composer.engines import Stretch
from composer.errors import RequestError
from composer.live.score import LiveBar, split
from composer.piece import MeterChange, Note, Part, Piece
from composer.pipeline.chain import range_of
from composer.request import Request
from composer.theory import Key, estimate_key

MAX_NOTES, MAX_BARS, MAX_SECONDS = 400, 8, 120.0
GRID = Fraction(1, 4)  # a sixteenth
# Tempos that a player is taken to mean, in quarters a minute, the usual ones first where they tie.
TEMPOS = (*range(84, 133, 2), *range(60, 84, 2), *range(134, 161, 2))
TOO_FEW = "play at least three notes; they become the theme"


@dataclass(frozen=True)
class Played:
    """A note as somebody played it.

    Args:
        onset_s: When it began, from any moment on.
        length_s: How long the key was down.
        pitch: MIDI number.
        velocity: 1-127.
    """

    onset_s: float
    length_s: float
    pitch: int
    velocity: int = 80


def read_played(values: Any) -> tuple[Played, ...]:
    """Read notes as lists of onset and length in seconds, pitch and velocity.

    Raises:
        RequestError: If they are none, too few or too many.
    """
    if not isinstance(values, list) or len(values) > MAX_NOTES:
        raise RequestError(f"a theme is a list of {MAX_NOTES} notes at most")
    notes = tuple(sorted((_played(one) for one in values), key=lambda one: one.onset_s))
    if len(notes) < 3:
        raise RequestError(TOO_FEW)
    if notes[-1].onset_s - notes[0].onset_s > MAX_SECONDS:
        raise RequestError(f"a theme may last {MAX_SECONDS:g} s at most; play a shorter one")
    return notes


def _played(one: Any) -> Played:
    is_list = isinstance(one, list | tuple) and len(one) == 4
    if not is_list or not all(type(value) in (int, float) for value in one):
        raise RequestError("a note of a theme is its onset and length in s, pitch and velocity")
    onset_s, length_s, pitch, velocity = one
    is_moment = math.isfinite(onset_s) and 0 <= length_s <= MAX_SECONDS
    if not is_moment or not 0 <= pitch <= 127 or not 1 <= velocity <= 127:
        raise RequestError("a note of a theme has a length, a pitch to 127 and a velocity to 127")
    return Played(float(onset_s), float(length_s), int(pitch), int(velocity))


def estimated_tempo_bpm(notes: Sequence[Played]) -> float:
    """Return the tempo whose grid lies nearest to the onsets, in quarters a minute.

    Each tempo is charged with the mean distance of the onsets from its sixteenths, and, lest the
    finest grid win, with a little for every onset that falls between its eighths.
    """

    def misfit(tempo_bpm: int) -> float:
        found = 0.0
        for note in notes[1:]:
            beats = (note.onset_s - notes[0].onset_s) * tempo_bpm / 60.0
            found += abs(beats * 4 - round(beats * 4)) + 0.25 * (round(beats * 4) % 2)
        return found

    return float(min(TEMPOS, key=misfit))


def on_the_grid(notes: Sequence[Played], tempo_bpm: float) -> tuple[Note, ...]:
    """Return notes in quarters from the first one: one line, the highest where several sound."""
    placed = []
    for note in notes:
        onset = round(Fraction((note.onset_s - notes[0].onset_s) * tempo_bpm / 60.0) / GRID) * GRID
        length = max(GRID, round(Fraction(note.length_s * tempo_bpm / 60.0) / GRID) * GRID)
        placed.append(Note(onset, note.pitch, length, note.velocity))
    return one_line(placed)


def one_line(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return notes of which one sounds at a time, the highest where several begin.

    Args:
        notes: By their onsets.
    """
    line: list[Note] = []
    for new in notes:
        onset = new.onset_beats
        if line and line[-1].onset_beats == onset:
            line[-1] = max(line[-1], new, key=lambda one: one.pitch)
            continue
        if line and line[-1].end_beats > onset:
            line[-1] = replace(line[-1], duration_beats=onset - line[-1].onset_beats)
        line.append(new)
    return tuple(line)


def estimated_key(line: Sequence[Note]) -> Key:
    """Return the key of a theme, which often ends on its tonic."""
    durations = [0.0] * 12
    for note in line:
        durations[note.pitch % 12] += float(note.duration_beats)
    return estimate_key(durations, line[-1].pitch % 12)[0]


def begun_with(request: Request, theme: Sequence[Played]) -> tuple[Request, tuple[Note, ...]]:
    """Return a request in the tempo and key of a theme, and the theme on the grid.

    Args:
        request: Its own tempo stays.
        theme: What was played; nothing leaves the request as it is.
    """
    if not theme:
        return request, ()
    tempo_bpm = request.tempo_bpm or estimated_tempo_bpm(theme)
    line = on_the_grid(theme, tempo_bpm)
    return replace(request, tempo_bpm=tempo_bpm, key=estimated_key(line)), line


def into_range(line: Sequence[Note], part: Part) -> tuple[Note, ...]:
    """Return notes moved by octaves to where a part plays."""
    if not line:
        return ()
    low, high = range_of(part)
    middle = sum(note.pitch for note in line) / len(line)
    octaves = round(((low + high) / 2 - middle) / 12) if not low <= middle <= high else 0
    return tuple(
        replace(note, pitch=min(high, max(low, note.pitch + 12 * octaves))) for note in line
    )


def opening_bars(
    players: Piece, line: Sequence[Note], key: Key, tempo_bpm: float
) -> tuple[LiveBar, ...]:
    """Return a theme as the first bars of a stream, in its highest part.

    Args:
        players: Who plays.
        line: From `on_the_grid`.
        key: Of the theme.
        tempo_bpm: At which it is played.
    """
    meter = players.meter
    n_bars = min(MAX_BARS, math.ceil(line[-1].end_beats / meter.length_beats))
    notes = tuple(
        note
        for note in into_range(line, players.parts[0])
        if note.onset_beats < n_bars * meter.length_beats
    )
    parts = (replace(players.parts[0], notes=notes), *players.parts[1:])
    music = replace(
        players, parts=parts, meters=(MeterChange(Fraction(0), meter),), key=key, n_bars=n_bars
    )
    stretch = Stretch(music=replace(music, keys=(), tempos=()), bars=n_bars, key=key)
    return tuple(
        LiveBar(
            number=place + 1,
            onset_beats=place * meter.length_beats,
            music=bar,
            key=key,
            tempo_bpm=tempo_bpm,
            label="theme",
            why="as it was played",
            stretch=stretch,
            place=place,
        )
        for place, bar in enumerate(split(music, n_bars))
    )
