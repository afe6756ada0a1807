"""Logits -> ids: draws a group of candidates row by row. Knows ids, not music.

What may come next, and when a candidate is complete, reach it as `Rules`; what makes ids less
likely as a `Leaning`; what is read again when the window is full as `reframe`; which ids may be
taken for one another as `Neighbours`.

Shapes: B candidates, N rows of a candidate, F fields of a row, V ids of a field.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from composer.decoding import filters
from composer.decoding.runtimes import Runtime, Session
from composer.decoding.runtimes.base import Floats, Ints

_ROOM = 512  # rows that room is made for at a time, and random numbers are drawn for
Ids = npt.NDArray[np.int16]  # rows [N, F] of a candidate, or the next one of each, [B, F]
Reframe = Callable[[Ids], Ids]


class Rules(Protocol):
    """The rules of a group; see `tokenizer.masks.Grammar`."""

    finished: npt.NDArray[np.bool_]

    def mask(self, field_index: int, chosen: Ids) -> npt.NDArray[np.bool_]:
        """Return which ids may come next, [B, V]."""

    def forced(self, field_index: int, chosen: Ids) -> Ints:
        """Return ids that are given, -1 where the model chooses, [B]."""

    def amend(self, field_index: int, ids: Ints) -> Ints:
        """Return what is written where these ids were chosen, [B]."""

    def accept(self, rows: Ids) -> None:
        """Go on by one row a candidate."""

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""


class Leaning(Protocol):
    """What makes ids less likely without forbidding them; see `engines.part_writing`."""

    def weights(self, field_index: int, chosen: Ids) -> filters.Logits | None:
        """Return what is added to the logits, [B, V]; None if nothing is."""

    def accept(self, rows: Ids) -> None:
        """Go on by one row a candidate; the rules have heard of it."""

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""


class Pruning(Protocol):
    """What gives up hopeless candidates on the way; see `engines.pruning`."""

    def asked(self, rows: Ids) -> Ints:
        """Return which candidates are looked at behind these rows, by their places, mostly none."""

    def is_hopeless(self, found: Draw) -> bool:
        """Whether to give up a candidate that has come so far."""


@dataclass(frozen=True, kw_only=True)
class DecodingOptions:
    """How ids are chosen; see `request.Request` for ranges."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    guidance: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Which ids of a field may be taken for one another.

    Args:
        field_index: A field whose ids have an order, 0..F - 1.
        reach: How far apart they may lie.
    """

    field_index: int
    reach: int


@dataclass(frozen=True)
class Draw:
    """One drawn candidate.

    Args:
        index: Its number in the request.
        events: Rows that were chosen, [N, F].
        log_probs: Of every chosen field, unguided and at temperature 1, [N, F]; 0 where given.
        doubts: Of every chosen id that has `Neighbours`, how many nats likelier one of them would
            have been (see `filters.likelier_neighbours`), and its distance, [N, 2]; 0 where there
            is none.
        is_complete: Whether it came to its end.
        is_given_up: Whether it was found hopeless before.
    """

    index: int
    events: Ids
    log_probs: Floats
    doubts: Floats
    is_complete: bool
    is_given_up: bool = False


@dataclass(frozen=True)
class JudgedRow:
    """One row of every candidate, and what the model says of it; see `Draw`.

    Args:
        ids: [B, F].
        log_probs: [B, F].
        doubts: [B, 2].
    """

    ids: Ids
    log_probs: Floats
    doubts: Floats

    @classmethod
    def of(cls, n: int, n_fields: int) -> JudgedRow:
        """Return an empty row of n candidates."""
        ids = np.empty((n, n_fields), np.int16)
        return cls(ids, np.zeros((n, n_fields), np.float32), np.zeros((n, 2), np.float32))

    def judge(
        self,
        field_index: int,
        logits: filters.Logits,
        ids: Ints,
        known: Ints,
        neighbours: Neighbours | None,
    ) -> None:
        """Write down what the model says of the ids of one field.

        Args:
            field_index: 0..F - 1.
            logits: The model's own, [B, V].
            ids: Chosen or given, [B].
            known: Places of ids that the model knows.
            neighbours: See `Group`.
        """
        if len(known) < len(ids):
            logits, ids = logits[known], ids[known]
        if neighbours is None or field_index != neighbours.field_index:
            self.log_probs[known, field_index] = filters.log_probs(logits, ids)
            return
        of_all = filters.log_softmax(logits)
        self.log_probs[known, field_index] = of_all[np.arange(len(ids)), ids]
        nats, ways = filters.likelier_neighbours(of_all, ids, neighbours.reach)
        self.doubts[known, 0], self.doubts[known, 1] = nats, ways


@dataclass
class Group:
    """Candidates that are drawn together.

    Args:
        indices: Their numbers in the request.
        prefix: What all of them read first, [T, F].
        open_prefix: The same without conditions, for guidance.
        rules: Of the group.
        seed: Of the request; with a candidate's number it fixes all its random numbers.
        max_rows: Rows a candidate may have at most.
        window: Rows that a candidate looks back at, at most; None for all that the model can. A
            model without a window of its own looks back at everything in any case.
        reframe: All rows of a candidate, a prefix in front -> what is read again when the window is
            full, at most half a window of it.
        neighbours: Ids that are taken for one another, if there are any; see `Draw.doubts`.
        leaning: Of the group, if there is any.
        pruning: Of the group, if there is any; it asks the rules, which have heard of each row.
    """

    indices: list[int]
    prefix: Ids
    open_prefix: Ids
    rules: Rules
    seed: int
    max_rows: int
    window: int | None
    reframe: Reframe
    neighbours: Neighbours | None = None
    leaning: Leaning | None = None
    pruning: Pruning | None = None
    n_rows: int = field(init=False, default=0)
    rows: Ids = field(init=False)  # [B, room, F]
    log_probs: Floats = field(init=False)  # [B, room, F]
    doubts: Floats = field(init=False)  # [B, room, 2]

    def __post_init__(self) -> None:
        """Begin with no rows."""
        n, n_fields = len(self.indices), self.prefix.shape[1]
        self.rows = np.empty((n, _ROOM, n_fields), np.int16)
        self.log_probs = np.empty((n, _ROOM, n_fields), np.float32)
        self.doubts = np.empty((n, _ROOM, 2), np.float32)
        self.alive = np.arange(n)
        self._rngs = [np.random.Generator(np.random.Philox([self.seed, i])) for i in self.indices]
        self._uniform = np.empty((n, _ROOM, n_fields))

    def uniform(self) -> npt.NDArray[np.float64]:
        """Return the next row's random numbers of every living candidate, [B, F]."""
        place = self.n_rows % _ROOM
        if place == 0:
            for who in self.alive.tolist():
                self._uniform[who] = self._rngs[who].random(self._uniform.shape[1:])
        found: npt.NDArray[np.float64] = self._uniform[self.alive, place]
        return found

    def add(self, row: JudgedRow) -> None:
        """Write down the row of every living candidate."""
        if self.n_rows == self.rows.shape[1]:
            self.rows, self.log_probs, self.doubts = (
                np.concatenate([kept, np.empty_like(kept)], axis=1)
                for kept in (self.rows, self.log_probs, self.doubts)
            )
        self.rows[self.alive, self.n_rows] = row.ids
        self.log_probs[self.alive, self.n_rows] = row.log_probs
        self.doubts[self.alive, self.n_rows] = row.doubts
        self.n_rows += 1

    def accept(self, rows: Ids) -> None:
        """Tell rules and leaning of the row that every living candidate got."""
        self.rules.accept(rows)
        if self.leaning is not None:
            self.leaning.accept(rows)

    def keep(self, places: Ints) -> None:
        """Go on with some of the living candidates."""
        self.alive = self.alive[places]
        self.rules.keep(places)
        if self.leaning is not None:
            self.leaning.keep(places)


