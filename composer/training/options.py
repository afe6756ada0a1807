"""How to train: the options of a run, checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from composer.errors import OptionError
from composer.models.config import PRESETS_OF, ModelConfig, XlstmConfig
from composer.models.fractal import FRACTAL_PRESETS
from composer.training.sequences import SamplingOptions

# The kind that learns from piano rolls, whose training `training.fractal` is.
FRACTAL = "fractal"


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """How to train.

    Args:
        model: The kind, a name in `models.PRESETS_OF`, or `fractal`.
        preset: A name among that kind's.
        minutes: Length of the whole run, earlier parts included; 0 counts `steps` instead.
        core_minutes: The same in processor time of all threads, for a machine that others use too:
            no waiting shortens the schedule; 0 counts `minutes`.
        steps: Length of the run where both are 0.
        rate: Peak learning rate of AdamW: tables, norms and logits.
        matrix_rate: Peak learning rate of Muon: the matrices of blocks and heads.
        warmup: Share of the run that warms up.
        weight_decay: Of the matrices.
        betas: AdamW's.
        clip: Largest norm of the gradient.
        smoothing: Label smoothing, 0..1.
        accumulate: Batches a step.
        averaging: Of the weights over the last 1 / (1 - averaging) steps; the checkpoint holds
            the average. 0 keeps the weights as they are.
        section_weight: Weight of predicting a bar's SECTION.
        dropout: Replaces the preset's if not None.
        rope_base: Of the rotary wavelengths; left out, that of the checkpoint that a run begins
            with, or else the preset's. A larger one, for longer sequences, may follow a smaller.
        shape: Names and values of the preset that are replaced, too.
        checkpointing: Recompute activations in the backward pass: less memory, more time.
        precision: Fabric's, such as `bf16-mixed` or `32-true`; `auto` picks by device.
        devices, nodes: How many.
        threads: CPU threads; 0 leaves torch's choice.
        save_minutes: Between checkpoints.
        seed: Of weights, batches and dropout.
        sampling: How batches are drawn.
    """

    model: str = "transformer"
    preset: str = "small"
    minutes: float = 120.0
    core_minutes: float = 0.0
    steps: int = 0
    rate: float = 1.5e-3
    matrix_rate: float = 0.02
    warmup: float = 0.02
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    smoothing: float = 0.0
    accumulate: int = 1
    averaging: float = 0.998
    section_weight: float = 0.1
    dropout: float | None = None
    rope_base: float | None = None
    shape: tuple[tuple[str, float], ...] = field(default=(), metadata={"is_setting": False})
    checkpointing: bool = False
    precision: str = "auto"
    devices: int = 1
    nodes: int = 1
    threads: int = 0
    save_minutes: float = 5.0
    seed: int = 0
    sampling: SamplingOptions = field(default_factory=SamplingOptions)

    def __post_init__(self) -> None:
        """Refuse runs without a length or a size."""
        kinds = (*PRESETS_OF, FRACTAL)
        if self.model not in kinds:
            raise OptionError(f"`model` must be one of {', '.join(kinds)}, got {self.model[:40]!r}")
        presets = FRACTAL_PRESETS if self.model == FRACTAL else PRESETS_OF[self.model]
        if self.preset not in presets:
            raise OptionError(f"`preset` must be one of {', '.join(presets)}, got {self.preset!r}")
        if self.minutes <= 0 and self.core_minutes <= 0 and self.steps <= 0:
            raise OptionError("`minutes`, `core_minutes` or `steps` must be above 0")
        if not 0 <= self.averaging < 1:
            raise OptionError(f"`averaging` must be from 0 to below 1, got {self.averaging}")

    @property
    def config(self) -> ModelConfig | XlstmConfig:
        """The shape of a model of events: the preset's, and what replaces it.

        Raises:
            OptionError: If the shape will not do.
        """
        given = {"dropout": self.dropout, "rope_base": self.rope_base}
        given = {name: value for name, value in given.items() if value is not None}
        preset = PRESETS_OF[self.model][self.preset]
        changes = dict(self.shape) | given
        if unknown := sorted(set(changes) - set(preset.to_dict())):
            raise OptionError(f"a model of the kind `{self.model}` has no {', '.join(unknown)}")
        return type(preset)(**preset.to_dict() | changes)
