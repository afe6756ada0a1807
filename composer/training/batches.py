"""Batches of rearranged pieces from one packed file. Knows numpy and the tables, no torch.

Pieces are drawn by form, then by composer, then by work, each flattened by a temperature, so that
no collection drowns the others, and by length within a work. A *pool* of sequences is drawn from a
generator of its own, sorted by length and cut into batches: every batch follows from (seed, rank,
pool number) alone, which makes resuming exact.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from composer.errors import OptionError
from composer.tokenizer import vocab
from composer.tokenizer.bar_layouts import Layout
from composer.tokenizer.holes import Bars, Sequence, targets
from composer.tokenizer.vocab import BAR, TIME, Events
from composer.training.sequences import SamplingOptions, draw_sequence


@dataclass(frozen=True)
class Batch:
    """Padded sequences; see `tokenizer.holes.targets`.

    Args:
        rows: What is read, ids [B, T, 4].
        nexts: The row after each, ids [B, T, 4].
        counts: Which fields of `nexts` are to be predicted, [B, T, 4].
    """

    rows: npt.NDArray[np.int16]
    nexts: npt.NDArray[np.int16]
    counts: npt.NDArray[np.bool_]

    @property
    def n_notes(self) -> int:
        """Notes to be predicted."""
        return int(self.counts[..., vocab.PITCH].sum())

    @classmethod
    def joined(cls, batches: list[Batch]) -> Batch:
        """Return batches of one length as one."""
        rows, nexts, counts = zip(*((b.rows, b.nexts, b.counts) for b in batches), strict=True)
        return cls(np.concatenate(rows), np.concatenate(nexts), np.concatenate(counts))

    def cut(self, first: int, last: int) -> Batch:
        """Return some of the sequences."""
        return Batch(self.rows[first:last], self.nexts[first:last], self.counts[first:last])


@dataclass(frozen=True)
class PackedEvents:
    """A packed file in memory.

    Args:
        events: Of all pieces, [N, 4].
        offsets: Where each piece begins, [pieces + 1].
        names: What is known of each piece.
        vocabulary: JSON values.
        menu: JSON rows; what a checkpoint trained on it offers.
        layouts: What each bar is, of all pieces, [bars, 4]; see `tokenizer.bar_layouts`.
    """

    events: Events
    offsets: npt.NDArray[np.int64]
    names: list[dict[str, Any]]
    vocabulary: dict[str, Any]
    menu: list[dict[str, Any]]
    layouts: Layout

    @classmethod
    def load(cls, path: Path) -> PackedEvents:
        """Read a packed file.

        Raises:
            OptionError: If it is none.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
                return cls(
                    data["events"],
                    data["offsets"],
                    json.loads(str(data["names"])),
                    json.loads(str(data["vocabulary"])),
                    json.loads(str(data["menu"])),
                    data["layouts"],
                )
        except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile) as error:
            raise OptionError(
                f"{path.name} is no packed file of events; make one with `python -m composer pack`"
            ) from error

    def piece(self, index: int) -> Events:
        """Return the events of a piece."""
        return self.events[self.offsets[index] : self.offsets[index + 1]]

    @cached_property
    def first_bars(self) -> npt.NDArray[np.int64]:
        """The first bar of every piece among all bars, and their number, [pieces + 1]."""
        before = np.concatenate([[0], np.cumsum(self.events[:, TIME] == BAR)])
        return np.asarray(before[self.offsets])

    def layout(self, index: int) -> Layout:
        """Return what each bar of a piece is."""
        return self.layouts[self.first_bars[index] : self.first_bars[index + 1]]

    def indices(self, split: str) -> list[int]:
        """Return the pieces of a split."""
        return [i for i, name in enumerate(self.names) if name["split"] == split]


def piece_weights(
    packed: PackedEvents, indices: list[int], options: SamplingOptions
) -> npt.NDArray[np.float64]:
    """Return the chance of every piece, [len(indices)], summing to 1.

    A form's share is its events to `form_power`, a composer's share within it likewise, a work's
    share within both likewise, and a piece's share within its work is its events. Favoured forms
    and ensembles get their factors on top.

    Raises:
        OptionError: If a favoured form or ensemble is not in the corpus.
    """
    names = [packed.names[index] for index in indices]
    sizes = np.array([float(packed.offsets[i + 1] - packed.offsets[i]) for i in indices])
    levels = (
        ([name["form"] for name in names], options.form_power),
        ([name["composer"] for name in names], options.composer_power),
        ([name.get("work", str(i)) for i, name in enumerate(names)], options.work_power),
    )
    weights = np.ones(len(indices))
    outer = np.zeros(len(indices), np.int64)  # the group of every piece, one level up
    for kinds, power in levels:
        inner = _numbered(list(zip(outer.tolist(), kinds, strict=True)))
        shares = np.bincount(inner, sizes) ** power
        first = np.unique(inner, return_index=True)[1]
        weights *= shares[inner] / np.bincount(outer[first], shares)[outer]
        outer = inner
    weights *= sizes / np.bincount(outer, sizes)[outer]
    for kind, favoured in (
        ("form", options.favoured),
        ("ensemble", options.favoured_ensembles),
    ):
        weights *= _factors([name.get(kind, "") for name in names], kind, dict(favoured))
    return np.asarray(weights / weights.sum())


