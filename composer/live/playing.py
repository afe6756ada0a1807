"""A stream in time: every bar is settled shortly before it sounds, the next is composed meanwhile.

Knows a clock and a stream. A bar that comes late moves all that follows, so that nothing is made up
for in a burst; how late it came is counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from composer.engines import Engine
from composer.errors import RequestError
from composer.live.clock import Clock, VirtualClock
from composer.live.conductor import THEME_BARS, turned
from composer.live.controls import KNOBS, Control, Cue, check_cues
from composer.live.decoder import TimedEvent
from composer.live.journal import Journal
from composer.live.score import LiveBar, Mix
from composer.live.streams import Stream
from composer.request import Request
from composer.units import TEMPO_RANGE_BPM

LEAD_S = 0.5  # before its bar line a bar is settled
GLANCE_S = 0.02  # between two looks at whether there is something to do
_ROUNDING_S = 1e-6


@dataclass(frozen=True)
class Moment:
    """What is to be played next.

    Args:
        events: In the order of time.
        began_s: When second 0 of the events is, on the clock.
        bar: That they belong to; None before the first and behind the last.
        tempo_bpm: At which it is played, in quarters a minute.
    """

    events: list[TimedEvent]
    began_s: float
    bar: LiveBar | None = None
    tempo_bpm: float = 0.0


class Outlet(Protocol):
    """Sounds what a performance hands over, and changes it while it is under way."""

    def sound(self, moment: Moment, mix: Mix) -> None:
        """Take events as they are written, and what is played of them from the first one on."""

    def retime(self, moment_s: float, tempo_bpm: float, beats: float) -> None:
        """Let all behind a moment of the clock, which is a beat, come at another tempo."""

    def remix(self, mix: Mix) -> None:
        """Play otherwise from now on."""

    def panic(self) -> None:
        """Be silent now, and forget what was handed over."""


@dataclass
class Health:
    """How a performance goes.

    Args:
        n_bars: That were played.
        n_underruns: Bars that came late.
        late_s: By how much the latest one did.
        longest_s: That two bars took to compose.
        n_candidates: That were drawn last.
    """

    n_bars: int = 0
    n_underruns: int = 0
    late_s: float = 0.0
    longest_s: float = 0.0
    n_candidates: int = 0


@dataclass
class Performance:
    """A stream that is played on a clock.

    Whoever plays many streams calls `open`, `compose`, `settle` and `close` when it is time;
    `moments` does so for one.

    Args:
        stream: Whose bars.
        clock: That says when; on a virtual one all candidates are drawn at every bar, so that the
            same request gives the same notes on every machine.
        cues: Controls that are turned when a bar comes.
        health: How it goes.
        began_s: When beat 0 is, on the clock; moves where bars come late.
        follow: When a beat of another instrument comes, on the clock, or None while it stands
            still; the music then keeps to its beats.
        outlet: Is handed every moment; tempo, transposition, mute and panic then change what it
            has, in place of the next bar.
    """

    stream: Stream
    clock: Clock
    cues: tuple[Cue, ...] = ()
    health: Health = field(default_factory=Health)
    began_s: float = 0.0
    follow: Callable[[float], float | None] | None = None
    outlet: Outlet | None = None
    _handing: threading.Lock = field(default_factory=threading.Lock)
    _shift_beats: float | None = None  # beats of the other instrument before ours

    def moments(self) -> Generator[Moment, None, None]:
        """Yield what is to be played, each bar about `LEAD_S` before it sounds."""
        try:
            yield self.open()
            while self.is_going:
                if self.needs_plan:
                    self.compose()
                elif (moment := self.settle()) is not None:
                    yield moment
                else:
                    self._wait()
        finally:
            rest = self.close()
        yield rest

    def open(self, left_s: float | None = None) -> Moment:
        """Plan the first bars, and return what stands before them.

        Args:
            left_s: How long that may take; as long as it does by default.
        """
        self._turn(1)
        self.compose(left_s)
        self.began_s = self.clock.now_s() + LEAD_S
        return self._handed(Moment(self.stream.opening(), self.began_s))

    @property
    def is_going(self) -> bool:
        """Whether bars are still to come."""
        return self.stream.state != "ended"

    @property
    def needs_plan(self) -> bool:
        """Whether bars are to be composed now; a control may have dropped those that were."""
        if not self.is_going or self.stream.score.plan:
            return False
        return not self.stream.awaits(self.due_s - self.clock.now_s())

    @property
    def due_s(self) -> float:
        """When the next bar sounds, on the clock."""
        return self.began_s + self.stream.tempo.seconds(self.stream.score.end_beats)

    def compose(self, left_s: float | None = None) -> None:
        """Plan the next bars.

        Args:
            left_s: How long it may take; as long as there is until they sound by default.
        """
        if self.stream.score.n_bars and left_s is None:
            left_s = max(0.0, self.due_s - self.clock.now_s())
        is_virtual = isinstance(self.clock, VirtualClock)
        self.stream.compose(None if is_virtual else left_s)
        self.health.longest_s = max(self.health.longest_s, self.stream.elapsed_s)
        self.health.n_candidates = self.stream.last_count

    def settle(self) -> Moment | None:
        """Let the next bar stand, if it is time; return what happens in it."""
        if self.follow is not None and not self._joins(self.follow):
            return None
        if self.clock.now_s() < self.due_s - LEAD_S - _ROUNDING_S:
            return None
        due_s = self.due_s
        bar = self.stream.commit()
        if bar is None:  # a control has just dropped it
            return None
        with self._handing:
            self._note_late(self.clock.now_s() - due_s)
            if self.follow is not None:
                self._keep_to(self.follow, bar)
            events = self.stream.play(bar, is_written=self.outlet is not None)
            tempo_bpm = self.stream.tempo.tempo_bpm
            moment = self._handed(Moment(events, self.began_s, bar, tempo_bpm))
        self._turn(bar.number + 1)
        return moment

    def _handed(self, moment: Moment) -> Moment:
        if self.outlet is not None:
            self.outlet.sound(moment, self.stream.mix)
        return moment

    def control(self, name: str, value: Any = None, *, at: str | None = None) -> Control:
        """Turn a knob while it plays, from any thread; see `Stream.control`.

        Raises:
            RequestError: As there.
        """
        with self._handing:
            is_led = self.outlet is not None and self.follow is None
            sounding = self.sounding_beats if is_led else None
            control = self.stream.control(name, value, at=at, sounding=sounding)
            if self.outlet is not None and KNOBS[name].is_heard_at_once:
                self._change(self.outlet, control)
        return control

    def _change(self, outlet: Outlet, control: Control) -> None:
        """Change what an outlet has."""
        if control.name == "panic":
            outlet.panic()
        elif control.name != "tempo":
            outlet.remix(self.stream.mix)
        elif self.follow is None:
            beats, moment_s = self.stream.tempo.last_change
            tempo_bpm = self.stream.tempo.tempo_bpm
            outlet.retime(self.began_s + moment_s, tempo_bpm, float(beats))

    @property
    def sounding_beats(self) -> Fraction:
        """Which beat sounds now, in quarters since the beginning."""
        beats = self.stream.tempo.beats(self.clock.now_s() - self.began_s)
        return Fraction(max(0.0, beats)).limit_denominator(1_000)

    def resume(self) -> None:
        """Go on after a time in which nobody listened: nothing is made up for."""
        self.began_s += max(0.0, self.clock.now_s() + LEAD_S - self.due_s)

    def close(self) -> Moment:
        """End all notes and the recording."""
        return self._handed(Moment(self.stream.finish(), self.began_s))

    def _joins(self, follow: Callable[[float], float | None]) -> bool:
        """Whether the other instrument plays; join it at its next bar line if it has just begun."""
        first_s = follow(0.0)
        if first_s is None:
            self._shift_beats = None
        elif self._shift_beats is None:
            bar_beats = float(self.stream.score.players.meter.length_beats)
            line_s = first_s
            while line_s < self.clock.now_s() + LEAD_S:
                self._shift_beats = (self._shift_beats or 0.0) + bar_beats
                line_s = follow(self._shift_beats) or self.clock.now_s() + LEAD_S
            end_beats = self.stream.score.end_beats
            self._shift_beats = (self._shift_beats or 0.0) - float(end_beats)
            self.began_s = line_s - self.stream.tempo.seconds(end_beats)
        return first_s is not None

    def _keep_to(self, follow: Callable[[float], float | None], bar: LiveBar) -> None:
        """Let a bar end when the other instrument is there."""
        end_s = follow(float(bar.end_beats) + (self._shift_beats or 0.0))
        onset_s = self.began_s + self.stream.tempo.seconds(bar.onset_beats)
        if end_s is not None and end_s > onset_s:
            tempo_bpm = 60.0 * float(bar.end_beats - bar.onset_beats) / (end_s - onset_s)
            low, high = TEMPO_RANGE_BPM
            self.stream.tempo.change(bar.onset_beats, min(high, max(low, tempo_bpm)))

    def _wait(self) -> None:
        """Wait until the next bar is to be settled; look now and then whether it was dropped."""
        moment_s = self.due_s - LEAD_S
        if not isinstance(self.clock, VirtualClock):
            moment_s = min(moment_s, self.clock.now_s() + GLANCE_S)
        self.clock.wait_until(moment_s)

    def _turn(self, next_bar: int) -> None:
        waiting = []
        for cue in self.cues:
            if cue.bar > next_bar:
                waiting.append(cue)
            elif self.is_going:
                self.stream.control(cue.name, cue.value)
        self.cues = tuple(waiting)

    def _note_late(self, late_s: float) -> None:
        self.health.n_bars += 1
        if late_s > 0:
            self.health.n_underruns += 1
            self.health.late_s = max(self.health.late_s, late_s)
            self.began_s += late_s + LEAD_S


def check_cues_of(stream: Stream, cues: tuple[Cue, ...]) -> None:
    """Refuse controls that are known not to do when their bar will come.

    Raises:
        RequestError: With the bar.
    """
    for cue in cues:
        try:
            _check_cue(stream, cue)
        except RequestError as error:
            raise RequestError(f"control at bar {cue.bar}: {error}") from error


def _check_cue(stream: Stream, cue: Cue) -> None:
    if cue.name == "again" and cue.bar <= THEME_BARS:
        raise RequestError(f"`again` needs {THEME_BARS} bars that were heard before it")
    if cue.name in ("composer", "style", "form"):
        control = Control(id=0, name=cue.name, value=cue.value, acts_at=cue.bar)
        turned(stream.settings, control, stream.engine.menu)


def stream(
    request: Request,
    *,
    bars: int | None = None,
    controls: Iterable[Cue] = (),
    engine: Engine | str | None = None,
    record: Path | None = None,
) -> Iterator[TimedEvent]:
    """Compose music that goes on, event by event, as fast as it is asked for.

    Two bars are composed when the events of the bars before are used up; nothing runs ahead. The
    same request and controls give the same events.

    Args:
        request: The settings; up to 8 of its candidates are drawn for every two bars.
        bars: After how many it ends with a cadence; without, it has no end.
        controls: What is turned when a bar comes, see `live.Cue`.
        engine: What composes, or its name; the one that the request names by default.
        record: A MIDI file that grows bar by bar, a journal of the same name beside it.

    Returns:
        What happens, in the order of time.

    Raises:
        RequestError: If a setting will not do; at once, before the first event.
    """
    cues = check_cues(controls)
    journal = None if record is None else Journal(Path(record))
    found = Stream(request, engine=engine, bars=bars, journal=journal)
    check_cues_of(found, cues)
    moments = Performance(found, VirtualClock(), cues).moments()
    return (event for moment in moments for event in moment.events)
