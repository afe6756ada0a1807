"""The xLSTM: three forms of one function, a memory that does not grow, and checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from composer.errors import CheckpointError, OptionError
from composer.models import PRESETS, ModelConfig, XlstmConfig, load_checkpoint
from composer.models.config import XLSTM_PRESETS, read_config, write_config
from composer.models.mlstm import chunkwise, decays, parallel, recurrent
from composer.models.saving import save_checkpoint
from composer.models.transformer import EventTransformer
from composer.models.weights import shapes
from composer.models.xlstm import EventXlstm
from composer.tokenizer import vocab

SIZES = (9, 8, 7, 6), (8, 7, 6, 5)
ALL_CELLS = XlstmConfig(
    width=32, cells=("mlstm", "slstm", "attention"), heads=2, hidden=32, field_hidden=16, window=24
)


def random_xlstm(config: XlstmConfig = ALL_CELLS, *, opens: bool = True) -> EventXlstm:
    """Return a model whose gates, unlike those of a new one, are open and see the rows."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = EventXlstm(config, *SIZES).eval()
        for name, weight in model.named_parameters():
            if opens and ".gates." in name:
                torch.nn.init.normal_(weight, std=2.0 if name.endswith("bias") else 0.5)
    return model


def random_rows(batch: int, rows: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    fields = [torch.randint(0, size, (batch, rows), generator=generator) for size in SIZES[1]]
    return torch.stack(fields, -1)


def random_cell(rows: int, gates: float, seed: int = 0) -> tuple[Tensor, ...]:
    """Return q, k, v and gates, whose inputs are as large as is said."""
    generator = torch.Generator().manual_seed(seed)
    q, k, v = (torch.randn(1, 1, rows, width, generator=generator) for width in (3, 3, 6))
    inputs = gates * torch.randn(2, 1, 1, rows, generator=generator)
    return q, k, v, *torch.nn.functional.logsigmoid(inputs)


def step_by_step(cell: tuple[Tensor, ...], memory: Tensor) -> tuple[Tensor, Tensor]:
    found = []
    for t in range(cell[0].shape[2]):
        read, memory = recurrent(*(part[:, :, t : t + 1] for part in cell), memory)
        found.append(read)
    return torch.cat(found, 2), memory


def test_decays_are_products_of_the_forget_gates_between_two_rows() -> None:
    found = decays(torch.tensor([1 / 2, 1 / 4, 1 / 8]).log()).exp()
    torch.testing.assert_close(found, torch.tensor([[1, 0, 0], [1 / 4, 1, 0], [1 / 32, 1 / 8, 1]]))


@pytest.mark.parametrize("gates", [0.5, 15.0])
@pytest.mark.parametrize("chunk", [1, 37, 64, 2_048])
def test_all_forms_say_the_same_over_2048_rows(chunk: int, gates: float) -> None:
    cell, memory = random_cell(2_048, gates), torch.zeros(1, 1, 3, 6)
    read, kept = step_by_step(cell, memory)
    for found in (parallel(*cell), chunkwise(*cell, memory, chunk=chunk)):
        torch.testing.assert_close(found[0], read, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(found[1], kept, atol=1e-4, rtol=1e-4)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 45), st.integers(0, 99))