def draw(runtime: Runtime, group: Group, options: DecodingOptions) -> Iterator[list[Draw]]:
    """Draw a group; yield after every row the candidates that it completed, mostly none.

    Candidates that are given up or reach `max_rows` come out incomplete.
    """
    window = _window(runtime, group)
    sessions, n_read = _begin(runtime, group, options, window)
    for _ in range(group.max_rows):
        if n_read >= window:
            sessions, n_read = _begin(runtime, group, options, window)
        rows = _choose_rows(runtime.sizes, sessions, group, options)
        group.accept(rows)
        finished, staying = _leaving(group, rows)
        if finished:
            group.keep(staying)
            if not len(staying):
                yield finished
                return
            rows = rows[staying]
            for session in sessions:
                session.keep(staying)
        for session in sessions:
            session.append(rows)
        n_read += 1
        yield finished
    yield [_finish(group, place, complete=False) for place in group.alive.tolist()]


def _window(runtime: Runtime, group: Group) -> int:
    """Return after how many rows is begun anew: never, where the model has no window."""
    if runtime.window is None:
        return sys.maxsize
    return runtime.window if group.window is None else min(group.window, runtime.window)


def _leaving(group: Group, rows: Ids) -> tuple[list[Draw], Ints]:
    """Return who is complete or hopeless behind these rows, and the places of those who stay."""
    gone = {
        place: _finish(group, int(group.alive[place]), complete=True)
        for place in np.flatnonzero(group.rules.finished).tolist()
    }
    if group.pruning is not None:
        for place in group.pruning.asked(rows).tolist():
            found = _finish(group, int(group.alive[place]), complete=False)
            if group.pruning.is_hopeless(found):
                gone[place] = replace(found, is_given_up=True)
    return list(gone.values()), _closed_up(len(group.alive), gone)


