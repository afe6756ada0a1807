"""The cache of the torch runtime says what the whole model says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from composer.decoding import TorchRuntime
from composer.decoding.runtimes.torch_runtime import TorchSession
from composer.models import EventTransformer
from composer.tokenizer import Events, vocab

NO_FILLING = np.zeros(3, np.int64)
Logits = npt.NDArray[np.float32]


@pytest.fixture
def rows(rng: np.random.Generator) -> Events:
    """Return rows of three candidates, [3, 20, 4]."""
    return rng.integers(0, vocab.WRITTEN_SIZES, (3, 20, 4), np.int16)


def whole_logits(model: EventTransformer, rows: Events, chosen: Events) -> list[Logits]:
    """Return the logits of every field after all rows, without a cache."""
    with torch.inference_mode():
        states = model(torch.from_numpy(rows.astype(np.int64)))[:, -1]
        fields = torch.from_numpy(chosen.astype(np.int64))
        return [model.field_logits(i, states, fields[:, :i]).numpy() for i in range(4)]


def cached_logits(session: TorchSession, chosen: Events) -> list[Logits]:
    return [session.field_logits(i, chosen[:, :i]) for i in range(4)]


def assert_same(found: list[Logits], wanted: list[Logits]) -> None:
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def begin(model: EventTransformer, rows: Events, n: int) -> TorchSession:
    return TorchRuntime(model).begin(rows[:, :n], np.zeros(len(rows), np.int64), 32)


@pytest.mark.parametrize("n_begun", [1, 8, 20])
def test_cached_logits_are_those_of_the_whole_sequence(
    tiny_model: EventTransformer, rows: Events, n_begun: int
) -> None:
    session = begin(tiny_model, rows, n_begun)
    for index in range(n_begun, 20):
        session.append(rows[:, index])
    assert_same(cached_logits(session, rows[:, 0]), whole_logits(tiny_model, rows, rows[:, 0]))


def test_filling_on_the_left_changes_nothing(tiny_model: EventTransformer, rows: Events) -> None:
    n_padding = np.array([0, 5, 9])
    filled = rows.copy()
    for who, n in enumerate(n_padding):
        filled[who, :n] = vocab.NONE
    session = TorchRuntime(tiny_model).begin(filled[:, :16], n_padding, 32)
    for index in range(16, 20):
        session.append(filled[:, index])
    found = cached_logits(session, rows[:, 0])
    for who, n in enumerate(n_padding):
        alone = whole_logits(tiny_model, rows[who : who + 1, n:], rows[who : who + 1, 0])
        assert_same([logits[who : who + 1] for logits in found], alone)


def test_keeping_some_candidates_keeps_those(tiny_model: EventTransformer, rows: Events) -> None:
    session = TorchRuntime(tiny_model).begin(rows[:, :12], np.array([0, 3, 0]), 32)
    before = cached_logits(session, rows[:, 0])
    session.keep(np.array([0, 2]))
    assert_same(cached_logits(session, rows[[0, 2], 0]), [logits[[0, 2]] for logits in before])
    session.append(rows[[0, 2], 12])
    found = cached_logits(session, rows[[0, 2], 0])
    assert_same(found, whole_logits(tiny_model, rows[[0, 2], :13], rows[[0, 2], 0]))


def test_a_candidate_that_is_kept_keeps_its_filling(
    tiny_model: EventTransformer, rows: Events
) -> None:
    filled = rows.copy()
    filled[1, :4] = vocab.NONE
    session = TorchRuntime(tiny_model).begin(filled[:, :10], np.array([0, 4, 0]), 32)
    session.keep(np.array([1]))
    session.append(rows[[1], 10])
    alone = whole_logits(tiny_model, rows[[1], 4:11], rows[[1], 0])
    assert_same(cached_logits(session, rows[[1], 0]), alone)


def test_a_session_leaves_the_model_as_it_was(tiny_model: EventTransformer, rows: Events) -> None:
    before = {name: weight.clone() for name, weight in tiny_model.state_dict().items()}
    begin(tiny_model, rows, 5).append(rows[:, 5])
    assert all(torch.equal(before[name], w) for name, w in tiny_model.state_dict().items())
