"""A model that grows says what it said; what is new in it learns; cells replace attention."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from composer.errors import OptionError
from composer.models import ModelConfig, XlstmConfig, load_checkpoint
from composer.models.saving import save_checkpoint
from composer.models.transformer import EventTransformer
from composer.models.xlstm import EventXlstm
from composer.tokenizer import vocab
from composer.training import SamplingOptions, TrainOptions, train
from composer.training.growth import grow, replace_attention
from tests.strategies import VOCABULARY

SMALL = ModelConfig(width=32, layers=2, heads=4, kv_heads=2, head_width=8, hidden=48,
                    field_hidden=24, dropout=0.0)  # fmt: skip
CELLS = XlstmConfig(width=32, cells=("mlstm",) * 2, heads=4, hidden=48, field_hidden=24,
                    input_bias=-60.0, gate_cap=100.0)  # fmt: skip
SIZES = (vocab.TABLE_SIZES, vocab.WRITTEN_SIZES)
GROWTHS = {
    "layers": {"layers": 5},
    "gated layers": {"hidden": 80, "field_hidden": 40},
    "heads": {"heads": 8},
    "keys and values": {"heads": 9, "kv_heads": 3},
    "width": {"width": 50},
    "all": {"layers": 3, "hidden": 64, "field_hidden": 30, "heads": 12, "kv_heads": 4, "width": 72},
}


def model_of(config: ModelConfig, seed: int) -> EventTransformer:
    """Return a model as after some training: norms are no ones, and embeddings have grown."""
    torch.manual_seed(seed)
    model = EventTransformer(config, *SIZES).eval()
    for weight in model.parameters():
        if weight.ndim == 1:
            weight.data.uniform_(0.5, 1.5)
    for table in model.tables:
        table.weight.data *= 10
    return model


def grown(changes: dict[str, int]) -> tuple[EventTransformer, EventTransformer]:
    small, large = model_of(SMALL, 0), model_of(replace(SMALL, **changes), 1)
    large.load_state_dict(grow(small.state_dict(), SMALL, large))
    return small, large


def rows_of(seed: int) -> Tensor:
    """Return rows of any ids, [2, 12, 4]."""
    generator = torch.Generator().manual_seed(seed)
    fields = [torch.randint(n, (2, 12), generator=generator) for n in vocab.WRITTEN_SIZES]
    return torch.stack(fields, -1)


@torch.inference_mode()
def logits_of(model: EventTransformer | EventXlstm, rows: Tensor) -> list[Tensor]:
    states = model(rows)
    return [model.field_logits(field, states, rows[..., :field]) for field in range(4)]


@pytest.mark.parametrize("changes", GROWTHS.values(), ids=GROWTHS)
def test_logits_are_the_same_before_and_after(changes: dict[str, int]) -> None:
    small, large = grown(changes)
    rows = rows_of(2)
    for before, after in zip(logits_of(small, rows), logits_of(large, rows), strict=True):
        torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-5)


def test_what_is_new_learns_within_two_steps() -> None:
    _, large = grown(GROWTHS["all"])
    before = {name: weight.clone() for name, weight in large.state_dict().items()}
    optimiser = torch.optim.SGD(large.parameters(), lr=0.1)
    rows = rows_of(3)
    for _ in range(2):
        losses = large.field_losses(large(rows), rows, torch.ones_like(rows, dtype=torch.bool))
        torch.cat(losses).mean().backward()
        optimiser.step()
        optimiser.zero_grad()
    changed = {n: (w != before[n]) for n, w in large.state_dict().items()}
    # New rows of what writes into the stream, and a layer that was not there.
    assert changed["blocks.0.attention.out.weight"][SMALL.width :].any()
    assert changed["blocks.0.gated.down.weight"][:, SMALL.hidden :].any()
    assert changed["blocks.2.attention.qkv.weight"].any()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"width": 16}, "`width` is smaller"),
        ({"layers": 1}, "`layers` is smaller"),
        ({"heads": 4, "kv_heads": 4}, "`heads / kv_heads` is smaller"),
        ({"head_width": 16}, "`head_width` differs"),
    ],
)
def test_a_shape_that_does_not_hold_the_other_is_refused(
    changes: dict[str, int], reason: str
) -> None:
    large = model_of(replace(SMALL, **changes), 1)
    with pytest.raises(OptionError, match=reason):
        grow(model_of(SMALL, 0).state_dict(), SMALL, large)


def test_closed_cells_say_what_a_transformer_without_attention_says() -> None:
    transformer = model_of(SMALL, 0)
    cells = EventXlstm(CELLS, *SIZES).eval()
    cells.load_state_dict(replace_attention(transformer.state_dict(), SMALL, cells))
    for name, weight in transformer.named_parameters():
        if name.endswith("attention.out.weight"):
            weight.data.zero_()
    rows = rows_of(5)
    for one, other in zip(logits_of(transformer, rows), logits_of(cells, rows), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_cells_of_attention_say_what_the_transformer_says() -> None:
    transformer = model_of(SMALL, 0)
    cells = EventXlstm(replace(CELLS, cells=("attention",) * 2, window=9), *SIZES).eval()
    cells.load_state_dict(replace_attention(transformer.state_dict(), SMALL, cells))
    rows = rows_of(5)[:, :9]
    for one, other in zip(logits_of(transformer, rows), logits_of(cells, rows), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_cells_take_the_features_that_turn_most_slowly() -> None:
    transformer, cells = model_of(SMALL, 0), EventXlstm(CELLS, *SIZES)
    found = replace_attention(transformer.state_dict(), SMALL, cells)
    attention = transformer.state_dict()["blocks.1.attention.qkv.weight"]
    queries, keys, values = attention.split([32, 16, 16])
    projected = found["blocks.1.cell.project.weight"]
    # Heads of 8 features: 2, 3, 6 and 7 of each; heads 2 and 3 read the second keys and values.
    torch.testing.assert_close(projected[4:8], queries[[10, 11, 14, 15]])
    torch.testing.assert_close(projected[16 + 12 : 32], keys[[10, 11, 14, 15]])
    torch.testing.assert_close(projected[32 + 16 : 32 + 24], values[8:])
    out = transformer.state_dict()["blocks.1.attention.out.weight"]
    torch.testing.assert_close(found["blocks.1.cell.out.weight"], out)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hidden": 40}, "`hidden` differs"),
        ({"cells": ("mlstm", "slstm")}, "sLSTM cells"),
        ({"cells": ("mlstm", "attention"), "rope_base": 5.0}, "`rope_base` differs"),
        ({"cells": ("mlstm",)}, "`layers` differs"),
    ],
)
def test_cells_of_another_shape_are_refused(changes: dict[str, int], reason: str) -> None:
    cells = EventXlstm(replace(CELLS, **changes), *SIZES)
    with pytest.raises(OptionError, match=reason):
        replace_attention(model_of(SMALL, 0).state_dict(), SMALL, cells)


@pytest.mark.slow
def test_a_run_may_begin_with_a_smaller_model(packed_path: Path, tmp_path: Path) -> None:
    tiny = ModelConfig(width=48, layers=1, heads=2, kv_heads=1, head_width=32, hidden=96,
                       field_hidden=32, rope_base=50_000.0)  # fmt: skip
    small = model_of(tiny, 0)
    save_checkpoint(tmp_path / "small", small, VOCABULARY.to_dict(), {})
    options = TrainOptions(
        preset="tiny", steps=1, minutes=0, rate=1e-12, matrix_rate=1e-12, precision="32-true",
        threads=1, sampling=SamplingOptions(max_rows=48, batch_rows=192, pool=6),
    )  # fmt: skip
    train(packed_path, tmp_path, options, init=[tmp_path / "small"], show_progress=False)
    before = load_checkpoint(tmp_path / "small").model
    after = load_checkpoint(tmp_path / "checkpoint").model
    rows = rows_of(4)
    for one, other in zip(logits_of(before, rows), logits_of(after, rows), strict=True):
        torch.testing.assert_close(one, other, atol=0.05, rtol=0.05)  # weights in bfloat16
    options = replace(options, steps=2)
    train(packed_path, tmp_path, options, resume=True, show_progress=False)
    config = load_checkpoint(tmp_path / "checkpoint").weights.config
    assert isinstance(config, ModelConfig) and config.rope_base == 50_000.0  # no weight tells it
