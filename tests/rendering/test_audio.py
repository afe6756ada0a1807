from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pretty_midi
import pytest
import soundfile

from composer.errors import MissingTool, OptionError, RequestError
from composer.piece import Note, Part, Piece
from composer.rendering import render_audio, sound_problem
from composer.rendering.audio import find_soundfont, soundfonts
from composer.rendering.audio.render import TAIL_S
from composer.rendering.audio.synth import SEAT_WIDTH, play, seats
from composer.rendering.loudness import CEILING, TARGET_LUFS, measure
from composer.theory import INSTRUMENTS

HEAD = b"RIFF\x00\x00\x00\x00sfbk"
Frames = np.ndarray[Any, np.dtype[np.float64]]


class ToySynth:
    """Sounds a tone for each key that is down, and keeps what it was told."""

    loads, level = True, 0.01
    last: ToySynth

    def __init__(self, gain: float, samplerate: float, **settings: Any) -> None:
        self.down: set[tuple[int, int]] = set()
        self.channels: list[int] = []
        self.programs: list[int] = []
        self.rate_hz, self.frame, self.deleted = samplerate, 0, False
        self.synth = self
        type(self).last = self

    def sfload(self, name: str) -> int:
        return 1 if self.loads else -1

    def sfpreset_name(self, font_id: int, bank: int, program: int) -> str | None:
        return None if program == 99 else "toy"

    def program_select(self, channel: int, font_id: int, bank: int, program: int) -> None:
        self.channels.append(channel)
        self.programs.append(program)

    def cc(self, channel: int, controller: int, value: int) -> None:
        assert 0 <= value <= 127

    def noteon(self, channel: int, pitch: int, velocity: int) -> None:
        assert (channel, pitch) not in self.down
        self.down.add((channel, pitch))

    def noteoff(self, channel: int, pitch: int) -> None:
        self.down.remove((channel, pitch))

    def delete(self) -> None:
        self.deleted = True


def toy_function(name: str, *signature: Any) -> Callable[..., None]:
    """Return what stands for a function of the C library: it fills both channels."""
    assert name == "fluid_synth_write_float"

    def write_float(toy: ToySynth, n_frames: int, left: int, *steps: int) -> None:
        target = np.ctypeslib.as_array((ctypes.c_float * (2 * n_frames)).from_address(left))
        phase = 2 * np.pi * 500 * (toy.frame + np.arange(n_frames) + 0.5) / toy.rate_hz
        target[:] = np.repeat(toy.level * len(toy.down) * np.sin(phase), 2)
        toy.frame += n_frames

    return write_float


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[ToySynth]:
    """Put a toy synthesiser in FluidSynth's place, and a soundfont that is only a head."""
    synth = type("Toy", (ToySynth,), {})
    library = SimpleNamespace(Synth=synth, cfunc=toy_function)
    monkeypatch.setitem(sys.modules, "fluidsynth", library)
    (tmp_path / "toy.sf2").write_bytes(HEAD)
    monkeypatch.setenv("COMPOSER_SOUNDFONT", str(tmp_path / "toy.sf2"))
    return synth


def read_sound(path: Path) -> Frames:
    frames, _ = soundfile.read(path)
    return frames


def test_the_sound_lasts_as_long_as_the_notes_and_a_tail(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path
) -> None:
    path = render_audio(
        chorale, tmp_path / "a.wav", tempo_bpm=120, sample_rate_hz=8_000, is_expressive=False
    )
    info = soundfile.info(path)
    assert (info.channels, info.subtype, info.samplerate) == (2, "PCM_16", 8_000)
    assert info.frames == 8_000 * (float(chorale.end_of_notes_beats) / 2 + TAIL_S)


def test_an_expressive_performance_is_what_is_heard_by_default(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path
) -> None:
    plain, usual = (
        soundfile.info(
            render_audio(chorale, tmp_path / "a.wav", sample_rate_hz=8_000, **options)
        ).duration
        for options in ({"is_expressive": False}, {})
    )
    assert plain * 1.01 < usual < plain * 1.08


