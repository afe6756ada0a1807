"""Played notes come to stand in bars, with and without a count-in, late and early and drifting."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from composer.errors import OptionError, RequestError
from composer.piece import Piece
from composer.theory import Meter
from composer.transcription.grid import Grid, find_grid
from composer.transcription.played import PlayedNote
from composer.transcription.profiles import METERS, gather, load_profiles, profiles_of
from composer.transcription.quantising import quantise
from composer.transcription.writing import Frame, write

# Two phrases in 3/4: quarters, eighths, a dotted quarter and halves.
LENGTHS = (1, 1, 1, 1.5, 0.5, 1, 1, 0.5, 0.5, 1, 3) * 2
PITCHES = (67, 72, 71, 72, 74, 76, 74, 72, 71, 69, 67) * 2


def perform(
    tempo_bpm: float, *, jitter_s: float = 0.0, drift: float = 0.0, first_s: float = 1.0
) -> list[PlayedNote]:
    """Play the phrases; the tempo swells and falls by a share."""
    onsets = np.cumsum([0, *LENGTHS])
    rng = np.random.default_rng(3)
    beats = np.linspace(0, onsets[-1], 2_000)
    local_s = 60 / tempo_bpm * (1 + drift * np.sin(beats / 4))
    clock = np.concatenate([[0], np.cumsum(local_s[1:] * np.diff(beats))])
    times = first_s + np.interp(onsets, beats, clock)
    late = np.clip(rng.normal(0, jitter_s / 2, len(onsets)), -jitter_s, jitter_s)
    return [
        PlayedNote(max(0.0, a + e), pitch, b, 80, 0.9)
        for a, b, e, pitch in zip(times, times[1:], late, PITCHES, strict=False)
    ]


def onsets_of(piece: Piece) -> list[float]:
    return [float(note.onset_beats) for note in piece.parts[0].notes]


WANTED = [float(one) for one in np.cumsum([0, *LENGTHS])[:-1]]


@pytest.mark.parametrize("tempo_bpm", [52.0, 76.0, 100.0, 138.0])
@pytest.mark.parametrize(("jitter_s", "drift"), [(0.0, 0.0), (0.03, 0.05)])
def test_after_a_count_in_every_note_stands_in_its_place(
    tempo_bpm: float, jitter_s: float, drift: float
) -> None:
    notes = perform(tempo_bpm, jitter_s=jitter_s, drift=drift)
    frame = Frame(tempo_bpm, Meter(3, 4), 1.0)
    piece, grid = write(notes, frame, is_line=True)
    right = np.isclose(onsets_of(piece), WANTED)
    assert right.mean() >= 0.95
    assert grid.tempo_bpm == pytest.approx(tempo_bpm, rel=0.06) and grid.first == 0
    assert piece.meter == Meter(3, 4) and len(piece.parts) == 1


@pytest.mark.parametrize("tempo_bpm", [80.0, 100.0])
def test_a_tempo_alone_is_enough_to_find_meter_and_bars(tempo_bpm: float) -> None:
    notes = perform(tempo_bpm, jitter_s=0.02)
    piece, grid = write(notes, Frame(tempo_bpm=tempo_bpm), is_line=True)
    assert grid.tempo_bpm == pytest.approx(tempo_bpm, rel=0.06)
    assert np.isclose(np.diff(onsets_of(piece)), np.diff(WANTED)).mean() >= 0.95


def test_beats_are_found_without_being_told_anything() -> None:
    piece, grid = write(perform(92.0, jitter_s=0.015, drift=0.03), Frame(), is_line=True)
    assert 0.5 <= grid.certainty <= 1.0
    steps = np.diff(onsets_of(piece)) / np.diff(WANTED)
    assert np.isclose(steps, np.median(steps)).mean() >= 0.9
    assert np.median(steps) in (0.5, 1.0, 2.0)


def test_a_pickup_stands_before_the_first_bar() -> None:
    notes = [replace(one, onset_s=one.onset_s, pitch=60) for one in perform(60.0)][:6]
    upbeat = PlayedNote(0.0, 55, 0.9, 80, 0.9)
    piece, _ = write([upbeat, *notes], Frame(60.0, Meter(3, 4), 1.0), is_line=True)
    assert piece.pickup_beats == 1 and piece.bar_numbers[0] == 0
    assert onsets_of(piece)[:3] == [2.0, 3.0, 4.0]


def test_chords_are_two_hands_and_the_key_is_found() -> None:
    chords = [
        (n, pitch) for n, root in enumerate((0, 5, 7, 0)) for pitch in (36 + root, 64, 67 + n, 72)
    ]
    notes = [PlayedNote(0.5 + n * 0.6, pitch, 1.08 + n * 0.6, 80, 0.9) for n, pitch in chords]
    piece, _ = write(notes, Frame(100.0, Meter(4, 4), 0.5), is_line=False, title="Four chords")
    assert [len(part.notes) for part in piece.parts] == [12, 4]
    assert piece.title == "Four chords" and piece.n_bars == 1
    assert all(note.duration_beats == 1 for part in piece.parts for note in part.notes)


@pytest.mark.parametrize(
    ("pitch", "player"), [(72, "soprano"), (52, "alto"), (47, "tenor"), (40, "bass"), (96, "piano")]
)
def test_a_line_is_given_to_the_highest_voice_that_reaches_it(pitch: int, player: str) -> None:
    piece, _ = write([PlayedNote(0.4, pitch, 1.0, 80, 0.9)], Frame(), is_line=True)
    assert piece.parts[0].instrument.name == player


def test_a_beat_is_divided_as_its_notes_ask_for() -> None:
    grid = Grid(Meter(4, 4), np.arange(6) * 0.6, 0, 1.0)
    wanted = [Fraction(n, 3) for n in range(3)] + [1 + Fraction(n, 4) for n in range(4)] + [
        Fraction(2),
        Fraction(5, 2),
        Fraction(3),
    ]  # fmt: skip
    late = np.random.default_rng(0).normal(0, 0.004, len(wanted))
    places, bent = quantise(np.array([float(one) * 0.6 for one in wanted]) + late, grid)
    assert places == wanted
    assert np.abs(bent.times_s - grid.times_s).max() < 0.03


def test_times_of_a_grid_go_on_before_and_behind_it() -> None:
    grid = Grid(Meter(3, 4), np.array([1.0, 1.5, 2.1]), 2, 0.9)
    assert grid.beats_at(np.array([0.5, 1.0, 1.25, 2.1, 2.7])).tolist() == [1, 2, 2.5, 4, 5]
    assert grid.tempo_bpm == pytest.approx(60 / 0.55)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"tempo_bpm": 5.0}, "`tempo_bpm` must be from 20 to 300"),
        ({"first_bar_s": 1.0}, "a first bar needs a meter, and a tempo or taps"),
        ({"tempo_bpm": 90.0, "meter": Meter(4, 4), "first_bar_s": -1.0}, "`first_bar_s` must be"),
        ({"tempo_bpm": float("nan")}, "`tempo_bpm` must be"),
    ],
)
def test_a_frame_that_cannot_be_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        Frame(**values)  # type: ignore[arg-type]


def test_no_notes_and_no_beats_are_said_in_a_sentence() -> None:
    with pytest.raises(RequestError, match="no notes were found"):
        write([], Frame(), is_line=True)
    with pytest.raises(OptionError, match="1 to 16 beats a bar, got 64/4"):
        write(perform(90.0), Frame(meter=Meter(64, 4)), is_line=True)


def test_one_note_is_a_piece() -> None:
    piece, _ = write([PlayedNote(0.4, 60, 1.0, 80, 0.9)], Frame(), is_line=True)
    assert piece.n_notes == 1


@pytest.mark.parametrize("meter", ["5/4", "3/2", "7/8", "2/2", "3/8", "9/8", "1/4"])
def test_any_meter_can_be_asked_for(meter: str) -> None:
    wanted = Meter(*map(int, meter.split("/")))
    assert all(one.meter == wanted for one in profiles_of(wanted, is_line=True))
    piece, _ = write(perform(90.0), Frame(meter=wanted), is_line=True)
    assert piece.meter == wanted


def test_profiles_know_that_bars_begin_with_notes() -> None:
    for is_line in (True, False):
        found = load_profiles(is_line=is_line)
        assert {one.meter for one in found} == set(METERS)
        assert sum(one.share for one in found) == pytest.approx(1.0, abs=1e-3)
        for one in found:
            assert one.rates.shape[0] == one.n_beats and np.isfinite(one.likeness).all()
            assert one.rates.max() == one.rates[:, 0].max()


def test_notes_that_begin_together_are_gathered() -> None:
    times = np.array([0.0, 0.01, 0.5, 0.52, 0.53, 1.0])
    pitches = np.array([60.0, 40.0, 60.0, 64.0, 67.0, 72.0])
    found = gather(times, pitches, 0.04, is_line=False)
    assert found.times.tolist() == pytest.approx([0.005, 0.51667, 1.0], abs=1e-4)
    assert found.is_full.tolist() == [True, True, False] and found.is_low[0]
    assert not gather(times, pitches, 0.04, is_line=True).is_full.any()


def test_a_grid_wants_onsets() -> None:
    nothing = gather(np.zeros(0), np.zeros(0), 0.04, is_line=True)
    with pytest.raises(RequestError, match="no notes"):
        find_grid(nothing, is_line=True)
