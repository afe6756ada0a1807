"""What is done to a whole piece on the Edit page without an engine, and pieces that begin empty."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from composer.errors import RequestError
from composer.piece import PROGRAM, MeterChange, Part, Piece
from composer.piece.moving import fifths_of_interval, moved_key
from composer.theory import INSTRUMENTS, parse_key, parse_meter
from composer.ui.edit.handlers import Editing, Version, take_edits
from composer.ui.shared import score_view, wording
from composer.ui.shared.settings import read_whole, setting

OCTAVE = 12
MAX_EMPTY_BARS = 128
INTERVALS = (
    *("minor second", "major second", "minor third", "major third", "fourth", "tritone"),
    *("fifth", "minor sixth", "major sixth", "minor seventh", "major seventh", "octave"),
)
Rework = Callable[..., tuple[Piece, str]]


def interval_choices() -> list[tuple[str, int]]:
    """Return intervals to transpose by, from an octave up to one down: as shown, as sent."""
    up = [(f"{name} up", number) for number, name in enumerate(INTERVALS, start=1)]
    down = [(f"{name} down", -number) for number, name in enumerate(INTERVALS, start=1)]
    return [*reversed(up), *down]


def rework(state: Editing, edits: Any, change: Rework, *values: Any) -> Editing:
    """Return the state with a changed piece on show, as a version that can be undone.

    Args:
        state: Of the tab.
        edits: What was painted, which is kept.
        change: `transpose` or `give_to`.
        values: What it reads.

    Raises:
        RequestError: If there is no piece, or a value will not do.
    """
    painted = take_edits(state, edits)
    piece, words = change(painted.piece, *values)
    return painted.add(Version(piece, words, key=painted.version.key))


def transpose(piece: Piece, semitones: Any) -> tuple[Piece, str]:
    """Move all notes by an interval; return the piece and what was done.

    Raises:
        RequestError: If it is no interval, or a note would leave the range of MIDI.
    """
    n = read_whole("the interval", semitones)
    if n is None or not 0 < abs(n) <= OCTAVE:
        raise RequestError("no interval is chosen; choose one of the list")
    key = moved_key(piece.key, fifths_of_interval(n))
    way = "up" if n > 0 else "down"
    return piece.transposed(n, key), f"moved {way} by a {INTERVALS[abs(n) - 1]}, to {key}"


def give_to(piece: Piece, part: Any, instrument: Any) -> tuple[Piece, str]:
    """Let another instrument play a part; return the piece and what was done.

    Raises:
        RequestError: If there is no such part or instrument.
    """
    index = read_whole("the part", part)
    if index is None or not 0 <= index < len(piece.parts) or instrument not in list(INSTRUMENTS):
        raise RequestError("choose a part of the piece and an instrument of the list")
    player, before = INSTRUMENTS[instrument], piece.parts[index]
    controls = tuple(one for one in before.controls if one.kind != PROGRAM)
    changed = replace(
        before,
        instrument=player,
        name="",
        controls=controls,
        channel=None,
        program=None,
        transposition=0,
    )
    parts = (*piece.parts[:index], changed, *piece.parts[index + 1 :])
    n_outside = sum(not player.low <= note.pitch <= player.high for note in before.notes)
    beyond = f"; {wording.count(n_outside, 'note')} beyond its usual range" if n_outside else ""
    name = score_view.part_names(piece)[index]
    return replace(piece, parts=parts), f"{name} now played by {player.name}{beyond}"


def take_empty(state: Editing, key: Any, meter: Any, bars: Any) -> Editing:
    """Take empty bars for one part, to be painted on.

    Args:
        state: Of the tab.
        key: As text; C major if left out.
        meter: As text; 4/4 if left out.
        bars: How many.

    Raises:
        RequestError: If a value will not do.
    """
    n_bars = setting("bars").read(bars)
    if not isinstance(n_bars, int) or not 1 <= n_bars <= MAX_EMPTY_BARS:
        raise RequestError(f"`bars` must be from 1 to {MAX_EMPTY_BARS}")
    told = [value.strip() if isinstance(value, str) else "" for value in (key, meter)]
    change = MeterChange(Fraction(0), parse_meter(told[1] or "4/4"))
    player = Part(INSTRUMENTS["piano"], ())
    piece = Piece((player,), (change,), parse_key(told[0] or "C major"), n_bars=n_bars)
    begun = replace(state, folder=state.folder or secrets.token_hex(16))
    return begun.add(Version(piece, "empty bars"))
