"""Settings: what a file states and notes say is kept or missed, request by request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from composer.corpus import load_corpus
from composer.evaluation.fidelity import (
    IN_FILE,
    IN_NOTES,
    fidelity,
    file_misses,
    misses,
    note_misses,
    only_written_keys,
)
from composer.evaluation.samples import Drawn
from composer.piece import Piece
from composer.request import Request
from composer.theory import Key, Meter


@pytest.fixture
def settings(chorale: Piece) -> Request:
    return Request(key=chorale.key, meter=chorale.meter, parts=4, bars=8)


def test_a_chorale_keeps_its_own_settings(chorale: Piece, settings: Request) -> None:
    assert misses(chorale, settings) == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("meter", {"meter": Meter(3, 4)}),
        ("bars", {"bars": 9}),
        ("parts", {"parts": 3}),
        ("key signature", {"key": Key("D", "major")}),
    ],
)
def test_each_setting_of_the_file_is_missed_alone(
    chorale: Piece, settings: Request, name: str, change: dict[str, object]
) -> None:
    assert file_misses(chorale, replace(settings, **change)) == [name]


def test_notes_in_another_key_are_heard(chorale: Piece) -> None:
    assert note_misses(chorale, Key("G", "minor")) == ["mode", "key", "key with bass"]
    assert note_misses(chorale, Key("F#", "major")) == ["final bass", "key", "key with bass"]


def test_a_request_without_a_piece_is_counted_apart(settings: Request) -> None:
    found = fidelity([Drawn(settings, (), 16)], [])
    assert found["winners"]["no piece"]["value"] == found["all draws"]["no piece"]["value"] == 1.0
    assert found["all draws"]["no piece"]["n"] == 16
    assert found["winners"]["meter"]["value"] is None
    assert set(found["winners"]) == {*IN_FILE, *IN_NOTES, "no piece"}


def test_only_keys_that_scores_state_are_kept(tmp_path: Path) -> None:
    rows = ["path,key_from", "a.mid,source", "b.mid,estimate"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    assert [e.path for e in only_written_keys(load_corpus(tmp_path)).entries] == ["a.mid"]
