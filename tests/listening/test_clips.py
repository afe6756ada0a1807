from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import RequestError
from composer.listening import clips
from composer.piece import Piece
from composer.rendering import loudness
from composer.request import Request
from tests.fake_studio import make_piece
from tests.listening.studies import chirp, write_wav

CLIP_S = 3.0


@given(st.floats(40, 200), st.floats(2, 40), st.integers(1, 32))
def test_an_excerpt_ends_at_a_bar_line_and_lasts_exactly_as_long_as_asked(
    tempo_bpm: float, clip_s: float, bars: int
) -> None:
    piece = replace(make_piece(Request(bars=bars)), tempo_bpm=tempo_bpm)
    try:
        found = clips.excerpt(piece, clip_s)
    except RequestError:
        lengths = [float(bar.end_beats) * 60 / tempo_bpm for bar in piece.bars]
        assert not any(clip_s / 1.2 < length < clip_s * 1.2 for length in lengths)
        return
    assert found.length_beats in [bar.end_beats for bar in piece.bars]
    assert float(found.length_beats) * 60 / found.tempo_bpm == pytest.approx(clip_s)
    assert found.end_of_notes_beats <= found.length_beats
    assert abs(np.log(found.tempo_bpm / tempo_bpm)) < np.log(1.26)


def test_a_note_across_the_cut_ends_there(chorale: Piece) -> None:
    long = replace(
        chorale,
        parts=tuple(
            replace(p, notes=(replace(p.notes[0], duration_beats=Fraction(30)),))
            for p in chorale.parts
        ),
    )
    found = clips.excerpt(replace(long, tempo_bpm=60), 8.0)
    assert {note.duration_beats for part in found.parts for note in part.notes} == {Fraction(8)}


@pytest.fixture
def made(tmp_path: Path, chorale: Piece) -> list[Path]:
    """Three clips: a piece, a loud recording and a soft one at another rate, half silent."""
    found = [tmp_path / f"{name}.mp3" for name in ("piece", "loud", "soft")]
    heard = clips.excerpt(chorale, CLIP_S)
    clips.write_piece_clip(heard, found[0], CLIP_S, render_audio=chirp, is_expressive=False)
    tone = np.sin(np.arange(48_000 * 4) / 20)
    write_wav(tmp_path / "loud.wav", tone)
    write_wav(tmp_path / "soft.wav", 0.01 * tone * (np.arange(len(tone)) > 40_000), 48_000)
    for path, source in zip(found[1:], ("loud.wav", "soft.wav"), strict=True):
        clips.write_recording_clip(tmp_path / source, path, CLIP_S)
    return found


def test_all_clips_are_equally_long_loud_and_large_and_fade(made: list[Path]) -> None:
    sounds = [clips.read_sound(path, 60) for path in made]
    assert {len(sound) for sound in sounds} == {round((CLIP_S + clips.TAIL_S) * 44_100)}
    assert len({path.stat().st_size for path in made}) == 1
    for sound in sounds:
        levels = loudness.measure(clips._blocks(sound), 44_100)
        assert levels.loudness_lufs == pytest.approx(loudness.TARGET_LUFS, abs=0.5)
        assert np.abs(sound[:20]).max() < 0.02
        assert np.abs(sound[-2000:]).max() < 0.02


def test_a_clip_holds_no_tag(made: list[Path]) -> None:
    heads = {path.read_bytes()[:48].replace(b"\x44", b"\x64") for path in made}
    assert len(heads) == 1
    for path in made:
        data = path.read_bytes()
        assert b"ID3" not in data[:10]
        assert b"TAG" not in data[-128:]


def test_silence_shortness_and_other_files_are_refused(tmp_path: Path) -> None:
    silent = write_wav(tmp_path / "silent.wav", np.zeros(44_100 * 4))
    short = write_wav(tmp_path / "short.wav", np.ones(100))
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    for path, words in ((silent, "silent"), (short, "shorter than 3 s"), (text, "cannot be read")):
        with pytest.raises(RequestError, match=words):
            clips.write_recording_clip(path, tmp_path / "out.mp3", CLIP_S)
