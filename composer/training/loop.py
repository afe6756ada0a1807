"""Training: one packed file in, checkpoints and a log out, resumable to the bit.

Runs on one device, several, or several machines by the same command (Lightning Fabric). Imports no
music: it runs where MidiTok and symusic are not installed.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from composer.errors import CheckpointError, OptionError
from composer.models import fingerprint_of
from composer.models.event_model import EventModel
from composer.models.likelihood import row_nats
from composer.models.saving import save_checkpoint
from composer.tokenizer import vocab
from composer.training.batches import Batch, PackedEvents, Sampler
from composer.training.beginning import build_model, with_wavelengths_of
from composer.training.optimisers import build_optimisers, set_rates
from composer.training.options import TrainOptions
from composer.training.schedule import rate_at
from composer.training.validation import validation_batches

try:  # the whole `lightning` package carries Fabric under another name than `lightning-fabric`
    from lightning_fabric import Fabric
except ImportError:
    from lightning.fabric import Fabric  # type: ignore[no-redef]

LOG_FIELDS = (
    "step",
    "minutes",
    "cpu_minutes",
    "events",
    "rate",
    "train_nats_per_note",
    "valid_nats_per_note",
    "valid_nats_per_note_unaveraged",
)
# Takes the name of a phase of a step; what runs within it is that phase.
Phase = Callable[[str], AbstractContextManager[None]]


@dataclass
class Progress:
    """Where a run stands; saved with the weights. Pools count whole pools of batches."""

    step: int = 0
    pool: int = 0
    batch_in_pool: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    events: int = 0


def train(
    events: Path,
    out: Path,
    options: TrainOptions,
    *,
    resume: bool = False,
    init: Sequence[Path] = (),
    show_progress: bool = True,
) -> Path:
    """Train a model and return the folder of its checkpoint.

    Args:
        events: A packed file.
        out: Gets `checkpoint/`, `state.pt`, `log.csv` and TensorBoard's files.
        options: How.
        resume: Go on from `out/state.pt`, to the bit where `steps` count.
        init: Begin with the mean of the weights of these checkpoints, the optimiser anew. States
            of one run may predict better together than each (M. Wortsman et al., Model soups, 2022,
            arXiv 2203.05482; docs/log.md has numbers). A larger preset grows out of them.
        show_progress: Draw a progress bar.

    Raises:
        OptionError: If there is nothing to resume, the packed file is none, or a checkpoint of
            `init` does not fit into the preset, or its vocabulary is not continued.
        CheckpointError: If a checkpoint or the state cannot be read.
    """
    if resume and (out / "checkpoint").is_dir():
        options = with_wavelengths_of([out / "checkpoint"], options)
    run = Run(PackedEvents.load(events), out, options, init)
    if resume:
        run.load_state()
    run.loop(show_progress)
    return out / "checkpoint"


def _began_with(init: Sequence[Path], out: Path) -> str:
    """Name the weights that a run began with; what goes on again keeps what its checkpoint says."""
    known = out / "checkpoint" / "config.json"
    if init or not known.is_file():
        names = [f"{folder.name} ({fingerprint_of(folder)})" for folder in init]
        return " and ".join(names) or "random numbers"
    began: str = json.loads(known.read_text("utf-8"))["notes"].get("began_with", "random numbers")
    return began


class Run:
    """One run: model, optimiser, batches and log.

    Args:
        packed: What it learns.
        out: Folder of its files.
        options: How.
        init: Checkpoints whose mean it begins with.
    """

    def __init__(
        self, packed: PackedEvents, out: Path, options: TrainOptions, init: Sequence[Path]
    ) -> None:
        if options.threads:
            torch.set_num_threads(options.threads)
        self.out, self.options, self.packed = out, options, packed
        self.fabric = Fabric(
            accelerator="auto",
            devices=options.devices,
            num_nodes=options.nodes,
            precision=precision_of(options.precision),
        )
        self.fabric.launch()
        torch.manual_seed(options.seed + self.fabric.global_rank)
        self.raw_model = build_model(options, packed, init)
        optimisers = build_optimisers(self.raw_model, options)
        self.model, *self.optimisers = self.fabric.setup(self.raw_model, *optimisers)
        self.model.mark_forward_method("field_losses")
        self.averaged = AveragedModel(self.raw_model, multi_avg_fn=moving_average(options))
        self.sampler = Sampler(
            packed, "train", options.sampling, seed=options.seed, rank=self.fabric.global_rank
        )
        self.validation = validation_batches(packed, options)
        self.progress, self.rate = Progress(), 0.0
        self.began_with = _began_with(init, out)
        self.phase: Phase = lambda name: nullcontext()
        out.mkdir(parents=True, exist_ok=True)
        self.board = _board(out) if self.fabric.is_global_zero else None

    def loop(self, show_progress: bool) -> None:
        """Step until the run's length is reached."""
        bar = tqdm(
            total=1.0,
            disable=not show_progress or not self.fabric.is_global_zero,
            bar_format="{percentage:5.1f}% |{bar}| {elapsed}<{remaining} {postfix}",
        )
        began, cpu_began = time.monotonic(), time.process_time()
        base, cpu_base = self.progress.seconds, self.progress.cpu_seconds
        last_saved, recent = base, _Average()
        batches = self.batches()
        while self.share_done < 1.0:
            recent.add(*self.step(batches))
            self.progress.seconds = base + time.monotonic() - began
            self.progress.cpu_seconds = cpu_base + time.process_time() - cpu_began
            bar.n = min(1.0, self.share_done)
            bar.set_postfix_str(f"{recent.value:.3f} nats a note, {self.progress.events:,} events")
            if self.progress.seconds - last_saved > 60 * self.options.save_minutes:
                self.save(recent)
                last_saved, recent = self.progress.seconds, _Average()
        bar.close()
        self.save(recent)

    @property
    def share_done(self) -> float:
        """Share of the run that is done, 0..1 and a little above."""
        if self.options.core_minutes > 0:
            return self.progress.cpu_seconds / (60 * self.options.core_minutes)
        if self.options.minutes > 0:
            return self.progress.seconds / (60 * self.options.minutes)
        return self.progress.step / self.options.steps

    def batches(self) -> Iterator[Batch]:
        """Yield batches from where the run stands, and keep that place up to date."""
        while True:
            pool = self.sampler.pool_batches(self.progress.pool)
            for batch in pool[self.progress.batch_in_pool :]:
                self.progress.batch_in_pool += 1
                yield batch
            self.progress.pool, self.progress.batch_in_pool = self.progress.pool + 1, 0

    def step(self, batches: Iterator[Batch]) -> tuple[float, int]:
        """Take one optimiser step; return its summed nats and notes."""
        share = rate_at(self.share_done, warmup=self.options.warmup)
        self.rate = set_rates(self.optimisers, share)
        nats, notes = 0.0, 0
        for index in range(self.options.accumulate):
            with self.phase("data"):
                batch = next(batches)
            is_last = index == self.options.accumulate - 1
            with self.fabric.no_backward_sync(self.model, enabled=not is_last):
                with self.phase("forward"):
                    losses = self._losses(batch)
                    loss = self._mean(losses) / self.options.accumulate
                with self.phase("backward"):
                    self.fabric.backward(loss)
            nats += sum(float(found.detach().sum()) for found in losses)
            notes += batch.n_notes
            self.progress.events += int(batch.counts[..., vocab.TIME].sum())
        with self.phase("optimiser"):
            nn.utils.clip_grad_norm_(self.raw_model.parameters(), self.options.clip)
            for optimiser in self.optimisers:
                optimiser.step()
                optimiser.zero_grad()
            self.averaged.update_parameters(self.raw_model)
        self.progress.step += 1
        return nats, notes

    def _losses(self, batch: Batch) -> list[Tensor]:
        rows, nexts = (self._ids(ids) for ids in (batch.rows, batch.nexts))
        counts = torch.from_numpy(batch.counts).to(self.fabric.device)
        states = self.model(rows)
        losses: list[Tensor] = self.model.field_losses(
            states, nexts, counts, self.options.smoothing
        )
        # The part field of a bar line is its SECTION: a help for planning, not music.
        is_bar = nexts[..., 0][counts[..., 1]] == vocab.BAR
        losses[1] = torch.where(is_bar, losses[1] * self.options.section_weight, losses[1])
        return losses

    def _ids(self, ids: Any) -> Tensor:
        return torch.from_numpy(ids.astype(np.int64)).to(self.fabric.device)

    @staticmethod
    def _mean(losses: list[Tensor]) -> Tensor:
        """Return nats an event: all fields' sums over the number of times."""
        total = torch.stack([found.sum() for found in losses]).sum()
        return total / losses[0].numel()

    def save(self, recent: _Average) -> None:
        """Write weights, state and a line of the log."""
        averaged = cast("EventModel", self.averaged.module)
        valid, raw = self.validate(averaged), self.validate(self.raw_model)
        if not self.fabric.is_global_zero:
            return
        notes = {
            "preset": self.options.preset,
            "began_with": self.began_with,
            "max_rows": self.options.sampling.max_rows,
            "favoured": dict(self.options.sampling.favoured),
            "favoured_ensembles": dict(self.options.sampling.favoured_ensembles),
            "moved_share": self.options.sampling.moved_share,
            "fewer_parts_share": self.options.sampling.fewer_parts_share,
            "progress": asdict(self.progress),
            "valid_nats_per_note": round(valid, 4),
        }
        save_checkpoint(
            self.out / "checkpoint",
            averaged,
            self.packed.vocabulary,
            notes,
            menu=self.packed.menu,
        )
        self.save_state()
        values = (
            self.progress.step,
            round(self.progress.seconds / 60, 2),
            round(self.progress.cpu_seconds / 60, 2),
            self.progress.events,
            self.rate,
            round(recent.value, 4),
            round(valid, 4),
            round(raw, 4),
        )
        _append_log(self.out / "log.csv", values)
        if self.board:
            for name, value in zip(LOG_FIELDS[4:], values[4:], strict=True):
                self.board.add_scalar(name, value, self.progress.step)
            self.board.flush()

    def validate(self, model: EventModel) -> float:
        """Return nats a note on windows of the validation split, all conditions given."""
        model.eval()
        nats, notes = 0.0, 0
        for batch in self.validation:
            found = row_nats(model, batch.rows, batch.nexts, batch.counts)
            nats, notes = nats + float(found.sum()), notes + batch.n_notes
        model.train()
        return nats / max(1, notes)

    def save_state(self) -> None:
        """Write what resuming needs, beside the place and then over it."""
        state = {
            "model": self.raw_model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimisers": [each.optimizer.state_dict() for each in self.optimisers],
            "rng": torch.get_rng_state(),
            "device_rngs": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "progress": asdict(self.progress),
        }
        path = self.out / "state.pt"
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def load_state(self) -> None:
        """Go on from the saved state.

        Raises:
            OptionError: If there is none.
            CheckpointError: If it is damaged or of another model.
        """
        path = self.out / "state.pt"
        if not path.exists():
            raise OptionError(
                f"there is nothing to resume in {self.out.name}; leave `--resume` out"
            )
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            self.raw_model.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["averaged"])
            for each, values in zip(self.optimisers, state["optimisers"], strict=True):
                each.optimizer.load_state_dict(values)
            torch.set_rng_state(state["rng"])
            torch.cuda.set_rng_state_all(state["device_rngs"])
            self.progress = Progress(**state["progress"])
        except (EOFError, KeyError, TypeError, ValueError, RuntimeError, UnpicklingError) as error:
            raise CheckpointError(
                f"{path.name} cannot be read, or it is of another model; resume with the options "
                "of the run, or leave `--resume` out"
            ) from error


