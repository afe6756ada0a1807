"""Asks -> what stands in a roll, what is open in it, and what is known of every column.

Whatever is asked is an opening in a roll: a new piece is open everywhere, more bars are open behind
what stands, and where a piece is filled its blank says what is open.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from composer.cells import Blank
from composer.engines.base import Compose, Continue, Fill
from composer.engines.menu import MenuEntry, decide, matching_rows
from composer.engines.roll.parting import Line
from composer.engines.roll.rolls import STEPS
from composer.errors import OptionError
from composer.models.fractal.config import BAR_OPEN, N_ROWS, ONSET, SILENCE
from composer.models.fractal.grids import draw_roll, meter_id
from composer.piece import MeterChange, Note, Part, Piece
from composer.theory import (
    MODES,
    MONOPHONIC_ENSEMBLES,
    Key,
    Meter,
    ensemble_instruments,
    parse_meter,
    usual_parts,
)
from composer.tokenizer import Vocabulary, vocab

Bools = npt.NDArray[np.bool_]
VELOCITIES_PER_CLASS = 4
WIDTHS = (4, 2048)  # columns of a piece that is asked for by its width
FAR_BARS = 16  # more bars of any meter but 3/16 than a model asks about
MAX_PARTS = 9  # that a model tells apart
USUAL_MIDDLES = (74.0, 50.0)  # of the highest and the lowest part of a piece


@dataclass(frozen=True, kw_only=True, eq=False)
class Opening:
    """A piece with something open in it, as a roll.

    Args:
        blank: What stays, and what is open.
        ranges: Lowest and highest pitch of every part.
        lines: Which parts sound one note at a time.
        states: What stands, [128, W]; the roll is as high as the piece is.
        velocities: Classes of onsets, -1 of all else, [128, W].
        hole: What is open, [128, W]; nothing stands in it.
        places: Sixteenth in the bar of every column of the piece, [W].
        conditions: Name -> id.
        struck: Notes whose velocities alone are asked for: part and note; None asks for notes.
        n_known: Columns of which anything is known or made; those behind them are open.
    """

    blank: Blank
    ranges: Sequence[tuple[int, int]]
    lines: Sequence[bool]
    states: npt.NDArray[np.uint8]
    velocities: npt.NDArray[np.int8]
    hole: Bools
    places: npt.NDArray[np.int16]
    conditions: dict[str, int]
    n_known: int
    struck: Sequence[tuple[int, Note]] | None = None

    @property
    def shift(self) -> int:
        """Semitones from C to the tonic."""
        return self.blank.piece.key.shift

    @property
    def wanted(self) -> Bools:
        """Onsets of the notes that are struck anew, [128, W]."""
        found = np.zeros_like(self.hole)
        for _, note in self.struck or ():
            found[note.pitch, math.floor(note.onset_beats * STEPS)] = True
        return np.asarray(found & (self.states == ONSET))

    @property
    def width(self) -> int:
        """Columns of the piece."""
        return len(self.places)

    def takers(self) -> list[Line]:
        """Return the parts that new notes are dealt to, from the highest."""
        found = []
        for index in self.blank.parts:
            notes = self.blank.piece.parts[index].notes
            usual = _middle(self.blank.piece, index)
            middle = float(np.mean([note.pitch for note in notes])) if notes else usual
            found.append(Line(index, middle, self.lines[index], notes, self._open_until))
        return found

    def _open_until(self, part: int, pitch: int, beats: Fraction) -> Fraction:
        low, high = self.ranges[part]
        spans = self.blank.spans(part, pitch) if low <= pitch <= high else ()
        place = bisect_right(spans, beats, key=lambda span: span[0]) - 1
        return max(beats, spans[place][1]) if place >= 0 else beats


def opening_of(
    ask: Compose | Continue | Fill,
    vocabulary: Vocabulary,
    menu: Sequence[MenuEntry],
    width: int,
) -> Opening:
    """Return what is open in an ask.

    Args:
        ask: Of settings that were checked.
        vocabulary: Names behind ids.
        menu: Where settings are decided that were left open.
        width: Columns of a whole piece; 0 goes by its bars.

    Raises:
        OptionError: If a width is none, or nothing is open where notes may go.
    """
    if isinstance(ask, Compose):
        return _new(ask, vocabulary, menu, width)
    if isinstance(ask, Continue):
        return _behind(ask, vocabulary)
    return _within(ask, vocabulary)


def _new(ask: Compose, vocabulary: Vocabulary, menu: Sequence[MenuEntry], width: int) -> Opening:
    """Open a new piece, all of it."""
    decided = decide(ask.request, menu)
    rows = matching_rows(decided, menu)
    usual = rows[0].meters[:1] if rows else ()
    meter = decided.meter or (parse_meter(usual[0]) if usual else Meter(4, 4))
    ensemble = decided.ensemble or "keyboard"
    players = ensemble_instruments(
        ensemble, decided.parts or usual_parts(ensemble), decided.composer
    )
    piece = Piece(
        parts=tuple(Part(player, ()) for player in players),
        meters=(MeterChange(Fraction(0), meter),),
        key=decided.key or Key("C", "major"),
        n_bars=_bars_of(width, meter) if width else decided.bars,
        composer=decided.composer or "",
        form=decided.form or "",
        ensemble=ensemble,
    )
    blank = Blank.of(piece, np.ones((piece.n_bars, len(players)), np.bool_))
    ranges = [(player.low, player.high) for player in players]
    lines = [ensemble in MONOPHONIC_ENSEMBLES] * len(players)
    opening = _opening(blank, ranges, lines, vocabulary)
    if width:
        opening.hole[:, width:] = False
    return opening


def _bars_of(width: int, meter: Meter) -> int:
    """Return how many bars columns fill.

    Raises:
        OptionError: If there are too few or too many, or they are no multiple of four.
    """
    low, high = WIDTHS
    if width % 4 or not low <= width <= high:
        raise OptionError(
            f"`width` must be a multiple of 4 from {low} to {high} sixteenths, got {width}; "
            f"{min(high, max(low, round(width / 4) * 4))} would do"
        )
    return math.ceil(Fraction(width, STEPS) / meter.length_beats)


def _behind(ask: Continue, vocabulary: Vocabulary) -> Opening:
    """Open bars behind a piece."""
    before, n_bars = ask.before, ask.bars_before + ask.bars
    n_after = min(ask.bars_after, FAR_BARS)
    piece = replace(before, n_bars=n_bars + n_after, key=ask.key, repeats=())
    cells = np.zeros((piece.n_bars, len(piece.parts)), np.bool_)
    cells[ask.bars_before : n_bars] = True
    lines = [ask.one_line or (bool(p.notes) and p.is_monophonic) for p in piece.parts]
    opening = _opening(Blank.of(piece, cells), ask.ranges, lines, vocabulary)
    return replace(opening, n_known=math.ceil(piece.bars[n_bars - 1].end_beats * STEPS))


def _within(ask: Fill, vocabulary: Vocabulary) -> Opening:
    """Open what a blank opens."""
    request, piece = ask.request, ask.blank.piece
    names = {
        name: getattr(request, name) or getattr(piece, name)
        for name in ("composer", "form", "ensemble")
    }
    if ask.notes is not None:
        whole = replace(ask.blank, piece=ask.blank.filled(ask.notes, keep_velocities=True))
        opening = _opening(whole, ask.ranges, ask.lines, vocabulary, names)
        return replace(opening, blank=ask.blank, struck=ask.notes)
    opening = _opening(ask.blank, ask.ranges, ask.lines, vocabulary, names)
    if not opening.hole.any():
        raise OptionError(
            "nothing is open there: what is marked holds less than a sixteenth, or notes that "
            "sound on behind it; mark more, or cut these notes with the edges `tie`"
        )
    return opening


def _opening(
    blank: Blank,
    ranges: Sequence[tuple[int, int]],
    lines: Sequence[bool],
    vocabulary: Vocabulary,
    names: dict[str, str] | None = None,
) -> Opening:
    piece = blank.piece
    names = names or {name: getattr(piece, name) for name in ("composer", "form", "ensemble")}
    places = places_of(piece)
    rows = rows_of(piece)
    states, velocities = draw_roll(rows, 0, len(places))
    mask = blank.mask(STEPS)
    for part, (low, high) in enumerate(ranges):
        mask[part, :low] = False
        mask[part, high + 1 :] = False
    hole = np.any(mask, 0)[:, : len(places)] & ~_touched(piece, len(places)) & (states == SILENCE)
    return Opening(
        blank=blank,
        ranges=ranges,
        lines=lines,
        states=states,
        velocities=velocities,
        hole=hole,
        places=places,
        conditions=conditions_of(piece, names, vocabulary),
        n_known=len(places),
    )


def conditions_of(piece: Piece, names: dict[str, str], vocabulary: Vocabulary) -> dict[str, int]:
    """Return what is said of a piece to the model, name -> id; the tonic lies on C."""
    firsts = {
        "composer": vocab.VALUE_COMPOSER,
        "form": vocab.VALUE_FORM,
        "ensemble": vocab.VALUE_ENSEMBLE,
    }
    return {
        "tonic": 1,
        "mode": 1 + MODES.index(piece.key.mode),
        "meter": meter_id(piece.meter.numerator, piece.meter.denominator),
        "tempo": 0,
        "parts": min(len(piece.parts), MAX_PARTS),
        "density": 0,
    } | {name: vocabulary.value_id(name, names[name] or None) - firsts[name] for name in firsts}


def places_of(piece: Piece) -> npt.NDArray[np.int16]:
    """Return the sixteenth in its bar of every column of a piece, [W]."""
    found: list[int] = []
    for bar in piece.bars:
        end = math.ceil(bar.end_beats * STEPS)
        begin = bar.onset_beats * STEPS
        found += [math.floor(column - begin) for column in range(len(found), end)]
    return np.minimum(np.maximum(found, 0), BAR_OPEN - 1).astype(np.int16)


def rows_of(piece: Piece) -> npt.NDArray[np.int32]:
    """Return onset, end, pitch and velocity class of notes in columns, as models learn from them.

    Args:
        piece: Any; percussion is left out.
    """
    rows = [
        (
            math.floor(note.onset_beats * STEPS),
            max(
                math.floor(note.onset_beats * STEPS) + 1,
                math.floor(note.end_beats * STEPS + Fraction(1, 2)),
            ),
            note.pitch,
            note.velocity // VELOCITIES_PER_CLASS,
        )
        for part in piece.parts
        for note in part.notes
    ]
    return np.array(rows, np.int32).reshape(-1, 4)


def _touched(piece: Piece, width: int) -> Bools:
    """Return cells in which some of a note sounds, [128, width]."""
    found = np.zeros((N_ROWS, width), np.bool_)
    for part in piece.parts:
        for note in part.notes:
            begin = math.floor(note.onset_beats * STEPS)
            found[note.pitch, begin : math.ceil(note.end_beats * STEPS)] = True
    return found


def _middle(piece: Piece, index: int) -> float:
    """Return the pitch around which a part without notes is expected to play."""
    player = piece.parts[index].instrument
    high, low = USUAL_MIDDLES
    share = index / max(1, len(piece.parts) - 1)
    return min(max(high + share * (low - high), player.low), player.high)
