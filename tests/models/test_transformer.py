"""The model looks back and never forward, and its fields follow one another."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from composer.models import PRESETS, ModelConfig
from composer.models.transformer import EventTransformer, causal_attention, rotate
from composer.models.weights import rotary_table
from composer.tokenizer import vocab


def random_rows(batch: int, n_rows: int, seed: int = 0) -> torch.Tensor:
    """Draw ids that may be written, [B, T, 4]."""
    generator = torch.Generator().manual_seed(seed)
    fields = [torch.randint(n, (batch, n_rows), generator=generator) for n in vocab.WRITTEN_SIZES]
    return torch.stack(fields, dim=-1)


def test_a_state_does_not_depend_on_later_rows_at_all(tiny_model: EventTransformer) -> None:
    embedded = tiny_model.embed(random_rows(1, 9)).detach().requires_grad_()
    x, rotary = embedded, tiny_model.rotary[:9]
    for block in tiny_model.blocks:
        x = block(x, rotary)
    (gradient,) = torch.autograd.grad(x[0, 4].sum(), embedded)
    assert (gradient[0, 5:] == 0).all()
    assert (gradient[0, :5] != 0).any(1).all()


def test_changing_later_rows_changes_no_earlier_state(tiny_model: EventTransformer) -> None:
    rows = random_rows(2, 12)
    changed = torch.cat([rows[:, :7], random_rows(2, 5, seed=1)], dim=1)
    with torch.inference_mode():
        before, after = tiny_model(rows), tiny_model(changed)
    torch.testing.assert_close(before[:, :7], after[:, :7], rtol=0, atol=0)
    assert not torch.equal(before[:, 7:], after[:, 7:])


@pytest.mark.parametrize("field", range(4))
def test_a_field_depends_on_the_fields_before_it_only(
    tiny_model: EventTransformer, field: int
) -> None:
    states, row = torch.randn(1, 64), random_rows(1, 1)[:, 0]
    with torch.inference_mode():
        logits = tiny_model.field_logits(field, states, row)
        assert torch.equal(logits, tiny_model.field_logits(field, states, row[:, :field]))
        if field:
            changed = row.clone()
            changed[:, field - 1] = (row[:, field - 1] + 1) % vocab.WRITTEN_SIZES[field - 1]
            assert not torch.equal(logits, tiny_model.field_logits(field, states, changed))
    assert logits.shape == (1, vocab.WRITTEN_SIZES[field])


def test_losses_are_the_negative_log_probabilities_of_what_counts(
    tiny_model: EventTransformer,
) -> None:
    rows, counts = random_rows(2, 6), torch.zeros(2, 6, 4, dtype=torch.bool)
    counts[0, 2, 1] = counts[1, 3, 3] = True
    states = tiny_model(rows)
    losses = tiny_model.field_losses(states, rows, counts)
    assert [len(found) for found in losses] == [0, 1, 0, 1]
    logits = tiny_model.field_logits(3, states[1, 3], rows[1, 3, :3])
    torch.testing.assert_close(losses[3][0], -logits.log_softmax(-1)[rows[1, 3, 3]])


def test_short_attention_is_that_of_torch() -> None:
    q, k, v = torch.randn(3, 2, 4, 50, 16).unbind(0)
    found = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(causal_attention(q, k, v), found)


def test_rotary_products_know_distances_only() -> None:
    config = PRESETS["tiny"]
    rotary = torch.from_numpy(rotary_table(config))
    q, k = torch.randn(2, 1, 1, 1, config.head_width).unbind(0)

    def product(a: int, b: int) -> torch.Tensor:
        return (rotate(q, rotary[a : a + 1]) * rotate(k, rotary[b : b + 1])).sum()

    torch.testing.assert_close(product(3, 1), product(103, 101), rtol=1e-4, atol=1e-4)


def test_without_rotations_only_the_rows_before_count_and_not_their_order() -> None:
    torch.manual_seed(0)
    config = replace(PRESETS["tiny"], rope_base=0.0, layers=1)
    model = EventTransformer(config, vocab.TABLE_SIZES, vocab.WRITTEN_SIZES).eval()
    rows = random_rows(1, 6)
    swapped = rows[:, [3, 0, 4, 2, 1, 5]]
    torch.testing.assert_close(model(rows)[:, -1], model(swapped)[:, -1])
    with torch.no_grad():
        assert not torch.allclose(model(rows)[:, 2], model(swapped)[:, 2])


@pytest.mark.parametrize("seed", [0, 1])
def test_recomputing_activations_changes_no_gradient(seed: int) -> None:
    """The option that saves memory once did nothing at all."""
    config = ModelConfig(**PRESETS["tiny"].to_dict())
    gradients = []
    for recomputes in (False, True):
        torch.manual_seed(seed)
        model = EventTransformer(config, vocab.TABLE_SIZES, vocab.WRITTEN_SIZES).train()
        model.recomputes = recomputes
        model(random_rows(2, 8)).square().sum().backward()
        gradients.append([p.grad for p in model.blocks.parameters()])
    for plain, recomputed in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, recomputed)


def test_a_fresh_model_finds_everything_about_equally_likely(tiny_model: EventTransformer) -> None:
    with torch.inference_mode():
        logits = tiny_model.field_logits(0, tiny_model(random_rows(1, 4)), random_rows(1, 4))
    assert logits.softmax(-1).max() < 3 / vocab.N_TIME_WRITTEN