def _board(out: Path) -> Any:
    """Return TensorBoard's writer, or None where that is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(out / "tensorboard"))


def moving_average(options: TrainOptions) -> Any:
    """Return how `AveragedModel` goes on: exponentially, over few steps while there are few."""

    def update(averaged: list[Tensor], current: list[Tensor], n_steps: Tensor) -> None:
        share = min(options.averaging, (1 + int(n_steps)) / (10 + int(n_steps)))
        torch._foreach_lerp_(averaged, current, 1 - share)

    return torch.no_grad()(update)


class _Average:
    """Nats a note since the last line of the log."""

    def __init__(self) -> None:
        self.nats, self.notes = 0.0, 0

    def add(self, nats: float, notes: int) -> None:
        self.nats, self.notes = self.nats + nats, self.notes + notes

    @property
    def value(self) -> float:
        return self.nats / max(1, self.notes)


def precision_of(wanted: str) -> Any:
    """Pick bf16 autocast where the processor multiplies it natively."""
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16-mixed"
    return "bf16-mixed" if _has_bf16() else "32-true"


def _has_bf16() -> bool:
    has_mkldnn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(has_mkldnn and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _append_log(path: Path, values: tuple[Any, ...]) -> None:
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(LOG_FIELDS)
        writer.writerow(values)