def test_keys_go_down_and_up_at_their_frames(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path
) -> None:
    notes = (Note(Fraction(1), 60, Fraction(1)), Note(Fraction(2), 60, Fraction(1)))
    piece = replace(chorale, parts=(Part(INSTRUMENTS["piano"], notes),))
    path = render_audio(
        piece, tmp_path / "a.wav",
        tempo_bpm=60, sample_rate_hz=8_000, bits=24, is_expressive=False,
    )  # fmt: skip
    samples = read_sound(path)
    assert not samples[:8_000].any() and not samples[24_000:].any()
    assert samples[8_000:24_000].all()


@pytest.mark.parametrize("level", [1e-4, 0.01, 1.0])
def test_soft_and_loud_recordings_become_equally_loud(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path, level: float
) -> None:
    toy.level = level
    samples = read_sound(render_audio(chorale, tmp_path / "a.wav", sample_rate_hz=8_000))
    assert measure([samples.astype(np.float32)], 8_000).loudness_lufs == pytest.approx(
        TARGET_LUFS, abs=0.1
    )


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".WAV"])
def test_every_kind_of_file_has_the_length_and_rate_of_the_first(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path, suffix: str
) -> None:
    wav, other = (
        soundfile.info(render_audio(chorale, tmp_path / name, sample_rate_hz=16_000))
        for name in ("a.wav", f"b{suffix}")
    )
    assert other.samplerate == 16_000 and other.channels == 2
    assert abs(other.frames - wav.frames) < 0.15 * 16_000  # what MP3 encoders add


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
    toy.level = 0.0
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


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("a.aiff", {}, "must end in .wav, .flac, .mp3, .ogg, got 'a.aiff'"),
        ("a", {}, "must end in .wav"),
        ("a.wav", {"bits": 8}, "`bits` must be 16 or 24, or 32 for floats in a WAV file, got 8"),
        ("a.mp3", {"sample_rate_hz": 96_000}, "of an MP3 must be one of"),
        ("a.wav", {"loudness_lufs": 0.0}, "`loudness_lufs` must be from -40 to -14"),
        ("a.wav", {"loudness_lufs": float("nan")}, "`loudness_lufs` must be"),
        ("a.wav", {"tempo_bpm": 0.0}, "quarters a minute"),
    ],
)
def test_an_option_out_of_range_is_refused(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path, name: str, options: Any, words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        render_audio(chorale, tmp_path / name, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["toy.sf2"]


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
    monkeypatch.setattr(soundfonts, "_candidates", lambda: iter(()))
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


def test_without_a_setting_the_bundled_soundfont_plays() -> None:
    assert find_soundfont() == soundfonts.SOUNDFONTS / "composer.sf3"


def test_without_soundfile_one_line_says_how_to_get_it(
    toy: type[ToySynth], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    assert "pip install soundfile" in str(sound_problem())


@pytest.mark.parametrize("program", range(128))
def test_a_stand_in_is_one_of_our_instruments(program: int) -> None:
    programs = {instrument.program for instrument in INSTRUMENTS.values()}
    assert soundfonts.stand_in(program) in programs


def test_a_missing_program_is_played_by_its_stand_in(
    toy: type[ToySynth], chorale: Piece, tmp_path: Path
) -> None:
    kazoo = replace(INSTRUMENTS["flute"], program=99)
    piece = replace(chorale, parts=(replace(chorale.parts[0], instrument=kazoo),))
    render_audio(piece, tmp_path / "a.wav", sample_rate_hz=8_000)
    assert toy.last.programs == [soundfonts.stand_in(99)]


def test_players_sit_from_left_to_right_and_keyboards_in_the_middle() -> None:
    violin, cello, piano = (INSTRUMENTS[name].program for name in ("violin", "cello", "piano"))
    assert seats([violin, violin, cello]) == [64 - SEAT_WIDTH, 64, 64 + SEAT_WIDTH]
    assert seats([violin, piano, piano]) == [64, 64, 64] == seats([piano] * 3)


@pytest.mark.audio
def test_fluidsynth_sounds_every_voice_of_a_chorale(chorale: Piece, tmp_path: Path) -> None:
    for part in chorale.parts:
        path = render_audio(
            replace(chorale, parts=(part,)), tmp_path / "voice.wav",
            tempo_bpm=120, sample_rate_hz=16_000,
        )  # fmt: skip
        seconds = read_sound(path)[: 16 * 16_000].reshape(16, -1)
        assert (seconds.std(axis=1) > 0.01).all()


@pytest.mark.audio
def test_fluidsynth_plays_the_same_piece_alike_twice(keyboard_piece: Piece, tmp_path: Path) -> None:
    first, second = (
        render_audio(keyboard_piece, tmp_path / f"{index}.wav", sample_rate_hz=16_000)
        for index in range(2)
    )
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.audio
def test_a_file_of_24_bits_knows_more_than_16(keyboard_piece: Piece, tmp_path: Path) -> None:
    path = render_audio(keyboard_piece, tmp_path / "a.wav", sample_rate_hz=16_000, bits=24)
    steps = soundfile.read(path, dtype="int32")[0] >> 8
    assert soundfile.info(path).subtype == "PCM_24"
    assert len(np.unique(steps & 0xFF)) == 256  # the lowest byte, which 16 bits have not


@pytest.mark.audio
@pytest.mark.parametrize(
    ("velocity", "n_parts", "tempo_bpm"), [(25, 1, 200), (80, 4, 60), (120, 16, 120)]
)
def test_thin_and_dense_soft_and_loud_pieces_are_equally_loud(
    chorale: Piece, tmp_path: Path, velocity: int, n_parts: int, tempo_bpm: float
) -> None:
    parts = tuple(
        replace(part, notes=tuple(replace(note, velocity=velocity) for note in part.notes))
        for part in (chorale.parts * 4)[:n_parts]
    )
    piece = replace(chorale, parts=parts, tempo_bpm=tempo_bpm)
    samples = read_sound(render_audio(piece, tmp_path / "a.wav", sample_rate_hz=16_000))
    loudness_lufs = measure([samples.astype(np.float32)], 16_000).loudness_lufs
    assert loudness_lufs == pytest.approx(TARGET_LUFS, abs=1.0)
    assert np.abs(samples).max() <= 10 ** (-1 / 20) and np.abs(samples).max() < CEILING + 1e-4


@pytest.mark.audio
def test_a_single_short_note_is_as_loud_as_a_piece(chorale: Piece, tmp_path: Path) -> None:
    note = Note(Fraction(0), 60, Fraction(1, 8))
    piece = replace(chorale, parts=(Part(INSTRUMENTS["piano"], (note,)),), n_bars=1)
    samples = read_sound(render_audio(piece, tmp_path / "a.wav", sample_rate_hz=16_000))
    loudness_lufs = measure([samples.astype(np.float32)], 16_000).loudness_lufs
    assert loudness_lufs == pytest.approx(TARGET_LUFS, abs=1.0)


@pytest.mark.audio
def test_fluidsynth_has_nothing_to_complain_of(
    chorale: Piece, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trumpet = replace(INSTRUMENTS["flute"], program=56)
    piece = replace(chorale, parts=tuple(replace(p, instrument=trumpet) for p in chorale.parts))
    render_audio(piece, tmp_path / "a.wav", sample_rate_hz=8_000)
    assert capfd.readouterr().err == ""


@pytest.mark.audio
def test_fluidsynth_refuses_a_broken_soundfont(chorale: Piece, tmp_path: Path) -> None:
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(HEAD + b"\x00" * 100)
    with pytest.raises(MissingTool, match="cannot be loaded"):
        render_audio(chorale, tmp_path / "a.wav", soundfont=broken)


@pytest.mark.audio
def test_the_hall_echoes_for_a_second_and_a_half() -> None:
    performance = pretty_midi.PrettyMIDI()
    performance.instruments.append(pretty_midi.Instrument(INSTRUMENTS["violin"].program))
    performance.instruments[0].notes.append(pretty_midi.Note(80, 69, 0.0, 0.5))
    frames = np.concatenate(list(play(performance, find_soundfont(), 44_100, 2 * 44_100)))
    tenths_db = 10 * np.log10((frames.reshape(20, -1) ** 2).mean(axis=1))
    fall_db_per_s = (tenths_db[10] - tenths_db[18]) / 0.8
    assert 1.2 < 60 / fall_db_per_s < 1.8
