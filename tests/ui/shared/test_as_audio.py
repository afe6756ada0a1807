"""A piece as a recording on the page, and over the API."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from gradio.data_classes import FileData

from composer import pipeline
from composer.composition import read_document
from composer.errors import RequestError
from composer.piece import Piece
from composer.rendering import write_midi
from composer.rendering.recordings import read_recording
from composer.ui import build_app
from composer.ui.api.orchestrating import orchestrate_endpoint
from composer.ui.shared import as_audio
from composer.ui.shared.running import Run
from composer.ui.studio import Studio
from tests.fake_studio import fake_studio
from tests.pipeline.test_orchestrating import Singer


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))


@pytest.fixture
def studio() -> Studio:
    return fake_studio(
        orchestrate_steps=partial(pipeline.orchestrate_steps, engine=Singer()),
        sound_model=lambda: ("", "for tests <only>"),
    )


def test_recordings_are_made_with_their_agreement_bar_by_bar(
    studio: Studio, chorale: Piece
) -> None:
    said = list(as_audio.make(studio, Run(is_under_way=True), chorale, "by a choir", 2))
    assert "3 recordings in" in said[-1][0]
    heard = [path for _, path, _ in said if isinstance(path, str)]
    assert len(heard) == 5 and read_recording(Path(heard[-1])).length_s > 10
    table = said[-1][2]
    assert table.count("<tr><th>") == 4 and table.count('aria-label="bar ') == 3 * 8
    assert "Licence of the weights: for tests only." in table


def test_a_stop_keeps_what_could_be_heard(studio: Studio, chorale: Piece) -> None:
    run = Run(is_under_way=True)
    run.stop()
    *_, (status, sound, _) = as_audio.make(studio, run, chorale, "", 2)
    assert "1 recording in" in status and "stopped early" in status
    assert read_recording(Path(sound)).length_s < chorale.length_s


def texts_of(studio: Studio) -> str:
    return " ".join(str(one.get_config()) for one in build_app(studio).blocks.values())


def test_the_fold_says_the_licence_or_in_one_sentence_what_is_missing(studio: Studio) -> None:
    words = texts_of(studio)
    assert words.count("Licence of the weights: for tests &lt;only&gt;") >= 2  # Compose and Edit
    missing = fake_studio(sound_model=lambda: ("name a model in audio.model", ""))
    assert "name a model in audio.model" in texts_of(missing)
    assert "name the folder of a MusicGen model in audio.model" in texts_of(fake_studio())


def test_the_api_returns_the_best_recording_and_its_json(
    studio: Studio, chorale: Piece, tmp_path: Path
) -> None:
    call: Any = orchestrate_endpoint(studio)
    midi = write_midi(chorale, tmp_path / "chorale.mid")
    file = FileData(path=str(midi), orig_name=midi.name).model_dump()  # as gradio hands it on
    *_, (sound, record) = call(file, "by a choir", seed=4, format="flac")
    assert isinstance(sound, FileData) and isinstance(record, FileData)
    assert sound.path.endswith("recording-1.flac")
    document = json.loads(Path(record.path).read_text())
    assert document["licence"] == "for tests only" and document["seed"] == 4
    assert read_document(json.dumps(document))["format"] == 2
    with pytest.raises(Exception, match="give a piece, a text such as"):
        list(call())


def test_what_cannot_be_read_is_refused(studio: Studio, chorale: Piece) -> None:
    with pytest.raises(RequestError, match="the number of recordings must be a whole number"):
        list(as_audio.make(studio, Run(is_under_way=True), chorale, "", "many"))
