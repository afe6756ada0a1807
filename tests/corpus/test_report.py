from __future__ import annotations

import json
from pathlib import Path

import pytest

from composer.corpus import CorpusReport, corpus_report, load_corpus
from tests.corpus.files import SCALE, score_bytes

HEADER = "path,composer,form,licence,licence_class,split\n"


@pytest.fixture
def report(tmp_path: Path) -> CorpusReport:
    """Of two good scores by one composer, one by another, and one that is missing."""
    names = ("a", "b", "c")
    for name in names:
        (tmp_path / f"{name}.mid").write_bytes(score_bytes(SCALE))
    composers = ("Bach", "Bach", "Haydn", "Mozart")
    rows = [
        f"{name}.mid,{composer},fugue,CC0 1.0,open,train"
        for name, composer in zip((*names, "missing"), composers, strict=True)
    ]
    (tmp_path / "manifest.csv").write_text(HEADER + "\n".join(rows) + "\n")
    return corpus_report(load_corpus(tmp_path))


def test_pieces_and_notes_are_counted_by_composer_the_most_first(report):
    counts = [(share.name, share.pieces, share.notes) for share in report.composers]
    assert counts == [("Bach", 2, 16), ("Haydn", 1, 8)]


def test_every_table_sums_to_the_totals(report):
    tables = (report.composers, report.forms, report.ensembles, report.licences, report.splits)
    for shares in tables:
        assert sum(share.pieces for share in shares) == report.pieces == 3
        assert sum(share.notes for share in shares) == report.notes == 24


def test_what_is_refused_stands_there_with_its_reason(report):
    (refused,) = report.refused
    assert refused.path == "missing.mid" and "there is no file" in refused.reason


def test_the_report_is_json(report):
    values = json.loads(json.dumps(report.to_dict()))
    assert values["licences"] == [{"name": "CC0 1.0 (open)", "pieces": 3, "notes": 24}]


def test_the_text_shows_names_counts_and_refusals(report):
    text = report.to_text()
    for words in ("3 pieces", "Bach", "fugue", "CC0 1.0 (open)", "1 refused", "missing.mid"):
        assert words in text


def test_an_empty_corpus_has_a_report(tmp_path):
    report = corpus_report(load_corpus(tmp_path))
    assert report.pieces == 0 and "nothing refused" in report.to_text()


def test_control_codes_in_names_do_not_reach_the_terminal(tmp_path):
    (tmp_path / "\x1b[31mred").mkdir()
    (tmp_path / "\x1b[31mred" / "a.mid").write_bytes(b"no music")
    (tmp_path / "\x1b[31mred" / "b.mid").write_bytes(score_bytes(SCALE))
    text = corpus_report(load_corpus(tmp_path)).to_text()
    assert text.replace("\n", "").isprintable()
