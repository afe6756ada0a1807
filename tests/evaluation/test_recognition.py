"""A classifier names what it has learned, and chance where there is nothing to tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from composer.corpus.manifest import UNKNOWN_COMPOSER
from composer.evaluation.recognition import Labelled, Recogniser, recognition
from composer.piece import Piece


def by(composer: str, form: str, letters: str, n: int, seed: int) -> Iterator[Labelled]:
    rng = np.random.default_rng(seed)
    for _ in range(n):
        yield Labelled(composer, form, [str(word) for word in rng.choice(list(letters), 40)])


def pieces(n: int, seed: int) -> list[Labelled]:
    return [
        *by("Bach", "chorale", "aaabc", n, seed),
        *by("Mozart", "chorale", "abbbc", n, seed + 1),
        *by(UNKNOWN_COMPOSER, "chorale", "abccc", n, seed + 2),
        *by("Mozart", "minuet", "xyz", n, seed + 3),
    ]


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser(pieces(12, 0))


def test_manners_are_named_where_they_differ(recogniser: Recogniser) -> None:
    hits = recogniser.composer_hits(pieces(10, 50))
    assert len(hits) == 20  # neither the anonymous nor a form with one composer
    assert np.mean([hit for _, hit in hits]) > 0.9
    assert all(hit for form, hit in recogniser.form_hits(pieces(10, 50)) if form == "minuet")


def test_rates_stand_beside_those_of_real_pieces(recogniser: Recogniser) -> None:
    blank = [replace_words(one) for one in pieces(10, 60)]
    real = pieces(10, 50)
    found = recognition(recogniser, real, {"drawn": (blank, real), "again": (real, real)})
    assert found["form"]["of_real"]["again"]["value"] == 1.0
    assert found["composer"]["chance"] == 0.5
    assert found["composer"]["sets"]["real"]["n"] == 20
    assert found["composer"]["of_real"]["drawn"]["value"] < 0.8
    assert set(found["form"]["by_form"]) == {"chorale", "minuet"}


def replace_words(one: Labelled) -> Labelled:
    return one._replace(words=["a", "b", "c", "x", "y", "z"])


def test_meter_and_number_of_parts_are_not_what_is_learned(chorale: Piece) -> None:
    twice = replace(chorale, parts=chorale.parts, composer="Mozart", ensemble="ensemble")
    assert Labelled.of(twice, "", "").words == Labelled.of(chorale, "", "").words
