"""The model of a run before its first step: new, or with the weights of checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from composer.errors import OptionError
from composer.models import Checkpoint, ModelConfig, load_checkpoint
from composer.models.event_model import EventModel
from composer.models.kinds import new_model
from composer.models.transformer import EventTransformer
from composer.models.xlstm import EventXlstm
from composer.tokenizer import vocab
from composer.tokenizer.vocab import DURATION, PART, PITCH, TIME, Vocabulary
from composer.training.batches import PackedEvents
from composer.training.growth import grow, replace_attention
from composer.training.options import TrainOptions


def build_model(options: TrainOptions, packed: PackedEvents, init: Sequence[Path]) -> EventModel:
    """Return the model of a run in training mode.

    Args:
        options: Of the run.
        packed: Its vocabulary must continue those of `init`.
        init: Checkpoints whose mean it begins with; a transformer that is larger grows out of
            them, and an xLSTM takes over all but their attention.

    Raises:
        OptionError: If it does not hold their shape, or their ids name other things.
        CheckpointError: If one cannot be read.
    """
    options = with_wavelengths_of(init, options)
    model = new_model(options.config, vocab.TABLE_SIZES, vocab.WRITTEN_SIZES)
    model.recomputes = options.checkpointing
    if init:
        model.load_state_dict(_mean_state(init, packed, model))
    return model.train()


def with_wavelengths_of(folders: Sequence[Path], options: TrainOptions) -> TrainOptions:
    """Return options with the rotary base of the first checkpoint, where they name none.

    No weight tells it: read at other wavelengths, all positions are wrong without an error.
    """
    if options.rope_base is not None or not folders:
        return options
    return replace(options, rope_base=load_checkpoint(folders[0]).weights.config.rope_base)


def _mean_state(init: Sequence[Path], packed: PackedEvents, model: EventModel) -> dict[str, Tensor]:
    """Return the mean of some checkpoints in the shape of a model."""
    checkpoints = [load_checkpoint(folder) for folder in init]
    states = [
        _state(found, folder, packed) for found, folder in zip(checkpoints, init, strict=True)
    ]
    shapes = {name: weight.shape for name, weight in states[0].items()}
    if any({n: w.shape for n, w in state.items()} != shapes for state in states[1:]):
        raise OptionError("the checkpoints of `init` have different shapes")
    mean = {name: torch.stack([s[name] for s in states]).mean(0) for name in states[0]}
    if {name: weight.shape for name, weight in model.state_dict().items()} == shapes:
        return mean
    config = checkpoints[0].weights.config
    if not isinstance(config, ModelConfig):
        raise OptionError("`init` of another shape must be a transformer")
    if isinstance(model, EventXlstm):
        return replace_attention(mean, config, model)
    if isinstance(model, EventTransformer):
        return grow(mean, config, model)
    raise OptionError("only a transformer or an xLSTM begins with weights of another shape")


def _state(checkpoint: Checkpoint, folder: Path, packed: PackedEvents) -> dict[str, Tensor]:
    known = Vocabulary.from_dict(checkpoint.vocabulary)
    wanted = Vocabulary.from_dict(packed.vocabulary)
    if not wanted.continues(known):
        raise OptionError(
            f"`init` has vocabulary {known.fingerprint}, the packed file {wanted.fingerprint}, "
            f"which does not continue it; pack with `--names {folder.name}`"
        )
    state = checkpoint.model.state_dict()
    _name_newcomers(state[f"tables.{PITCH}.weight"], known, wanted)
    tables = [state[f"tables.{field}.weight"] for field in range(len(vocab.FIELDS))]
    if wanted.styles and not known.styles:
        tables[PART][vocab.STYLE : vocab.ROLE] = tables[PART][vocab.PART_NONE]
    if wanted.relations and not known.relations:
        _begin_layouts(tables)
    return state


def _begin_layouts(tables: list[Tensor]) -> None:
    """Begin what bars are as the sections that come nearest, and what says how as NONE."""
    for role in range(vocab.N_ROLES):
        section = "varied" if role & vocab.ROLE_ECHO else "new"
        near = tables[PART][vocab.SECTION + vocab.SECTIONS.index(section)].clone()
        tables[PART][vocab.ROLE + role] = near
    tables[PART][vocab.RELATION : vocab.PART_RESERVED] = tables[PART][vocab.PART_NONE]
    tables[TIME][vocab.ECHO] = 0.0
    none = tables[DURATION][vocab.DURATION_NONE].clone()
    tables[DURATION][vocab.TRANSPOSITION : vocab.N_DURATION] = none


def _name_newcomers(table: Tensor, known: Vocabulary, wanted: Vocabulary) -> None:
    """Begin the embeddings of new composers and forms as `other`, which stood for them."""
    for first, before, after in (
        (vocab.VALUE_COMPOSER, known.composers, wanted.composers),
        (vocab.VALUE_FORM, known.forms, wanted.forms),
    ):
        if "other" in before:
            other = table[first + 1 + before.index("other")].clone()
            table[first + 1 + len(before) : first + 1 + len(after)] = other
