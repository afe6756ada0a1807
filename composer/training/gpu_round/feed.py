"""Batches on the device, drawn ahead by other processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import Tensor

from composer.tokenizer import vocab
from composer.training.batches import Batch, PackedEvents, Sampler, padded_to
from composer.training.gpu_round.options import CANDIDATE_ROWS, LENGTHS, Round
from composer.training.sequences import SamplingOptions

AHEAD_BATCHES = 4


@dataclass(frozen=True)
class DeviceBatch:
    """A batch on the device.

    Args:
        rows: What is read, ids [B, T, 4].
        nexts: The row after each, ids [B, T, 4].
        counts: Which of its fields are to be predicted, [B, T, 4].
        n_events, n_notes: To be predicted.
    """

    rows: Tensor
    nexts: Tensor
    counts: Tensor
    n_events: int
    n_notes: int

    @classmethod
    def of(cls, batch: Batch, device: torch.device) -> DeviceBatch:
        """Copy a batch, without waiting for it where the device allows that."""
        rows, nexts, counts = (
            torch.from_numpy(array).to(device, non_blocking=True)
            for array in (batch.rows, batch.nexts, batch.counts)
        )
        n_events = int(batch.counts[..., vocab.TIME].sum())
        return cls(rows.long(), nexts.long(), counts, n_events, batch.n_notes)


class Feed:
    """Batches without end, drawn ahead by other processes and copied to the device.

    Args:
        how: Of the run.
        device: Where they go.
    """

    def __init__(self, how: Round, device: torch.device) -> None:
        self.how, self.device = how, device
        self.batch_rows = how.batch_rows or CANDIDATE_ROWS[0]
        arguments = (how.events, how.options.sampling, how.options.seed)
        self.pool: ProcessPoolExecutor | None = None
        if how.workers:
            context = get_context("spawn")  # a fork would copy the device's state
            self.pool = ProcessPoolExecutor(
                how.workers, mp_context=context, initializer=_begin_worker, initargs=arguments
            )
        else:
            _begin_worker(*arguments)
        self.number = 0
        self.batches = self._batches()
        self.ahead: deque[DeviceBatch] = deque()

    def __next__(self) -> DeviceBatch:
        """Return the next batch; the ones after it are on their way."""
        while len(self.ahead) < (AHEAD_BATCHES if self.pool else 1):
            self.ahead.append(DeviceBatch.of(next(self.batches), self.device))
        return self.ahead.popleft()

    def close(self) -> None:
        """End the other processes."""
        if self.pool:
            self.pool.shutdown(cancel_futures=True)

    def _batches(self) -> Iterator[Batch]:
        """Yield batches of `batch_rows` rows, each of sequences of one padded length."""
        waiting: dict[int, list[Batch]] = {}
        for pool in self._pools():
            for batch in pool:
                length = batch.rows.shape[1]
                found = waiting.setdefault(length, [])
                found.append(batch)
                size = max(1, self.batch_rows // length)
                while sum(len(each.rows) for each in found) >= size:
                    joined = Batch.joined(found)
                    yield joined.cut(0, size)
                    rest = joined.cut(size, len(joined.rows))
                    found[:] = [rest] if len(rest.rows) else []

    def _pools(self) -> Iterator[list[Batch]]:
        if self.pool is None:
            while True:
                self.number += 1
                yield _draw_pool(self.number)
        tasks: deque[Future[list[Batch]]] = deque()
        while True:
            while len(tasks) < 3 * self.how.workers:
                self.number += 1
                tasks.append(self.pool.submit(_draw_pool, self.number))
            yield tasks.popleft().result()


_WORKER: list[Sampler] = []  # of this process


def _begin_worker(events: Path, sampling: SamplingOptions, seed: int) -> None:
    torch.set_num_threads(1)
    _WORKER[:] = [Sampler(PackedEvents.load(events), "train", sampling, seed=seed)]


def _draw_pool(number: int) -> list[Batch]:
    """Return a pool as one batch for every padded length."""
    return padded_to(LENGTHS, _WORKER[0].pool_sequences(number))
