"""The model: rows of events in, log-probabilities of the next row's fields out. Knows no music.

A decoder-only transformer with rotary positions (Su et al., arXiv 2104.09864), RMSNorm (Zhang and
Sennrich, arXiv 1910.07467), SwiGLU (Shazeer, arXiv 2002.05202) and grouped-query attention (Ainslie
et al., arXiv 2305.13245). The four fields of a row are predicted one after another,
p(time) p(part | time) p(pitch | time, part) p(duration | all three), each by a small gated head.

Shapes: B batch, T rows, S cached rows, F fields (4), E width, H query heads, K key/value heads,
G = H / K, D head width, V table size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from composer.models.config import ModelConfig
from composer.models.weights import Weights, rotary_table

EMBEDDING_STD = 0.02  # of tables and logits at the beginning


class Attention(nn.Module):
    """Grouped-query self-attention with rotary positions."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_heads, self.n_kv, self.head_width = config.heads, config.kv_heads, config.head_width
        n_out = (config.heads + 2 * config.kv_heads) * config.head_width
        self.qkv = nn.Linear(config.width, n_out, bias=False)
        self.out = nn.Linear(config.heads * config.head_width, config.width, bias=False)

    def project(self, x: Tensor, rotary: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return rotated queries [B, H, T, D] and keys [B, K, T, D], and values [B, K, T, D]."""
        batch, rows, _ = x.shape
        qkv = self.qkv(x).view(batch, rows, -1, self.head_width).transpose(1, 2)
        q, k, v = qkv.split([self.n_heads, self.n_kv, self.n_kv], dim=1)
        return rotate(q, rotary), rotate(k, rotary), v

    def forward(self, x: Tensor, rotary: Tensor) -> Tensor:
        """Attend within whole sequences, [B, T, E] -> [B, T, E]."""
        q, k, v = self.project(x, rotary)
        groups = self.n_heads // self.n_kv
        k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
        return self.merge(causal_attention(q, k, v))

    def merge(self, y: Tensor) -> Tensor:
        """Join heads, [B, H, T, D] -> [B, T, E]."""
        joined: Tensor = self.out(y.transpose(1, 2).flatten(2))
        return joined


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


class Block(nn.Module):
    """Attention, then the gated layer, each on a normalised residual stream."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.width)
        self.attention = Attention(config)
        self.gated_norm = nn.RMSNorm(config.width)
        self.gated = GatedLayer(config.width, config.hidden)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, rotary: Tensor) -> Tensor:
        """[B, T, E] -> [B, T, E]."""
        x = x + self.attention(self.attention_norm(x), rotary)
        out: Tensor = x + self.dropout(self.gated(self.gated_norm(x)))
        return out


class FieldHead(nn.Module):
    """Logits of one field from the trunk's state and the fields already chosen."""

    def __init__(self, config: ModelConfig, size: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(config.width)
        self.gated = GatedLayer(config.width, config.field_hidden)
        self.logits_norm = nn.RMSNorm(config.width)
        self.logits = nn.Linear(config.width, size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[..., E] -> [..., V]."""
        x = x + self.gated(self.norm(x))
        logits: Tensor = self.logits(self.logits_norm(x))
        return logits


class EventTransformer(nn.Module):
    """Rows of events -> distributions of the next row.

    Args:
        config: Its shape.
        table_sizes: Ids of each field that may be read.
        written_sizes: Ids of each field that may be written: the first of each table.
    """

    rotary: Tensor

    def __init__(
        self, config: ModelConfig, table_sizes: tuple[int, ...], written_sizes: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.config = config
        self.table_sizes, self.written_sizes = table_sizes, written_sizes
        self.recomputes = False  # activations in the backward pass, to save memory in training
        self.tables = nn.ModuleList(nn.Embedding(size, config.width) for size in table_sizes)
        blocks = [Block(config) for _ in range(config.layers)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.RMSNorm(config.width)
        heads = [FieldHead(config, size) for size in written_sizes]
        self.heads = nn.ModuleList(heads)
        self.dropout = nn.Dropout(config.dropout)
        self.register_buffer("rotary", torch.from_numpy(rotary_table(config)), persistent=False)
        self.apply(_init_weights)
        for block in blocks:
            for last in (block.attention.out, block.gated.down):
                last.weight.data /= (2 * config.layers) ** 0.5
        for head in heads:
            nn.init.normal_(head.logits.weight, std=EMBEDDING_STD)

    @classmethod
    def of(cls, weights: Weights) -> EventTransformer:
        """Build a model from its weights, ready to be used."""
        model = cls(weights.config, weights.table_sizes, weights.written_sizes)
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
        x = self.dropout(self.embed(rows))
        rotary = self.rotary[: rows.shape[1]]
        for block in self.blocks:
            if self.recomputes and self.training:
                x = checkpoint(block, x, rotary, use_reentrant=False)
            else:
                x = block(x, rotary)
        states: Tensor = self.norm(x)
        return states

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


def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attend to the past and the present, [B, H, T, D] each -> [B, H, T, D].

    On CPU and to 1,024 rows plain matrix products take 0.55 of the time of torch's fused kernel,
    forward and backward (bf16, T = 512; docs/log.md).
    """
    rows = q.shape[-2]
    if q.device.type != "cpu" or rows > 1024:
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    future = torch.full((rows, rows), float("-inf"), dtype=q.dtype).triu(1)
    weights: Tensor = (q @ k.transpose(-1, -2)) * q.shape[-1] ** -0.5 + future
    return weights.softmax(-1) @ v


def rotate(x: Tensor, rotary: Tensor) -> Tensor:
    """Turn pairs of features by their position's angles, [B, H, T, D] -> [B, H, T, D]."""
    cos, sin = rotary.to(x.dtype).unbind(1)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


def _init_weights(module: nn.Module) -> None:
    """Keep the size of states through matrices; begin tables small."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=module.in_features**-0.5)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=EMBEDDING_STD)
