from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from composer.corpus import read_midi
from composer.errors import MissingTool, OptionError, RequestError
from composer.piece import Piece
from composer.rendering.files import FORMATS, SOUND_FORMATS, check_formats, write_files
from tests.fake_studio import beep_audio, silent_audio

WRITTEN = ("mid", "musicxml", "svg", "png", "pdf", "html")


def test_every_format_is_written_under_the_stem(chorale: Piece, tmp_path: Path) -> None:
    written = write_files(chorale, tmp_path / "new", "c", render_audio=beep_audio)
    assert tuple(written) == FORMATS
    assert {path.name for paths in written.values() for path in paths} == {
        f"c.{kind}" for kind in FORMATS
    }
    assert all(path.stat().st_size > 100 for paths in written.values() for path in paths)


def test_several_pages_are_numbered(chorale: Piece, tmp_path: Path) -> None:
    written = write_files(replace(chorale, n_bars=60), tmp_path, "c", ["svg", "pdf"])
    assert [path.name for path in written["svg"]] == ["c.1.svg", "c.2.svg"]
    assert [path.name for path in written["pdf"]] == ["c.pdf"]


def test_only_the_asked_formats_are_written(chorale: Piece, tmp_path: Path) -> None:
    write_files(chorale, tmp_path, "c", [" .MID", "mid"])
    assert [path.name for path in tmp_path.iterdir()] == ["c.mid"]


@pytest.mark.parametrize("formats", [[], [""], ["exe"], ["mid", "../x"]])
def test_a_format_that_is_none_is_refused(formats: list[str]) -> None:
    with pytest.raises(OptionError, match="`formats` must be some of mid, musicxml"):
        check_formats(formats)


def test_an_asked_tempo_is_in_the_files(chorale: Piece, tmp_path: Path) -> None:
    written = write_files(chorale, tmp_path, "c", ["mid"], tempo_bpm=66)
    assert read_midi(written["mid"][0]).tempo_bpm == pytest.approx(66)


def test_a_tempo_that_no_one_can_play_is_refused_before_anything_is_written(
    chorale: Piece, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match="tempo_bpm"):
        write_files(chorale, tmp_path / "new", "c", ["mid"], tempo_bpm=float("nan"))
    assert not (tmp_path / "new").exists()


def test_a_missing_tool_takes_its_formats_away_and_no_others(
    chorale: Piece, tmp_path: Path
) -> None:
    problems: dict[str, str] = {}
    written = write_files(
        chorale, tmp_path, "c", on_problem=problems.__setitem__, render_audio=silent_audio
    )
    assert tuple(written) == WRITTEN
    assert tuple(problems) == SOUND_FORMATS
    assert all("FluidSynth is missing" in reason for reason in problems.values())


def test_without_a_listener_the_first_problem_is_raised(chorale: Piece, tmp_path: Path) -> None:
    with pytest.raises(MissingTool):
        write_files(chorale, tmp_path, "c", ["wav"], render_audio=silent_audio)


@pytest.mark.parametrize("is_expressive", [True, False])
def test_the_player_is_told_whether_to_play_with_expression(
    is_expressive: bool, chorale: Piece, tmp_path: Path
) -> None:
    def render(piece: Piece, path: Path, *, is_expressive: bool) -> Path:
        path.write_text(str(is_expressive))
        return path

    written = write_files(
        chorale, tmp_path, "c", ["ogg"], is_expressive=is_expressive, render_audio=render
    )
    assert written["ogg"][0].read_text() == str(is_expressive)


def test_what_is_too_long_for_sound_is_still_written_as_notes(
    chorale: Piece, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> Path:
        raise RequestError("sound is made for at most 15 minutes")

    problems: dict[str, str] = {}
    on_problem: Callable[[str, str], None] = problems.__setitem__
    written = write_files(
        chorale, tmp_path, "c", ["mid", "mp3"], on_problem=on_problem, render_audio=refuse
    )
    assert list(written) == ["mid"]
    assert problems == {"mp3": "sound is made for at most 15 minutes"}
