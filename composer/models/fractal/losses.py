"""What training asks of a fractal model: nats of all that is unknown in some rolls, by level.

Only what sounds is looked into: patches of 16 that hold something unknown that sounds, and within
them patches of 4 likewise. Masked levels are asked about a random part of their places, the rest
being made already; those that go on place by place are asked about all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from composer.models.fractal.config import (
    CHILDREN,
    FINE,
    N_VELOCITIES,
    ONSET,
    PATCH,
    SILENCE,
    UNKNOWN,
)
from composer.models.fractal.model import FractalModel, children, degree, fine_patches, read_cells

MOST_WEIGHT = 4.0  # of a place, where few of its patch are asked about


@dataclass(frozen=True)
class RollBatch:
    """Rolls to be learned from.

    Args:
        states: What every cell is, [B, H, W].
        velocities: Classes of onsets, -1 where there are none, [B, H, W].
        unknown: Cells that are to be predicted, booleans [B, H, W].
        columns: As in `FractalModel.stem`.
        conditions: Name -> ids [B].
        low: Pitch of the lowest row.
    """

    states: Tensor
    velocities: Tensor
    unknown: Tensor
    columns: Tensor
    conditions: Mapping[str, Tensor]
    low: int

    @property
    def tonic(self) -> Tensor:
        """0..11, or 12 where it is unknown, [B]."""
        return (self.conditions["tonic"] - 1) % 13


@dataclass(frozen=True)
class LevelNats:
    """Nats of one level.

    Args:
        total: Their sum, of a part of the places scaled up to all.
        count: Predictions, scaled likewise.
    """

    total: Tensor
    count: float


@dataclass(frozen=True)
class _Opened:
    """Patches of 16 that are looked into, and all that their levels read."""

    patches: Tensor  # [N, 2]: roll, patch
    above: Tensor  # [N, E]
    stem: Tensor  # [N, 16, E]
    states: Tensor  # [N, 16, 16]: patch of 4, cell
    unknown: Tensor  # likewise


def structure_nats(model: FractalModel, batch: RollBatch, most: int = 4096) -> list[LevelNats]:
    """Return nats of levels 0 to 2; velocities are not known, and nothing is said of them.

    Args:
        model: In training or evaluation mode.
        batch: At least one unknown cell must sound.
        most: Patches of 16 that are looked into; a random part where there are more.
    """
    hidden = torch.where(batch.unknown, UNKNOWN, batch.states)
    silent_loudness = torch.full_like(batch.velocities, -1)
    asked = model.embed_conditions(batch.conditions)
    seen = read_cells(hidden, silent_loudness)
    stem = model.stem(seen, batch.columns, batch.tonic, asked, batch.low)
    content = read_cells(batch.states, silent_loudness) if model.is_ar(0) else None
    coarse = model.coarse(stem, content, asked, batch.low)
    unknown = cell_grid(batch.unknown)  # [B, P, 16, 16]
    sounds = unknown & (cell_grid(batch.states) != SILENCE)
    to_say = unknown.flatten(2).any(2)
    wanted = sounds.flatten(2).any(2)
    nats = bit_nats(model.bits(0, coarse)[to_say], wanted[to_say])
    found = [LevelNats(nats.sum(), float(nats.numel()))]
    patches = wanted.nonzero()
    share = 1.0
    if len(patches) > most:
        share = len(patches) / most
        patches = patches[torch.randperm(len(patches))[:most]]
    b, p = patches.unbind(1)
    opened = _Opened(
        patches, coarse[b, p], children(stem)[b, p], cell_grid(batch.states)[b, p], unknown[b, p]
    )
    return found + _within(model, batch, opened, share)


def _within(
    model: FractalModel, batch: RollBatch, opened: _Opened, share: float
) -> list[LevelNats]:
    """Return nats of levels 1 and 2."""
    n = len(opened.patches)
    has_unknown = opened.unknown.any(2)  # [N, 16]
    if model.is_ar(1):
        made = torch.ones_like(has_unknown)
        to_say = has_unknown
    else:
        made = ~has_unknown | _random_part(n)
        to_say = ~made
    wanted = (opened.unknown & (opened.states != SILENCE)).any(2)
    inputs = read_cells(opened.states, torch.full_like(opened.states, -1)).flatten(2)
    fine = model.fine(opened.above, opened.stem, inputs, made)
    # Of every patch as many nats as all its places would have, were they made in some order.
    weights = has_unknown.sum(1, keepdim=True) / to_say.sum(1, keepdim=True).clamp(min=1)
    nats = bit_nats(model.bits(1, fine), wanted) * weights.clamp(max=MOST_WEIGHT) * to_say
    n_places = share * float(has_unknown.sum())
    n_asked = float((weights.clamp(max=MOST_WEIGHT) * to_say).sum())
    found = [LevelNats(nats.sum() * (n_places / max(1.0, n_asked)), n_places)]
    looked = to_say & wanted
    scale = share * float(wanted.sum()) / max(1.0, float(looked.sum()))
    n_index, child = looked.nonzero().unbind(1)
    places = cell_places(model, batch, opened, made)[n_index, child]
    states, unknown = opened.states[n_index, child], opened.unknown[n_index, child]
    if model.is_ar(2):
        own = torch.where(unknown, UNKNOWN, states)
        content, asked_of = states, unknown
    else:
        revealed = ~unknown | _random_part(len(states))
        own = content = torch.where(revealed, states, UNKNOWN)
        asked_of = ~revealed
    logits = model.cells(fine[n_index, child], opened.stem[n_index, child], places, own, content)
    cell_nats = functional.cross_entropy(
        logits[asked_of].float(), states[asked_of], reduction="none"
    )
    scale *= float(unknown.sum()) / max(1.0, float(asked_of.sum()))
    return [*found, LevelNats(scale * cell_nats.sum(), scale * float(asked_of.sum()))]


def cell_places(model: FractalModel, batch: RollBatch, opened: _Opened, made: Tensor) -> Tensor:
    """Return degree, place in the bar and state to the left of every cell, [N, 16, 16, 3]."""
    b, p = opened.patches.unbind(1)
    left = _left_states(model, batch, opened, made)
    columns = batch.states.shape[2] // PATCH
    rows = torch.arange(PATCH) + batch.low + PATCH * (p // columns)[:, None]  # [N, 16]
    degrees = degree(rows, batch.tonic[b][:, None])
    bar = batch.columns[b, :, 0].reshape(len(b), -1, PATCH)[torch.arange(len(b)), p % columns]
    grid = torch.stack(
        [degrees[:, :, None].expand_as(left), bar[:, None].expand_as(left), left], -1
    )
    return cells_of_patches(grid)


def _left_states(model: FractalModel, batch: RollBatch, opened: _Opened, made: Tensor) -> Tensor:
    """Return, for every cell, the state before the first of its row in its patch of 4, [N, 16, 16].

    It is what stands in the roll when the cell is made: `UNKNOWN` where nothing does.
    """
    b, p = opened.patches.unbind(1)
    columns = batch.states.shape[2] // PATCH
    states, unknown = batch.states, batch.unknown
    outer = states if model.is_ar(0) else torch.where(unknown, UNKNOWN, states)
    inner_known = made[..., None] | ~opened.unknown
    inner = uncut_cells(torch.where(inner_known, opened.states, UNKNOWN))  # [N, 16, 16]
    if not model.is_ar(1) and not model.is_ar(0):
        # Patches that are made side by side see what has been made of each other.
        blocks = _by_patch(outer, columns).flatten(1, 2).clone()
        blocks[b, p] = inner
        rows = blocks.reshape(len(states), -1, columns, PATCH, PATCH)
        outer = rows.transpose(2, 3).reshape(states.shape)
    before = functional.pad(outer, (1, 0), value=UNKNOWN)[:, :, :-1]
    edge = _by_patch(before, columns)[..., 0].flatten(1, 2)[b, p]  # [N, 16]
    firsts = torch.cat([edge[..., None], inner[..., FINE - 1 : -1 : FINE]], -1)  # [N, 16, 4]
    return firsts.repeat_interleave(FINE, 2)


def _by_patch(x: Tensor, columns: int) -> Tensor:
    """Return rolls by row and column of patches of 16, [B, H, W] -> [B, R, C, 16, 16]."""
    return x.reshape(len(x), -1, PATCH, columns, PATCH).transpose(2, 3)


def velocity_nats(model: FractalModel, batch: RollBatch) -> LevelNats:
    """Return nats of the velocities of unknown onsets in rolls whose notes are all known."""
    is_onset = batch.states == ONSET
    to_say = batch.unknown & is_onset & (batch.velocities >= 0)
    shown = torch.where(batch.unknown, -1, batch.velocities)
    asked = model.embed_conditions(batch.conditions)
    stem = model.stem(read_cells(batch.states, shown), batch.columns, batch.tonic, asked, batch.low)
    content = read_cells(batch.states, batch.velocities) if model.is_ar(0) else None
    coarse = model.coarse(stem, content, asked, batch.low)
    say = cell_grid(to_say)
    b, p = say.flatten(2).any(2).nonzero().unbind(1)
    states, loud = cell_grid(batch.states)[b, p], cell_grid(batch.velocities)[b, p]
    say = say[b, p]
    has_unknown = say.any(2)
    made = torch.ones_like(has_unknown) if model.is_ar(1) else ~has_unknown | _random_part(len(b))
    visible = torch.where(made[..., None] | ~say, loud, -1)
    every = torch.ones_like(made)
    fine = model.fine(
        coarse[b, p], children(stem)[b, p], read_cells(states, visible).flatten(2), every
    )
    chosen = has_unknown if model.is_ar(1) else has_unknown & ~made
    n, child = chosen.nonzero().unbind(1)
    states, loud, say = states[n, child], loud[n, child], say[n, child]
    none = torch.full_like(loud, N_VELOCITIES)
    if model.is_ar(3):
        content = torch.where(loud >= 0, loud, none)
    else:
        revealed = ~say | _random_part(len(n))
        content = torch.where(revealed & (loud >= 0), loud, none)
        say = say & ~revealed
    logits = model.velocities(fine[n, child], children(stem)[b, p][n, child], states, content)
    nats = functional.cross_entropy(logits[say].float(), loud[say], reduction="none")
    return LevelNats(nats.sum(), float(nats.numel()))


def bit_nats(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return the nats of bits."""
    return functional.binary_cross_entropy_with_logits(
        logits.float(), wanted.float(), reduction="none"
    )