def _numbered(keys: list[Any]) -> npt.NDArray[np.int64]:
    """Return a number for each key, equal keys alike: 0, 1, ... in the order of appearance."""
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def _factors(found: list[str], kind: str, favoured: dict[str, float]) -> npt.NDArray[np.float64]:
    if unknown := sorted(set(favoured) - set(found)):
        raise OptionError(
            f"no piece has the {kind} {unknown[0]!r}; favour one of {', '.join(sorted(set(found)))}"
        )
    return np.array([favoured.get(name, 1.0) for name in found])


class Sampler:
    """Draws batches without end.

    Args:
        packed: The corpus.
        split: `train` or `valid`.
        options: How to draw.
        seed: Same seed and rank, same batches.
        rank: Of this process.
    """

    def __init__(
        self,
        packed: PackedEvents,
        split: str,
        options: SamplingOptions,
        *,
        seed: int = 0,
        rank: int = 0,
    ) -> None:
        self.options, self.seed, self.rank = options, seed, rank
        indices = packed.indices(split)
        if not indices:
            raise OptionError(f"the packed file has no piece in the split {split!r}")
        self.weights = piece_weights(packed, indices, options)
        self.pieces = [Bars.of(packed.piece(index)) for index in indices]
        self.layouts = [packed.layout(index) for index in indices]

    def batches(self, start: int = 0) -> Iterator[tuple[int, Batch]]:
        """Yield (pool number, batch) for ever, from the beginning of a pool on."""
        pool = start
        while True:
            yield from ((pool, batch) for batch in self.pool_batches(pool))
            pool += 1

    def pool_batches(self, pool: int) -> list[Batch]:
        """Return the batches of one pool, in random order."""
        rng = np.random.default_rng([self.seed, self.rank, pool])
        sequences = sorted(self._draw(rng), key=lambda sequence: len(sequence.rows))
        groups = list(_groups(sequences, self.options.batch_rows))
        return [pad(groups[i]) for i in rng.permutation(len(groups))]

    def pool_sequences(self, pool: int) -> list[Sequence]:
        """Return the sequences of one pool, in random order."""
        return self._draw(np.random.default_rng([self.seed, self.rank, pool]))

    def _draw(self, rng: np.random.Generator) -> list[Sequence]:
        places = rng.choice(len(self.pieces), self.options.pool, p=self.weights)
        return [
            draw_sequence(self.pieces[place], self.options, rng, self.layouts[place])
            for place in places
        ]


def padded_to(lengths: tuple[int, ...], sequences: list[Sequence]) -> list[Batch]:
    """Return sequences as a batch for every length that is needed: the shortest that holds each.

    Args:
        lengths: Ascending; the last holds every sequence less its last row.
        sequences: Of any length.
    """
    groups: dict[int, list[Sequence]] = {}
    for sequence in sequences:
        length = next(n for n in lengths if len(sequence.rows) - 1 <= n)
        groups.setdefault(length, []).append(sequence)
    return [pad(group, length) for length, group in groups.items()]


def pad(sequences: list[Sequence], length: int = 0) -> Batch:
    """Return sequences as one batch, padded to the longest, or to a length."""
    parts = [targets(sequence) for sequence in sequences]
    longest = length or max(len(rows) for rows, _, _ in parts)
    rows = np.empty((len(parts), longest, 4), np.int16)
    rows[:] = vocab.NONE
    nexts, counts = rows.copy(), np.zeros(rows.shape, np.bool_)
    for i, (row, following, counted) in enumerate(parts):
        rows[i, : len(row)], nexts[i, : len(row)], counts[i, : len(row)] = row, following, counted
    return Batch(rows, nexts, counts)


def _groups(sequences: list[Sequence], batch_rows: int) -> Iterator[list[Sequence]]:
    """Cut sorted sequences into groups of at most `batch_rows` padded rows."""
    group: list[Sequence] = []
    for sequence in sequences:
        if group and (len(group) + 1) * len(sequence.rows) > batch_rows:
            yield group
            group = []
        group.append(sequence)
    yield group
