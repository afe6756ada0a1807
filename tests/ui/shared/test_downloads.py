from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import gradio as gr
import pytest

from composer.errors import RequestError
from composer.piece import Piece
from composer.ui.shared import downloads
from tests.fake_studio import beep_audio


def test_several_pages_come_in_one_zip_file(chorale: Piece, tmp_path: Path) -> None:
    long_piece = replace(chorale, n_bars=60)
    path = downloads.make_file(long_piece, tmp_path / "c.svg", render_audio=beep_audio)
    assert path.name == "c-svg.zip"
    assert ZipFile(path).namelist() == ["c.1.svg", "c.2.svg"]
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_made_once_is_handed_out_again(chorale: Piece, tmp_path: Path) -> None:
    made = [
        downloads.make_file(chorale, tmp_path / "c.wav", render_audio=render_audio)
        for render_audio in (beep_audio, None)
    ]
    assert made[0] == made[1] == tmp_path / "c.wav"


def test_a_plain_performance_has_a_file_of_its_own(chorale: Piece, tmp_path: Path) -> None:
    plain = downloads.make_file(
        chorale, tmp_path / "c.ogg", is_expressive=False, render_audio=beep_audio
    )
    assert plain.name == "c-plain.ogg"


def test_a_click_clears_the_link_before_the_file_is_made(tmp_path: Path) -> None:
    target = tmp_path / "c.pdf"
    steps = downloads._maker("pdf", lambda kind, stem: target)("c")
    assert next(steps)[0] is None
    path, status = next(steps)
    assert path == target
    assert "The PDF file is ready" in status


def test_what_cannot_be_made_is_a_sentence_in_the_status_line() -> None:
    def refuse(kind: str) -> Path:
        raise RequestError(f"there is nothing to write as {kind}")

    steps = downloads._maker("mp3", refuse)()
    assert "Making the MP3 file" in next(steps)[1]
    assert "There is nothing to write as mp3" in next(steps)[1]
    with pytest.raises(gr.Error, match="nothing to write"):
        next(steps)
