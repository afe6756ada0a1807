"""From a config, or weights, to a model of its kind."""

from __future__ import annotations

from composer.models.config import ModelConfig, XlstmConfig
from composer.models.event_model import EventModel
from composer.models.transformer import EventTransformer
from composer.models.weights import Weights
from composer.models.xlstm import EventXlstm


def new_model(
    config: ModelConfig | XlstmConfig,
    table_sizes: tuple[int, ...],
    written_sizes: tuple[int, ...],
) -> EventModel:
    """Return a model with random weights."""
    if isinstance(config, XlstmConfig):
        return EventXlstm(config, table_sizes, written_sizes)
    return EventTransformer(config, table_sizes, written_sizes)


def model_of(weights: Weights) -> EventModel:
    """Return the model of these weights, ready to be used."""
    kind = EventXlstm if isinstance(weights.config, XlstmConfig) else EventTransformer
    return kind.of(weights)
