"""Styles follow from years, and stand with the condition for a composer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from composer.errors import CheckpointError, TokenError
from composer.theory import STYLES
from composer.tokenizer import Conditions, Vocabulary, encode_conditions, vocab
from composer.tokenizer.conditions import decode_conditions
from composer.tokenizer.holes import drop_conditions
from composer.tokenizer.styles import style_of, style_of_year
from tests.strategies import VOCABULARY

STYLED = replace(VOCABULARY, styles=STYLES)


@pytest.mark.parametrize(
    ("composer", "style"),
    [
        ("Palestrina", "Renaissance"),
        ("Bach", "Baroque"),
        ("Mozart", "Classical"),
        ("Chopin", "Romantic"),
        ("Debussy", "later"),
        ("Clara Schumann", "Romantic"),
        ("Borek", "Renaissance"),  # only his death is known
        ("Dankowski", "Classical"),  # only when he worked
        ("Anonymous", None),
        ("", None),
        (None, None),
    ],
)
def test_a_composer_has_the_style_of_the_year_of_age_thirty(
    composer: str | None, style: str | None
) -> None:
    assert style_of(composer) == style


def test_styles_change_with_the_year() -> None:
    years = (1599, 1600, 1749, 1750, 1819, 1820, 1889, 1890)
    names = [style_of_year(year) for year in years]
    assert names == [STYLES[(place + 1) // 2] for place in range(8)]


@pytest.mark.parametrize("composer", ["Bach", None])
@pytest.mark.parametrize("style", STYLES)
def test_an_asked_style_comes_back_from_the_row_of_the_composer(
    style: str, composer: str | None
) -> None:
    rows = encode_conditions(Conditions(composer=composer, style=style), STYLED)
    assert rows[0, vocab.PART] == vocab.STYLE + STYLES.index(style)
    found = decode_conditions(rows, STYLED)
    own = composer == "Bach" and style == "Baroque"
    assert (found.composer, found.style) == (composer, None if own else style)


def test_a_composer_brings_a_style_and_either_can_be_left_open() -> None:
    rows = encode_conditions(Conditions(composer="Bach"), STYLED)
    baroque = vocab.STYLE + 1
    assert rows[0, vocab.PART] == baroque
    alone = drop_conditions(rows, ["composer"])
    assert alone[0, 1:3].tolist() == [baroque, vocab.VALUE_COMPOSER]
    assert drop_conditions(rows, ["style"])[0, vocab.PART] == vocab.PART_NONE
    assert (drop_conditions(rows, vocab.CONDITIONS)[:, vocab.PART] == vocab.PART_NONE).all()


def test_a_vocabulary_without_styles_leaves_them_out() -> None:
    conditions = Conditions(composer="Bach", style="Romantic")
    assert encode_conditions(conditions, VOCABULARY)[0, vocab.PART] == vocab.PART_NONE


def test_a_style_of_another_name_is_refused() -> None:
    with pytest.raises(TokenError, match="'baroque' is none of Renaissance, Baroque"):
        encode_conditions(Conditions(style="baroque"), STYLED)


def test_a_vocabulary_names_all_styles_and_relations_or_none() -> None:
    full = replace(STYLED, relations=vocab.RELATIONS)
    assert Vocabulary.from_dict(full.to_dict()) == full
    assert full.continues(STYLED)
    assert STYLED.continues(VOCABULARY)
    assert not VOCABULARY.continues(STYLED)
    assert len({v.fingerprint for v in (VOCABULARY, STYLED, full)}) == 3
    with pytest.raises(CheckpointError, match="names all of Renaissance"):
        replace(VOCABULARY, styles=("Baroque",))
