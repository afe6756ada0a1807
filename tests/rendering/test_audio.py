from __future__ import annotations

import sys
import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from composer.errors import MissingTool, OptionError, RequestError
from composer.piece import Note, Part, Piece
from composer.rendering import audio, render_audio, sound_problem
from composer.rendering.audio import find_soundfont
from composer.theory import INSTRUMENTS

HEAD = b"RIFF\x00\x00\x00\x00sfbk"


class ToySynth:
    """Sounds 500 for each key that is down, and keeps what it was told."""

    loads, level = True, 500
    last: ToySynth

    def __init__(self, gain: float, samplerate: float, **settings: Any) -> None:
        self.down: set[tuple[int, int]] = set()
        self.channels: list[int] = []
        self.deleted = False
        type(self).last = self

    def sfload(self, name: str) -> int:
        return 1 if self.loads else -1

    def program_select(self, channel: int, font_id: int, bank: int, program: int) -> int:
        self.channels.append(channel)
        return 0

    def noteon(self, channel: int, pitch: int, velocity: int) -> None:
        assert (channel, pitch) not in self.down
        self.down.add((channel, pitch))

    def noteoff(self, channel: int, pitch: int) -> None:
        self.down.remove((channel, pitch))

    def get_samples(self, n_frames: int) -> np.ndarray[Any, np.dtype[np.int16]]:
        return np.full(2 * n_frames, self.level * len(self.down), dtype=np.int16)

    def delete(self) -> None:
        self.deleted = True


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[ToySynth]:
    """Put a toy synthesiser in FluidSynth's place, and a soundfont that is only a head."""
    synth = type("Toy", (ToySynth,), {})
    monkeypatch.setitem(sys.modules, "fluidsynth", SimpleNamespace(Synth=synth))
    (tmp_path / "toy.sf2").write_bytes(HEAD)
    monkeypatch.setenv("COMPOSER_SOUNDFONT", str(tmp_path / "toy.sf2"))
    return synth


def read_wav(path: Path) -> tuple[wave._wave_params, np.ndarray[Any, np.dtype[np.int16]]]:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return file.getparams(), samples.reshape(-1, 2)


def test_the_sound_lasts_as_long_as_the_notes_and_a_tail(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path
) -> None:
    path = render_audio(chorale, tmp_path / "a.wav", tempo_bpm=120, sample_rate_hz=8_000)
    form, _ = read_wav(path)
    assert (form.nchannels, form.sampwidth, form.framerate) == (2, 2, 8_000)
    assert form.nframes == 8_000 * (float(chorale.end_of_notes_beats) / 2 + audio.TAIL_S)


def test_keys_go_down_and_up_at_their_frames(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path
) -> None:
    notes = (Note(Fraction(1), 60, Fraction(1)), Note(Fraction(2), 60, Fraction(1)))
    piece = replace(chorale, parts=(Part(INSTRUMENTS["piano"], notes),))
    _, samples = read_wav(
        render_audio(piece, tmp_path / "a.wav", tempo_bpm=60, sample_rate_hz=8_000)
    )
    assert not samples[:8_000].any() and samples[8_000:24_000].all() and not samples[24_000:].any()


def test_the_loudest_sample_is_a_decibel_below_full_scale(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path
) -> None:
    _, samples = read_wav(render_audio(chorale, tmp_path / "a.wav", sample_rate_hz=8_000))
    assert samples.max() == round(32_767 * 10 ** (-1 / 20))


def test_every_part_has_a_channel_of_its_own_and_none_drums(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path
) -> None:
    many = replace(chorale, parts=chorale.parts * 9)
    render_audio(many, tmp_path / "a.wav", sample_rate_hz=8_000)
    channels = toy.last.channels
    assert len(set(channels)) == 36 and all(channel % 16 != 9 for channel in channels)


def test_a_soundfont_that_does_not_load_is_named_and_the_synthesiser_freed(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path
) -> None:
    toy.loads = False
    with pytest.raises(MissingTool, match=r"'toy.sf2' cannot be loaded"):
        render_audio(chorale, tmp_path / "a.wav")
    assert toy.last.deleted and [path.name for path in tmp_path.iterdir()] == ["toy.sf2"]


