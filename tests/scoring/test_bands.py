from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from composer.errors import ScoreFileError
from composer.piece import Piece
from composer.scoring import RULES, Band, build_bands, load_bands, save_bands, score
from composer.scoring.bands import (
    MIN_PIECES,
    NO_BAND,
    find_band,
    groups_of,
    joined,
    rules_without_bands,
)

DENSITY = next(rule for rule in RULES if rule.name == "density")


def band_of(level: float) -> Band:
    return Band._make([*[level] * 7, MIN_PIECES])


def test_groups_run_from_the_narrowest_to_all(chorale) -> None:
    assert groups_of(chorale) == (
        "chorale/4", "chorale", "ensemble:choir/4", "ensemble:choir", "all",
    )  # fmt: skip


def test_an_asked_form_stands_for_the_own_one(chorale) -> None:
    assert groups_of(chorale, "motet")[:2] == ("motet/4", "motet")


def test_a_piece_of_no_form_and_ensemble_is_one_of_all(empty_piece) -> None:
    assert groups_of(empty_piece) == ("all",)


def test_the_narrowest_known_group_wins() -> None:
    groups = ("chorale/4", "chorale", "all")
    bands = {name: {"density": band_of(i)} for i, name in enumerate(groups)}
    for group in groups:
        assert find_band(bands, groups, DENSITY) == (group, bands[group]["density"])
        del bands[group]
    assert find_band(bands, groups, DENSITY) == ("", NO_BAND)


def test_a_group_needs_enough_pieces(chorale, keyboard_piece) -> None:
    pieces = [chorale] * MIN_PIECES + [keyboard_piece] * (MIN_PIECES - 1)
    assert set(build_bands(pieces)) == {*groups_of(chorale)}


def test_bands_of_equal_pieces_are_points(chorale) -> None:
    bands = build_bands([chorale] * MIN_PIECES)
    assert set(bands["chorale/4"]["density"]) == {bands["all"]["density"].p50, MIN_PIECES}


def test_a_value_that_no_piece_has_gets_no_band(chorale) -> None:
    alone = replace(chorale, parts=chorale.parts[:1])
    assert "dissonance" not in build_bands([alone] * MIN_PIECES)["all"]


def test_bands_are_saved_and_loaded_alike(chorale, tmp_path: Path) -> None:
    bands = build_bands([chorale] * MIN_PIECES)
    assert load_bands(save_bands(bands, tmp_path / "bands.json")) == bands


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"columns": ["p50"], "groups": {}}'])
def test_a_file_that_holds_no_bands_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ScoreFileError, match=r"other\.json"):
        load_bands(path)


def test_the_bundled_bands_know_every_rule_that_looks_at_notes() -> None:
    known = set(load_bands()["all"])
    assert known == {rule.name for rule in RULES if rule.measure}


def test_percentiles_ascend_in_every_bundled_band() -> None:
    for rows in load_bands().values():
        for band in rows.values():
            assert list(band[:-1]) == sorted(band[:-1])
            assert band.n >= MIN_PIECES and all(map(math.isfinite, band))


def test_an_unknown_form_is_compared_with_its_ensemble(chorale) -> None:
    assert score(chorale, form="passacaglia").form == "ensemble:choir/4"


def test_rules_without_bands_are_added_and_the_others_stay(chorale: Piece) -> None:
    pieces = [chorale.transposed(step) for step in range(MIN_PIECES)]
    whole = build_bands(pieces)
    known = {
        group: {name: band for name, band in rows.items() if name != "loop_run"}
        for group, rows in whole.items()
    }
    missing = rules_without_bands(known)
    assert "loop_run" in {rule.name for rule in missing}
    assert joined(known, build_bands(pieces, missing))["all"] == whole["all"]
