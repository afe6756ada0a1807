"""From samples in files to a file of weights that the scores read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from composer.engines import Engine
from composer.errors import OptionError
from composer.evaluation.damage import damage
from composer.evaluation.weighing import Learned, learn_weights, save_weights
from composer.evaluation.weighing.fitting import REAL
from composer.evaluation.weighing.learning import LEAST_PIECES
from composer.evaluation.weighing.material import RAW, Files, Sample
from composer.piece import Piece
from composer.scoring import RULES, Surprise
from composer.scoring.weights import LEVELS, load_weights

WILD = "pitch 20 %"


def samples(chorale: Piece, kind: str) -> Iterator[Sample]:
    """Yield as few chorales as can be learned from; what is not real has many wrong notes."""
    for judges in (False, True):
        for number in range(LEAST_PIECES):
            piece = chorale.transposed(number)
            piece = piece if kind == REAL else damage(piece, WILD, number)
            base = f"{judges} {number}"
            yield Sample(kind, "chorale", base, judges, number, Surprise(), piece)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, chorale: Piece) -> Path:
    folder = tmp_path_factory.mktemp("material")
    files = Files(folder, lambda line: None)
    for kind in (REAL, RAW, WILD):
        files.keep(kind, "chorale", lambda kind=kind: samples(chorale, kind))
    return folder


@pytest.fixture(scope="module")
def learned(folder: Path, tiny_engine: Engine) -> Learned:
    return learn_weights(folder, tiny_engine)


def test_what_was_made_is_read_and_not_made_again(folder: Path, chorale: Piece) -> None:
    told: list[str] = []
    found = Files(folder, told.append).keep(REAL, "chorale", lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert found == list(samples(chorale, REAL)) and told == []


def test_only_families_with_enough_pieces_are_learned(learned: Learned) -> None:
    assert set(learned.families) == {"chorale"}


def test_wrong_notes_cost_more_than_real_pieces_that_no_weight_was_learned_from(
    learned: Learned, tmp_path: Path
) -> None:
    save_weights(learned, tmp_path / "weights.json", "a checkpoint")
    found = load_weights(tmp_path / "weights.json")["chorale"]
    assert set(found.weights) == {rule.name for rule in RULES}
    usual = LEVELS.index(0.5)
    assert found.total(found.real_costs[usual]) > found.total(found.drawn_costs[usual])


def test_what_was_not_learned_stays_as_it_is_bundled_and_says_so(
    learned: Learned, tmp_path: Path
) -> None:
    save_weights(learned, tmp_path / "weights.json", "a checkpoint")
    found = load_weights(tmp_path / "weights.json")
    assert {k: v for k, v in found.items() if k != "chorale"} == {
        k: v for k, v in load_weights().items() if k != "chorale"
    }
    document = json.loads((tmp_path / "weights.json").read_text())
    marked = {name for name, kept in document["families"].items() if "kept_from" in kept}
    assert marked == set(found) - {"chorale"}
    assert document["made"]["checkpoint"] == "a checkpoint"


def test_too_few_pieces_are_refused(tmp_path: Path, chorale: Piece, tiny_engine: Engine) -> None:
    few = [replace(one, judges=True) for one in samples(chorale, REAL)]
    Files(tmp_path, lambda line: None).keep(REAL, "chorale", lambda: few)
    with pytest.raises(OptionError, match="give more scores"):
        learn_weights(tmp_path, tiny_engine)
