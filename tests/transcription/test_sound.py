"""Sound files: four kinds are read alike; what is none, or too much, is one sentence."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from composer.errors import ScoreFileError
from composer.transcription.sound import MAX_SOUND_S, check_sound, decode, is_sound, resampled
from tests.transcription.tones import RATE_HZ, file_of, play

TONE = play([(0.1, 69, 0.8)], 1.0)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_every_kind_is_read_as_the_same_sound(kind: str) -> None:
    data = file_of(np.stack([TONE, TONE], axis=1), kind=kind)
    found = decode(data)
    samples = found.samples
    assert is_sound(data) and found.rate_hz == RATE_HZ
    assert abs(len(samples) - len(TONE)) < 0.06 * RATE_HZ
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)
    partials = np.abs(np.fft.rfft(samples[: RATE_HZ // 2 * 2]))
    assert partials.argmax() * RATE_HZ / (RATE_HZ // 2 * 2) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("rate_hz", [4_000, 8_000, 11_025, 44_100, 47_999, 48_000, 96_000])
def test_a_tone_keeps_its_pitch_and_length_at_another_rate(rate_hz: int) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz).astype(np.float32)
    found = resampled(tone, rate_hz, 16_000)
    assert abs(len(found) - 16_000) <= 16
    assert np.abs(np.fft.rfft(found[:16_000])).argmax() == pytest.approx(440, abs=1)


def wav_of(n_channels: int, rate_hz: int) -> bytes:
    heading = struct.pack("<IHHIIHH", 16, 1, n_channels, rate_hz, rate_hz * 2, n_channels * 2, 16)
    body = b"WAVEfmt " + heading + b"data" + struct.pack("<I", 40_000) + b"\1\2" * 20_000
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no sound; save it as WAV, FLAC, MP3 or OGG"),
        (b"MThd\0\0\0\6", "is no sound"),
        (b"\x1a\x45\xdf\xa3" + b"\0" * 100, "is a WebM file, which cannot be read here"),
        (b"\0\0\0\x20ftypM4A " + b"\0" * 100, "is an MP4 or M4A file"),
        (b"FORM\0\0\0\0AIFF", "is an AIFF file"),
        (b"RIFF\0\0\0\0WAVEfmt ", "is damaged"),
        (b"fLaC" + b"\0" * 500, "is damaged"),
        (b"OggS" + b"\xff" * 500, "is damaged"),
        (b"ID3\4\0\0" + b"\x7f" * 600, "is damaged"),
        (b"\xff\xfb\x90\x64" + b"\x55" * 40, "is damaged"),
        (file_of(np.zeros(RATE_HZ)), "is silent; choose another microphone"),
        (file_of(TONE[:400]), "is too short"),
        (file_of(TONE * np.nan, subtype="FLOAT"), "values that are no sound"),
        (file_of(TONE, 1_000), "1,000 samples a second; from 4,000 to 192,000 can be read"),
        (wav_of(200, 44_100), "200 channels; mix it down"),
    ],
)
def test_what_is_no_sound_is_refused_in_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(ScoreFileError) as found:
        decode(data)
    assert words in str(found.value) and "\n" not in str(found.value)


def test_more_than_ten_minutes_are_refused() -> None:
    long = np.zeros(round((MAX_SOUND_S + 1) * 4_000), dtype=np.int16)
    with pytest.raises(ScoreFileError, match=r"lasts 10\.0 minutes; at most 10"):
        decode(file_of(long, 4_000))


def test_a_heading_that_tells_too_little_or_too_much_does_no_harm() -> None:
    data = bytearray(file_of(TONE))
    place = data.index(b"data") + 4
    data[place : place + 4] = struct.pack("<I", 2**32 - 1)
    assert len(decode(bytes(data)).samples) == len(TONE)
    with pytest.raises(ScoreFileError):
        decode(bytes(data[: place + 4]))


def test_a_huge_file_is_refused_by_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("composer.transcription.sound.MAX_SOUND_BYTES", 1_000)
    with pytest.raises(ScoreFileError, match="larger than"):
        check_sound(file_of(TONE))
