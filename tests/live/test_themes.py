"""What somebody plays becomes the theme: on the grid, in its key, and the stream begins with it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.engines import Engine
from composer.errors import RequestError
from composer.live import Performance, Stream, VirtualClock
from composer.live.themes import (
    Played,
    estimated_key,
    estimated_tempo_bpm,
    on_the_grid,
    read_played,
)
from composer.request import Request

SCALE = (67, 69, 71, 72, 74, 71, 67)


def played(tempo_bpm: float, jitter_s: float = 0.0) -> tuple[Played, ...]:
    beat_s = 60 / tempo_bpm
    return tuple(
        Played(3.0 + place * beat_s + jitter_s * (-1) ** place, 0.9 * beat_s, pitch)
        for place, pitch in enumerate(SCALE)
    )


@pytest.mark.parametrize("tempo_bpm", [72, 96, 120, 150])
def test_quarters_are_heard_as_a_regular_beat(tempo_bpm: float) -> None:
    notes = played(tempo_bpm, jitter_s=0.01)
    line = on_the_grid(notes, estimated_tempo_bpm(notes))
    gaps = {later.onset_beats - one.onset_beats for one, later in zip(line, line[1:], strict=False)}
    assert len(gaps) == 1 and gaps <= {Fraction(1, 2), Fraction(1), Fraction(2)}


def test_a_given_tempo_puts_every_note_on_its_beat() -> None:
    line = on_the_grid(played(100, jitter_s=0.03), 100)
    assert [note.onset_beats for note in line] == list(range(7))
    assert [note.pitch for note in line] == list(SCALE)
    assert str(estimated_key(line)) == "G major"


@given(
    st.lists(
        st.builds(Played, st.floats(0, 20), st.floats(0, 5), st.integers(0, 127)),
        min_size=3,
        max_size=40,
    ),
    st.floats(40, 200),
)
def test_whatever_is_played_becomes_one_line(notes: list[Played], tempo_bpm: float) -> None:
    line = on_the_grid(sorted(notes, key=lambda one: one.onset_s), tempo_bpm)
    assert all(
        one.end_beats <= later.onset_beats for one, later in zip(line, line[1:], strict=False)
    )
    assert all(note.duration_beats > 0 for note in line)


def test_a_stream_begins_with_what_was_played_and_goes_on(
    tiny_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)
    monkeypatch.setattr("composer.live.composing.ATTEMPTS", 1)
    request = Request(composer="Bach", form="minuet", candidates=1, seed=5, tempo_bpm=100)
    stream = Stream(request, engine=tiny_engine, bars=6, theme=played(100))
    assert str(stream.settings.home) == "G major"
    bars = [one.bar for one in Performance(stream, VirtualClock()).moments() if one.bar]
    theme = [bar for bar in bars if bar.why == "as it was played"]
    assert len(bars) == 6 and theme == bars[: len(theme)] and 2 <= len(theme) <= 3
    heard = [note.pitch % 12 for bar in theme for note in bar.music.parts[0].notes]
    assert heard == [pitch % 12 for pitch in SCALE]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("no list", "a list"),
        ([[0, 1, 60, 80]], "three notes"),
        ([[0, 1, 60]] * 3, "onset and length"),
        ([[0, 1, 200, 80]] * 3, "pitch"),
        ([[float("nan"), 1, 60, 80]] * 3, "length"),
        ([[True, 1, 60, 80]] * 3, "onset and length"),
        ([[0, 1, 60, 80], [1, 1, 60, 80], [500, 1, 60, 80]], "shorter"),
        ([[0, 1, 60, 80]] * 500, "400 notes"),
    ],
)
def test_a_theme_that_will_not_do_is_refused(values: Any, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        read_played(values)
