from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.errors import RequestError
from composer.listening.sources import Sources
from composer.listening.stimuli import StudyFolder, load_study, prepare
from composer.piece import Piece
from composer.rendering import write_midi
from tests.listening.studies import chirp, compose, make_plan, make_study, write_wav


def test_names_of_clips_are_random_and_their_order_tells_nothing(study: StudyFolder) -> None:
    names = [path.stem for path in (study.path / "clips").iterdir()]
    assert len(names) == 13
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in names)
    rows = json.loads((study.path / "clips.json").read_text())
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)


def test_a_prepared_study_is_loaded_as_it_was(study: StudyFolder) -> None:
    assert load_study(study.path) == study
    assert len({study.clip_path(one).stat().st_size for one in study.stimuli}) == 1


def test_an_interrupted_preparation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    asked: list[str] = []

    def once(request: object, condition: object) -> Piece:
        asked.append("")
        if len(asked) == 2:
            raise RequestError("the light went out")
        return compose(request, condition)

    plan = make_plan(
        conditions=[{"name": "a"}, {"name": "b"}], prompts=[{"name": "p"}], items_per_listener=1
    )
    with pytest.raises(RequestError, match="light"):
        prepare(plan, tmp_path, Sources(tmp_path, once), render=chirp)
    with pytest.raises(RequestError, match="missing"):
        load_study(tmp_path)
    kept = json.loads((tmp_path / "clips.json").read_text())
    found = prepare(plan, tmp_path, Sources(tmp_path, once), render=chirp)
    assert len(asked) == 3
    assert {row["id"] for row in kept} < set(found.stimuli)


def test_a_folder_keeps_to_its_plan(study: StudyFolder) -> None:
    with pytest.raises(RequestError, match="another plan"):
        make_study(study.path, replace(study.plan, title="Other"))


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="holds no prepared study"):
        load_study(tmp_path)


@pytest.fixture
def shelf(tmp_path: Path, chorale: Piece) -> Sources:
    """A folder `real` with a file named like a prompt, and others."""
    (tmp_path / "real").mkdir()
    write_midi(chorale, tmp_path / "real" / "second.mid")
    write_wav(tmp_path / "real" / "any.wav", np.ones(10))
    return Sources(tmp_path, compose)


def test_files_are_found_by_the_name_of_the_prompt_or_in_order(shelf: Sources) -> None:
    conditions = [{"name": "real", "folder": "real"}, {"name": "made"}]
    prompts = [{"name": "first"}, {"name": "second"}]
    plan = make_plan(conditions=conditions, prompts=prompts, items_per_listener=2)
    real = plan.conditions[0]
    assert shelf.find(plan, real, plan.prompts[0]) == shelf.base / "real" / "any.wav"
    piece = shelf.find(plan, real, plan.prompts[1])
    assert isinstance(piece, Piece)
    assert piece.title


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"folder": "nowhere"}, "no folder of that name"),
        ({"folder": "real"}, "2 files for 3 prompts"),
        ({"works": ["bach/bwv66.6"]}, "fewer than prompts"),
        ({"works": ["../../../x"] * 3}, "has no MusicXML or MIDI file"),
    ],
)
def test_what_cannot_be_found_is_told(
    shelf: Sources, condition: dict[str, object], words: str
) -> None:
    prompts = [{"name": name} for name in ("first", "third", "fourth")]
    conditions = [{"name": "real", **condition}, {"name": "made"}]
    plan = make_plan(conditions=conditions, prompts=prompts, items_per_listener=2)
    with pytest.raises(RequestError, match=words):
        for prompt in plan.prompts:
            shelf.find(plan, plan.conditions[0], prompt)
