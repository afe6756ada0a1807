"""Scores as recordings with captions: what is said is true, and work is not done twice."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from composer.captioning import COLUMNS, FILE, aspects_of, beginning, caption_corpus
from composer.corpus import load_corpus
from composer.errors import OptionError
from composer.piece import Piece
from composer.rendering import write_midi
from tests.fake_studio import beep_audio

Render = Callable[[Piece, Path], Path]


@pytest.fixture
def scores(tmp_path: Path, chorale: Piece, keyboard_piece: Piece) -> Path:
    folder = tmp_path / "scores"
    for name, piece in (("Bach", chorale), ("Mozart", keyboard_piece)):
        (folder / name).mkdir(parents=True)
        write_midi(piece, folder / name / "piece.mid")
    (folder / "Bach" / "broken.mid").write_bytes(b"MThd")
    return folder


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / FILE).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def test_every_score_gets_a_recording_and_a_true_caption(scores: Path, tmp_path: Path) -> None:
    out, rendered = tmp_path / "data", []

    def render(piece: Piece, path: Path) -> Path:
        rendered.append(piece)
        return beep_audio(piece, path)

    found = list(caption_corpus(load_corpus(scores), out, seconds=8.0, render=render))
    rows = rows_of(out)
    assert [bool(one.file) for one in found].count(True) == len(rows) == 2
    assert [one.reason for one in found if not one.file] != [""]
    assert tuple(rows[0]) == COLUMNS
    for row, piece in zip(rows, rendered, strict=True):
        assert (out / row["file"]).stat().st_size > 0
        assert float(row["end_s"]) == pytest.approx(piece.length_s, abs=1e-3) and piece.n_bars < 8
        said = json.loads(row["aspect_list"])
        assert str(piece.key) in said and str(piece.meter) in said
        assert str(piece.key) in row["caption"] and str(piece.meter) in row["caption"]
        assert f"{piece.tempo_bpm:.0f} bpm" in row["caption"]
        assert piece.composer in row["caption"] and row["caption"].endswith(".")


def test_what_is_there_is_not_rendered_again_and_the_table_is_the_same(
    scores: Path, tmp_path: Path
) -> None:
    out, corpus = tmp_path / "data", load_corpus(scores)
    list(caption_corpus(corpus, out, render=beep_audio))
    before = (out / FILE).read_bytes()
    first = out / rows_of(out)[0]["file"]
    first.unlink()
    again: list[Path] = []
    list(
        caption_corpus(
            corpus, out, render=lambda piece, path: again.append(path) or beep_audio(piece, path)
        )
    )
    assert again == [first] and (out / FILE).read_bytes() == before


def test_the_beginning_is_as_many_whole_bars_as_fit(chorale: Piece) -> None:
    bar_s = chorale.length_s / 8
    for seconds, bars in ((100.0, 8), (bar_s * 3.5, 3), (bar_s * 3, 3), (0.1, 1)):
        assert beginning(chorale, seconds).n_bars == bars


def test_only_what_is_known_is_said(keyboard_piece: Piece) -> None:
    from dataclasses import replace

    bare = aspects_of(replace(keyboard_piece, composer="", form="", ensemble=""))
    assert bare == {
        "ensemble": "keyboard",
        "key": "D minor",
        "meter": "3/4",
        "tempo": f"moderate, {keyboard_piece.tempo_bpm:.0f} bpm",
    }


def test_odd_options_are_refused_before_anything_is_written(scores: Path, tmp_path: Path) -> None:
    for options in ({"seconds": 1.0}, {"ending": "aac"}):
        with pytest.raises(OptionError):
            list(caption_corpus(load_corpus(scores), tmp_path / "data", **options))  # type: ignore[arg-type]
    assert not (tmp_path / "data").exists()