def test_silence_is_an_error_and_leaves_no_file(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path
) -> None:
    toy.level = 0
    with pytest.raises(MissingTool, match="stays silent"):
        render_audio(chorale, tmp_path / "a.wav", sample_rate_hz=8_000)
    assert [path.name for path in tmp_path.iterdir()] == ["toy.sf2"]


def test_too_long_a_piece_is_refused_before_a_sound(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path
) -> None:
    late = Part(INSTRUMENTS["piano"], (Note(Fraction(10**6), 60, Fraction(1)),))
    with pytest.raises(RequestError, match="at most 15 minutes"):
        render_audio(replace(chorale, parts=(late,), n_bars=1), tmp_path / "a.wav")


def test_a_piece_without_notes_is_refused(
    toy: type[ToySynth], empty_piece: Piece, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match="no notes to play"):
        render_audio(empty_piece, tmp_path / "a.wav")


@pytest.mark.parametrize("sample_rate_hz", [0, 7_999, 96_001])
def test_a_sample_rate_out_of_range_is_refused(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path, sample_rate_hz: int
) -> None:
    with pytest.raises(OptionError, match="8000 to 96000"):
        render_audio(chorale, tmp_path / "a.wav", sample_rate_hz=sample_rate_hz)


def test_without_the_library_one_line_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, chorale: Piece, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    with pytest.raises(MissingTool, match="apt-get install libfluidsynth3") as problem:
        render_audio(chorale, tmp_path / "a.wav")
    assert sound_problem() == str(problem.value) and "\n" not in str(problem.value)


def test_without_a_soundfont_one_line_says_how_to_get_one(
    toy: type[ToySynth], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMPOSER_SOUNDFONT")
    monkeypatch.setattr(audio, "_font_candidates", lambda: iter(()))
    assert "COMPOSER_SOUNDFONT" in str(sound_problem())


@pytest.mark.parametrize("content", [None, b"", b"RIFF\x00\x00\x00\x00WAVE", b"<html>"])
def test_a_named_soundfont_that_is_none_is_a_problem(
    toy: type[ToySynth], tmp_path: Path, content: bytes | None
) -> None:
    font = tmp_path / "toy.sf2"
    font.unlink() if content is None else font.write_bytes(content)
    assert sound_problem() == "'toy.sf2' is missing or no soundfont; name an SF2 or SF3 file"


def test_the_named_soundfont_comes_first(toy: type[ToySynth], tmp_path: Path) -> None:
    other = tmp_path / "other.sf3"
    other.write_bytes(HEAD)
    assert find_soundfont().name == "toy.sf2" and find_soundfont(other) == other
    assert sound_problem() is None


def test_without_a_wish_a_soundfont_is_at_hand() -> None:
    assert find_soundfont().suffix in (".sf2", ".sf3")


@pytest.mark.audio
def test_fluidsynth_sounds_every_voice_of_a_chorale(chorale: Piece, tmp_path: Path) -> None:
    for part in chorale.parts:
        path = render_audio(replace(chorale, parts=(part,)), tmp_path / "voice.wav", tempo_bpm=120)
        _, samples = read_wav(path)
        seconds = samples[: 16 * 44_100].reshape(16, -1).astype(float)
        assert np.abs(samples.astype(int)).max() == pytest.approx(32_767 * 10 ** (-1 / 20), abs=1)
        assert (seconds.std(axis=1) > 300).all()


@pytest.mark.audio
def test_fluidsynth_plays_the_same_piece_alike_twice(keyboard_piece: Piece, tmp_path: Path) -> None:
    first, second = (
        read_wav(render_audio(keyboard_piece, tmp_path / f"{index}.wav", sample_rate_hz=16_000))[1]
        for index in range(2)
    )
    assert np.abs(first.astype(int) - second).max() <= 40  # its dither differs


@pytest.mark.audio
def test_fluidsynth_refuses_a_broken_soundfont(chorale: Piece, tmp_path: Path) -> None:
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(HEAD + b"\x00" * 100)
    with pytest.raises(MissingTool, match="cannot be loaded"):
        render_audio(chorale, tmp_path / "a.wav", soundfont=broken)
