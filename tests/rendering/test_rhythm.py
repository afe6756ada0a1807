from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.rendering.rhythm import VALUES, WrittenValue, snap, write_spans
from composer.theory import Meter

COMMON = Meter(4, 4)
METERS = [Meter(n, d) for d in (1, 2, 4, 8, 16, 32) for n in (1, 2, 3, 4, 5, 6, 7, 9, 12, 15)]


@st.composite
def filled_bars(
    draw: st.DrawFn, odd_grids: tuple[int, ...] = (5, 7, 9)
) -> tuple[Meter, list[tuple[Fraction, Fraction]]]:
    """A meter and spans that fill its bar, cut at times of our grid and of another tuplet."""
    meter = draw(st.sampled_from(METERS))
    length = meter.length_beats
    times = {Fraction(0), length}
    odd = draw(st.sampled_from(odd_grids))
    for _ in range(draw(st.integers(0, 8))):
        grid = draw(st.sampled_from((24, 24, 16, odd)))
        times.add(Fraction(draw(st.integers(0, int(length * grid))), grid))
    return meter, list(pairwise(sorted(times)))


def written(*spans: str, meter: Meter = COMMON) -> list[str]:
    """Write spans such as `0 3/2` and show values as `quarter.` with tuplets as `eighth/3`."""
    pairs = [tuple(map(Fraction, span.split())) for span in spans]
    return [" ".join(map(shown, values)) for values in write_spans(pairs, meter)]


def shown(value: WrittenValue) -> str:
    dots = "." * value.dots
    return f"{value.kind}{dots}" + (f"/{value.tuplet.n_actual}" if value.tuplet else "")


@given(filled_bars((5, 7, 9, 1_155, 10_007)))
def test_values_fill_their_spans_without_gaps(case) -> None:
    meter, spans = case
    for (start, end), values in zip(spans, write_spans(spans, meter), strict=True):
        edges = [(v.onset_beats, v.onset_beats + v.duration_beats) for v in values]
        assert (edges[0][0], edges[-1][1]) == (start, end)
        assert all(stop == onset for (_, stop), (onset, _) in pairwise(edges))


@given(filled_bars())
def test_a_value_lasts_what_its_name_says(case) -> None:
    lengths = {name: length for length, name in VALUES.items()}
    for value in (v for values in write_spans(case[1], case[0]) for v in values):
        squeeze = Fraction(1)
        if value.tuplet:
            squeeze = Fraction(value.tuplet.n_normal, value.tuplet.n_actual)
        assert lengths[value.kind, value.dots] * squeeze == value.duration_beats


@given(filled_bars())
def test_brackets_open_and_close_in_turn(case) -> None:
    values = [v for values in write_spans(case[1], case[0]) for v in values if v.tuplet]
    edges = [v.edge for v in values if v.edge]
    assert edges == ["start", "stop"] * (len(edges) // 2)
    assert bool(edges) == bool(values)


@pytest.mark.parametrize(
    ("spans", "names"),
    [
        (["0 4"], ["whole"]),
        (["0 3", "3 4"], ["half.", "quarter"]),
        (["0 1", "1 4"], ["quarter", "half."]),
        (["0 3/2", "3/2 2", "2 4"], ["quarter.", "eighth", "half"]),
        (["0 1/2", "1/2 3/2", "3/2 2", "2 4"], ["eighth", "quarter", "eighth", "half"]),
        (["0 3/2", "3/2 5/2", "5/2 4"], ["quarter.", "eighth eighth", "quarter."]),
        (["0 7/2", "7/2 4"], ["half quarter.", "eighth"]),
        (["0 1/4", "1/4 1", "1 4"], ["16th", "eighth.", "half."]),
        (["0 5/4", "5/4 4"], ["quarter 16th", "eighth. half"]),
    ],
)
def test_rhythms_of_four_quarters_look_as_musicians_write_them(spans, names) -> None:
    assert written(*spans) == names


@pytest.mark.parametrize(
    ("spans", "names"),
    [
        (["0 3/2", "3/2 3"], ["quarter.", "quarter."]),
        (["0 1", "1 3/2", "3/2 3"], ["quarter", "eighth", "quarter."]),
        (["0 1/2", "1/2 3/2", "3/2 3"], ["eighth", "quarter", "quarter."]),
        (["0 2", "2 3"], ["quarter. eighth", "quarter"]),
        (["0 3"], ["half."]),
    ],
)
def test_rhythms_of_six_eighths_show_both_beats(spans, names) -> None:
    assert written(*spans, meter=Meter(6, 8)) == names


@pytest.mark.parametrize(
    ("spans", "names"),
    [
        (["0 1/3", "1/3 2/3", "2/3 1", "1 4"], ["eighth/3"] * 3 + ["half."]),
        (["0 2/3", "2/3 1", "1 4"], ["quarter/3", "eighth/3", "half."]),
        (["0 2/3", "2/3 4/3", "4/3 2", "2 4"], ["quarter/3"] * 3 + ["half"]),
        (["0 4/3", "4/3 8/3", "8/3 4"], ["half/3", "quarter/3 quarter/3", "half/3"]),
        ([f"{i}/5 {i + 1}/5" for i in range(5)] + ["1 4"], ["16th/5"] * 5 + ["half."]),
        ([f"{i}/6 {i + 1}/6" for i in range(6)] + ["1 4"], ["16th/6"] * 6 + ["half."]),
        (["0 1/6", "1/6 1/3", "1/3 1/2", "1/2 4"], ["16th/3"] * 3 + ["quarter. half"]),
    ],
)
def test_times_between_are_written_as_tuplets(spans, names) -> None:
    assert written(*spans) == names


@given(st.fractions(0, 100, max_denominator=10_000))
def test_a_time_moves_by_half_a_position_at_most_and_stays_there(beats: Fraction) -> None:
    assert abs(snap(beats) - beats) <= Fraction(1, 48)
    assert snap(snap(beats)) == snap(beats)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 24, 28, 32, 48])
def test_times_of_tuplets_stay_where_they_are(n: int) -> None:
    assert all(snap(Fraction(i, n)) == Fraction(i, n) for i in range(3 * n))


def test_a_septuplet_rounded_to_ticks_is_found_again() -> None:
    assert [snap(Fraction(round(480 * i / 7), 480)) for i in range(7)] == [
        Fraction(i, 7) for i in range(7)
    ]
