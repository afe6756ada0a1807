"""Plans: named forms, rows to edit, JSON in and out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from composer.errors import OptionError
from composer.plans import (
    FORM_NAMES,
    Chunking,
    Plan,
    PlannedSection,
    build_plan,
    common_scale,
    related_key,
)
from composer.theory import KEYS, Key, parse_key


def row_of(label: str = "A", **changes: Any) -> PlannedSection:
    facts: dict[str, Any] = {"label": label, "bars": 4, "key": Key("C", "major")}
    return PlannedSection(**facts | changes)


@pytest.mark.parametrize("name", FORM_NAMES)
@pytest.mark.parametrize("key", KEYS, ids=str)
def test_every_form_can_be_had_in_every_key_and_comes_back_from_json(name: str, key: Key) -> None:
    plan = build_plan(name, key)
    assert plan.key == plan.rows[-1].key == key
    assert plan.rows[-1].closes
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("name", FORM_NAMES)
def test_the_first_section_sets_the_scale(name: str) -> None:
    usual, double = build_plan(name, "G minor"), build_plan(name, "G minor", first_bars=16)
    assert double.rows[0].bars == 16
    share = 16 / usual.rows[0].bars
    assert all(
        abs(b.bars - a.bars * share) <= 0.5 for a, b in zip(usual.rows, double.rows, strict=True)
    )


def test_what_the_last_section_repeats_closes_too() -> None:
    rows = (row_of("A"), row_of("B"), row_of("C", material="repeat", of="A"))
    closes = [row.closes for row in Plan("mine", rows).rows]
    assert closes == [True, False, True]


@pytest.mark.parametrize(
    ("key", "word", "other"),
    [
        ("D major", "dominant", "A major"),
        ("D minor", "dominant", "F major"),
        ("D minor", "relative", "F major"),
        ("F major", "relative", "D minor"),
        ("Bb minor", "parallel", "Bb major"),
        ("C minor", "subdominant", "F minor"),
    ],
)
def test_near_keys_are_those_of_the_textbook(key: str, word: str, other: str) -> None:
    assert related_key(parse_key(key), word) == parse_key(other)


def test_a_pivot_has_what_two_keys_share() -> None:
    assert common_scale([parse_key("C major"), parse_key("G major")]) == {0, 2, 4, 7, 9, 11}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((), "1 to 64 sections"),
        ((row_of(), row_of()), "two sections are called A"),
        ((row_of(of="B"),), "is new"),
        ((row_of(), row_of("B", material="vary", of="C")), "needs an earlier one"),
        ((row_of(), row_of("B", material="repeat", of="A", bars=5)), "it has 4 bars too"),
        (
            (row_of(), row_of("B", material="repeat", of="A", key=Key("C", "minor"))),
            "another mode",
        ),
        (tuple(row_of(str(n), bars=64) for n in range(9)), "up to 512 bars"),
    ],
)
def test_rows_that_do_not_go_together_are_refused(
    rows: tuple[PlannedSection, ...], words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        Plan("mine", rows)


@pytest.mark.parametrize(
    "changes",
    [{"label": ""}, {"bars": 0}, {"bars": 65}, {"bars": 2.5}, {"material": "steal"}, {"closes": 1}],
)
def test_a_row_that_will_not_do_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="section"):
        replace(row_of(), **changes)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"name": "x"}', '{"name": "x", "rows": [{"label": "A"}]}',
     '{"name": "x", "rows": [{"label": "A", "bars": 4, "key": "C major", "colour": 1}]}'],
)  # fmt: skip
def test_other_text_is_no_plan(text: str) -> None:
    with pytest.raises(OptionError, match="plan"):
        Plan.from_json(text)


def test_a_form_that_is_unknown_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(OptionError, match="rondo"):
        build_plan("tango", "C major")


@pytest.mark.parametrize(
    "changes", [{"chunk_bars": 0}, {"chunk_bars": True}, {"overlap_bars": 65}, {"theme_bars": -1}]
)
def test_chunks_out_of_range_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="whole number from"):
        Chunking(**changes)
