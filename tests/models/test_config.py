"""Sizes of models."""

from __future__ import annotations

import pytest
import torch

from composer.errors import CheckpointError, OptionError
from composer.models import PRESETS, ModelConfig
from composer.models.transformer import EventTransformer
from composer.tokenizer import vocab

# Millions of trained numbers, from and to.
SIZES_MILLIONS = {"tiny": (0.1, 0.6), "small": (5, 8), "base": (20, 25)}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_the_size_that_it_is_made_for(name: str) -> None:
    with torch.device("meta"):
        model = EventTransformer(PRESETS[name], vocab.TABLE_SIZES, vocab.WRITTEN_SIZES)
    low, high = SIZES_MILLIONS[name]
    assert low < model.n_parameters / 1e6 < high


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_comes_back_from_its_json(name: str) -> None:
    assert ModelConfig.from_dict(PRESETS[name].to_dict()) == PRESETS[name]


@pytest.mark.parametrize("change", [{"kv_heads": 3}, {"head_width": 33}, {"kv_heads": 0}])
def test_a_shape_that_does_not_divide_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(OptionError, match="multiple of `kv_heads`"):
        ModelConfig(**PRESETS["tiny"].to_dict() | change)


@pytest.mark.parametrize("base", [-1.0, 1.0, float("inf"), float("nan")])
def test_wavelengths_that_do_not_grow_are_refused(base: float) -> None:
    with pytest.raises(OptionError, match="`rope_base` must be 0 or above 1"):
        ModelConfig(**PRESETS["tiny"].to_dict() | {"rope_base": base})


def test_a_config_with_unknown_or_missing_entries_is_refused_by_name() -> None:
    values = PRESETS["tiny"].to_dict() | {"depth": 3}
    del values["width"]
    with pytest.raises(CheckpointError, match="depth, width"):
        ModelConfig.from_dict(values)
