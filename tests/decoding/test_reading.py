"""Reading says of given rows what a draw of the same rows says of them."""

from __future__ import annotations

import numpy as np

from composer.decoding import Draw, Passage, read
from composer.decoding.runtimes.torch_runtime import TorchRuntime
from composer.engines.events.surprise import NEAR_PITCHES
from composer.models.transformer import EventTransformer
from composer.theory import Meter
from composer.tokenizer.conditions import meter_id
from composer.tokenizer.masks import Frame
from tests.fakes import draws_of, group_of

FRAME = Frame(bars=3, ranges=[(50, 80), (40, 60)], meter=meter_id(Meter(4, 4)))


def test_what_was_drawn_is_read_alike_in_any_company(tiny_model: EventTransformer) -> None:
    runtime = TorchRuntime(tiny_model)
    group = group_of(FRAME, 3, seed=4)
    drawn: list[Draw] = list(draws_of(runtime, group).values())
    passages = [
        Passage(np.concatenate([group.prefix, one.events[:k]]), one.events[k:])
        for one, k in zip(drawn, (0, 5, 1), strict=True)
    ]
    for one, k, found in zip(drawn, (0, 5, 1), read(runtime, passages, NEAR_PITCHES), strict=True):
        np.testing.assert_allclose(found.log_probs, one.log_probs[k:], atol=1e-4)
        np.testing.assert_allclose(found.doubts[:, 0], one.doubts[k:, 0], atol=1e-3)


def test_nothing_to_read_is_read_at_once(tiny_model: EventTransformer) -> None:
    assert read(TorchRuntime(tiny_model), []) == []