def test_what_was_remembered_is_gone_on_with_in_any_chunks(
    first: int, then: int, chunk: int, seed: int
) -> None:
    cell = random_cell(first + then, 2.0, seed)
    wanted, kept = parallel(*cell)
    before = [part[:, :, :first] for part in cell]
    after = [part[:, :, first:] for part in cell]
    read, memory = chunkwise(*before, torch.zeros(1, 1, 3, 6), chunk=chunk)
    more, memory = chunkwise(*after, memory, chunk=chunk)
    torch.testing.assert_close(torch.cat([read, more], 2), wanted, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(memory, kept, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("n_begun", [1, 20, 63])
def test_steps_say_what_whole_sequences_say(n_begun: int) -> None:
    """Of all kinds of cells, with a ring that is written over."""
    model, rows = random_xlstm(), random_rows(2, 90)
    with torch.inference_mode():
        wanted = model(rows)
        state, memories = model.read(rows[:, :n_begun], model.empty(2))
        torch.testing.assert_close(state, wanted[:, n_begun - 1], atol=1e-4, rtol=1e-4)
        for t in range(n_begun, 90):
            state, memories = model.read(rows[:, t : t + 1], memories)
            torch.testing.assert_close(state, wanted[:, t], atol=1e-4, rtol=1e-4)


def test_a_state_does_not_depend_on_later_rows_at_all() -> None:
    model, rows = random_xlstm(), random_rows(1, 50)
    other = torch.cat([rows[:, :30], random_rows(1, 20, seed=2)], 1)
    with torch.inference_mode():
        assert torch.equal(model(rows)[:, :30], model(other)[:, :30])


def test_attention_sees_as_many_rows_as_its_window_has() -> None:
    config = XlstmConfig(
        width=32, cells=("attention",), heads=2, hidden=32, field_hidden=16, window=8
    )
    model, rows = random_xlstm(config), random_rows(1, 20)
    other = rows.clone()
    other[:, 11] = (other[:, 11] + 1) % 5
    with torch.inference_mode():
        differs = (model(rows) != model(other)).any(-1)[0]
    assert differs.nonzero().flatten().tolist() == list(range(11, 19))


def test_recomputing_activations_changes_no_gradient() -> None:
    found = []
    for recomputes in (False, True):
        model = random_xlstm().train()
        model.recomputes = recomputes
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        model(random_rows(2, 30)).square().sum().backward()
        found.append([weight.grad for weight in model.blocks.parameters()])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_a_new_model_finds_everything_about_equally_likely_and_remembers_little() -> None:
    model, rows = random_xlstm(opens=False), random_rows(2, 40)
    with torch.inference_mode():
        logits = model.field_logits(0, model(rows), rows[..., :0])
        _, memories = model.read(rows, model.empty(2))
    assert logits.log_softmax(-1).std() < 0.5
    assert memories[0][0].abs().max() < 0.01


@pytest.mark.parametrize("preset", XLSTM_PRESETS)
def test_a_preset_is_as_large_as_the_transformer_of_its_name(preset: str) -> None:
    sizes = vocab.TABLE_SIZES, vocab.WRITTEN_SIZES
    with torch.device("meta"):
        ours = EventXlstm(XLSTM_PRESETS[preset], *sizes).n_parameters
        theirs = EventTransformer(PRESETS[preset], *sizes).n_parameters
    assert ours == pytest.approx(theirs, rel=0.02)


def test_the_table_of_shapes_is_that_of_the_model() -> None:
    model = random_xlstm()
    wanted = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    assert dict(shapes(ALL_CELLS, *SIZES)) == wanted


def test_a_checkpoint_says_its_kind_and_comes_back_bit_for_bit(tmp_path: Path) -> None:
    model = random_xlstm()
    save_checkpoint(tmp_path, model, {}, {}, dtype=torch.float32)
    assert json.loads((tmp_path / "config.json").read_text())["model"]["kind"] == "xlstm"
    found = load_checkpoint(tmp_path)
    assert isinstance(found.model, EventXlstm)
    assert found.weights.config == ALL_CELLS
    rows = random_rows(1, 20)
    with torch.inference_mode():
        assert torch.equal(found.model(rows), model(rows))
    fingerprint = found.fingerprint
    with torch.no_grad():
        model.norm.weight[0] += 1
    save_checkpoint(tmp_path, model, {}, {}, dtype=torch.float32)
    assert load_checkpoint(tmp_path).fingerprint != fingerprint


def test_a_config_without_a_kind_is_a_transformers_and_an_unknown_kind_is_named() -> None:
    for config in (ALL_CELLS, XLSTM_PRESETS["small"]):
        assert read_config(json.loads(json.dumps(write_config(config)))) == config
    values = write_config(
        ModelConfig(width=8, layers=1, heads=1, kv_heads=1, hidden=8, field_hidden=8)
    )
    assert values.pop("kind") == "transformer"
    assert isinstance(read_config(values), ModelConfig)
    with pytest.raises(CheckpointError, match="must be one of transformer, xlstm, got 'abacus'"):
        read_config(values | {"kind": "abacus"})


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"cells": ()}, "cells"),
        ({"cells": ("gru",)}, "cells"),
        ({"heads": 3}, "width"),
        ({"window": 257}, "window"),
        ({"chunk": 0}, "chunk"),
        ({"gate_cap": 0.0}, "gate_cap"),
    ],
)
def test_a_shape_that_cannot_be_is_refused_by_name(changes: dict[str, object], name: str) -> None:
    with pytest.raises(OptionError, match=f"`{name}`"):
        XlstmConfig(**ALL_CELLS.to_dict() | changes)
