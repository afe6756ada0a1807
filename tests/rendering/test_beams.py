from __future__ import annotations

from fractions import Fraction

import pytest

from composer.rendering.beams import beams
from composer.theory import Meter


def of(meter: Meter, *values: str) -> list[str]:
    """Beams of values such as `1/2 eighth`, a rest without a name, as words by level."""
    onsets, kinds, time = [], [], Fraction(0)
    for value in values:
        length, _, kind = value.partition(" ")
        onsets.append(time)
        kinds.append(kind)
        time += Fraction(length)
    return ["/".join(levels) for levels in beams(onsets, kinds, meter)]


@pytest.mark.parametrize(
    ("meter", "groups"),
    [((4, 4), 2), ((3, 4), 2), ((2, 2), 4), ((6, 8), 3), ((3, 8), 3), ((9, 8), 3), ((5, 8), 2)],
)
def test_eighths_share_beams_within_a_beat(meter: tuple[int, int], groups: int) -> None:
    found = of(Meter(*meter), *["1/2 eighth"] * groups)
    assert found == ["start", *["continue"] * (groups - 2), "stop"]


def test_a_dotted_eighth_and_a_sixteenth_have_a_short_second_beam() -> None:
    assert of(Meter(4, 4), "3/4 eighth", "1/4 16th") == ["start", "stop/backward"]
    assert of(Meter(4, 4), "1/4 16th", "3/4 eighth") == ["start/forward", "stop"]


def test_rests_and_longer_notes_break_beams() -> None:
    found = of(Meter(2, 2), "1/2 eighth", "1/2 ", "1/2 eighth", "1/2 eighth", "1 quarter")
    assert found == ["", "", "start", "stop", ""]
