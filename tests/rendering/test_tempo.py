from __future__ import annotations

import math

import pytest

from composer.errors import OptionError
from composer.rendering import suggested_tempo_bpm
from composer.rendering.tempo import USUAL_TEMPI, check_tempo
from composer.theory import Meter
from composer.units import DEFAULT_TEMPO_BPM, TEMPO_RANGE_BPM

METERS = [Meter(n, d) for n in (1, 2, 3, 4, 6, 9, 12) for d in (1, 2, 4, 8, 16, 32)]


@pytest.mark.parametrize("form", [*USUAL_TEMPI, None, "", "symphony"])
def test_every_form_has_a_tempo_that_may_be_asked_in_every_meter(form: str | None) -> None:
    low, high = TEMPO_RANGE_BPM
    assert all(low <= suggested_tempo_bpm(form, meter) <= high for meter in [None, *METERS])


def test_an_unknown_form_gets_the_default_tempo() -> None:
    assert suggested_tempo_bpm("symphony") == suggested_tempo_bpm(None) == DEFAULT_TEMPO_BPM


def test_the_usual_meter_changes_nothing() -> None:
    assert suggested_tempo_bpm("Chorale", Meter(4, 4)) == suggested_tempo_bpm("chorale")
    assert suggested_tempo_bpm("motet", Meter(2, 1)) == suggested_tempo_bpm("motet")


def test_longer_note_values_pass_more_quarters_a_minute_but_fewer_pulses() -> None:
    halves, quarters = suggested_tempo_bpm("fugue", Meter(4, 2)), suggested_tempo_bpm("fugue")
    assert quarters < halves < 2 * quarters


@pytest.mark.parametrize("tempo_bpm", [0.0, -60.0, 4.0, 501.0, math.nan, math.inf])
def test_a_tempo_that_cannot_be_played_is_refused(tempo_bpm: float) -> None:
    with pytest.raises(OptionError, match="from 5 to 500 quarters a minute"):
        check_tempo(tempo_bpm)
