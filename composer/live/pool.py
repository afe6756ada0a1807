"""All streams of this process: who composes next, who may come in, who is asleep.

One thread lets bars stand when it is time; others compose, the stream first whose next bar is due
first, so that every stream keeps what it has promised. A stream goes on as far as its listener has
heard, and sleeps when nobody has said for a while that he listens. Knows clocks and streams; what
listeners get is in `telling`.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from composer.errors import ComposerError, RequestError
from composer.live.clock import Clock, WallClock
from composer.live.composing import Costs
from composer.live.controls import Control
from composer.live.playing import LEAD_S, Moment, Performance
from composer.live.score import RING_BARS, LiveBar
from composer.live.streams import Stream
from composer.piece import Note

SLEEP_S = 20.0  # without news of a listener
FREE_S = 300.0
AHEAD_BARS = 4  # that may stand and are not heard yet
FIRST_S = 0.6  # that the first two bars may take
SHARE = 0.6  # of the time of those who compose that may be promised
MAX_STREAMS = 64
FULL = "all live places are taken; try again in a few minutes"
GONE = "this stream is over; start another"
_REST_S = 0.25


@dataclass(eq=False)
class Standing:
    """A bar that stands.

    Args:
        bar: What is played.
        onset_s: When it begins, on the clock.
        text: As listeners are told, once somebody was.
    """

    bar: LiveBar
    onset_s: float
    text: str = ""


@dataclass(eq=False)
class Broadcast:
    """A stream that is played to listeners.

    Args:
        id: In addresses; nobody can guess it.
        performance: What is played.
        is_shared: Whether many listen, and nobody alone turns the knobs.
        seen_s: When a listener last said that he is there.
        bars: The last ones that stand.
        heard: Number of the last bar that was heard.
        plan: How often the plan has changed.
        problem: Why it cannot go on, in one sentence; empty if it can.
        listeners: Called whenever there is news.
    """

    id: str
    performance: Performance
    is_shared: bool
    seen_s: float
    bars: deque[Standing] = field(default_factory=lambda: deque(maxlen=RING_BARS))
    heard: int = 0
    plan: int = 0
    problem: str = ""
    is_open: bool = False
    is_over: bool = False
    is_at_work: bool = False
    is_resting: bool = False
    listeners: set[Callable[[], None]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def bars_after(self, number: int) -> list[Standing]:
        """Return the bars that stand behind one of a number, of those that are remembered."""
        with self._lock:
            return [one for one in self.bars if one.bar.number > number]

    def add(self, standing: Standing) -> None:
        """Remember a bar that stands."""
        with self._lock:
            self.bars.append(standing)

    @property
    def stream(self) -> Stream:
        """What is composed."""
        return self.performance.stream

    def tell(self) -> None:
        """Say to all listeners that there is news."""
        for listener in self.listeners.copy():
            listener()

    def wants_bars(self, now_s: float) -> bool:
        """Whether somebody listens and has heard most of what stands."""
        if self.is_over or self.problem:
            return False
        if self.is_shared:
            return bool(self.listeners)
        is_heard = self.stream.score.n_bars - self.heard <= AHEAD_BARS
        return is_heard and now_s - self.seen_s < SLEEP_S

    def wants_plan(self, now_s: float) -> bool:
        """Whether bars are to be composed."""
        is_waiting = not self.is_open or self.performance.needs_plan
        is_idle = not (self.is_at_work or self.is_over or self.problem)
        return is_waiting and is_idle and (not self.is_open or self.wants_bars(now_s))

    @property
    def due_s(self) -> float:
        """When the bars to compose are needed, on the clock."""
        return self.performance.due_s if self.is_open else self.seen_s + FIRST_S


class Pool:
    """The streams of this process.

    Args:
        clock: That all are played on.
        n_threads: How many compose at once; one less than there are cores by default.
        n_most: How many streams there may be at once.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        n_threads: int | None = None,
        n_most: int = MAX_STREAMS,
    ) -> None:
        self.clock = clock or WallClock()
        self.costs = Costs()
        self._n_threads = n_threads or max(1, (os.cpu_count() or 2) - 1)
        self._n_most = n_most
        self._all: dict[str, Broadcast] = {}
        self._news = threading.Condition()
        self._has_begun = False
        self._is_closed = False

    # --- coming and going -----------------------------------------------------------------------

    def open(self, build: Callable[[Costs], Stream], *, shared_id: str | None = None) -> Broadcast:
        """Begin a stream.

        Args:
            build: Makes it, given what composing costs here.
            shared_id: Of a stream for many listeners; one that is there already is returned.

        Raises:
            RequestError: If all places are taken, or a setting will not do.
        """
        with self._news:
            if shared_id in self._all:
                return self._all[shared_id]
            self._check_room()
        stream = build(self.costs)
        found = Broadcast(
            id=shared_id or secrets.token_urlsafe(16),
            performance=Performance(stream, self.clock),
            is_shared=shared_id is not None,
            seen_s=self.clock.now_s(),
        )
        with self._news:
            found = self._all.setdefault(found.id, found)
            self._begin()
            self._news.notify_all()
        return found

    def _check_room(self) -> None:
        """Refuse one stream more where it could not be kept in time."""
        now_s = self.clock.now_s()
        awake = [one for one in self._all.values() if one.wants_bars(now_s)]
        if len(awake) >= self._n_most or self._load(awake) > SHARE * self._n_threads:
            raise RequestError(FULL)

    def _load(self, awake: list[Broadcast]) -> float:
        """Return how many threads are busy where every stream draws one candidate."""
        cost_s = self.costs.expected_s(1)
        return sum(cost_s / _chunk_s(one.stream) for one in awake)

    def find(self, stream_id: str) -> Broadcast:
        """Return a stream.

        Raises:
            RequestError: If there is none.
        """
        found = self._all.get(stream_id)
        if found is None:
            raise RequestError(GONE)
        return found

    def has(self, stream_id: str) -> bool:
        """Whether there is a stream that is not over."""
        found = self._all.get(stream_id)
        return found is not None and not found.is_over

    def listen(self, found: Broadcast, listener: Callable[[], None]) -> None:
        """Call somebody whenever there is news of a stream."""
        with self._news:
            found.listeners.add(listener)
            found.seen_s = self.clock.now_s()
            self._news.notify_all()

    def leave(self, found: Broadcast, listener: Callable[[], None]) -> None:
        """Call him no longer."""
        found.listeners.discard(listener)

    def note_heard(self, found: Broadcast, number: int) -> None:
        """Remember that a listener is there, and what he has heard."""
        with self._news:
            found.seen_s = self.clock.now_s()
            found.heard = max(found.heard, min(number, found.stream.score.n_bars))
            self._news.notify_all()

    def note_played(
        self, found: Broadcast, notes: Sequence[Note], since: Fraction, until: Fraction
    ) -> int:
        """Take up what a listener has played; see `Stream.heard`."""
        n_changed = found.stream.heard(notes, since, until)
        with self._news:
            found.seen_s = self.clock.now_s()
            self._news.notify_all()
        return n_changed

    def control(self, found: Broadcast, name: Any, value: Any, at: str | None) -> Control:
        """Turn a knob of a stream.

        Raises:
            RequestError: As of `Stream.control`; of a stream for many.
        """
        if found.is_shared:
            raise RequestError("this stream plays for many; start your own to turn its knobs")
        beats = found.performance.sounding_beats if found.is_open else None
        control = found.stream.control(name, value, at=at, sounding=beats)
        self._has_turned(found)
        return control

    def undo(self, found: Broadcast, control_id: int) -> Control:
        """Take a control back; see `Stream.undo`."""
        control = found.stream.undo(control_id)
        self._has_turned(found)
        return control

    def _has_turned(self, found: Broadcast) -> None:
        with self._news:
            found.plan += 1
            self._news.notify_all()
        found.tell()

    def end(self, found: Broadcast) -> None:
        """End a stream; its last bars can be asked for a while longer."""
        with self._news:
            if found.is_over:
                return
            found.is_over = True
        found.performance.close()
        found.tell()

    def shut(self) -> None:
        """End all streams and all threads."""
        self._is_closed = True
        for found in list(self._all.values()):
            self.end(found)
        with self._news:
            self._news.notify_all()

    # --- work -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._has_begun:
            return
        self._has_begun = True
        for work in (self._settle_all, *[self._compose_all] * self._n_threads):
            threading.Thread(target=work, daemon=True, name="live").start()

    def _settle_all(self) -> None:
        """Let bars stand when it is time, for ever."""
        while not self._is_closed:
            for found in list(self._all.values()):
                self.attend(found)
            with self._news:
                if not self._is_closed:
                    self._news.wait(self._until_next_s() if self._all else None)

    def _until_next_s(self) -> float:
        now_s = self.clock.now_s()
        moments = [
            one.due_s - LEAD_S - now_s
            for one in self._all.values()
            if one.is_open and one.wants_bars(now_s)
        ]
        return min(_REST_S, max(0.005, min(moments, default=_REST_S)))

    def attend(self, found: Broadcast) -> None:
        """Let the next bar of a stream stand, put it to sleep, or forget it."""
        now_s = self.clock.now_s()
        if now_s - found.seen_s > FREE_S and not found.listeners:
            self.end(found)
            self._all.pop(found.id, None)
        if not found.is_open or found.is_over:
            return
        if not found.wants_bars(now_s):
            found.is_resting = True
            return
        if found.is_resting:
            found.is_resting = False
            found.performance.resume()
        moment = found.performance.settle()
        if moment is not None:
            self._take(found, moment)
        if not found.performance.is_going:
            self.end(found)

    def _take(self, found: Broadcast, moment: Moment) -> None:
        bar = moment.bar
        assert bar is not None
        found.add(Standing(bar, moment.began_s + moment.events[0].seconds))
        if found.is_shared:
            found.heard = bar.number
        found.tell()

    def _compose_all(self) -> None:
        """Compose for the stream whose next bar is due first, for ever."""
        while not self._is_closed:
            with self._news:
                picked = self._pick()
                if picked is None:
                    self._news.wait(_REST_S if self._all else None)
                    continue
                found, left_s = picked
                found.is_at_work = True
            self.compose(found, left_s)
            with self._news:
                found.is_at_work = False
                self._news.notify_all()

    def _pick(self) -> tuple[Broadcast, float] | None:
        """Return who is next and how long that may take, or all behind him would come late."""
        now_s = self.clock.now_s()
        waiting = [one for one in self._all.values() if one.wants_plan(now_s)]
        if not waiting:
            return None
        waiting.sort(key=lambda one: one.due_s)
        left_s = min(
            (one.due_s - now_s) * self._n_threads / (place + self._n_threads)
            for place, one in enumerate(waiting)
        )
        return waiting[0], max(0.0, left_s)

    def compose(self, found: Broadcast, left_s: float) -> None:
        """Plan the next bars of a stream."""
        try:
            if found.is_open:
                found.performance.compose(left_s)
            else:
                found.performance.open(left_s)
                found.is_open = True
        except ComposerError as error:
            found.problem = str(error)
        found.plan += 1
        found.tell()


def _chunk_s(stream: Stream) -> float:
    """Return how long two bars of a stream sound, in seconds."""
    return 2 * float(stream.score.players.meter.length_beats) * 60.0 / stream.tempo.tempo_bpm
