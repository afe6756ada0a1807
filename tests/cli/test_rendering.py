from __future__ import annotations

import json
from pathlib import Path

import pytest

from composer.cli import build_parser, main
from composer.cli.rendering import DEFAULT_FORMATS
from composer.corpus import read_midi
from composer.errors import MissingTool
from composer.piece import Piece
from composer.rendering import files, write_midi
from composer.rendering.files import FORMATS
from composer.rendering.musicxml import write_musicxml
from tests.fake_studio import beep_audio


@pytest.fixture
def score(chorale: Piece, tmp_path: Path) -> Path:
    return write_midi(chorale, tmp_path / "chorale.mid")


def render(*arguments: object) -> int:
    return main(["render", *map(str, arguments)])


def test_a_midi_file_becomes_musicxml_and_sheet(
    score: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert render(score, "--out", out, "--formats", "pdf,musicxml,svg") == 0
    names = ["chorale.musicxml", "chorale.svg", "chorale.pdf"]
    assert capsys.readouterr().out.splitlines() == [str(out / name) for name in names]
    assert sorted(path.name for path in out.iterdir()) == sorted(names)


def test_a_musicxml_file_becomes_midi_at_the_asked_tempo(chorale: Piece, tmp_path: Path) -> None:
    source = write_musicxml(chorale, tmp_path / "c.musicxml")
    assert render(source, "--out", tmp_path, "--formats", "mid", "--tempo-bpm", 66) == 0
    piece = read_midi(tmp_path / "c.mid")
    assert (piece.n_notes, round(piece.tempo_bpm)) == (chorale.n_notes, 66)


def test_the_paths_are_told_as_json(
    score: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert render(score, "--out", tmp_path / "out", "--formats", "mid", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"mid": [str(tmp_path / "out" / "chorale.mid")]}


def test_a_missing_tool_is_one_line_and_the_rest_is_written(
    score: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> Path:
        raise MissingTool("sound needs the FluidSynth library")

    monkeypatch.setitem(files.write_files.__kwdefaults__, "render_audio", fail)
    assert render(score, "--out", tmp_path, "--formats", "mid,wav,mp3") == 0
    assert capsys.readouterr().err == "no wav, mp3: sound needs the FluidSynth library\n"
    assert render(score, "--out", tmp_path, "--formats", "wav") == 2
    assert capsys.readouterr().err.splitlines()[-1] == "error: nothing could be written"


def test_plain_means_without_expression(
    score: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def note(piece: Piece, path: Path, *, is_expressive: bool) -> Path:
        asked.append(is_expressive)
        return beep_audio(piece, path)

    monkeypatch.setitem(files.write_files.__kwdefaults__, "render_audio", note)
    for more in ([], ["--plain"]):
        render(score, "--out", tmp_path, "--formats", "wav", *more)
    assert asked == [True, False]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--formats", "exe"), "`formats` must be some of"),
        (("--tempo-bpm", "0"), "tempo_bpm"),
    ],
)
def test_what_will_not_do_is_one_line(
    arguments: tuple[str, str],
    words: str,
    score: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert render(score, "--out", tmp_path / "out", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["missing.mid", "broken.json", "broken.xml"])
def test_a_file_that_is_no_music_is_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if name.startswith("broken"):
        (tmp_path / name).write_text("{}")
    assert render(tmp_path / name, "--out", tmp_path / "out") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_any_readable_file_is_scored(
    chorale: Piece, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_musicxml(chorale, tmp_path / "c.musicxml")
    assert main(["score", str(source), "--form", "chorale"]) == 0
    assert "of 100, beside chorale/4" in capsys.readouterr().out


def test_the_help_names_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["render", "--help"])
    assert ",".join(FORMATS) in capsys.readouterr().out.replace("\n", "").replace(" ", "")
    assert set(DEFAULT_FORMATS.split(",")) <= set(FORMATS)
