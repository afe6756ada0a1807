"""The round itself: trials, steps by the clock, validation, what is written."""

from __future__ import annotations

import csv
import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from composer.models.event_model import EventModel
from composer.models.likelihood import row_nats
from composer.models.saving import save_checkpoint
from composer.tokenizer import vocab
from composer.training.batches import PackedEvents
from composer.training.beginning import build_model
from composer.training.gpu_round.feed import DeviceBatch, Feed
from composer.training.gpu_round.options import CANDIDATE_ROWS, Round
from composer.training.optimisers import build_optimisers, set_rates
from composer.training.schedule import rate_at
from composer.training.validation import validation_batches

FIRST_STEPS, TRIAL_STEPS = 5, 6  # of a trial: to compile, and to measure
MAX_COMPILED = 32  # versions of a block or head; torch gives up at 8
SHARD_BYTES = 12_000_000
LOG_FIELDS = (
    "step",
    "minutes",
    "cpu_minutes",
    "events",
    "events_per_s",
    "rate",
    "train_nats_per_note",
    "valid_nats_per_note",
)


def run(how: Round, tell: Callable[[str], None]) -> dict[str, Any]:
    """Train, leave a checkpoint and a log in `how.out`, and return the last line of the log.

    Args:
        how: What to do.
        tell: Hears a line now and then.
    """
    began = time.monotonic()
    packed = PackedEvents.load(how.events)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(how.options.seed)
    torch.set_float32_matmul_precision("high")
    model = build_model(how.options, packed, how.init).to(device)
    trainer = _Trainer(how, packed, model, device, began, tell)
    try:
        return trainer.train()
    finally:
        trainer.feed.close()


class _Trainer:
    """Model, optimisers, batches and clock of one run."""

    def __init__(
        self,
        how: Round,
        packed: PackedEvents,
        model: EventModel,
        device: torch.device,
        began: float,
        tell: Callable[[str], None],
    ) -> None:
        self.tell = tell
        self.how, self.packed, self.model = how, packed, model
        self.device, self.began = device, began
        self.optimisers = build_optimisers(model, how.options)
        self.averaged = AveragedModel(model, multi_avg_fn=_moving_average(how.options.averaging))
        if how.compiled:
            torch._dynamo.config.recompile_limit = MAX_COMPILED
            for part in (*model.blocks, *model.heads):
                part.compile()
        self.validation = validation_batches(packed, how.options)
        self.feed = Feed(how, device)
        self.step_count = self.events = 0
        self.ends = began + 60 * how.minutes - how.reserve_s
        self.last = (began, 0)
        how.out.mkdir(parents=True, exist_ok=True)

    def train(self) -> dict[str, Any]:
        """Step until the time is up."""
        self.feed.batch_rows = self.how.batch_rows or self._best_batch_rows()
        steps_began, half_is_kept = time.monotonic(), False
        losses: deque[tuple[Tensor, int]] = deque(maxlen=200)
        while True:
            done = (time.monotonic() - steps_began) / max(1e-9, self.ends - steps_began)
            if self.how.steps:
                done = self.step_count / self.how.steps
            if done >= 1:
                return self._keep(done, losses)
            if done > 0.5 and not half_is_kept:
                half_is_kept = True
                self._keep(done, losses)
            share = rate_at(done, warmup=self.how.options.warmup)
            losses.append(self._step(next(self.feed), share))

    def _best_batch_rows(self) -> int:
        """Return the batch that gives most events a second; what does not fit is left out."""
        found: dict[int, float] = {}
        for rows in CANDIDATE_ROWS:
            self.feed.batch_rows = rows
            try:
                for _ in range(FIRST_STEPS):
                    self._step(next(self.feed), share=0.0)
                _wait(self.device)
                began, before = time.monotonic(), self.events
                for _ in range(TRIAL_STEPS):
                    self._step(next(self.feed), share=0.0)
                _wait(self.device)
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
                break
            found[rows] = (self.events - before) / (time.monotonic() - began)
            self.tell(f"{rows} rows a batch: {found[rows]:,.0f} events a second")
        self.step_count = self.events = 0
        # A larger batch takes fewer steps, so that it has to earn a tenth.
        best = min(found)
        for rows, speed in sorted(found.items()):
            best = rows if speed > 1.1 * found[best] else best
        return best

    def _step(self, batch: DeviceBatch, share: float) -> tuple[Tensor, int]:
        """Take one step; return summed nats, on the device, and notes."""
        set_rates(self.optimisers, share)
        weight = self.how.options.section_weight
        with _autocast(self.device):
            nats, loss = event_losses(self.model, batch, weight)
        (loss / max(1, batch.n_events)).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.how.options.clip)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad()
        if share:
            self.averaged.update_parameters(self.model)
        self.step_count += 1
        self.events += batch.n_events
        return nats.detach(), batch.n_notes

    def _keep(self, done: float, losses: deque[tuple[Tensor, int]]) -> dict[str, Any]:
        """Validate the average, write it over what was there, and return the line of the log."""
        now, (then, events) = time.monotonic(), self.last
        self.last = (now, self.events)
        averaged: Any = self.averaged.module
        line = {
            "step": self.step_count,
            "minutes": round((now - self.began) / 60, 2),
            "cpu_minutes": round(time.process_time() / 60, 2),
            "events": self.events,
            "events_per_s": round((self.events - events) / max(1e-9, now - then)),
            "rate": rate_at(done, warmup=self.how.options.warmup) * self.how.options.rate,
            "train_nats_per_note": _mean_nats(losses),
            "valid_nats_per_note": round(self._validate(averaged), 4),
        }
        self.tell(json.dumps(line))
        _append(self.how.out / "log.csv", line)
        sampling = self.how.options.sampling
        notes = {
            "preset": self.how.options.preset,
            "max_rows": sampling.max_rows,
            "favoured": dict(sampling.favoured),
            "favoured_ensembles": dict(sampling.favoured_ensembles),
            "moved_share": sampling.moved_share,
            "fewer_parts_share": sampling.fewer_parts_share,
            "batch_rows": self.feed.batch_rows,
            "progress": line,
            "valid_nats_per_note": line["valid_nats_per_note"],
        }
        save_checkpoint(
            self.how.out,
            averaged,
            self.packed.vocabulary,
            notes,
            menu=self.packed.menu,
            shard_bytes=SHARD_BYTES,
        )
        return line

    def _validate(self, model: EventModel) -> float:
        model.eval()
        nats, notes = 0.0, 0
        with _autocast(self.device):
            for batch in self.validation:
                found = row_nats(model, batch.rows, batch.nexts, batch.counts)
                nats, notes = nats + float(found.sum()), notes + batch.n_notes
        return nats / max(1, notes)


