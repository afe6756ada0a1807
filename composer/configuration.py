"""All settings together: those of `settings`, of training, and of the model that is trained."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from functools import reduce
from itertools import groupby
from typing import Any, get_type_hints

from pydantic import SecretStr, create_model

from composer.models import KINDS, PRESETS_OF, ModelConfig, XlstmConfig
from composer.models.fractal import FRACTAL_PRESETS, FractalConfig
from composer.settings import Effective, Settings, effective
from composer.settings.sections import Section
from composer.training.options import FRACTAL, TrainOptions

# What may replace the preset's shape: the fields of every kind of model, none of them needed.
_SHAPE: dict[str, Any] = {
    name: (kind | None, None)
    for config in KINDS.values()
    for name, kind in get_type_hints(config).items()
}
Shape: Any = create_model("Shape", __base__=Section, **_SHAPE)


class Configuration(Settings):
    """Every setting there is.

    Args:
        training: How to train, and which preset.
        model: What replaces the preset's shape.
    """

    training: TrainOptions = TrainOptions()
    model: Shape = Shape()

    def train_options(self, **given: Any) -> TrainOptions:
        """Return how to train.

        A run has one length: what is given in one unit takes the place of the others, and `steps`
        or `core_minutes` that are set that of the usual `minutes`.

        Args:
            given: Instead of settings, by names of `TrainOptions` and of its `sampling`.

        Raises:
            OptionError: If one will not do.
        """
        names = {field.name for field in fields(TrainOptions)}
        base, lengths = self.training, ("minutes", "core_minutes", "steps")
        if any(given.get(name) for name in lengths):
            given = dict.fromkeys(lengths, 0) | given
        elif (base.core_minutes or base.steps) and base.minutes == TrainOptions().minutes:
            given = {"minutes": 0.0} | given
        shape = {name: value for name, value in self.model if value is not None}
        sampling = {name: value for name, value in given.items() if name not in names}
        return replace(
            base,
            **{name: value for name, value in given.items() if name in names},
            shape=tuple(shape.items()),
            sampling=replace(base.sampling, **sampling),
        )


def in_force(how: TrainOptions | None = None) -> list[Effective]:
    """Return every setting with its origin; what nothing replaces in a model, as its preset has it.

    Of the shape, settings of other kinds of model are there only where somebody gave them.

    Args:
        how: What a run is really trained with, if options of a command changed it.

    Raises:
        OptionError: If one will not do.
    """
    found = [_as_trained(one, how) for one in effective(Configuration)]
    values = {one.path: one.value for one in found}
    preset = values["training.preset"]
    kind = values["training.model"]
    config: ModelConfig | XlstmConfig | FractalConfig
    if kind == FRACTAL:
        config = FRACTAL_PRESETS[preset]
    else:
        config = how.config if how else PRESETS_OF[kind][preset]
    shape = {f"model.{name}": value for name, value in config.to_dict().items()}
    return [
        replace(one, value=shape[one.path], origin=f"preset {preset}")
        if one.path in shape and one.value is None
        else one
        for one in found
        if one.path in shape or one.value is not None or not one.path.startswith("model.")
    ]


def _as_trained(one: Effective, how: TrainOptions | None) -> Effective:
    section, *names = one.path.split(".")
    if how is None or section != "training":
        return one
    value = reduce(getattr, names, how)
    return one if value == one.value else replace(one, value=value, origin="option of train")


def to_toml(found: Iterable[Effective]) -> str:
    """Return settings as a TOML file, with where each comes from; those that are open as comments.

    What is secret is left out.
    """
    return "\n".join(_sections(found))


def _sections(found: Iterable[Effective]) -> Iterator[str]:
    for section, rows in groupby(found, key=lambda one: one.path.rpartition(".")[0]):
        yield f"[{section}]"
        for one in rows:
            name, value = one.path.rpartition(".")[2], plain_value(one.value)
            is_open = value is None or isinstance(one.value, SecretStr)
            text = f"# {name} =" if is_open else f"{name} = {json.dumps(value)}"
            words = f"; {one.text}" if one.text else ""
            yield f"{text}  # {one.origin}{words}"
        yield ""


def plain_value(value: Any) -> Any:
    """Return a value as JSON and TOML have it."""
    return (
        value
        if value is None or isinstance(value, (bool, int, float, str, list, tuple))
        else str(value)
    )
