"""A piece or a text in, ranked recordings out: in Python, on the command line, and in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from composer import pipeline
from composer.cli import main
from composer.composition import read_composition, replay
from composer.engines import Ask, Capabilities, Compose, Engine, Sound, Step, Take
from composer.errors import OptionError, RequestError
from composer.piece import Piece
from composer.pipeline import Orchestration, Progress, orchestrate, orchestrate_steps
from composer.recording import Recording
from composer.rendering import write_midi
from composer.rendering.recordings import read_recording
from composer.request import Request
from tests.engines.audio.tiny import save_tiny
from tests.rendering.test_chroma import sung


class Singer(Engine):
    """Sings the piece a semitone higher, silent, as it is written, and cut short."""

    capabilities = Capabilities(good_for="Tests.", asks=("Sound",), has_notes=False)
    licence = "for tests only"

    def draw(self, ask: Ask) -> Iterator[Step]:
        """Yield four recordings, each in two steps."""
        assert isinstance(ask, Sound) and ask.piece is not None
        whole = sung(ask.piece)
        half = Recording(whole.samples[: len(whole.samples) // 2], whole.rate_hz)
        silent = Recording(np.zeros_like(whole.samples), whole.rate_hz)
        for index, sound in enumerate((sung(ask.piece.transposed(1)), silent, whole, half)):
            yield Step((2 * index + 1) / 8, sound=half)
            yield Step((index + 1) / 4, (Take(index=index, music=sound, record={"n": index}),))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("models") / "musicgen-tiny", melody=True)


@pytest.fixture(scope="module")
def sung_chorale(chorale: Piece) -> Orchestration:
    return orchestrate(chorale, "by a choir", engine=Singer(), seed=3)


def test_recordings_are_ranked_by_how_they_follow_the_score(sung_chorale: Orchestration) -> None:
    assert [one.index for one in sung_chorale.ranked] == [2, 3, 0]
    best, cut, wrong = (one.agreement for one in sung_chorale.ranked)
    assert best and cut and wrong and best.whole > cut.whole > wrong.whole
    assert [one.reason for one in sung_chorale.rejected] == ["it is silent"]


def test_words_are_those_of_the_person_and_of_the_piece(sung_chorale: Orchestration) -> None:
    assert sung_chorale.text == (
        "by a choir; chorale in the style of Bach for choir, in G major, 4/4, 90 bpm"
    )
    request = sung_chorale.request
    assert (request.candidates, request.top_k, request.guidance) == (2, 250, 3.0)
    assert (request.form, str(request.key), request.bars, request.seed) == (
        "chorale",
        "G major",
        8,
        3,
    )


def test_composition_json_names_the_files_the_licence_and_the_piece(
    sung_chorale: Orchestration, chorale: Piece, tmp_path: Path
) -> None:
    written = sung_chorale.write(tmp_path, "flac", bits=24)
    assert [path.name for path in written.values()] == [
        f"recording-{rank}.flac" for rank in (1, 2, 3)
    ]
    values = sung_chorale.to_dict({rank: path.name for rank, path in written.items()})
    document = json.loads(json.dumps(values, allow_nan=False))
    assert document["format"] == 2 and document["licence"] == "for tests only"
    assert Piece.from_dict(document["given"]) == chorale
    first = document["candidates"][0]
    assert first["recording"]["file"] == "recording-1.flac" and first["record"] == {"n": 2}
    assert len(first["agreement_per_bar"]) == 8
    for read in (replay, read_composition):
        with pytest.raises(RequestError, match="are recordings, which have no notes"):
            read(json.dumps(document))


def test_a_run_that_is_stopped_keeps_what_could_be_heard(chorale: Piece) -> None:
    *steps, found = orchestrate_steps(chorale, engine=Singer(), should_stop=lambda: True)
    assert isinstance(found, Orchestration) and found.stopped
    assert len(found.ranked) == 1 and found.ranked[0].recording.length_s < chorale.length_s
    assert len(steps) == 1 and isinstance(steps[0], Progress) and steps[0].sound is not None


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        (False, {}, "give a piece, a text such as"),
        (False, {"text": "x" * 1_001}, "`text` must be a text of at most 1000"),
        (True, {"length_s": 0.5}, "`length_s` must be from 1 to 600, got 0.5"),
        (True, {"bars": 4}, "there is no option 'bars'; there are temperature"),
        (True, {"guidance": 9.0}, "`guidance` must be from 1 to 4"),
        (True, {"engine_options": {"reverb": 1}}, "no option 'reverb'"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(
    chorale: Piece, given: bool, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        orchestrate(chorale if given else None, engine=Singer(), **options)


def test_notes_are_not_asked_of_an_engine_of_sound(chorale: Piece, tiny_engine: Engine) -> None:
    """Whatever needs notes says so in one sentence, and so does an engine that breaks the rule."""
    singer = Singer()
    ways: list[Any] = [
        lambda: pipeline.compose(Request(), engine=singer),
        lambda: pipeline.extend(chorale, 2, engine=singer),
        lambda: pipeline.infill(chorale, 1, 2, engine=singer),
        lambda: pipeline.harmonise(chorale, engine=singer),
    ]
    for way in ways:
        with pytest.raises(RequestError, match="only make recordings, which have no notes; choose"):
            way()
    with pytest.raises(RequestError, match="can only compose .*; choose one that can make record"):
        orchestrate(chorale, engine=tiny_engine)

    class Liar(Singer):
        capabilities = Capabilities(good_for="Tests.")

        def draw(self, ask: Ask) -> Iterator[Step]:
            assert isinstance(ask, Compose)
            yield Step(1.0, (Take(index=0, music=sung(chorale)),))

    with pytest.raises(RequestError, match="makes sound, which has no notes; choose one that"):
        pipeline.compose(Request(candidates=1), engine=Liar())


def test_the_command_writes_recordings_and_says_the_licence_first(
    model: Path, chorale: Piece, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    midi, out = write_midi(chorale, tmp_path / "chorale.mid"), tmp_path / "out"
    command = ["orchestrate", str(midi), "--text", "warm organ", "--model", str(model)]
    command += ["--length", "2", "--candidates", "2", "--seed", "4", "--out", str(out)]
    assert main([*command, "--sample-rate", "16000", "--bits", "24", "--channels", "2"]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("licence of the weights: ") and "CC BY-NC 4.0" in printed.err
    assert "agreement" in printed.out
    sounds = [read_recording(out / f"recording-{rank}.wav") for rank in (1, 2)]
    assert all((one.rate_hz, one.channels, one.length_s) == (16_000, 2, 2.0) for one in sounds)
    document = json.loads((out / "composition.json").read_text())
    assert "CC BY-NC 4.0" in document["licence"]
    assert document["versions"]["weights"] == "musicgen-tiny"
    assert all(one["record"]["led_by_notes"] for one in document["candidates"])
    assert main(["replay", str(out / "composition.json"), "--out", str(tmp_path / "x")]) == 2
    assert "are recordings, which have no notes" in capsys.readouterr().err
    again = [*command[:-1], str(tmp_path / "again"), "--json"]
    assert main(again) == 0
    assert json.loads(capsys.readouterr().out)["candidates"][0]["agreement"] == pytest.approx(
        document["candidates"][0]["agreement"]
    )


def test_a_text_alone_is_enough_for_the_command(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["orchestrate", "--text", "a lively dance", "--length", "1", "--candidates", "1"]
    assert main([*command, "--model", str(model), "--format", "ogg", "--out", str(out)]) == 0
    assert (out / "recording-1.ogg").stat().st_size > 1_000
    assert json.loads((out / "composition.json").read_text())["given"] is None
    assert main([*command, "--model", str(model), "--format", "aac", "--out", str(out)]) == 2
    assert "must end in .wav, .flac, .mp3, .ogg" in capsys.readouterr().err
    with pytest.raises(OptionError):
        orchestrate(text="calm", engine=Singer(), length_s=10_000)