def _random_part(n: int) -> Tensor:
    """Return which of 16 places are made already: none to all but one, booleans [n, 16]."""
    ranks = torch.rand(n, CHILDREN).argsort(1).argsort(1)
    return ranks < torch.randint(0, CHILDREN, (n, 1))


def cell_grid(x: Tensor) -> Tensor:
    """Return rolls by patch of 16, patch of 4 and cell, [B, H, W] -> [B, P, 16, 16]."""
    b, h, w = x.shape
    cut = x.reshape(b, h // PATCH, FINE, FINE, w // PATCH, FINE, FINE)
    return cut.permute(0, 1, 4, 2, 5, 3, 6).reshape(b, -1, CHILDREN, CHILDREN)


def cells_of_patches(x: Tensor) -> Tensor:
    """Return patches of 16 by patch of 4 and cell, [N, 16, 16, ...] -> [N, 16, 16, ...]."""
    n, _, _, *rest = x.shape
    cut = x.reshape(n, FINE, FINE, FINE, FINE, *rest).transpose(2, 3)
    return cut.reshape(n, CHILDREN, CHILDREN, *rest)


def uncut_cells(x: Tensor) -> Tensor:
    """Undo `cells_of_patches`, which is its own inverse."""
    return cells_of_patches(x)


__all__ = [
    "LevelNats",
    "RollBatch",
    "cell_grid",
    "cells_of_patches",
    "fine_patches",
    "structure_nats",
    "velocity_nats",
]
