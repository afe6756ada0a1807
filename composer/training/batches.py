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
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from composer.errors import OptionError
from composer.tokenizer import vocab
from composer.tokenizer.holes import (
    N_WISHES,
    Bars,
    Sequence,
    drop_wishes,
    given_parts,
    hole,
    open_bars,
    targets,
    theme,
    window,
)
from composer.tokenizer.variants import moved, with_parts
from composer.tokenizer.vocab import PART, PITCH, Events

Rng = np.random.Generator
LOWEST_MOVE, HIGHEST_MOVE = -5, 6  # semitones, to every other key once


@dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """How pieces become training sequences.

    Args:
        max_rows: Longest sequence.
        batch_rows: Rows a batch, padding included.
        pool: Sequences that are sorted by length together.
        form_power: 1 draws forms by their number of notes, 0 draws all alike.
        composer_power: Likewise, within a form.
        work_power: Likewise, within a composer: many groups of parts come from one movement.
        favoured: Factors on the shares of forms, as (form, factor); others keep 1.
        favoured_ensembles: Factors on pieces by ensemble, as (ensemble, factor); others keep 1.
        hole_share: Of the sequences that fill bars.
        parts_share: Of those that write parts to given ones.
        theme_share: Of those that come back to a theme; the others are plain windows.
        moved_share: Of pieces whose tonic is moved.
        fewer_parts_share: Of pieces in three and more parts of which some parts are left out.
        drop_one: Chance that a wish is left open.
        drop_all: Chance that all wishes are.
        drop_bars_left: Chance that BAR rows carry no bars left.
        drop_sections: Chance that they carry no section.
    """

    max_rows: int = 512
    batch_rows: int = 8_192
    pool: int = 256
    form_power: float = 0.5
    composer_power: float = 0.5
    work_power: float = 0.5
    favoured: tuple[tuple[str, float], ...] = ()
    favoured_ensembles: tuple[tuple[str, float], ...] = ()
    hole_share: float = 0.10
    parts_share: float = 0.08
    theme_share: float = 0.07
    moved_share: float = 0.30
    fewer_parts_share: float = 0.20
    drop_one: float = 0.10
    drop_all: float = 0.10
    drop_bars_left: float = 0.10
    drop_sections: float = 0.25


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


@dataclass(frozen=True)
class PackedEvents:
    """A packed file in memory.

    Args:
        events: Of all pieces, [N, 4].
        offsets: Where each piece begins, [pieces + 1].
        names: What is known of each piece.
        vocabulary: JSON values.
        menu: JSON rows; what a checkpoint trained on it offers.
    """

    events: Events
    offsets: npt.NDArray[np.int64]
    names: list[dict[str, Any]]
    vocabulary: dict[str, Any]
    menu: list[dict[str, Any]]

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
                )
        except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile) as error:
            raise OptionError(
                f"{path.name} is no packed file of events; make one with `python -m composer pack`"
            ) from error

    def piece(self, index: int) -> Events:
        """Return the events of a piece."""
        return self.events[self.offsets[index] : self.offsets[index + 1]]

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

    def batches(self, start: int = 0) -> Iterator[tuple[int, Batch]]:
        """Yield (pool number, batch) for ever, from the beginning of a pool on."""
        pool = start
        while True:
            yield from ((pool, batch) for batch in self.pool_batches(pool))
            pool += 1

    def pool_batches(self, pool: int) -> list[Batch]:
        """Return the batches of one pool, in random order."""
        rng = np.random.default_rng([self.seed, self.rank, pool])
        places = rng.choice(len(self.pieces), self.options.pool, p=self.weights)
        sequences = [draw_sequence(self.pieces[place], self.options, rng) for place in places]
        sequences.sort(key=lambda sequence: len(sequence.rows))
        groups = list(_groups(sequences, self.options.batch_rows))
        return [pad(groups[i]) for i in rng.permutation(len(groups))]


def draw_sequence(piece: Bars, options: SamplingOptions, rng: Rng) -> Sequence:
    """Rearrange a piece at random, with wishes dropped at random; at most `max_rows` + 1 rows."""
    budget = options.max_rows + 1
    piece = _draw_variant(piece, options, rng)
    kind = rng.random()
    first = _first_bar(piece, budget, rng)
    last = _last_bar(piece, first, budget - N_WISHES - 2)
    if kind < options.hole_share and last - first >= 3:
        sequence = _draw_hole(piece, first, _last_bar(piece, first, budget - N_WISHES - 40), rng)
    elif kind < options.hole_share + options.parts_share and len(_part_ids(piece, first, last)) > 1:
        sequence = _draw_parts(piece, first, budget, rng)
    elif kind > 1 - options.theme_share and len(piece) >= 8:
        sequence = _draw_theme(piece, budget, rng)
    else:
        sequence = window(piece, first, min(last + 1, len(piece)))
    return _open_wishes(sequence.cut(budget), options, rng)


