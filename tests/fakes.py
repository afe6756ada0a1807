"""Models that need no weights: one that finds everything equally likely, one that says a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from composer.decoding import DecodingOptions, Draw, Group, Runtime, draw
from composer.decoding.runtimes import Session
from composer.engines.events.drawing import slide
from composer.engines.events.surprise import NEAR_PITCHES
from composer.errors import OutOfMemory
from composer.tokenizer import Conditions, Events, encode_conditions, vocab
from composer.tokenizer.holes import drop_conditions
from composer.tokenizer.masks import Frame, Grammar
from tests.strategies import VOCABULARY

Ints = npt.NDArray[np.int64]


@dataclass
class UniformRuntime:
    """Finds every id of every field equally likely, and remembers what it was given to read."""

    beginnings: list[list[Events]] = field(default_factory=list)
    name: str = "uniform"
    sizes: tuple[int, ...] = vocab.WRITTEN_SIZES
    window: int | None = 8_192
    group_sizes: tuple[int, int] = (8, 32)
    splits_freely: bool = True
    max_size: int = 1_000  # candidates that there is room for

    def begin(self, beginnings: Sequence[Events], room: int) -> UniformSession:
        self.beginnings.append(list(beginnings))
        return UniformSession(len(beginnings), max(map(len, beginnings)), room, self.max_size)


@dataclass
class UniformSession:
    """A group in progress, which refuses more rows or candidates than it was made for."""

    size: int
    n_rows: int
    room: int
    max_size: int
    n_bytes: int = 0

    def field_logits(self, field: int, chosen: Events) -> npt.NDArray[np.float32]:
        assert chosen.shape == (self.size, field)
        return np.zeros((self.size, vocab.WRITTEN_SIZES[field]), np.float32)

    def append(self, rows: Events) -> None:
        assert rows.shape == (self.size, 4)
        self.n_rows += 1
        assert self.n_rows <= self.room

    def keep(self, places: Ints) -> None:
        self.size = len(places)

    def fork(self, places: Ints) -> UniformSession:
        if len(places) > self.max_size:
            raise OutOfMemory("no room")
        return replace(self, size=len(places))


@dataclass
class ScriptedRuntime:
    """Says given rows, a script a candidate; at other ids it shakes its head."""

    scripts: list[Events]
    name: str = "script"
    sizes: tuple[int, ...] = vocab.WRITTEN_SIZES
    window: int | None = None
    group_sizes: tuple[int, int] = (8, 32)
    splits_freely: bool = True

    def begin(self, beginnings: Sequence[Events], room: int) -> ScriptedSession:
        return ScriptedSession(list(self.scripts))


@dataclass
class ScriptedSession:
    """A group in progress, by the rows of its scripts."""

    scripts: list[Events]
    n_rows: int = 0
    n_bytes: int = 0

    def field_logits(self, field: int, chosen: Events) -> npt.NDArray[np.float32]:
        logits = np.full((len(self.scripts), vocab.WRITTEN_SIZES[field]), -50.0, np.float32)
        for who, script in enumerate(self.scripts):
            wanted = script[self.n_rows, field]
            if wanted < logits.shape[1]:
                logits[who, wanted] = 0.0
        return logits

    def append(self, rows: Events) -> None:
        self.n_rows += 1

    def keep(self, places: Ints) -> None:
        self.scripts = [self.scripts[place] for place in places]

    def fork(self, places: Ints) -> ScriptedSession:
        # Its scripts are those of all candidates already, whose one beginning was read.
        return replace(self, scripts=list(self.scripts[: len(places)]))


def leave_room_for(n_most: int, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a runtime have no memory for larger groups."""
    begin = runtime.begin

    def begin_few(beginnings: Sequence[Events], room: int) -> Session:
        session = begin(beginnings, room)
        fork = session.fork

        def fork_few(places: Ints) -> Session:
            if len(places) > n_most:
                raise OutOfMemory("no room")
            return fork(places)

        monkeypatch.setattr(session, "fork", fork_few)
        return session

    monkeypatch.setattr(runtime, "begin", begin_few)


def group_of(frame: Frame, size: int, *, seed: int = 0, **changes: Any) -> Group:
    """Return candidates that condition for nothing, under the grammar of a frame."""
    prefix = encode_conditions(Conditions(), VOCABULARY)
    window = changes.get("window", 512)
    facts: dict[str, Any] = {
        "indices": list(range(size)),
        "prefix": prefix,
        "open_prefix": drop_conditions(prefix, vocab.CONDITIONS),
        "rules": Grammar(frame, size),
        "seed": seed,
        "max_rows": 160 * frame.bars,
        "window": window,
        "reframe": lambda rows: slide(rows, window // 2),
        "neighbours": NEAR_PITCHES,
    }
    return Group(**facts | changes)


def draws_of(
    runtime: Runtime, group: Group, options: DecodingOptions | None = None
) -> dict[int, Draw]:
    """Draw a group to its end and return its candidates by number."""
    steps = draw(runtime, group, options or DecodingOptions())
    return {found.index: found for step in steps for found in step}