def _closed_up(n: int, gone: Container[int]) -> Ints:
    """Return the places of those who stay, the last ones in the gaps: so few have to move."""
    staying = [place for place in range(n) if place not in gone]
    found = np.arange(len(staying))
    gaps = [place for place in range(len(staying)) if place in gone]
    found[gaps] = staying[len(staying) - len(gaps) :]
    return found


def _begin(
    runtime: Runtime, group: Group, options: DecodingOptions, window: int
) -> tuple[list[Session], int]:
    """Return the session with conditions, with guidance the one without, and the rows they read.

    At first all candidates begin alike, which is read once; behind a full window each has its own.
    """
    prefixes = [group.prefix] if options.guidance == 1.0 else [group.prefix, group.open_prefix]
    room = min(window, len(group.prefix) + group.max_rows)
    if not group.n_rows:
        alike = np.zeros(len(group.alive), np.int64)
        return [runtime.begin([prefix], room).fork(alike) for prefix in prefixes], len(group.prefix)
    so_far = group.rows[group.alive, : group.n_rows]
    beginnings = [
        [group.reframe(np.concatenate([prefix, rows])) for rows in so_far] for prefix in prefixes
    ]
    return [runtime.begin(each, room) for each in beginnings], max(map(len, beginnings[0]))


def _choose_rows(
    sizes: Sequence[int], sessions: list[Session], group: Group, options: DecodingOptions
) -> Ids:
    """Choose the next row of every candidate, field by field, [B, F].

    One field, three candidates, and a size of 10, so that ids from 10 on are read but not written:

        forced   [-1, 4, 12]  the model chooses for the first, the others are given 4 and 12
        asking   [0]          so only the first candidate's logits are filtered and sampled
        ids      [7, 4, 12]   7 was sampled
        known    [0, 1]       7 and 4 have a likelihood; 12 the model cannot write
        amended  [8, 4, 12]   the rules write 8 where 7 was chosen; the likelihood is that of 7
    """
    uniform = group.uniform()
    row = JudgedRow.of(len(group.alive), len(sizes))
    for index, size in enumerate(sizes):
        chosen = row.ids[:, :index]
        ids = group.rules.forced(index, chosen)
        asking = np.flatnonzero(ids < 0)
        if (ids < size).any():
            logits = sessions[0].field_logits(index, chosen)
            if len(asking):
                weighed = _weigh(logits, sessions, index, chosen, group, options)
                weighed = weighed if len(asking) == len(ids) else weighed[asking]
                ids[asking] = filters.choose(_filter(weighed, options), uniform[asking, index])
            row.judge(index, logits, ids, np.flatnonzero(ids < size), group.neighbours)
        row.ids[:, index] = group.rules.amend(index, ids)
    group.add(row)
    return row.ids


def _weigh(
    logits: filters.Logits,
    sessions: list[Session],
    index: int,
    chosen: Ids,
    group: Group,
    options: DecodingOptions,
) -> filters.Logits:
    """Guide, mask and lean the logits of one field."""
    if len(sessions) > 1:
        open_ = sessions[1].field_logits(index, chosen)
        logits = filters.guide(logits, open_, options.guidance)
    if options.temperature != 1.0:
        logits = logits / np.float32(options.temperature)
    logits = np.where(group.rules.mask(index, chosen), logits, filters.NEVER)
    leaning = group.leaning.weights(index, chosen) if group.leaning is not None else None
    return logits if leaning is None else logits + leaning


def _filter(logits: filters.Logits, options: DecodingOptions) -> filters.Logits:
    logits = filters.keep_top_k(logits, options.top_k)
    logits = filters.keep_top_p(logits, options.top_p)
    return filters.keep_min_p(logits, options.min_p)


def _finish(group: Group, who: int, *, complete: bool) -> Draw:
    return Draw(
        index=group.indices[who],
        events=group.rows[who, : group.n_rows].copy(),
        log_probs=group.log_probs[who, : group.n_rows].copy(),
        doubts=group.doubts[who, : group.n_rows].copy(),
        is_complete=complete,
    )
