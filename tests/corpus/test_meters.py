from __future__ import annotations

from fractions import Fraction

import pytest

from composer.corpus.meters import count_bars, cut_bar_meter, lay_meters
from composer.errors import OptionError
from composer.piece import MeterChange, walk_bars
from composer.theory import Meter


def changes(*values: tuple[str, str]) -> list[MeterChange]:
    """Meters from texts such as ("9/2", "3/4"): from 4.5 quarters on, 3/4."""
    return [
        MeterChange(Fraction(onset), Meter(*map(int, meter.split("/")))) for onset, meter in values
    ]


def test_meters_on_bar_lines_stay_as_they_are():
    written = changes(("0", "4/4"), ("8", "3/4"), ("11", "2/2"))
    assert lay_meters(written) == (tuple(written), 0)


def test_a_bar_cut_short_gets_its_own_length_and_the_next_begins_on_time():
    laid, _ = lay_meters(changes(("0", "4/4"), ("7", "3/4")))
    assert laid == tuple(changes(("0", "4/4"), ("4", "3/4")))
    laid, _ = lay_meters(changes(("0", "4/4"), ("6", "3/4")))
    assert laid == tuple(changes(("0", "4/4"), ("4", "2/4"), ("6", "3/4")))


def test_a_cut_first_bar_takes_the_place_of_the_first_meter():
    laid, _ = lay_meters(changes(("0", "4/4"), ("1/2", "3/4")))
    assert laid == tuple(changes(("0", "1/8"), ("1/2", "3/4")))


def test_the_same_meter_again_within_a_bar_restarts_the_bar():
    laid, _ = lay_meters(changes(("0", "3/4"), ("4", "3/4")))
    assert laid == tuple(changes(("0", "3/4"), ("3", "1/4"), ("4", "3/4")))


def test_the_same_meter_again_at_a_bar_line_is_no_change():
    assert lay_meters(changes(("0", "3/4"), ("6", "3/4"))) == (tuple(changes(("0", "3/4"))), 0)


@pytest.mark.parametrize("onset", ["3847/480", "25/3", "65/8"])
def test_the_same_meter_again_beside_all_beats_says_nothing(onset):
    assert lay_meters(changes(("0", "4/4"), (onset, "4/4")))[0] == tuple(changes(("0", "4/4")))


@pytest.mark.parametrize(("onset", "laid", "n_moved"), [("3847/480", "8", 0), ("29/3", "8", 1)])
def test_a_meter_that_no_cut_bar_leads_to_moves_to_the_nearest_bar_line(onset, laid, n_moved):
    found = lay_meters(changes(("0", "4/4"), (onset, "3/4")))
    assert found == (tuple(changes(("0", "4/4"), (laid, "3/4"))), n_moved)


@pytest.mark.parametrize(
    "length, denominator, meter",
    [("3", 4, "3/4"), ("3/2", 4, "3/8"), ("3/4", 2, "3/16"), ("1/8", 4, "1/32"), ("4", 1, "1/1")],
)
def test_a_cut_bar_keeps_its_denominator_if_that_divides_it(length, denominator, meter):
    assert str(cut_bar_meter(Fraction(length), denominator)) == meter


def test_a_bar_of_a_third_of_a_quarter_has_no_time_signature():
    with pytest.raises(OptionError, match="time signature"):
        cut_bar_meter(Fraction(1, 3), 4)


@pytest.mark.parametrize("eighths", range(1, 60))
def test_bars_are_counted_as_if_walked(eighths):
    end = Fraction(eighths, 2)
    meters, _ = lay_meters([m for m in changes(("0", "3/4"), ("7", "5/8")) if m.onset_beats < end])
    walked = walk_bars(meters)
    assert count_bars(meters, end) == 1 + sum(
        1 for bar in (next(walked) for _ in range(80)) if 0 < bar.onset_beats < end
    )