def event_losses(
    model: EventModel, batch: DeviceBatch, section_weight: float
) -> tuple[Tensor, Tensor]:
    """Return summed nats, and the same with sections weighted: the loss.

    All rows go through the heads, padding too: to pick rows would wait for the device.
    """
    states = model(batch.rows)
    nats = loss = torch.zeros((), device=batch.rows.device)
    is_bar = batch.nexts[..., vocab.TIME] == vocab.BAR
    for field in range(len(vocab.FIELDS)):
        logits = model.field_logits(field, states, batch.nexts[..., :field])
        wanted = batch.nexts[..., field].masked_fill(~batch.counts[..., field], -100)
        found = functional.cross_entropy(
            logits.flatten(0, 1).float(), wanted.flatten(), reduction="none", ignore_index=-100
        )
        nats = nats + found.sum()
        if field == vocab.PART:
            found = torch.where(is_bar.flatten(), found * section_weight, found)
        loss = loss + found.sum()
    return nats, loss


def _moving_average(averaging: float) -> Any:
    """Return how weights are averaged: exponentially, over few steps while there are few."""

    def update(averaged: list[Tensor], current: list[Tensor], n_steps: Tensor) -> None:
        share = min(averaging, (1 + int(n_steps)) / (10 + int(n_steps)))
        torch._foreach_lerp_(averaged, current, 1 - share)

    return torch.no_grad()(update)


def _mean_nats(losses: deque[tuple[Tensor, int]]) -> float:
    notes = sum(n for _, n in losses)
    return round(float(sum(float(nats) for nats, _ in losses)) / max(1, notes), 4)


def _autocast(device: torch.device) -> Any:
    return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _append(path: Path, line: dict[str, Any]) -> None:
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, LOG_FIELDS)
        if is_new:
            writer.writeheader()
        writer.writerow(line)
