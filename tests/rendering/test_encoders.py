from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from composer.errors import MissingTool
from composer.rendering import encoders
from composer.rendering.encoders import BITS, ENCODINGS, MP3_RATES_HZ, open_encoder

Frames = np.ndarray[Any, np.dtype[np.float32]]


@pytest.fixture
def frames() -> Frames:
    """Return a second of two tones at 44,100 frames a second."""
    times_s = np.arange(44_100) / 44_100
    tones = [0.5 * np.sin(2 * np.pi * hz * times_s) for hz in (440, 660)]
    return np.column_stack(tones).astype(np.float32)


def written(path: Path, frames: Frames, *, rate_hz: int = 44_100, bits: int = 16) -> Path:
    with open_encoder(path, rate_hz, bits) as write:
        for start in range(0, len(frames), 1_000):
            write(frames[start : start + 1_000])
    return path


@pytest.mark.parametrize("suffix", ENCODINGS)
def test_what_is_written_is_heard_again(tmp_path: Path, frames: Frames, suffix: str) -> None:
    found, rate_hz = soundfile.read(written(tmp_path / f"a{suffix}", frames))
    spectrum = np.abs(np.fft.rfft(found[4_410:-4_410], axis=0))
    heard_hz = spectrum.argmax(axis=0) * rate_hz / (len(found) - 8_820)
    assert rate_hz == 44_100 and heard_hz == pytest.approx([440, 660], abs=2)
    assert np.abs(found).max() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("bits", BITS)
def test_whole_numbers_come_back_to_the_last_bit(
    tmp_path: Path, frames: Frames, suffix: str, bits: int
) -> None:
    found, _ = soundfile.read(written(tmp_path / f"a{suffix}", frames, bits=bits))
    assert soundfile.info(tmp_path / f"a{suffix}").subtype == f"PCM_{bits}"
    assert np.abs(found - frames).max() < (1.6 if bits == 16 else 0.6) / 2 ** (bits - 1)


def test_dither_keeps_what_is_softer_than_a_step(tmp_path: Path, frames: Frames) -> None:
    soft = frames * 2**-15  # half a step high
    found, _ = soundfile.read(written(tmp_path / "a.wav", soft))
    for channel, hz in enumerate((440, 660)):
        spectrum = np.abs(np.fft.rfft(found[:, channel]))
        assert spectrum.argmax() == hz and spectrum[3 * hz] < spectrum[hz] / 8


def test_the_same_frames_give_the_same_file(tmp_path: Path, frames: Frames) -> None:
    first, second = (written(tmp_path / f"{i}.wav", frames).read_bytes() for i in range(2))
    assert first == second


@pytest.mark.parametrize("rate_hz", MP3_RATES_HZ)
def test_an_mp3_knows_these_rates(tmp_path: Path, frames: Frames, rate_hz: int) -> None:
    path = written(tmp_path / "a.mp3", frames, rate_hz=rate_hz)
    assert soundfile.info(path).samplerate == rate_hz


def test_full_scale_does_not_wrap_around(tmp_path: Path) -> None:
    for bits in BITS:
        path = written(tmp_path / "a.wav", np.ones((100, 2), np.float32), bits=bits)
        assert (soundfile.read(path)[0] > 0.99).all()


def test_a_libsndfile_without_a_kind_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundfile, "check_format", lambda *names: False)
    with (
        pytest.raises(MissingTool, match="cannot write MP3"),
        open_encoder(tmp_path / "a.mp3", 44_100),
    ):
        pass


def test_a_place_that_cannot_be_written_to_is_an_error_of_the_system(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="'a.wav' cannot be written"),
        open_encoder(tmp_path / "no" / "a.wav", 44_100),
    ):
        pass


def test_soundfile_is_looked_for_when_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingTool, match="pip install soundfile"):
        encoders.load_library()
