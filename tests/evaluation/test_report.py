"""The report: every section on a corpus made here, a page that needs nothing, and comparisons."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from composer import novelty
from composer.cli import main
from composer.corpus import Corpus, load_corpus
from composer.errors import OptionError
from composer.evaluation import distributions, report, two_sample
from composer.evaluation.comparison import compare, comparison_page, load_report, walk
from composer.evaluation.report import ReportOptions, build_report, save_report
from composer.novelty import build_index, save_index
from composer.piece import Piece
from tests.evaluation.corpora import write_corpus

SECTIONS = (
    "likelihood", "fidelity", "recognition", "distributions", "craft", "memorisation",
    "two_sample", "menu",
)  # fmt: skip
OPTIONS = ReportOptions(pieces=6, winners=2, candidates=3, grid_candidates=1)


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("scores"), held_out=3, training=10)


@pytest.fixture(scope="module")
def built(
    tiny_folder: Path, scores: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Return a report of a model that composes nonsense, with little of everything."""
    corpus = load_corpus(scores)
    pieces = [(e.title, p) for e, p in corpus.pieces() if isinstance(p, Piece)]
    index = save_index(build_index(pieces), tmp_path_factory.mktemp("index") / "novelty.npz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_sample, "N_TREES", 5)
        patch.setattr(distributions, "N_RESAMPLES", 5)
        patch.setattr(report, "DAMAGES", {"pitch 20 %": None})
        loaded = novelty.load_index(index)
        patch.setattr(novelty, "load_index", lambda: loaded)
        return build_report(tiny_folder, corpus, OPTIONS)


@pytest.fixture(scope="module")
def saved(built: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the report as files."""
    folder: Path = tmp_path_factory.mktemp("report")
    save_report(built, folder)
    return folder


def test_every_section_is_there_and_is_json(built: dict[str, Any]) -> None:
    assert set(SECTIONS) <= set(built)
    assert json.loads(json.dumps(built, allow_nan=False)) == built
    assert built["counts"]["real"] == 6


def test_every_interval_holds_its_value(built: dict[str, Any]) -> None:
    found = dict(walk(built))
    assert len(found) > 100
    assert all(one.low <= one.value <= one.high for one in found.values())


def test_settings_of_the_file_are_kept_exactly(built: dict[str, Any]) -> None:
    draws = built["fidelity"]["all draws"]
    for check in ("meter", "bars", "parts", "key signature"):
        assert draws[check]["value"] == 1.0


def test_nonsense_and_damage_are_told_from_real_pieces(built: dict[str, Any]) -> None:
    assert built["two_sample"]["first draws"]["value"] > 0.9
    assert built["two_sample"]["damaged: pitch 20 %"]["n"] == 6


def test_held_out_pieces_that_the_index_holds_are_found(built: dict[str, Any]) -> None:
    memory = built["memorisation"]
    assert memory["real"]["median"]["value"] > memory["first draws"]["median"]["value"]
    assert memory["first draws"]["longer_than_real"]["value"] < 0.5


def test_the_page_needs_nothing_and_is_small(built: dict[str, Any], saved: Path) -> None:
    values, page = saved / "report.json", saved / "report.html"
    text = page.read_text()
    assert json.loads(values.read_text()) == built
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)|url\((?!#)|<script|@import""", text)
    assert text.count("<svg") == 9 and len(text) < 2_000_000


def test_a_report_is_no_different_from_itself(built: dict[str, Any], saved: Path) -> None:
    again = load_report(saved)
    found = compare(built, again)
    assert len(found) == len(dict(walk(built)))
    assert not any(one.is_clear or one.change.value for one in found)
    assert "intervals leave out 0" in comparison_page(built, again)


def test_likelihoods_are_compared_piece_by_piece(built: dict[str, Any]) -> None:
    """A thousandth of a nat is clear if every piece says so, however much pieces differ."""
    better = json.loads(json.dumps(built))
    for row in better["likelihood"]["pieces"].values():
        row[2] -= 0.1 * row[1]
    found = {one.name: one for one in compare(built, better)}
    assert found["likelihood / overall"].change.value == pytest.approx(-0.1)
    assert found["likelihood / overall"].is_clear
    assert not found["likelihood / chorales"].is_clear


def test_compare_prints_and_writes(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "both.html"
    assert main(["compare", str(saved), str(saved), "--html", str(page)]) == 0
    assert "likelihood / overall" in capsys.readouterr().out
    assert page.read_text().startswith("<!doctype html>")


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="holds no report"):
        load_report(tmp_path)
    (tmp_path / "report.json").write_text("[]")
    with pytest.raises(OptionError, match="no report"):
        load_report(tmp_path)


def test_reports_without_a_common_interval_are_refused(built: dict[str, Any]) -> None:
    old = {"versions": {"checkpoint": "0"}, "likelihood": {"overall": {"nats_per_note": 2.0}}}
    with pytest.raises(OptionError, match="in common"):
        compare(old, built)


def test_a_corpus_without_held_out_pieces_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    corpus: Corpus = load_corpus(write_corpus(tmp_path, held_out=0, training=2))
    with pytest.raises(OptionError, match="outside the training split"):
        build_report(tiny_folder, corpus, OPTIONS)
