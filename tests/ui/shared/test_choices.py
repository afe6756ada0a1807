from __future__ import annotations

from dataclasses import replace

import pytest

from composer.errors import RequestError
from composer.rendering import suggested_tempo_bpm
from composer.theory import parse_key, parse_meter
from composer.ui.compose.controls import tempo_hint
from composer.ui.shared import choices
from composer.ui.shared.choices import EXAMPLES, OPEN
from tests.fake_studio import ROWS


def values(listed: list[tuple[str, str]]) -> list[str]:
    return [value for _, value in listed]


def test_composers_come_once_each_with_all_their_pieces() -> None:
    assert choices.composer_choices(ROWS)[1] == ("Bach (249 pieces)", "Bach")
    assert values(choices.composer_choices(ROWS)) == [OPEN, "Bach", "Chopin", "Haydn", "Schubert"]


def test_those_known_to_most_come_before_all_others() -> None:
    rows = [replace(ROWS[0], composer=name) for name in ("Anonymous", "Zinck", "Schumann", "Bach")]
    named = values(choices.composer_choices(rows))
    assert named == [OPEN, "Bach", "Schumann", "Anonymous", "Zinck"]


def test_forms_are_those_of_the_composer() -> None:
    assert values(choices.form_choices(ROWS, "Bach")) == ["chorale", "invention", OPEN]


def test_an_open_composer_leaves_all_forms() -> None:
    assert set(values(choices.form_choices(ROWS, OPEN))) == {row.form for row in ROWS} | {OPEN}


def test_usual_meters_come_first_and_all_others_stay_possible() -> None:
    listed = values(choices.meter_choices(ROWS, "Chopin", "mazurka"))
    assert listed[:2] == [OPEN, "3/4"]
    assert set(listed[2:]) == {"2/4", "4/4", "6/8", "9/8"}


def test_all_24_keys_are_offered_and_can_be_read() -> None:
    keys = values(choices.key_choices())[1:]
    assert len(keys) == 24
    assert [str(parse_key(key)) for key in keys] == keys


def test_examples_are_only_what_the_menu_offers() -> None:
    offered = {(row.composer, row.form) for row in ROWS}
    found = [(example.composer, example.form) for example in choices.examples(ROWS)]
    assert set(found) <= offered
    assert len(found) == len(set(found))


def test_examples_of_an_unknown_menu_are_its_largest_pairs() -> None:
    only = [row for row in ROWS if row.composer == "Haydn"]
    assert [example.composer for example in choices.examples(only)] == ["Haydn"]


def test_every_example_is_a_request_that_can_be_read() -> None:
    for example in EXAMPLES:
        parse_key(example.key)
        parse_meter(example.meter)


@pytest.mark.parametrize("index", [-1, 99, True, None, 0.0, "0", [0], float("nan")])
def test_an_example_that_is_not_shown_is_refused(index: object) -> None:
    shown = choices.examples(ROWS)
    assert choices.example_at(shown, 0) is shown[0]
    with pytest.raises(RequestError, match="no such example"):
        choices.example_at(shown, index)


@pytest.mark.parametrize(
    ("bars", "usual"), [(4, 8), (16, 16), (30, 24), (None, None), (True, True)]
)
def test_a_length_that_is_not_usual_becomes_the_nearest_that_is(
    bars: object, usual: object
) -> None:
    assert choices.nearest_usual_bars(ROWS, "Bach", "chorale", bars) == usual


def test_a_tempo_is_hinted_where_form_and_meter_decide_it() -> None:
    """The page once hinted at 104 where the piece came at 74, in another meter."""
    assert (
        tempo_hint("chorale", "4/4") == f"{suggested_tempo_bpm('chorale', parse_meter('4/4')):.0f}"
    )
    assert tempo_hint("chorale", "open") == tempo_hint("open", "4/4") == "usual"
