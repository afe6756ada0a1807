"""Logits -> ids: draws a group of candidates row by row. Knows ids, not music.

What may come next, and when a candidate is complete, reach it as `Rules`; what makes ids less
likely as a `Leaning`; what is read again when the window is full as `reframe`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from composer.decoding import filters
from composer.decoding.runtimes import Runtime, Session
from composer.tokenizer.vocab import NONE, PITCH, WRITTEN_SIZES, Events

Ints = npt.NDArray[np.int64]
NEAR_SEMITONES = 2  # pitches that a wrong note is taken for, in `Draw.doubts`
_ROOM = 512  # rows that room is made for at a time, and random numbers are drawn for
Reframe = Callable[[Events], Events]


class Rules(Protocol):
    """The rules of a group; see `tokenizer.masks.Grammar`."""

    finished: npt.NDArray[np.bool_]

    def mask(self, field_index: int, chosen: Events) -> npt.NDArray[np.bool_]:
        """Return which ids may come next, [B, V]."""

    def forced(self, field_index: int, chosen: Events) -> Ints:
        """Return ids that are given, -1 where the model chooses, [B]."""

    def amend(self, field_index: int, ids: Ints) -> Ints:
        """Return what is written where these ids were chosen, [B]."""

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate."""

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""


class Leaning(Protocol):
    """What makes ids less likely without forbidding them; see `engines.part_writing`."""

    def weights(self, field_index: int, chosen: Events) -> filters.Logits | None:
        """Return what is added to the logits, [B, V]; None if nothing is."""

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate; the rules have heard of it."""

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""


class Pruning(Protocol):
    """What gives up hopeless candidates on the way; see `engines.pruning`."""

    def asked(self, rows: Events) -> Ints:
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


@dataclass(frozen=True)
class Draw:
    """One drawn candidate.

    Args:
        index: Its number in the request.
        events: Rows that were chosen, [N, 4].
        log_probs: Of every chosen field, unguided and at temperature 1, [N, 4]; 0 where given.
        doubts: Of every chosen pitch, how many nats likelier one within `NEAR_SEMITONES` would have
            been (see `filters.likelier_neighbours`), and its distance, [N, 2]; 0 where there is
            none.
        is_complete: Whether it came to its end.
        is_given_up: Whether it was found hopeless before.
    """

    index: int
    events: Events
    log_probs: npt.NDArray[np.float32]
    doubts: npt.NDArray[np.float32]
    is_complete: bool
    is_given_up: bool = False


@dataclass(frozen=True)
class Row:
    """One row of every candidate, and what the model says of it; see `Draw`.

    Args:
        ids: [B, 4].
        log_probs: [B, 4].
        doubts: [B, 2].
    """

    ids: Events
    log_probs: npt.NDArray[np.float32]
    doubts: npt.NDArray[np.float32]

    @classmethod
    def of(cls, n: int) -> Row:
        """Return an empty row of n candidates."""
        return cls(np.empty((n, 4), np.int16), np.zeros((n, 4), np.float32), np.zeros((n, 2), "f4"))

    def judge(self, field_index: int, logits: filters.Logits, ids: Ints, known: Ints) -> None:
        """Write down what the model says of the ids of one field.

        Args:
            field_index: 0..3.
            logits: The model's own, [B, V].
            ids: Chosen or given, [B].
            known: Places of ids that the model knows.
        """
        if len(known) < len(ids):
            logits, ids = logits[known], ids[known]
        if field_index != PITCH:
            self.log_probs[known, field_index] = filters.log_probs(logits, ids)
            return
        of_all = filters.log_softmax(logits)
        self.log_probs[known, PITCH] = of_all[np.arange(len(ids)), ids]
        nats, ways = filters.likelier_neighbours(of_all, ids, NEAR_SEMITONES)
        self.doubts[known, 0], self.doubts[known, 1] = nats, ways


@dataclass
class Group:
    """Candidates that are drawn together.

    Args:
        indices: Their numbers in the request.
        prefix: What all of them read first, [T, 4].
        open_prefix: The same without wishes, for guidance.
        rules: Of the group.
        seed: Of the request; with a candidate's number it fixes all its random numbers.
        max_rows: Rows a candidate may have at most.
        window: Rows the model reads at most.
        reframe: All rows of a candidate -> what is read again when the window is full, at most half
            a window of it.
        open_reframe: The same for what `open_prefix` begins.
        leaning: Of the group, if there is any.
        pruning: Of the group, if there is any; it asks the rules, which have heard of each row.
    """

    indices: list[int]
    prefix: Events
    open_prefix: Events
    rules: Rules
    seed: int
    max_rows: int
    window: int
    reframe: Reframe
    open_reframe: Reframe
    leaning: Leaning | None = None
    pruning: Pruning | None = None
    n_rows: int = field(init=False, default=0)
    rows: Events = field(init=False)  # [B, room, 4]
    log_probs: npt.NDArray[np.float32] = field(init=False)  # [B, room, 4]
    doubts: npt.NDArray[np.float32] = field(init=False)  # [B, room, 2]

    def __post_init__(self) -> None:
        """Begin with no rows."""
        n = len(self.indices)
        self.rows = np.empty((n, _ROOM, 4), np.int16)
        self.log_probs = np.empty((n, _ROOM, 4), np.float32)
        self.doubts = np.empty((n, _ROOM, 2), np.float32)
        self.alive = np.arange(n)
        self._rngs = [np.random.Generator(np.random.Philox([self.seed, i])) for i in self.indices]
        self._uniform = np.empty((n, _ROOM, 4))

    def uniform(self) -> npt.NDArray[np.float64]:
        """Return the next row's random numbers of every living candidate, [B, 4]."""
        place = self.n_rows % _ROOM
        if place == 0:
            for who in self.alive.tolist():
                self._uniform[who] = self._rngs[who].random((_ROOM, 4))
        found: npt.NDArray[np.float64] = self._uniform[self.alive, place]
        return found

    def add(self, row: Row) -> None:
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

    def accept(self, rows: Events) -> None:
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
    sessions = _begin(runtime, group, options)
    for _ in range(group.max_rows):
        if sessions[0].is_full(group.window):
            sessions = _begin(runtime, group, options)
        rows = _choose_rows(sessions, group, options)
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
        yield finished
    yield [_finish(group, place, complete=False) for place in group.alive.tolist()]


