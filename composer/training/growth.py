"""Weights of a model in one of another shape. Knows no vocabulary and no file.

A small transformer in a larger one that says the same:

New layers write nothing into the stream yet, new units of the gated layers and new heads have no
outgoing weights, and new features of the stream are zero: after T. Chen et al., Net2Net (2016,
arXiv 1511.05641), and, for normalised streams, E. Shen et al., Staged Training for Transformer
Language Models (2022, arXiv 2203.06211). What reads the new features, and what writes towards them,
keeps the random beginnings of a new model, so that both learn from the first steps on.

RMSNorm divides by the root mean square over all features; with w of W features in use that is
sqrt(w / W) of what it was. So the stream is s = sqrt(W / w) times what it was: what writes into it
is multiplied by s, and the weights of norms that read it are divided by s.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from composer.errors import OptionError
from composer.models import ModelConfig
from composer.models.transformer import EventTransformer
from composer.models.xlstm import EventXlstm

State = Mapping[str, Tensor]


def grow(state: State, small: ModelConfig, large: EventTransformer) -> dict[str, Tensor]:
    """Return weights of the larger model's shape that give the logits of the smaller one.

    Args:
        state: Of the smaller model.
        small: Its shape.
        large: Newly begun; its tables have the same ids.

    Raises:
        OptionError: If the larger shape does not hold the smaller one.
    """
    check_growth(small, large.config)
    grown = {name: weight.clone() for name, weight in large.state_dict().items()}
    for name, weight in grown.items():
        if name in state:
            grown[name] = _grown(name, state[name].float(), weight, small, large.config)
        elif name.endswith(("attention.out.weight", "gated.down.weight")):
            weight.zero_()  # of a new layer
    return grown


def check_growth(small: ModelConfig, large: ModelConfig) -> None:
    """Refuse a larger shape that does not hold the smaller one.

    Raises:
        OptionError: Says what is in the way.
    """
    smaller = [
        name
        for name in ("width", "layers", "kv_heads", "hidden", "field_hidden")
        if getattr(large, name) < getattr(small, name)
    ]
    if large.heads // large.kv_heads < small.heads // small.kv_heads:
        smaller.append("heads / kv_heads")
    if smaller or large.head_width != small.head_width:
        reason = f"`{smaller[0]}` is smaller" if smaller else "`head_width` differs"
        raise OptionError(f"the shape of the run does not hold that of `init`: its {reason}")


def replace_attention(
    state: State, transformer: ModelConfig, model: EventXlstm
) -> dict[str, Tensor]:
    """Return weights of an xLSTM that has mLSTM cells where a transformer has attention.

    Tables, gated layers, norms and heads are the transformer's, and so are the values and the last
    matrices of its attention; where the xLSTM attends to its last rows, all is. Queries and keys
    of cells begin as those features of the attention's that turn most slowly with the distance,
    since cells know no positions (after J. Wang et al., The Mamba in
    the Llama, 2024, arXiv 2408.15237). Gates begin as in every new model.

    Args:
        state: Of the transformer.
        transformer: Its shape.
        model: Newly begun; its tables have the same ids.

    Raises:
        OptionError: If the shapes differ in more than the cells.
    """
    config = model.config
    differing = [
        name
        for name in ("width", "layers", "heads", "hidden", "field_hidden")
        if getattr(config, name) != getattr(transformer, name)
    ]
    if config.value_width != transformer.head_width:
        differing.append("head_width")
    if "attention" in config.cells:
        differing += [
            name
            for name in ("kv_heads", "rope_base")
            if getattr(config, name) != getattr(transformer, name)
        ]
    if differing or "slstm" in config.cells:
        what = f"its `{differing[0]}` differs" if differing else "it has sLSTM cells"
        raise OptionError(f"the xLSTM cannot take over the transformer of `init`: {what}")
    begun = {name: weight.clone() for name, weight in model.state_dict().items()}
    for name in begun:
        source = name.replace(".cell_norm.", ".attention_norm.").replace(".cell.", ".attention.")
        if source in state:
            begun[name] = state[source].float()
        elif name.endswith("cell.project.weight"):
            attention = state[source.replace("project", "qkv")].float()
            attends = config.cells[int(name.split(".")[1])] == "attention"
            rows = torch.arange(len(attention)) if attends else _cell_rows(transformer)
            begun[name][: len(rows)] = attention[rows]
    return begun


def _cell_rows(transformer: ModelConfig) -> Tensor:
    """Return which rows of an attention's matrix a cell takes as queries, keys and values.

    Rotary positions turn feature i and feature i + D / 2 of a head together, more slowly from pair
    to pair; so of D = 64 features the last 16 of both halves are taken: 16 to 31 and 48 to 63.
    """
    heads, width = transformer.heads, transformer.head_width
    queries = torch.arange(heads)
    keys = heads + queries // (heads // transformer.kv_heads)
    quarter = torch.arange(width // 4)
    slow = torch.cat([width // 4 + quarter, 3 * width // 4 + quarter])
    values = _features(keys + transformer.kv_heads, width)
    return torch.cat([_rows(queries, slow, width), _rows(keys, slow, width), values])


def _rows(heads: Tensor, features: Tensor, width: int) -> Tensor:
    return (heads[:, None] * width + features).flatten()


def _grown(name: str, old: Tensor, new: Tensor, small: ModelConfig, large: ModelConfig) -> Tensor:
    """Return one weight: the old one in its place, and what stands around it."""
    width, scale = small.width, (large.width / small.width) ** 0.5
    new = new.clone()
    if name.startswith("tables"):
        new[:, width:] = 0
        new[:, :width] = old
    elif old.ndim == 1:  # the last norm's states are read as they are, all others' are not
        new[:width] = old if name == "norm.weight" else old / scale
    elif name.endswith("qkv.weight"):
        new[_qkv_rows(small, large), :width] = old
    elif name.endswith("out.weight"):
        new.zero_()
        new[:width, _head_rows(small, large)] = old * scale
    elif name.endswith("gate_up.weight"):
        hidden, places = new.shape[0] // 2, torch.arange(old.shape[0] // 2)
        new[torch.cat([places, hidden + places]), :width] = old
    elif name.endswith("down.weight"):
        new.zero_()
        new[:width, : old.shape[1]] = old * scale
    else:  # logits
        new[:, :width] = old
    return new


def _head_rows(small: ModelConfig, large: ModelConfig) -> Tensor:
    """Return where the features of the old query heads lie: every head keeps its keys."""
    old_group, new_group = small.heads // small.kv_heads, large.heads // large.kv_heads
    heads = torch.arange(small.heads)
    return _features(heads // old_group * new_group + heads % old_group, small.head_width)


def _qkv_rows(small: ModelConfig, large: ModelConfig) -> Tensor:
    keys = _features(torch.arange(small.kv_heads), small.head_width)
    first_key = large.heads * large.head_width
    first_value = first_key + large.kv_heads * large.head_width
    return torch.cat([_head_rows(small, large), first_key + keys, first_value + keys])


def _features(heads: Tensor, head_width: int) -> Tensor:
    return _rows(heads, torch.arange(head_width), head_width)
