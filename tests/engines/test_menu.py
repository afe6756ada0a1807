"""The menu: what may be asked for, and what is decided where a setting is open."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from composer.engines import MenuEntry, check_menu
from composer.engines.events.engine import check_meter
from composer.engines.menu import THIN_PIECES, decide, named_for
from composer.errors import CheckpointError, RequestError
from composer.request import Request
from composer.theory import Meter, parse_key
from composer.tokenizer import Conditions, conditions_of_request
from tests.strategies import MENU

ROWS = tuple(MenuEntry.from_dict(row) for row in MENU)


def decided(**settings: Any) -> Conditions:
    return conditions_of_request(decide(Request(**settings), ROWS))


def test_a_row_comes_back_from_its_json_without_what_it_does_not_know() -> None:
    assert MenuEntry.from_dict(ROWS[0].to_dict() | {"tempo": 90}) == ROWS[0]


def test_a_pair_with_few_pieces_is_marked_thin() -> None:
    assert [row.is_thin for row in ROWS] == [row.pieces < THIN_PIECES for row in ROWS]
    assert {row.is_thin for row in ROWS} == {False, True}
    assert all(row.to_dict()["is_thin"] == row.is_thin for row in ROWS)


@pytest.mark.parametrize("values", [{}, 7, MENU[0] | {"meters": 4}, MENU[0] | {"keys": []}])
def test_a_row_that_is_none_is_refused(values: Any) -> None:
    with pytest.raises(CheckpointError):
        MenuEntry.from_dict(values)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.composer} {row.form}")
def test_every_pair_of_the_menu_may_be_asked_for(row: MenuEntry) -> None:
    check_menu(Request(composer=row.composer, form=row.form), ROWS)
    check_menu(Request(composer=row.composer), ROWS)
    check_menu(Request(form=row.form), ROWS)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"composer": "Nobody"}, "`composer` 'Nobody' is not on the menu; there are Bach, Mozart"),
        ({"form": "tango"}, "`form` 'tango' is not on the menu; there are chorale, minuet"),
        (
            {"style": "Classical", "form": "chorale"},
            "no Classical chorale is on the menu; its styles are Baroque",
        ),
        ({"style": "later"}, "no later music is on the menu; its styles are Baroque, Classical"),
        (
            {"composer": "Mozart", "form": "chorale"},
            "no chorale by Mozart is on the menu; by Mozart there are minuet",
        ),
    ],
)
def test_what_is_not_on_the_menu_is_refused_with_what_is(
    settings: dict[str, str], sentence: str
) -> None:
    with pytest.raises(RequestError) as caught:
        check_menu(Request(**settings), ROWS)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(("numerator", "denominator"), [(33, 8), (13, 1), (5, 64)])
def test_a_meter_that_events_cannot_write_is_refused(numerator: int, denominator: int) -> None:
    with pytest.raises(RequestError, match="is none that bars are composed in"):
        check_meter(Meter(numerator, denominator))


def test_a_long_menu_is_cut_in_a_sentence() -> None:
    rows = [MenuEntry.from_dict(MENU[0] | {"form": f"form {i:02}"}) for i in range(20)]
    with pytest.raises(RequestError, match="form 11 and 8 more"):
        check_menu(Request(form="tango"), rows)


def test_settings_that_were_made_are_kept() -> None:
    found = decided(composer="Bach", form="chorale", ensemble="keyboard", key="E minor", bars=9)
    assert (found.composer, found.form, found.ensemble, found.bars) == (
        "Bach",
        "chorale",
        "keyboard",
        9,
    )
    assert (found.mode, found.shift, found.parts) == ("minor", 4, None)


def test_open_conditions_are_decided_by_the_seed_alone() -> None:
    assert decided(seed=3, bars=8) == decided(seed=3, bars=8, candidates=99, temperature=0.7)
    assert len({str(decided(seed=seed)) for seed in range(20)}) > 4


@pytest.mark.parametrize("settings", [{}, {"composer": "Bach"}, {"form": "minuet"}])
def test_what_is_decided_is_on_the_menu_and_usual_there(settings: dict[str, str]) -> None:
    for seed in range(30):
        found = decided(seed=seed, **settings)
        row = next(r for r in ROWS if (r.composer, r.form) == (found.composer, found.form))
        assert (found.ensemble, found.parts) == (row.ensemble, row.parts)
        assert (found.shift, found.mode) in {
            (parse_key(key).shift, parse_key(key).mode) for key in row.keys
        }
        assert all(getattr(found, name) == value for name, value in settings.items())
        assert found.meter is None


def test_pairs_with_more_pieces_are_decided_for_more_often() -> None:
    found = Counter(decided(seed=seed).form for seed in range(300))
    assert 0.5 < found["chorale"] / 300 < 0.7  # 60 of 100 pieces


def test_without_a_menu_open_conditions_stay_open() -> None:
    assert decide(Request(composer="Nobody", bars=5), ()).composer == "Nobody"
    assert decide(Request(bars=5), ()).form is None


def test_a_style_stands_for_the_composers_of_its_period() -> None:
    seeds = range(20)
    assert {decided(style="Classical", seed=seed).composer for seed in seeds} == {"Mozart"}
    assert {decided(style="Baroque", seed=seed).composer for seed in seeds} == {"Bach"}
    assert decided(style="Classical", composer="Bach").composer == "Bach"
    assert decided(style="Classical").style == "Classical"
    assert [row.to_dict()["style"] for row in ROWS] == ["Baroque", "Classical", "Baroque"]


@pytest.mark.parametrize(
    ("settings", "composer"),
    [
        ({"style": "Baroque", "form": "minuet"}, "Bach"),
        ({"style": "Classical", "form": "chorale"}, "Mozart"),  # wrote none, but is of that style
        ({"style": "Baroque", "composer": "Bach"}, "Bach"),
        ({"form": "chorale"}, None),
    ],
)
def test_music_in_a_style_is_written_as_its_foremost_composer_on_the_menu(
    settings: dict[str, Any], composer: str | None
) -> None:
    assert named_for(Request(**settings), ROWS).composer == composer
    assert named_for(Request(**settings), ()).composer == settings.get("composer")
    with pytest.raises(RequestError, match="no Romantic music"):
        named_for(Request(style="Romantic"), ROWS)
    with pytest.raises(RequestError, match="does not go with Bach, whose music is Baroque"):
        named_for(Request(style="Romantic", composer="Bach"), ROWS)
