"""`Piece` -> piano roll: time to the right in quarters, pitch upwards, a colour a part."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Any

import numpy as np
import plotly.graph_objects as go

from composer.piece import Note, Part, Piece
from composer.plots.style import (
    FAINT_LINE,
    LEGEND,
    PART_COLOURS,
    SHADE,
    STRONG_LINE,
    base_layout,
    safe_text,
)
from composer.theory import Key, name_parts, pitch_name

MARGIN_SEMITONES = 3
MAX_BAR_LABELS = 16  # still apart on a telephone
MAX_STRONG_LINES = 64
MAX_FAINT_LINES = 260
# Drawn notes end a little early, so that repeated ones stay apart: this much, in quarters, and
# never more than this share of the note.
GAP_BEATS, GAP_SHARE = 0.06, 0.1
_BLACK_KEYS = frozenset({1, 3, 6, 8, 10})
_MIDDLE_OCTAVE = (57, 72)  # shown when nothing sounds
# Named rows, by how many rows there are: all white keys, the triad on C, or C alone.
_NAMED_PITCH_CLASSES = ((30, (0, 2, 4, 5, 7, 9, 11)), (62, (0, 4, 7)), (128, (0,)))
_ROW_PX, _HEIGHTS_PX = 9, (300, 560)
_HOVER = (
    "%{hovertext} · bar %{customdata[0]}, beat %{customdata[1]:.3~g}"
    " · %{customdata[2]:.3~g} quarters<extra>%{fullData.name}</extra>"
)


def plot_pianoroll(piece: Piece) -> go.Figure:
    """Plot a piece as a piano roll: one trace a part, a filled rectangle a note.

    Bar lines are strong and beat lines faint; in long pieces every second, fourth ... bar line is
    strong and the other ones are faint. Beats are the meter's felt pulses, so that 6/8 has two.
    """
    low, high = _pitch_range(piece)
    figure = go.Figure(
        [_part_trace(piece, index, name) for index, name in enumerate(_part_names(piece.parts))]
    )
    figure.update_layout(
        base_layout(_height_px(low, high)),
        barmode="overlay",
        bargap=0,
        dragmode="zoom",
        hovermode="closest",
        showlegend=True,
        legend=LEGEND,
        shapes=[_shade(pitch) for pitch in range(low, high + 1) if pitch % 12 in _BLACK_KEYS],
        xaxis=_time_axis(piece),
        yaxis=_pitch_axis(low, high, piece.key),
    )
    return figure


def _part_trace(piece: Piece, part_index: int, name: str) -> go.Bar:
    """Draw a part as horizontal bars; customdata is bar, beat and length in quarters."""
    part = piece.parts[part_index]
    colour = PART_COLOURS[part_index % len(PART_COLOURS)]
    bar_onsets = [float(bar.onset_beats) for bar in piece.bars]
    return go.Bar(
        orientation="h",
        name=name,
        base=[_plain_number(float(note.onset_beats)) for note in part.notes],
        x=np.array([_drawn_beats(note) for note in part.notes], dtype="f4"),
        y=np.array([note.pitch for note in part.notes], dtype="u1"),
        width=0.86,
        customdata=_places(part.notes, piece, bar_onsets),
        hovertext=[pitch_name(note.pitch, piece.key) for note in part.notes],
        hovertemplate=_HOVER,
        textposition="none",
        # Unisons of two parts show both colours.
        marker={"color": colour, "opacity": 0.9, "line": {"width": 0}},
    )


def _places(
    notes: tuple[Note, ...], piece: Piece, bar_onsets: list[float]
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return bar number, beat in the bar and length in quarters of every note."""
    rows = []
    for note in notes:
        bar = piece.bars[bisect_right(bar_onsets, float(note.onset_beats)) - 1]
        beat = 1 + (note.onset_beats - bar.onset_beats) / bar.meter.pulse_beats
        number = piece.bar_numbers[bar.index]
        rows.append((number, float(beat), float(note.duration_beats)))
    return np.array(rows, dtype="f4").reshape(-1, 3)


def _drawn_beats(note: Note) -> float:
    length_beats = float(note.duration_beats)
    return length_beats - min(GAP_BEATS, GAP_SHARE * length_beats)


def _plain_number(value: float) -> float:
    """Drop the digits that nobody sees: they would be sent as text."""
    return round(value, 4)


def _part_names(parts: tuple[Part, ...]) -> list[str]:
    """Name the parts for the legend; equal names get numbers, from the highest."""
    return name_parts([(safe_text(part.name), part.instrument) for part in parts])


def _pitch_range(piece: Piece) -> tuple[int, int]:
    pitches = [note.pitch for part in piece.parts for note in part.notes] or list(_MIDDLE_OCTAVE)
    return max(0, min(pitches) - MARGIN_SEMITONES), min(127, max(pitches) + MARGIN_SEMITONES)


def _height_px(low: int, high: int) -> int:
    return min(_HEIGHTS_PX[1], max(_HEIGHTS_PX[0], (high - low + 1) * _ROW_PX + 80))


def _shade(pitch: int) -> dict[str, Any]:
    return {
        "type": "rect",
        "layer": "below",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": pitch - 0.5,
        "y1": pitch + 0.5,
        "fillcolor": SHADE,
        "line": {"width": 0},
    }


def _time_axis(piece: Piece) -> dict[str, Any]:
    end = float(piece.length_beats)
    line_step = thinning(piece.n_bars, MAX_STRONG_LINES)
    label_step = thinning(piece.n_bars, MAX_BAR_LABELS)
    shown, numbers = piece.bars[::line_step], piece.bar_numbers
    return {
        "range": [0, end],
        "minallowed": 0,
        "maxallowed": end,
        "tickvals": [_plain_number(float(bar.onset_beats)) for bar in shown] + [end],
        "ticktext": ["" if bar.index % label_step else str(numbers[bar.index]) for bar in shown]
        + [""],
        "ticklabelposition": "outside right",
        "tickangle": 0,
        "gridcolor": STRONG_LINE,
        "minor": {"tickvals": _faint_lines(piece), "showgrid": True, "gridcolor": FAINT_LINE},
        "zeroline": False,
        "automargin": True,
        "title": {"text": "bar", "standoff": 4},
    }


def _faint_lines(piece: Piece) -> list[float]:
    """Return all beats, or all bar lines, or nothing: the most that does not stand too close."""
    bar_lines = [bar.onset_beats for bar in piece.bars]
    beats = [
        bar.onset_beats + index * bar.meter.pulse_beats
        for bar in piece.bars
        for index in range(math.ceil(bar.meter.length_beats / bar.meter.pulse_beats))
    ]
    lines = next((some for some in (beats, bar_lines) if len(some) <= MAX_FAINT_LINES), [])
    return [_plain_number(float(onset)) for onset in lines]


def thinning(count: int, most: int) -> int:
    """Return the least power of two that leaves at most so many."""
    step = 1
    while count > step * most:
        step *= 2
    return step


def _pitch_axis(low: int, high: int, key: Key) -> dict[str, Any]:
    rows = high - low + 1
    named = next(classes for most, classes in _NAMED_PITCH_CLASSES if rows <= most)
    pitches = [pitch for pitch in range(low, high + 1) if pitch % 12 in named]
    return {
        "range": [low - 0.5, high + 0.5],
        "fixedrange": True,
        "tickvals": pitches,
        "ticktext": [pitch_name(pitch) for pitch in pitches],
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
    }
