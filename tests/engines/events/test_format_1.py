"""Files of version 0.1, made by it, open as they did: composed, filled, and grown in chunks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from composer.branches import Tree
from composer.composition import read_document, replay
from composer.engines import Compose, open_engine
from composer.errors import RequestError
from composer.places import BUNDLED
from composer.request import Request

FOLDER = Path(__file__).parent / "format_1"
PITCHES = json.loads((FOLDER / "pitches.json").read_text())


@pytest.mark.parametrize("name", PITCHES)
@pytest.mark.parametrize("rank", [1, 2])
def test_a_file_of_format_1_gives_the_notes_that_it_gave(name: str, rank: int) -> None:
    piece = replay((FOLDER / f"{name}.json").read_text(), rank)
    found = [[note.pitch for note in part.notes] for part in piece.parts]
    assert found == PITCHES[name][rank - 1]


def test_a_tree_of_format_1_can_be_gone_on_from() -> None:
    values = json.loads((FOLDER / "tree.json").read_text())["tree"]
    tree = Tree.from_json(json.dumps(values))
    assert all(choice.record["events"] for chunk in tree.chunks for choice in chunk.choices)
    assert Tree.from_json(tree.to_json()).piece() == tree.piece()


def test_the_engine_replays_the_record_of_an_upgraded_candidate() -> None:
    text = (FOLDER / "composition.json").read_text()
    one = read_document(text)["candidates"][0]
    ask = Compose(Request(key=one["piece"]["key"]))
    piece = open_engine(BUNDLED).replay(ask, one["record"])
    assert piece.parts == replay(text).parts


@pytest.mark.parametrize(
    "change",
    [
        {"events": None},
        {"events": [[1, 2, 3]]},
        {"events": [[10**30, 0, 0, 0]]},
        {"events": [["a", 0, 0, 0]]},
        {"events": [[2, 0, 60, 23]]},
        {"events": {"a": 1}},
        {"key": "H major"},
        {"key": 7},
        {"tempo_bpm": "fast"},
        {"tempo_bpm": float("nan")},
        {"tempo_bpm": 0},
        {"tempo_bpm": None},
        {"wishes": None},
        {"wishes": {"manner": "odd"}},
        {"wishes": {"parts": 10**9}},
        {"wishes": {"composer": ["x"]}},
        {"wishes": {"meter": "99/4"}},
        {"wishes": {"meter": 3}},
    ],
    ids=str,
)
def test_a_damaged_file_of_format_1_is_refused_in_one_sentence(change: dict[str, object]) -> None:
    document = json.loads((FOLDER / "composition.json").read_text())
    document["candidates"][0].update(change)
    with pytest.raises(RequestError) as caught:
        replay(json.dumps(document))
    assert len(str(caught.value)) < 150
