from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from composer.piece import MeterChange, Note, Part, Piece
from composer.plots import plot_pianoroll
from composer.plots.pianoroll import GAP_BEATS, MARGIN_SEMITONES, MAX_FAINT_LINES, MAX_STRONG_LINES
from composer.theory import INSTRUMENTS, Key, Meter, ensemble_instruments

PIANO = INSTRUMENTS["piano"]


def long_quartet(n_bars: int) -> Piece:
    """Build running sixteenths in all four parts."""
    parts = tuple(
        Part(
            instrument,
            tuple(
                Note(Fraction(step, 4), instrument.low + (5 * step) % 31, Fraction(1, 4))
                for step in range(16 * n_bars)
            ),
        )
        for instrument in ensemble_instruments("string quartet", 4)
    )
    return Piece(parts, (MeterChange(Fraction(0), Meter(4, 4)),), Key("D", "minor"))


def drawn_notes(trace: Any) -> Counter[tuple[float, int, float]]:
    lengths = [float(row[2]) for row in trace.customdata]
    return Counter(zip(trace.base, map(int, trace.y), lengths, strict=True))


def written_notes(part: Part) -> Counter[tuple[float, int, float]]:
    return Counter(
        (round(float(n.onset_beats), 4), n.pitch, float(n.duration_beats)) for n in part.notes
    )


@pytest.mark.parametrize("name", ["chorale", "keyboard_piece", "empty_piece"])
def test_one_trace_a_part_in_the_order_of_the_score(
    name: str, request: pytest.FixtureRequest
) -> None:
    piece: Piece = request.getfixturevalue(name)
    assert len(plot_pianoroll(piece).data) == len(piece.parts)


def test_every_note_is_drawn_exactly_once(chorale: Piece) -> None:
    for part, trace in zip(chorale.parts, plot_pianoroll(chorale).data, strict=True):
        assert drawn_notes(trace) == written_notes(part)


def test_a_drawn_note_ends_hardly_before_the_written_one(keyboard_piece: Piece) -> None:
    for part, trace in zip(keyboard_piece.parts, plot_pianoroll(keyboard_piece).data, strict=True):
        for note, drawn in zip(part.notes, trace.x, strict=True):
            assert 0 < float(note.duration_beats) - float(drawn) <= GAP_BEATS + 1e-6


def test_hover_tells_spelling_bar_beat_and_length() -> None:
    notes = (Note(Fraction(3), 61, Fraction(1, 2)), Note(Fraction(9, 2), 60, Fraction(3)))
    meter = (MeterChange(Fraction(0), Meter(6, 8)),)
    trace = plot_pianoroll(Piece((Part(PIANO, notes),), meter, Key("D", "minor"))).data[0]
    assert list(trace.hovertext) == ["C#4", "C4"]
    assert trace.customdata.tolist() == [[2, 1, 0.5], [2, 2, 3]]


def test_bar_lines_bear_their_numbers(chorale: Piece) -> None:
    axis = plot_pianoroll(chorale).layout.xaxis
    assert list(axis.tickvals) == [4 * index for index in range(chorale.n_bars + 1)]
    assert list(axis.ticktext) == [*map(str, range(1, chorale.n_bars + 1)), ""]
    assert set(axis.minor.tickvals) == set(range(4 * chorale.n_bars))


def test_an_upbeat_is_bar_0(upbeat_chorale: Piece) -> None:
    figure = plot_pianoroll(upbeat_chorale)
    assert list(figure.layout.xaxis.ticktext) == [*map(str, range(8)), ""]
    assert figure.data[0].customdata[0, 0] == 0


@pytest.mark.parametrize("n_bars", [1, 16, 17, 64, 65, 200, 512])
def test_lines_and_numbers_are_thinned_out_in_long_pieces(n_bars: int) -> None:
    note = Note(Fraction(0), 60, Fraction(4 * n_bars))
    piece = Piece(
        (Part(PIANO, (note,)),), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C", "major")
    )
    axis = plot_pianoroll(piece).layout.xaxis
    assert len(axis.tickvals) <= MAX_STRONG_LINES + 1
    assert len(axis.minor.tickvals) <= MAX_FAINT_LINES
    assert sum(map(bool, axis.ticktext)) <= 16 and axis.ticktext[0] == "1"


def test_only_the_sounding_range_is_shown(chorale: Piece) -> None:
    pitches = [note.pitch for part in chorale.parts for note in part.notes]
    low, high = plot_pianoroll(chorale).layout.yaxis.range
    assert low == min(pitches) - MARGIN_SEMITONES - 0.5
    assert high == max(pitches) + MARGIN_SEMITONES + 0.5


def test_equal_parts_are_numbered_and_each_has_a_colour(keyboard_piece: Piece) -> None:
    traces = plot_pianoroll(keyboard_piece).data
    assert [trace.name for trace in traces] == ["piano, right hand", "piano, left hand"]
    assert len({trace.marker.color for trace in traces}) == 2


def test_markup_in_a_name_from_a_file_is_shown_as_text(chorale: Piece) -> None:
    part = replace(chorale.parts[0], name='<a href="x">\x00lure</a>')
    name = plot_pianoroll(replace(chorale, parts=(part,))).data[0].name
    assert "<" not in name and "lure" in name and name.isprintable()


def test_the_figure_reaches_for_nothing_outside_and_has_a_clear_ground(chorale: Piece) -> None:
    figure = plot_pianoroll(chorale)
    assert not re.search(r"https?:|//\w|mapbox", figure.to_json())
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.title.text is None


@pytest.mark.parametrize(("n_bars", "most_bytes_a_note"), [(16, 45), (200, 40)])
def test_a_note_costs_few_bytes(n_bars: int, most_bytes_a_note: int) -> None:
    piece = long_quartet(n_bars)
    assert len(plot_pianoroll(piece).to_json()) < most_bytes_a_note * piece.n_notes + 5_000
