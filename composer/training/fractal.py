"""Training of fractal models: packed events and performances in, checkpoints and a log out."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from composer.models.fractal.config import (
    FRACTAL_PRESETS,
    N_ROWS,
    NAMED_CONDITIONS,
    PATCH,
    FractalConfig,
)
from composer.models.fractal.losses import LevelNats, RollBatch, structure_nats, velocity_nats
from composer.models.fractal.model import FractalModel
from composer.models.fractal.saving import save_fractal
from composer.training.batches import PackedEvents
from composer.training.loop import moving_average, precision_of
from composer.training.optimisers import build_optimisers, set_rates
from composer.training.options import TrainOptions
from composer.training.rolls import (
    Crop,
    Notes,
    RollOptions,
    RollSampler,
    draw_crop,
    load_performances,
)
from composer.training.schedule import rate_at

LOG_FIELDS = (
    "step", "minutes", "columns", "rate", "train_coarse", "train_fine", "train_cells",
    "train_nats_a_note", "train_velocity", "valid_coarse", "valid_fine", "valid_cells",
    "valid_nats_a_note", "valid_velocity",
)  # fmt: skip
# Weights of the levels in the loss: the upper ones have few nats and decide about much.
LEVEL_WEIGHTS = (2.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class FractalTraining:
    """How to train, beside `TrainOptions`.

    Args:
        generator_types: Of the four levels.
        scan: Order of `ar`.
        velocity_every: Batches from one batch of performances to the next; 0 takes none.
        rolls: How crops are drawn.
    """

    generator_types: tuple[str, ...] = ("mar", "mar", "ar", "ar")
    scan: str = "column"
    velocity_every: int = 6
    rolls: RollOptions = field(default_factory=RollOptions)


def batch_of(crops: Sequence[Crop]) -> RollBatch:
    """Return crops of one width as tensors, less the rows of 16 in which none of them has a note.

    The outermost rows are left in now and then by the pieces that sound there.
    """
    states = np.stack([crop.states for crop in crops])
    sounding = np.flatnonzero(states.any((0, 2)))
    low, high = 1, N_ROWS // PATCH - 1
    if len(sounding):
        low, high = min(low, sounding[0] // PATCH), max(high, sounding[-1] // PATCH + 1)
    rows = slice(low * PATCH, high * PATCH)

    def ids(arrays: Any) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(arrays).astype(np.int64))

    names = crops[0].conditions
    return RollBatch(
        states=ids(states[:, rows]),
        velocities=ids(np.stack([crop.velocities for crop in crops])[:, rows]),
        unknown=torch.from_numpy(np.stack([crop.unknown for crop in crops])[:, rows].copy()),
        columns=ids(np.stack([crop.columns for crop in crops])),
        conditions={name: ids([crop.conditions[name] for crop in crops]) for name in names},
        low=low * PATCH,
    )


def build_fractal(preset: str, how: FractalTraining, vocabulary: dict[str, Any]) -> FractalModel:
    """Return a new model for the names of a vocabulary."""
    shape = FRACTAL_PRESETS[preset]
    names = {name: 1 + len(vocabulary[name + "s"]) for name in NAMED_CONDITIONS}
    types = cast("tuple[str, str, str, str]", tuple(how.generator_types))
    values = shape.to_dict() | {"generator_types": types, "scan": how.scan, "names": names}
    return FractalModel(FractalConfig.from_dict(values))


def train_fractal(
    events: Path,
    performances: Path | None,
    out: Path,
    options: TrainOptions,
    how: FractalTraining,
) -> Path:
    """Train a fractal model and return the folder of its checkpoint.

    Args:
        events: A packed file of scores.
        performances: A file of performances, whose notes have velocities; every eighth is held out
            for validation. None trains no velocities.
        out: Gets `checkpoint/` and `log.csv`.
        options: Preset, length, rates, averaging, precision and seed.
        how: What else.

    Raises:
        OptionError: If a file is none, or the scores have no split `train`.
    """
    played = load_performances(performances) if performances else []
    _Run(PackedEvents.load(events), played, out, options, how).loop()
    return out / "checkpoint"


class _Run:
    """One run: model, optimisers, crops and log."""

    def __init__(
        self,
        packed: PackedEvents,
        performances: Sequence[Notes],
        out: Path,
        options: TrainOptions,
        how: FractalTraining,
    ) -> None:
        if options.threads:
            torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        self.packed, self.out, self.options, self.how = packed, out, options, how
        self.model = build_fractal(options.preset, how, packed.vocabulary)
        self.optimisers = build_optimisers(self.model, options)
        self.averaged = AveragedModel(self.model, multi_avg_fn=moving_average(options))
        self.played = [one for i, one in enumerate(performances) if i % 8 != 7]
        self.held_out = [one for i, one in enumerate(performances) if i % 8 == 7]
        self.sampler = RollSampler(packed, "train", how.rolls, options.seed)
        self.validation = self._validation()
        self.is_half = precision_of(options.precision) == "bf16-mixed"
        self.step, self.columns, self.rate = 0, 0, 0.0
        out.mkdir(parents=True, exist_ok=True)

    def loop(self) -> None:
        """Step until the run's length is reached."""
        began = saved = time.monotonic()
        recent = _Sums()
        while (done := self._share_done(began)) < 1.0:
            share = rate_at(done, warmup=self.options.warmup)
            self.rate = set_rates(self.optimisers, share)
            recent.add(*self._step())
            if time.monotonic() - saved > 60 * self.options.save_minutes:
                self.save(recent, (time.monotonic() - began) / 60)
                saved, recent = time.monotonic(), _Sums()
        self.save(recent, (time.monotonic() - began) / 60)

    def _share_done(self, began: float) -> float:
        if self.options.minutes > 0:
            return (time.monotonic() - began) / (60 * self.options.minutes)
        return self.step / self.options.steps

    def _step(self) -> tuple[list[LevelNats], LevelNats | None, int]:
        """Take one optimiser step; return nats by level, of velocities, and notes."""
        batch = batch_of(self.sampler.crops(self.step))
        n_notes = _unknown_onsets(batch)
        velocity = None
        every = self.how.velocity_every
        with torch.autocast("cpu", torch.bfloat16, enabled=self.is_half):
            levels = structure_nats(self.model, batch)
            terms = zip(LEVEL_WEIGHTS, levels, strict=True)
            loss = torch.stack([weight * one.total for weight, one in terms]).sum() / n_notes
            if self.played and every and self.step % every == 0:
                velocity = velocity_nats(self.model, batch_of(self._played(self.step)))
                loss = loss + velocity.total / max(1.0, velocity.count)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), self.options.clip)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad()
        self.averaged.update_parameters(self.model)
        self.step += 1
        self.columns += batch.states.shape[0] * batch.states.shape[2]
        return levels, velocity, n_notes

    def _played(self, number: int, *, held_out: bool = False) -> list[Crop]:
        pieces = self.held_out if held_out else self.played
        rng = np.random.default_rng([self.options.seed + 1, number])
        options = RollOptions(moved_share=0.0, drop_one=0.0, drop_all=0.0)
        found = []
        for index in rng.integers(0, len(pieces), 12):
            crop = draw_crop(pieces[int(index)], 128, options, rng)
            found.append(crop)
        return found

    def _validation(self) -> list[RollBatch]:
        if not self.packed.indices("valid"):
            return []
        sampler = RollSampler(self.packed, "valid", self.how.rolls, 1)
        return [batch_of(sampler.crops(number)) for number in range(16)]

    def validate(self, model: FractalModel) -> list[float]:
        """Return nats a note by level, their sum, and nats a velocity, on pieces that are held out.

        Holes and what is made of them are the same every time.
        """
        if not self.validation:
            return [float("nan")] * 5
        sums = _Sums()
        state = torch.get_rng_state()
        torch.manual_seed(0)
        model.eval()
        with torch.no_grad():
            for number, batch in enumerate(self.validation):
                velocity = None
                if self.held_out and number % 2 == 0:
                    crops = self._played(number, held_out=True)
                    velocity = velocity_nats(model, batch_of(crops))
                sums.add(structure_nats(model, batch), velocity, _unknown_onsets(batch))
        model.train()
        torch.set_rng_state(state)
        return sums.values

    def save(self, recent: _Sums, minutes: float) -> None:
        """Write weights and a line of the log."""
        averaged = cast("FractalModel", self.averaged.module)
        valid = self.validate(averaged)
        notes = {
            "preset": self.options.preset,
            "step": self.step,
            "columns": self.columns,
            "minutes": round(minutes, 1),
            "valid_nats_per_note": round(valid[3], 4),
            "valid_nats_per_velocity": round(valid[4], 4),
            "how": asdict(self.how),
        }
        save_fractal(
            self.out / "checkpoint", averaged, self.packed.vocabulary, notes, self.packed.menu
        )
        row: list[Any] = [self.step, round(minutes, 2), self.columns, self.rate]
        row += [round(value, 4) for value in (*recent.values, *valid)]
        path = self.out / "log.csv"
        is_new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerows([LOG_FIELDS, row] if is_new else [row])


class _Sums:
    """Nats of some batches."""

    def __init__(self) -> None:
        self.levels = [0.0, 0.0, 0.0]
        self.velocity, self.velocities, self.notes = 0.0, 0.0, 0

    def add(self, levels: list[LevelNats], velocity: LevelNats | None, n_notes: int) -> None:
        for index, one in enumerate(levels):
            self.levels[index] += float(one.total.detach())
        if velocity is not None:
            self.velocity += float(velocity.total.detach())
            self.velocities += velocity.count
        self.notes += n_notes

    @property
    def values(self) -> list[float]:
        """Nats a note by level, their sum, and nats a velocity."""
        by_level = [one / max(1, self.notes) for one in self.levels]
        loud = self.velocity / self.velocities if self.velocities else float("nan")
        return [*by_level, sum(by_level), loud]


def _unknown_onsets(batch: RollBatch) -> int:
    return max(1, int((batch.unknown & (batch.states == 1)).sum()))