def _leaving(group: Group, rows: Events) -> tuple[list[Draw], Ints]:
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


@dataclass
class _Counted:
    """A session that knows how many rows it has read."""

    session: Session
    n_rows: int

    def is_full(self, window: int) -> bool:
        return self.n_rows >= window

    def keep(self, places: Ints) -> None:
        self.session.keep(places)

    def append(self, rows: Events) -> None:
        self.session.append(rows)
        self.n_rows += 1


def _begin(runtime: Runtime, group: Group, options: DecodingOptions) -> list[_Counted]:
    """Return the session with the wishes, and with guidance the one without."""
    kinds = [(group.prefix, group.reframe)]
    if options.guidance != 1.0:
        kinds.append((group.open_prefix, group.open_reframe))
    sessions = []
    for prefix, reframe in kinds:
        beginnings = [_beginning(group, place, prefix, reframe) for place in group.alive.tolist()]
        rows, n_padding = pad_left(beginnings)
        sessions.append(_Counted(runtime.begin(rows, n_padding, group.window + 1), rows.shape[1]))
    return sessions


def _beginning(group: Group, place: int, prefix: Events, reframe: Reframe) -> Events:
    if not group.n_rows:
        return prefix
    return reframe(np.concatenate([prefix, group.rows[place, : group.n_rows]]))


def pad_left(beginnings: list[Events]) -> tuple[Events, Ints]:
    """Fill beginnings up on the left to equal length; return [B, T, 4] and the filling of each."""
    longest = max(map(len, beginnings))
    rows = np.empty((len(beginnings), longest, 4), np.int16)
    rows[:] = NONE
    for i, beginning in enumerate(beginnings):
        rows[i, longest - len(beginning) :] = beginning
    return rows, np.array([longest - len(beginning) for beginning in beginnings], np.int64)


def _choose_rows(sessions: list[_Counted], group: Group, options: DecodingOptions) -> Events:
    """Choose the next row of every candidate, field by field, [B, 4]."""
    n = len(group.alive)
    uniform = group.uniform()
    row = Row.of(n)
    for index, size in enumerate(WRITTEN_SIZES):
        chosen = row.ids[:, :index]
        ids = group.rules.forced(index, chosen)
        asking = np.flatnonzero(ids < 0)
        # Given ids that are written in scores too (the meter) keep their likelihood.
        if (ids < size).any():
            logits = sessions[0].session.field_logits(index, chosen)
            if len(asking):
                weighed = _weigh(logits, sessions, index, chosen, group, options, asking)
                ids[asking] = filters.choose(weighed, uniform[asking, index])
            row.judge(index, logits, ids, np.flatnonzero(ids < size))
        row.ids[:, index] = group.rules.amend(index, ids)
    group.add(row)
    return row.ids


def _weigh(
    logits: filters.Logits,
    sessions: list[_Counted],
    index: int,
    chosen: Events,
    group: Group,
    options: DecodingOptions,
    asking: Ints,
) -> filters.Logits:
    """Guide, mask, lean and filter the logits of one field, where the model chooses."""
    if len(sessions) > 1:
        open_ = sessions[1].session.field_logits(index, chosen)
        logits = filters.guide(logits, open_, options.guidance)
    if options.temperature != 1.0:
        logits = logits / np.float32(options.temperature)
    logits = np.where(group.rules.mask(index, chosen), logits, filters.NEVER)
    leaning = group.leaning.weights(index, chosen) if group.leaning is not None else None
    logits = logits if leaning is None else logits + leaning
    if len(asking) < len(logits):
        logits = logits[asking]
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