def _draw_variant(piece: Bars, options: SamplingOptions, rng: Rng) -> Bars:
    """Leave parts out or move the tonic, each with its chance."""
    parts = _part_ids(piece, 0, len(piece))
    if len(parts) > 2 and rng.random() < options.fewer_parts_share:
        n_kept = int(rng.integers(2, len(parts)))
        piece = with_parts(piece, [parts[i] for i in rng.choice(len(parts), n_kept, False)])
    if rng.random() < options.moved_share:
        steps = [step for step in range(LOWEST_MOVE, HIGHEST_MOVE + 1) if step]
        piece = moved(piece, int(rng.choice(steps)))
    return piece


def pad(sequences: list[Sequence]) -> Batch:
    """Return sequences as one batch, padded to the longest."""
    parts = [targets(sequence) for sequence in sequences]
    longest = max(len(rows) for rows, _, _ in parts)
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


def _first_bar(piece: Bars, budget: int, rng: Rng) -> int:
    """Draw where a window begins: at the opening a third of the time, mostly in short pieces."""
    n_rows = N_WISHES + sum(map(len, piece.bars)) + 1
    at_opening = 0.9 if n_rows <= budget else 0.33
    return 0 if rng.random() < at_opening else int(rng.integers(len(piece)))


def _last_bar(piece: Bars, first: int, budget: int) -> int:
    """Return the end (excluded) of the bars from `first` that fit into `budget` rows.

    There is at least one bar.
    """
    sizes = np.cumsum([len(bar) for bar in piece.bars[first:]])
    return first + max(1, int((sizes <= budget).sum()))


def _part_ids(piece: Bars, first: int, last: int) -> list[int]:
    parts = np.concatenate([bar[1:, PART] for bar in piece.bars[first:last]])
    return sorted({int(part) % vocab.MAX_PARTS for part in parts})


def _draw_hole(piece: Bars, first: int, last: int, rng: Rng) -> Sequence:
    length = int(rng.integers(1, max(2, min(8, (last - first) // 2) + 1)))
    start = int(rng.integers(first, max(first + 1, last - length + 1)))
    parts = _part_ids(piece, first, last)
    chosen: list[int] = []
    if len(parts) > 1 and rng.random() < 0.4:
        chosen = [parts[i] for i in rng.choice(len(parts), int(rng.integers(1, len(parts))), False)]
    return hole(piece, first, last, start, min(start + length, last), chosen)


def _draw_parts(piece: Bars, first: int, budget: int, rng: Rng) -> Sequence:
    """Give the highest part half of the time, else any parts but not all."""
    # Every bar is written twice: as GIVEN and as BAR.
    first = min(first, len(piece) - 1)
    last = _last_bar(piece, first, int(0.9 * budget) - N_WISHES)
    parts = _part_ids(piece, first, last)
    if len(parts) < 2:
        return window(piece, first, last)
    if rng.random() < 0.5:
        return given_parts(piece, first, last, parts[:1])
    chosen = rng.choice(len(parts), int(rng.integers(1, len(parts))), False)
    return given_parts(piece, first, last, [parts[i] for i in chosen])


def _draw_theme(piece: Bars, budget: int, rng: Rng) -> Sequence:
    length = int(rng.integers(2, min(8, len(piece) // 2) + 1))
    used = N_WISHES + sum(map(len, piece.bars[:length])) + 2
    if used > budget // 2:
        length, used = 1, N_WISHES + len(piece.bars[0]) + 2
    first = int(rng.integers(length, len(piece)))
    return theme(piece, length, first, min(_last_bar(piece, first, budget - used) + 1, len(piece)))


def _open_wishes(sequence: Sequence, options: SamplingOptions, rng: Rng) -> Sequence:
    dropped = [
        wish
        for wish, chance in zip(vocab.WISHES, rng.random(N_WISHES), strict=True)
        if chance < options.drop_one
    ]
    if rng.random() < options.drop_all:
        dropped = list(vocab.WISHES)
    if sequence.rows[vocab.WISHES.index("mode"), PITCH] == vocab.MODE_MOVED:
        # An open mode promises a tonic on C, and so does no wish at all.
        dropped = [wish for wish in dropped if wish != "mode"]
    rows = drop_wishes(sequence.rows, dropped)
    rows = open_bars(
        rows,
        bars_left=rng.random() < options.drop_bars_left,
        sections=rng.random() < options.drop_sections,
    )
    return Sequence(rows, sequence.is_written, sequence.closes_bar)
