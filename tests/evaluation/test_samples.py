"""What a report looks at: real pieces outside training, and requests that are theirs."""

from __future__ import annotations

import pytest

from composer.corpus import Corpus, load_corpus
from composer.engines import Engine
from composer.evaluation.samples import (
    GRID_BARS,
    draw_all,
    grid_requests,
    held_out,
    request_like,
    training_partners,
    training_sample,
)
from composer.theory import KEYS
from tests.evaluation.corpora import write_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return load_corpus(write_corpus(tmp_path_factory.mktemp("scores"), held_out=3, training=4))


def test_no_training_piece_is_held_out(corpus: Corpus, tiny_engine: Engine) -> None:
    real = held_out(corpus, tiny_engine.menu, 100, seed=0)
    learned = training_sample(corpus, tiny_engine.menu, 100, seed=0)
    assert {one.entry.split for one in real} == {"valid"}
    assert {one.entry.split for one in learned} == {"train"}
    assert len(real) == 6


def test_partners_are_of_the_same_composer_and_form_and_none_comes_twice(
    corpus: Corpus, tiny_engine: Engine
) -> None:
    real = held_out(corpus, tiny_engine.menu, 100, seed=0)
    partners = training_partners(corpus, tiny_engine.menu, real, seed=0)
    pairs = [[(o.entry.composer, o.entry.form) for o in found] for found in (real, partners)]
    assert pairs[0] == pairs[1]
    assert len({one.entry.path for one in partners}) == len(partners)


def test_a_composed_piece_has_the_settings_of_its_real_one(
    corpus: Corpus, tiny_engine: Engine
) -> None:
    real = held_out(corpus, tiny_engine.menu, 2, seed=0)
    requests = [request_like(one, candidates=2, seed=5) for one in real]
    for one, found in zip(real, draw_all(requests, tiny_engine, real), strict=True):
        assert found.raw is not None
        piece, like = found.raw, one.piece
        assert (piece.key, piece.meter, piece.n_bars) == (like.key, like.meter, like.n_bars)
        assert len(piece.parts) == len(like.parts)
        assert len(found.ranked) + found.n_rejected == 2


def test_the_grid_asks_for_every_row_and_goes_round_the_other_settings(
    tiny_engine: Engine,
) -> None:
    menu = tiny_engine.menu * 8
    grid = grid_requests(menu, candidates=1, seed=3)
    assert [(one.composer, one.form) for one in grid] == [(r.composer, r.form) for r in menu]
    assert {one.key for one in grid} == set(KEYS)
    assert {one.bars for one in grid} == set(GRID_BARS)
    assert grid == grid_requests(menu, candidates=1, seed=3)
