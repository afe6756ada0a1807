"""The fractal model: four generators, one within another, over what is known of a roll.

    stem        the roll as it is known so far, read in patches of 4
    level 0     every patch of 16: does anything that is unknown in it sound?
    level 1     the 16 patches of 4 within such a patch: the same
    level 2     the 16 cells within such a patch of 4: silence, onset or hold
    level 3     the velocity of onsets

After T. Li et al., "Fractal generative models" (arXiv 2502.17437), whose generators call one
another in the same way, with masked generation after T. Li et al. (arXiv 2406.11838). The bits on
both upper levels are ours: nine patches of 4 in ten are silent and cost nothing more.

Shapes: B rolls, P patches of 16 of a roll, N patches of 16 that are looked into, M patches of 4
that are, 16 places in each, counted row by row from the lowest pitch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from composer.models.event_model import normalise
from composer.models.fractal.config import (
    CHANNELS,
    CHILDREN,
    FINE,
    FIXED_CONDITIONS,
    N_BAR_PLACES,
    N_EDGES,
    N_ROWS,
    N_STATES,
    N_VELOCITIES,
    PATCH,
    FractalConfig,
    scan_order,
)
from composer.models.fractal.layers import Generator, Mixer, n_heads, rotary_tables

INPUTS = CHANNELS * FINE * FINE
# Where training begins: how often patches within one that sounds do (logits), and what cells there
# are (logarithms of shares).
SHARES = ([-0.5], [-0.6], [-0.22, -2.8, -2.0])
N_DEGREES = 13  # semitones above the tonic, or unknown


class FractalModel(nn.Module):
    """What each level says of what is unknown in a roll.

    Args:
        config: Its shape.
    """

    def __init__(self, config: FractalConfig) -> None:
        super().__init__()
        self.config = config
        coarse, fine, cell, loud = config.widths
        stem = config.stem_width
        sizes = {**FIXED_CONDITIONS, **config.names}
        self.conditions = tuple(sizes)
        # Named `tables` because the optimiser tells tables from matrices by that.
        self.tables = nn.ModuleDict({name: nn.Embedding(n, coarse) for name, n in sizes.items()})
        self.tables.update(
            {
                "row": nn.Embedding(N_ROWS // PATCH, coarse),
                "fine_row": nn.Embedding(N_ROWS // FINE, stem),
                "fine_degree": nn.Embedding(N_DEGREES, stem),
                "fine_place": nn.Embedding(FINE * N_BAR_PLACES, stem),
                "since": nn.Embedding(N_EDGES, stem),
                "until": nn.Embedding(N_EDGES, stem),
                "fine_child": nn.Embedding(CHILDREN, fine),
                "cell_child": nn.Embedding(CHILDREN, cell),
                "cell_degree": nn.Embedding(N_DEGREES, cell),
                "cell_place": nn.Embedding(N_BAR_PLACES, cell),
                "cell_left": nn.Embedding(N_STATES + 1, cell),
                "cell_own": nn.Embedding(N_STATES + 1, cell),
                "cell_content": nn.Embedding(N_STATES, cell),
                "loud_child": nn.Embedding(CHILDREN, loud),
                "loud_state": nn.Embedding(N_STATES, loud),
                "loud_content": nn.Embedding(N_VELOCITIES + 1, loud),
            }
        )
        self.read_fine = nn.Linear(INPUTS, stem)
        self.stem_conditions = nn.Linear(coarse, stem, bias=False)
        self.mixers = nn.ModuleList(Mixer(stem) for _ in range(config.stem_blocks))
        self.stem_norm = nn.RMSNorm(stem)
        self.coarse_stem = nn.Linear(CHILDREN * stem, coarse, bias=False)
        self.coarse_content = nn.Linear(CHILDREN * stem, coarse, bias=False)
        self.fine_above = nn.Linear(coarse, fine, bias=False)
        self.fine_stem = nn.Linear(stem, fine, bias=False)
        self.fine_content = nn.Linear(INPUTS, fine)
        self.cell_above = nn.Linear(fine, cell, bias=False)
        self.cell_stem = nn.Linear(stem, cell, bias=False)
        self.loud_above = nn.Linear(fine, loud, bias=False)
        self.loud_stem = nn.Linear(stem, loud, bias=False)
        outs = (1, 1, N_STATES, N_VELOCITIES)
        shapes = zip(config.widths, config.blocks, config.generator_types, outs, strict=True)
        generators = [Generator(*shape) for shape in shapes]
        self.generators = nn.ModuleList(generators)
        order = torch.tensor(scan_order(FINE, FINE, config.scan))
        self.register_buffer("order", order, persistent=False)
        self.apply(_init_weights)
        for generator in generators:
            generator.quieten()
        for generator, shares in zip(generators, SHARES, strict=False):
            generator.logits.bias.data = torch.tensor(shares)

    order: Tensor

    def _generator(self, level: int) -> Generator:
        return cast("Generator", self.generators[level])

    @property
    def n_parameters(self) -> int:
        """Trained numbers."""
        return sum(p.numel() for p in self.parameters())

    def is_ar(self, level: int) -> bool:
        """Whether a level goes on place by place."""
        return self.config.generator_types[level] == "ar"

    def embed_conditions(self, ids: Mapping[str, Tensor]) -> Tensor:
        """Return what is asked of each roll, name -> [B] in, [B, E] out."""
        found = torch.stack([self.tables[name](ids[name]) for name in self.conditions]).sum(0)
        return normalise(found)

    def stem(
        self, cells: Tensor, columns: Tensor, tonic: Tensor, asked: Tensor, low: int
    ) -> Tensor:
        """Read rolls as far as they are known, [B, H, W, 6] -> [B, H/4, W/4, E].

        Args:
            cells: As from `read_cells`.
            columns: Place in the bar, nearness of the beginning and of the end, [B, W, 3].
            tonic: 0..11, or 12 if unknown, [B].
            asked: As from `embed_conditions`.
            low: Pitch of the lowest row, a multiple of 16.
        """
        x = self.read_fine(fine_patches(cells))
        rows = torch.arange(x.shape[1]) + low // FINE
        degrees = degree(FINE * rows[None], tonic[:, None])
        x = x + (self.tables["fine_row"](rows) + self.tables["fine_degree"](degrees))[:, :, None]
        places = columns[..., 0].reshape(len(columns), -1, FINE) + N_BAR_PLACES * torch.arange(FINE)
        edges = columns[:, ::FINE]
        about = self.tables["fine_place"](places).sum(2)
        about = about + self.tables["since"](edges[..., 1]) + self.tables["until"](edges[..., 2])
        x = x + (about + self.stem_conditions(asked)[:, None])[:, None]
        for mixer in self.mixers:
            x = mixer(x)
        found: Tensor = self.stem_norm(x)
        return found

    def coarse(self, stem: Tensor, content: Tensor | None, asked: Tensor, low: int) -> Tensor:
        """Return the state of every patch of 16, [B, P, E].

        Args:
            stem: As from `stem`.
            content: The rolls as far as they are made, as `cells`; an `ar` level reads it.
            asked: As from `embed_conditions`.
            low: As in `stem`.
        """
        rows, columns = stem.shape[1] // FINE, stem.shape[2] // FINE
        context = self.coarse_stem(gather_fine(stem)) + asked[:, None]
        context = context + self.tables["row"](
            (torch.arange(rows) + low // PATCH).repeat_interleave(columns)
        )
        width = context.shape[-1] // n_heads(context.shape[-1])
        rotary = rotary_tables(rows, columns, width)
        if content is None:
            held, known = (
                torch.zeros_like(context),
                torch.zeros(context.shape[:2], dtype=torch.bool),
            )
        else:
            held = self.coarse_content(gather_fine(self.read_fine(fine_patches(content))))
            known = torch.ones(context.shape[:2], dtype=torch.bool)
        order = torch.tensor(scan_order(rows, columns, self.config.scan))
        states: Tensor = self.generators[0](context, held, known, order, rotary)
        return states

    def fine(self, above: Tensor, stem: Tensor, content: Tensor, known: Tensor) -> Tensor:
        """Return the states of the patches of 4 within some patches of 16, [N, 16, E].

        Args:
            above: States of these patches of 16, [N, E].
            stem: What was read of each patch of 4, [N, 16, E].
            content: What each holds as far as it is made, [N, 16, 96] as from `fine_patches`.
            known: Which hold something, booleans [N, 16].
        """
        context = self.fine_above(above)[:, None] + self.fine_stem(stem)
        context = context + self.tables["fine_child"].weight
        states: Tensor = self.generators[1](context, self.fine_content(content), known, self.order)
        return states

    def cells(
        self,
        above: Tensor,
        stem: Tensor,
        places: Tensor,
        own: Tensor,
        content: Tensor,
    ) -> Tensor:
        """Return logits of the cells within some patches of 4, [M, 16, 3].

        Args:
            above: States of these patches of 4, [M, E].
            stem: What was read of each, [M, E].
            places: Of each cell the degree, the place in its bar, and the state of the cell before
                the first of its row, [M, 16, 3].
            own: States of the cells that are known in advance (`mar`: so far), [M, 16].
            content: States of all cells that are made; an `ar` level reads each in the next place.
        """
        context = (self.cell_above(above) + self.cell_stem(stem))[:, None]
        context = context + self.tables["cell_child"].weight + self.tables["cell_own"](own)
        for index, name in enumerate(("cell_degree", "cell_place", "cell_left")):
            context = context + self.tables[name](places[..., index])
        known = content < N_STATES
        held = self.tables["cell_content"](content.clamp(max=N_STATES - 1))
        generator = self._generator(2)
        logits: Tensor = generator.logits(generator(context, held, known, self.order))
        return logits

    def velocities(self, above: Tensor, stem: Tensor, states: Tensor, content: Tensor) -> Tensor:
        """Return logits of the velocities in some patches of 4, [M, 16, 32].

        Args:
            above: States of these patches of 4, [M, E].
            stem: What was read of each, [M, E].
            states: Of their cells, all known, [M, 16].
            content: Classes of velocity that are known, `N_VELOCITIES` elsewhere, [M, 16].
        """
        context = (self.loud_above(above) + self.loud_stem(stem))[:, None]
        context = context + self.tables["loud_child"].weight + self.tables["loud_state"](states)
        held = self.tables["loud_content"](content)
        generator = self._generator(3)
        # A cell without an onset has no velocity, which is known of it.
        known = (content < N_VELOCITIES) | (states != 1)
        logits: Tensor = generator.logits(generator(context, held, known, self.order))
        return logits

    def bits(self, level: int, states: Tensor) -> Tensor:
        """Return logits of whether anything unknown sounds there, [..., E] -> [...]."""
        found: Tensor = self._generator(level).logits(states)
        return found[..., 0]


def read_cells(states: Tensor, velocities: Tensor) -> Tensor:
    """Return how cells are read, [..., H, W, 6].

    Args:
        states: `UNKNOWN` where not known, [..., H, W].
        velocities: Classes 0..31 of onsets, -1 where not known or none.
    """
    one_of = nn.functional.one_hot(states.long(), N_STATES + 1).float()
    is_known = (velocities >= 0).float()
    loud = (velocities.float() + 0.5) / N_VELOCITIES * is_known
    return torch.cat([one_of, loud[..., None], is_known[..., None]], -1)


def fine_patches(cells: Tensor) -> Tensor:
    """Return what each patch of 4 holds, [B, H, W, 6] -> [B, H/4, W/4, 96]."""
    b, h, w, c = cells.shape
    cut = cells.view(b, h // FINE, FINE, w // FINE, FINE, c)
    return cut.permute(0, 1, 3, 2, 4, 5).reshape(b, h // FINE, w // FINE, -1)


def gather_fine(x: Tensor) -> Tensor:
    """Return what each patch of 16 has, its patches of 4 side by side: [B, P, 16 E]."""
    return children(x).flatten(2)


def children(x: Tensor) -> Tensor:
    """Sort a grid into blocks of four by four, [B, R, C, ...] -> [B, R/4 C/4, 16, ...]."""
    b, r, c, *rest = x.shape
    cut = x.reshape(b, r // FINE, FINE, c // FINE, FINE, *rest).transpose(2, 3)
    return cut.reshape(b, (r // FINE) * (c // FINE), CHILDREN, *rest)


def degree(pitch: Tensor, tonic: Tensor) -> Tensor:
    """Return semitones above the tonic, 0..11, or 12 where the tonic is unknown."""
    return torch.where(tonic < 12, (pitch - tonic) % 12, torch.full_like(tonic, 12))


def _init_weights(module: nn.Module) -> None:
    """Keep the size of states through matrices; begin tables small."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=module.in_features**-0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.1)
