"""Notes are heard: one line and several voices; repeated, out of tune, wavering; and no notes."""

from __future__ import annotations

import numpy as np
import pytest

from composer.errors import OptionError, ScoreFileError
from composer.theory import Meter
from composer.transcription.hearing import find_delay, frame_of_comment, hear
from composer.transcription.played import PlayedNote, moved
from composer.transcription.voices import FRAME_S, LOWEST_PITCH, Posteriors, make_notes
from composer.transcription.writing import Frame
from tests.transcription.tones import RATE_HZ, Tone, file_of, play, scale

CHORDS = [(0.3 + n * 0.8, pitch, 0.7) for n in range(4) for pitch in (48 + n, 64 + n, 67 + n)]


def agreement(notes: tuple[PlayedNote, ...], tones: list[Tone], tolerance_s: float = 0.05) -> float:
    """Return the F1 of notes, every one matched once."""
    left = [(onset, round(pitch)) for onset, pitch, _ in tones]
    for note in notes:
        near = [
            one for one in left if one[1] == note.pitch and abs(one[0] - note.onset_s) < tolerance_s
        ]
        if near:
            left.remove(near[0])
    hits = len(tones) - len(left)
    return 2 * hits / (len(notes) + len(tones))


def test_a_line_is_heard() -> None:
    tones = scale(0.5)
    found = hear(file_of(play(tones, 5.0)))
    assert found.kind == "line" and agreement(found.notes, tones) == 1.0
    assert found.length_s == pytest.approx(5.0)
    lengths = [one.end_s - one.onset_s for one in found.notes]
    assert all(0.3 < length <= 0.52 for length in lengths)


@pytest.mark.parametrize("cents", [-45, -25, 25, 45])
def test_a_singer_out_of_tune_who_wavers_is_heard_in_tune(cents: int) -> None:
    tones = [(onset, pitch + cents / 100, length) for onset, pitch, length in scale(0.6)]
    found = hear(file_of(play(tones, 6.0, vibrato=0.4)), "line")
    assert agreement(found.notes, scale(0.6)) >= 0.93


def test_the_same_note_struck_again_is_two_notes() -> None:
    tones = [(0.3 + n * 0.4, 67.0, 0.4) for n in range(6)]
    assert agreement(hear(file_of(play(tones, 3.5))).notes, tones) == 1.0


def test_chords_are_heard_as_several_voices() -> None:
    found = hear(file_of(play(CHORDS, 4.0)))
    assert found.kind == "voices" and agreement(found.notes, CHORDS) >= 0.9


@pytest.mark.parametrize("kind", ["FLAC", "OGG", "MP3"])
def test_other_files_are_heard_like_wav(kind: str) -> None:
    samples = np.repeat(play(scale(0.5), 5.0), 2)  # 44.1 kHz, as is usual
    assert agreement(hear(file_of(samples, 2 * RATE_HZ, kind)).notes, scale(0.5)) == 1.0


def speech(length_s: float) -> np.ndarray:
    """Return a voice that slides all the time, in syllables."""
    times = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    pitch = 48 + 5 * np.sin(2 * np.pi * 1.7 * times) + 3 * np.sin(2 * np.pi * 2.9 * times + 1)
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69) / 12)) / RATE_HZ
    sound = sum(np.sin(n * phase) / n for n in range(1, 20))
    return np.asarray(0.1 * sound * (np.sin(2 * np.pi * 2 * times) > -0.5))


@pytest.mark.parametrize("kind", ["line", "auto"])
def test_speech_and_noise_are_no_notes(kind: str) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 4 * RATE_HZ)
    for sound in (noise, speech(4.0)):
        with pytest.raises(ScoreFileError, match=r"notes"):
            hear(file_of(sound), kind)
    with pytest.raises(OptionError, match="`kind` must be one of auto, line, voices"):
        hear(b"", "choir")


def test_a_slow_attack_is_a_delay_that_is_taken_back() -> None:
    times = np.arange(2 * RATE_HZ) / RATE_HZ
    sound = (np.sin(2 * np.pi * 440 * times) * np.clip((times - 0.5) / 0.1, 0, 1)).astype(
        np.float32
    )
    late = PlayedNote(0.58, 69, 1.9, 80, 0.9)
    assert find_delay(sound, [late]) == pytest.approx(0.08, abs=0.015)
    assert moved([late], -0.08)[0].onset_s == pytest.approx(0.5)
    assert find_delay(sound, []) == 0.0
    noisy = sound + np.random.default_rng(0).normal(0, 0.1, len(sound)).astype(np.float32)
    assert find_delay(noisy, [late]) == 0.0


def test_a_recording_of_the_page_names_its_count_in() -> None:
    found = frame_of_comment("tempo=96 meter=3/4 first-bar=0.350\0")
    assert found == Frame(96.0, Meter(3, 4), 0.35)
    tapped = frame_of_comment("meter=3/4 taps=0.5,1.1,1.7,2.35\0")
    assert tapped == Frame(meter=Meter(3, 4), taps_s=(0.5, 1.1, 1.7, 2.35))
    for text in (
        "",
        "tempo=96",
        "meter=3/4 taps=0.5,1.1",
        "meter=3/4 taps=0.5,1.1,1.2.3,4",
        "tempo=9 meter=3/4 first-bar=1",
        "tempo=1.2.3 meter=3/4 first-bar=1",
    ):
        assert frame_of_comment(text) is None


def posteriors(n_frames: int) -> Posteriors:
    shape = (n_frames, 88)
    times_s = np.arange(n_frames) * FRAME_S
    return Posteriors(times_s, np.zeros(shape, np.float32), np.zeros(shape, np.float32))


def test_notes_are_made_of_likelihoods() -> None:
    found = posteriors(200)
    found.sounds[20:60, 40] = 0.8
    found.onsets[20, 40] = 0.9
    found.sounds[60:100, 40] = 0.8  # struck again
    found.onsets[60, 40] = 0.7
    found.sounds[110:150, 50] = np.linspace(0.31, 0.6, 40)  # never begun
    found.sounds[160:165, 30] = 0.9  # too short
    found.onsets[160, 30] = 0.9
    found.sounds[20:60, 41] = 0.35  # the shadow of a neighbour
    notes = make_notes(found)
    assert [(round(n.onset_s / FRAME_S), n.pitch - LOWEST_PITCH) for n in notes] == [
        (20, 40),
        (60, 40),
        (110, 50),
    ]
    assert [round((n.end_s - n.onset_s) / FRAME_S) for n in notes] == [40, 40, 40]
    assert notes[0].certainty > notes[1].certainty > notes[2].certainty
    assert make_notes(posteriors(5)) == ()
