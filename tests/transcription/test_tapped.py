"""Beats that a listener tapped: a hand is late and early, and bars come to stand under them."""

from __future__ import annotations

import numpy as np
import pytest

from composer.errors import OptionError, RequestError
from composer.theory import Meter
from composer.transcription.bars import AROUND, features_of, with_neighbours
from composer.transcription.played import PlayedNote
from composer.transcription.profiles import gather
from composer.transcription.tapped import check_taps, grid_of_taps
from composer.transcription.writing import Frame, write
from tests.transcription.test_writing import WANTED, onsets_of, perform

TEMPO_BPM = 84.0
BEAT_S = 60 / TEMPO_BPM


def taps(count: int, *, first_s: float = 1.0, jitter_s: float = 0.0) -> tuple[float, ...]:
    """Return taps to music that begins at `first_s`."""
    rng = np.random.default_rng(5)
    found = first_s + BEAT_S * np.arange(count) + rng.normal(0, jitter_s, count).clip(-0.06, 0.06)
    return tuple(float(one) for one in found)


@pytest.mark.parametrize("jitter_s", [0.0, 0.03])
def test_tapped_beats_carry_the_bars(jitter_s: float) -> None:
    notes = perform(TEMPO_BPM)
    frame = Frame(meter=Meter(3, 4), taps_s=taps(24, jitter_s=jitter_s))
    piece, grid = write(notes, frame, is_line=True)
    assert onsets_of(piece) == WANTED
    assert abs(grid.tempo_bpm - TEMPO_BPM) < 2


def test_beats_go_on_before_the_first_tap_and_behind_the_last() -> None:
    notes = perform(TEMPO_BPM)
    some = taps(24)[5:12]
    piece, grid = write(notes, Frame(meter=Meter(3, 4), taps_s=some), is_line=True)
    assert onsets_of(piece) == WANTED
    assert grid.times_s[0] <= notes[0].onset_s and grid.times_s[-1] >= notes[-1].onset_s


def test_the_first_bar_is_where_it_is_said_to_be() -> None:
    frame = Frame(meter=Meter(3, 4), taps_s=taps(24), first_bar_s=1.0 + BEAT_S)
    piece, _ = write(perform(TEMPO_BPM), frame, is_line=True)
    assert onsets_of(piece) == [one + 2 for one in WANTED]


@pytest.mark.parametrize("tempo", [0.5, 2.0])
def test_beats_are_those_that_are_tapped_and_no_others(tempo: float) -> None:
    """Taps at halves or at double values are believed."""
    moments = tuple(1.0 + BEAT_S / tempo * np.arange(int(24 * tempo)))
    onsets = gather(
        np.array([one.onset_s for one in perform(TEMPO_BPM)]), np.zeros(22), 0.03, is_line=True
    )
    notes = onsets.times, np.full(len(onsets.times), 60.0)
    grid = grid_of_taps(onsets, notes, moments, is_line=True)
    assert grid.beat_s == pytest.approx(BEAT_S / tempo, rel=0.02)


@pytest.mark.parametrize(
    "wrong",
    [(1.0, 2.0, 3.0), (1.0, 2.0, 1.5, 3.0), (1.0, 1.01, 2.0, 3.0), (0.0, 1.0, 9.0, 10.0),
     (-1.0, 0.0, 1.0, 2.0), (0.0, 1.0, float("nan"), 2.0)],
)  # fmt: skip
def test_taps_that_are_no_beats_are_refused(wrong: tuple[float, ...]) -> None:
    with pytest.raises(OptionError, match="taps"):
        check_taps(wrong)
    with pytest.raises(OptionError, match="taps"):
        Frame(taps_s=wrong)


def test_taps_and_a_tempo_cannot_both_be_given() -> None:
    with pytest.raises(OptionError, match="taps are the tempo"):
        Frame(tempo_bpm=90, taps_s=taps(8))
    with pytest.raises(OptionError, match="a first bar needs a meter"):
        Frame(taps_s=taps(8), first_bar_s=1.0)


def test_silence_has_no_beats_whatever_is_tapped() -> None:
    nothing = gather(np.zeros(0), np.zeros(0), 0.03, is_line=True)
    with pytest.raises(RequestError, match="no notes"):
        grid_of_taps(nothing, (np.zeros(0), np.zeros(0)), taps(8), is_line=True)


@pytest.mark.parametrize("first_beat", [0, 2])
def test_bass_and_harmony_say_where_the_bars_of_a_waltz_begin(first_beat: int) -> None:
    roots = (48, 53, 55, 48, 45, 50, 43, 48)
    notes = []
    for number in range(first_beat, 3 * len(roots)):
        bar, beat = divmod(number, 3)
        root, at = roots[bar], 1.0 + BEAT_S * (number - first_beat)
        chord = (root,) if beat == 0 else (root + 12, root + 16, root + 19)
        notes += [PlayedNote(at, pitch, at + 0.4, 80, 0.9) for pitch in chord]
    beats = taps(3 * len(roots) - first_beat, jitter_s=0.02)
    piece, grid = write(notes, Frame(taps_s=beats), is_line=False)
    assert grid.meter == Meter(3, 4) and grid.first == first_beat
    assert min(float(part.notes[0].onset_beats) for part in piece.parts) == first_beat


def test_beats_are_read_with_those_around_them_and_no_others() -> None:
    beats, pitches = np.arange(12.0), np.array([48.0, 60, 60] * 4)
    features = features_of(beats, pitches, 12)
    near = with_neighbours(features)
    assert features.shape[0] == 12 and np.isfinite(features).all()
    assert (near[0].reshape(2 * AROUND + 1, -1)[:AROUND] == 0).all()
    assert np.array_equal(near[6].reshape(2 * AROUND + 1, -1)[AROUND], features[6])
