"""What models of every kind share: rows in, and a head for each field of the next row out.

The four fields of a row are predicted one after another, p(time) p(part | time)
p(pitch | time, part) p(duration | all three), each by a small gated head on what a *trunk* of
blocks makes of the rows so far. Knows no music.

Shapes: B batch, T rows, F fields (4), E width, V table size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from composer.models.config import ModelConfig, XlstmConfig
from composer.models.weights import Weights

EMBEDDING_STD = 0.02  # of tables and logits at the beginning


class GatedLayer(nn.Module):
    """SwiGLU: down(silu(gate(x)) * up(x))."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[..., E] -> [..., E]."""
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        out: Tensor = self.down(functional.silu(gate) * up)
        return out


class FieldHead(nn.Module):
    """Logits of one field from the trunk's state and the fields already chosen."""

    def __init__(self, width: int, hidden: int, size: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width)
        self.gated = GatedLayer(width, hidden)
        self.logits_norm = nn.RMSNorm(width)
        self.logits = nn.Linear(width, size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[..., E] -> [..., V]."""
        x = x + self.gated(self.norm(x))
        logits: Tensor = self.logits(self.logits_norm(x))
        return logits


class EventModel(nn.Module, ABC):
    """Rows of events -> distributions of the next row.

    Args:
        config: Its shape.
        table_sizes: Ids of each field that may be read.
        written_sizes: Ids of each field that may be written: the first of each table.
        blocks: Of the trunk; each adds two branches to the residual stream, whose last matrices are
            its `ends`.
    """

    config: ModelConfig | XlstmConfig

    def __init__(
        self,
        config: ModelConfig | XlstmConfig,
        table_sizes: tuple[int, ...],
        written_sizes: tuple[int, ...],
        blocks: Sequence[Any],
    ) -> None:
        super().__init__()
        self.config = config
        self.table_sizes, self.written_sizes = table_sizes, written_sizes
        self.recomputes = False  # activations in the backward pass, to save memory in training
        self.tables = nn.ModuleList(nn.Embedding(size, config.width) for size in table_sizes)
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.RMSNorm(config.width)
        heads = [FieldHead(config.width, config.field_hidden, size) for size in written_sizes]
        self.heads = nn.ModuleList(heads)
        self.dropout = nn.Dropout(config.dropout)
        self.apply(_init_weights)
        for block in blocks:
            for last in block.ends:
                last.weight.data /= (2 * config.layers) ** 0.5
        for head in heads:
            nn.init.normal_(head.logits.weight, std=EMBEDDING_STD)

    @classmethod
    def of(cls, weights: Weights) -> Self:
        """Build a model from its weights, ready to be used."""
        model = cls(weights.config, weights.table_sizes, weights.written_sizes)  # type: ignore[call-arg]
        arrays = {name: torch.from_numpy(array.copy()) for name, array in weights.arrays.items()}
        model.load_state_dict(arrays)
        return model.eval()

    @property
    def weights(self) -> Weights:
        """The weights as they are now, copied."""
        arrays = {
            name: tensor.detach().float().cpu().numpy().copy()
            for name, tensor in self.state_dict().items()
        }
        return Weights(self.config, self.table_sizes, self.written_sizes, arrays)

    @property
    def n_parameters(self) -> int:
        """Trained numbers."""
        return sum(p.numel() for p in self.parameters())

    def embed(self, rows: Tensor) -> Tensor:
        """Return the normalised sum of the four fields' embeddings, [B, T, F] -> [B, T, E]."""
        fields: list[Tensor] = [table(rows[..., i]) for i, table in enumerate(self.tables)]
        return normalise(fields[0] + fields[1] + fields[2] + fields[3])

    def forward(self, rows: Tensor) -> Tensor:
        """Return the trunk's state after every row, [B, T, F] -> [B, T, E]."""
        states: Tensor = self.norm(self.trunk(self.dropout(self.embed(rows))))
        return states

    @abstractmethod
    def trunk(self, x: Tensor) -> Tensor:
        """Run all blocks over whole sequences, [B, T, E] -> [B, T, E]."""

    def through(self, block: nn.Module, x: Tensor, *known: Tensor) -> Tensor:
        """Run one block, and forget what it computed where the backward pass is to do it again."""
        if self.recomputes and self.training:
            found: Tensor = checkpoint(block, x, *known, use_reentrant=False)
        else:
            found = block(x, *known)
        return found

    def field_logits(self, field: int, states: Tensor, chosen: Tensor) -> Tensor:
        """Return the logits of one field of the next row.

        Args:
            field: 0..3.
            states: From `forward`, [..., E].
            chosen: The next row's fields before this one, [..., field].
        """
        if field:
            known = torch.stack([self.tables[i](chosen[..., i]) for i in range(field)]).sum(0)
            states = states + normalise(known)
        logits: Tensor = self.heads[field](states)
        return logits

    def field_losses(
        self, states: Tensor, nexts: Tensor, counts: Tensor, smoothing: float = 0.0
    ) -> list[Tensor]:
        """Return the negative log-probabilities of the next rows' fields, F tensors [n].

        Args:
            states: [B, T, E].
            nexts: The rows to predict, [B, T, F].
            counts: Which of their fields are to be predicted, booleans [B, T, F].
            smoothing: Label smoothing, 0..1.
        """
        losses = []
        for field in range(len(self.heads)):
            picked = counts[..., field]
            wanted = nexts[picked]
            logits = self.field_logits(field, states[picked], wanted[:, :field])
            losses.append(
                functional.cross_entropy(
                    logits.float(), wanted[:, field], reduction="none", label_smoothing=smoothing
                )
            )
        return losses


def normalise(x: Tensor) -> Tensor:
    """Scale the last dimension to mean square 1.

    Embeddings begin small (0.02) and would be drowned by the trunk's normalised states: without
    this a head hardly sees the fields that are already chosen (docs/log.md has the numbers).
    """
    return functional.rms_norm(x, (x.shape[-1],))


def _init_weights(module: nn.Module) -> None:
    """Keep the size of states through matrices; begin tables small."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=module.in_features**-0.5)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=EMBEDDING_STD)
