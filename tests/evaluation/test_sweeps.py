"""A sweep: all combinations, every one measured, the best first."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from composer.corpus import load_corpus
from composer.engines import Engine
from composer.errors import OptionError
from composer.evaluation import recognition, two_sample
from composer.evaluation.sweeps import Setting, ranked, settings_of, sweep
from tests.evaluation.corpora import write_corpus


def row(name: str, auc: float, total: float) -> dict[str, Any]:
    interval = {"value": auc, "low": auc - 0.05, "high": auc + 0.05, "n": 9}
    return {"name": name, "auc": interval, "total": {"value": total}}


def test_all_combinations_are_tried() -> None:
    found = settings_of([0.9, 1.0], [0.0], [1.0, 2.0, 3.0])
    assert len(set(found)) == 6
    assert found[0] == Setting(temperature=0.9, min_p=0.0, guidance=1.0)


def test_likeness_decides_and_the_total_among_those_as_like() -> None:
    rows = [row("far", 0.9, 99), row("near", 0.60, 70), row("as near", 0.63, 80)]
    rows.append({"name": "nothing", "auc": None, "total": {"value": None}})
    assert [one["name"] for one in ranked(rows)] == ["as near", "near", "far", "nothing"]


def test_a_sweep_measures_every_setting(
    tiny_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(two_sample, "N_TREES", 5)
    corpus = load_corpus(write_corpus(tmp_path, held_out=2, training=6))
    settings = settings_of([0.5, 1.0], [0.02], [1.0])
    found = sweep(tiny_engine, corpus, "chorale", settings, pieces=8)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["pieces"] == 8 and len(found["rows"]) == 2
    assert found["best"] == {n: found["rows"][0][n] for n in ("temperature", "min_p", "guidance")}
    assert all(one["nats"]["value"] > 0 for one in found["rows"])
    assert found["real composer"]["n"] == 0  # a form of one composer: nothing to tell


def test_a_sweep_says_whether_the_asked_composer_is_named(
    tiny_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(two_sample, "N_TREES", 5)
    monkeypatch.setattr(recognition, "MIN_TRAINING_PIECES", 2)
    corpus = load_corpus(write_corpus(tmp_path, held_out=4, training=8))
    of_two = tuple(
        replace(e, composer=("Bach", "Haydn")[k % 2], form="chorale")
        for k, e in enumerate(corpus.entries)
    )
    menu = [replace(tiny_engine.menu[0], composer=c, form="chorale") for c in ("Bach", "Haydn")]
    monkeypatch.setattr(tiny_engine, "menu", tuple(menu))
    found = sweep(tiny_engine, replace(corpus, entries=of_two), "chorale", [Setting()], pieces=8)
    assert found["real composer"]["n"] > 0
    assert 0 <= found["rows"][0]["composer"]["value"] <= 1


def test_a_form_without_pieces_is_refused(tiny_engine: Engine, tmp_path: Path) -> None:
    corpus = load_corpus(write_corpus(tmp_path, held_out=1, training=1))
    with pytest.raises(OptionError, match="real pieces"):
        sweep(tiny_engine, corpus, "rag", [Setting()])
