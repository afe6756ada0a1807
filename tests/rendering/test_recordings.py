from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from composer.errors import OptionError, ScoreFileError
from composer.recording import Recording
from composer.rendering.recordings import read_recording, resampled, write_recording

pytest.importorskip("soundfile")


def tone(rate_hz: int = 32_000, channels: int = 1, peak: float = 0.5) -> Recording:
    time_s = np.arange(rate_hz) / rate_hz
    sound = (peak * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
    return Recording(np.repeat(sound[:, None], channels, axis=1), rate_hz)


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3", "ogg"])
@pytest.mark.parametrize("rate_hz", [16_000, 32_000, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_recording_comes_back_from_every_kind_of_file(
    ending: str, rate_hz: int, channels: int, tmp_path: Path
) -> None:
    path = write_recording(
        tone(), tmp_path / f"tone.{ending}", sample_rate_hz=rate_hz, channels=channels
    )
    found = read_recording(path)
    assert (found.rate_hz, found.channels) == (rate_hz, channels)
    assert found.length_s == pytest.approx(1.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(found.mono[: rate_hz // 2]))
    assert spectrum.argmax() * 2 == pytest.approx(440, abs=3)


@pytest.mark.parametrize(("bits", "error"), [(16, 2**-14), (24, 2**-22), (32, 0.0)])
def test_bits_are_as_fine_as_they_say(bits: int, error: float, tmp_path: Path) -> None:
    found = read_recording(write_recording(tone(), tmp_path / "tone.wav", bits=bits))
    assert np.abs(found.samples - tone().samples).max() <= error


def test_what_is_over_full_scale_is_turned_down_and_nothing_is_turned_up(tmp_path: Path) -> None:
    for peak, kept in ((4.0, 1.0), (0.1, 0.1)):
        path = write_recording(tone(peak=peak), tmp_path / "loud.wav", bits=32)
        assert np.abs(read_recording(path).samples).max() == pytest.approx(kept, abs=1e-3)


def test_another_rate_keeps_the_sound_and_its_length() -> None:
    found = resampled(tone(), 48_000)
    assert (found.rate_hz, len(found.samples)) == (48_000, 48_000)
    middle = slice(4_800, -4_800)
    assert np.abs(found.samples[middle] - tone(48_000).samples[middle]).max() < 0.01


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("a.aac", {}, "must end in .wav"),
        ("a.flac", {"bits": 32}, "`bits`"),
        ("a.wav", {"bits": 8}, "`bits`"),
        ("a.wav", {"sample_rate_hz": 4_000}, "`sample_rate_hz` must be from 8000"),
        ("a.mp3", {"sample_rate_hz": 44_000}, "`sample_rate_hz` of an MP3"),
        ("a.wav", {"channels": 3}, "`channels` must be 1 or 2, got 3"),
    ],
)
def test_what_cannot_be_written_is_refused(
    name: str, options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=words):
        write_recording(tone(), tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_sound_is_refused(tmp_path: Path) -> None:
    for name, data in (("a.wav", b""), ("b.mp3", b"RIFF" * 100), ("c.flac", b"fLaC" + bytes(90))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ScoreFileError, match=f"{name} is no WAV, FLAC, MP3 or OGG"):
            read_recording(tmp_path / name)
    with pytest.raises(ScoreFileError, match="no.wav is no WAV"):
        read_recording(tmp_path / "no.wav")


@pytest.mark.parametrize(
    ("samples", "rate_hz"),
    [
        (np.zeros((0, 1)), 8_000),
        (np.zeros(9), 8_000),
        (np.zeros((9, 3)), 8_000),
        (np.zeros((9, 1)), 0),
        (np.full((9, 1), np.nan), 8_000),
    ],
)
def test_a_recording_is_checked(samples: Any, rate_hz: int) -> None:
    with pytest.raises(OptionError):
        Recording(samples.astype(np.float32), rate_hz)
