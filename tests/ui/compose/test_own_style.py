"""Somebody's own style on the Compose page: what is asked, said and offered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from composer.errors import WorkerError
from composer.piece import Piece
from composer.pipeline import OwnStyle, Progress
from composer.rendering import write_midi
from composer.ui.compose import own_style
from composer.ui.compose.own_style import NO_FILES, NO_LICENCE, Pupil, learn, offer
from composer.ui.studio import Studio
from tests.fake_studio import fake_studio


def teach(
    pieces: Any, *, should_stop: Callable[[], bool], **asked: Any
) -> Iterator[Progress | OwnStyle]:
    """Learn at once, or as far as half of it when stopped."""
    yield Progress(0, 0, 0.0, None, 0.5)
    yield OwnStyle(f"mine-{asked['licence']}", 3.0, 1.5, len(pieces), 0.2, should_stop())


def break_down(pieces: Any, **asked: Any) -> Iterator[Progress]:
    yield Progress(0, 0, 0.0, None, 0.5)
    raise WorkerError("learning broke and was given up")


@pytest.fixture
def files(tmp_path: Path, chorale: Piece, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what the browser sends for an uploaded file."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    write_midi(chorale, tmp_path / "mine.mid")
    return [{"path": str(tmp_path / "mine.mid"), "orig_name": "mine.mid"}]


@pytest.fixture
def studio() -> Studio:
    return fake_studio(own_style_steps=teach)


def test_what_is_learned_is_an_engine_of_this_tab(studio: Studio, files: list[Any]) -> None:
    first, *_, (pupil, words, engine) = learn(studio, Pupil(), files, "a", 1)
    assert first[0].run is pupil.run and not pupil.run.is_under_way
    assert "predicted 50 % better" in words and engine == "mine-a"
    *_, (pupil, _, _) = learn(studio, pupil, files, "b", 1)
    shown = offer([("The usual one", "x"), ("small", "small")], pupil, "mine-b")
    assert [label for label, _ in shown["choices"]][2:] == ["My style 1", "My style 2"]
    assert shown["value"] == "mine-b" and shown["visible"]
    assert Pupil().engines == ()


@pytest.mark.parametrize(
    ("given", "licence", "minutes", "said"),
    [
        (None, "mine", 1, NO_FILES),
        (True, " ", 1, NO_LICENCE),
        (True, "mine", 60, "at most 10 here"),
        (True, "mine", "long", "must be a number"),
        ([{"path": "/etc/passwd"}], "mine", 1, "choose it once more"),
    ],
)
def test_what_will_not_do_is_said_in_the_status_line(
    studio: Studio, files: list[Any], given: Any, licence: str, minutes: Any, said: str
) -> None:
    *_, (pupil, words, engine) = learn(
        studio, Pupil(), files if given is True else given, licence, minutes
    )
    assert said[1:] in words and not engine and not pupil.run.is_under_way


def test_a_process_that_breaks_is_said_and_the_next_one_may_begin(files: list[Any]) -> None:
    *_, (pupil, words, _) = learn(fake_studio(own_style_steps=break_down), Pupil(), files, "a", 1)
    assert "given up" in words
    assert next(learn(fake_studio(), pupil, files, "a", 1))[0].run is not pupil.run


def test_one_style_at_a_time_and_a_stop_reaches_it(studio: Studio, files: list[Any]) -> None:
    steps = learn(studio, Pupil(), files, "a", 1)
    pupil, _, _ = next(steps)
    with pytest.raises(gr.Error, match="still under way"):
        next(learn(studio, pupil, files, "a", 1))
    pupil.run.stop()
    assert any("Stopping" in words for _, words, _ in steps)


def test_where_no_minutes_are_given_the_page_does_not_offer_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COMPOSER_STYLE_MINUTES", "0")
    with gr.Blocks():
        assert own_style.build() is None
