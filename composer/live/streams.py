"""A stream: music that is composed while it is heard, bar by bar, and may go on for ever.

    stream = Stream(Request(composer="Bach", form="chorale"))
    stream.compose()          plans two bars
    bar = stream.commit()     lets the first of them stand; the other may still be dropped
    events = stream.play(bar)

Who listens says when the next bar is due, so that nothing runs ahead of the ear. A control drops
the plan and nothing that stands. Composing and turning knobs may come from different threads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from composer.composition import entitled
from composer.engines import Engine, named_for
from composer.errors import RequestError
from composer.live.clock import TempoLine
from composer.live.composing import COUNTS, Chosen, Composing, Costs, Drift
from composer.live.conductor import (
    PERIOD_BARS,
    THEME_BARS,
    Settings,
    begun_again,
    next_wanted,
    theme_of,
    turned,
)
from composer.live.controls import MAX_WAITING, Control, announced, read_control
from composer.live.decoder import TimedEvent, channel_of
from composer.live.duets import COUNTED, Duet, Partner, open_bars, without_highest
from composer.live.events import EventWriter
from composer.live.journal import Journal
from composer.live.score import LiveBar, Mix, Score
from composer.live.themes import Played, begun_with, opening_bars
from composer.piece import Note, Piece
from composer.pipeline.ranking import chosen_engine, versions_of
from composer.pipeline.sections import players_of
from composer.request import Request

STATES = ("filling", "flowing", "ending", "ended")
MAX_LIVE_BARS = 1_000_000
TOUR_BARS = 32  # a piece that is to be no longer than this stays in its key


class Stream:
    """One stream.

    Args:
        request: The settings; its bars do not count, its candidates are the most that are drawn.
        engine: What composes, or its name; the one that the request names by default.
        bars: After how many it ends with a cadence; None for no end.
        costs: What composing takes, shared by the streams of a machine.
        journal: Where bars and controls are written down.
        theme: What somebody played: the stream begins with it, in its key, and at its tempo
            unless the request has one.
        duet: Who plays when, where a person plays as well; see `heard`.

    Raises:
        RequestError: If a setting will not do, or the engine cannot go on with music.
    """

    def __init__(
        self,
        request: Request,
        *,
        engine: Engine | str | None = None,
        bars: int | None = None,
        costs: Costs | None = None,
        journal: Journal | None = None,
        theme: Sequence[Played] = (),
        duet: Duet | None = None,
    ) -> None:
        self.engine = chosen_engine(engine, request.engine)
        if not self.engine.capabilities.serves("Continue"):
            raise RequestError(self.engine.capabilities.refusal("Continue"))
        if bars is not None and not 1 <= bars <= MAX_LIVE_BARS:
            raise RequestError(f"`bars` must be from 1 to {MAX_LIVE_BARS}, got {str(bars)[:40]}")
        request, line = begun_with(request, theme)
        request = named_for(request, self.engine.menu)
        players = players_of(self.engine, request.to_dict())
        channel_of(len(players.parts) - 1)
        request = replace(
            request,
            composer=players.composer or request.composer,
            form=players.form or request.form,
            ensemble=players.ensemble or request.ensemble,
        )
        n_most = next(count for count in COUNTS if count <= request.candidates)
        self._composing = Composing(self.engine, n_most, costs or Costs())
        self.settings = Settings(
            request=request,
            home=players.key,
            is_touring=(bars is None or bars > TOUR_BARS) and duet is None,
            end=bars,
            flushed=0 if duet is None else COUNTED,
            duet=duet,
        )
        self._partner = None if duet is None else Partner(duet, is_key_open=request.key is None)
        self.score = Score(players)
        if line:
            self.score.plan.extend(opening_bars(players, line, players.key, players.tempo_bpm))
        self.tempo = TempoLine(players.tempo_bpm)
        self.mix = Mix()
        self.controls: list[Control] = []  # announced, and not heard yet
        self.last_count = n_most
        self.elapsed_s = 0.0  # of the last chunk
        self._n_controls = 0
        self._told: deque[Control] = deque(maxlen=MAX_WAITING)  # heard in the bar that comes next
        self._revision = 0
        self._writer = EventWriter(self.tempo)
        self._drift = Drift()
        self._journal = journal
        self._lock = threading.RLock()
        self._at_work = threading.Lock()
        if journal is not None:
            journal.begin(request, players, versions_of(self.engine), bars)

    def planned(self) -> tuple[LiveBar, ...]:
        """Return the bars that may still change."""
        with self._lock:
            return tuple(self.score.plan)

    def waiting(self) -> tuple[Control, ...]:
        """Return the controls that are announced and not heard yet."""
        with self._lock:
            return tuple(self.controls)

    def last(self, n_bars: int) -> Piece:
        """Return the last bars that stand as a piece with a title.

        Args:
            n_bars: How many; of those that are remembered.

        Raises:
            RequestError: If none stands yet.
        """
        with self._lock:
            piece = self.score.last(n_bars)
        if piece is None:
            raise RequestError("no bar has been played yet; wait for the first")
        return entitled(replace(piece, title="", credit=""), self.settings.request.seed)

    # --- composing ------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """One of `STATES`."""
        end = self._upcoming().end
        if end is not None and self.score.n_bars >= end:
            return "ended"
        if not self.score.n_bars:
            return "filling"
        return "flowing" if end is None or end - self.score.n_bars > PERIOD_BARS else "ending"

    def compose(
        self,
        left_s: float | None = None,
        *,
        candidates: int | None = None,
        attempts: int | None = None,
    ) -> bool:
        """Plan the next bars behind those that are planned; return whether there were any.

        Args:
            left_s: Until they are needed; how many candidates are drawn follows from it. None
                draws as many as the request allows.
            candidates: How many, whatever time is left: of a journal that is played again.
            attempts: How often they may be drawn, likewise.

        Raises:
            RequestError: If nothing can be composed.
        """
        with self._at_work:
            with self._lock:
                settings, revision = self._upcoming(), self._revision
                wanted = next_wanted(settings, self.score)
                if wanted is None:
                    return False
                duet, tempo_bpm = settings.duet, self.tempo.tempo_bpm
                if duet is not None and duet.is_yours(wanted.first):
                    self.score.plan.extend(open_bars(self.score, duet, settings.home, tempo_bpm))
                    return True
                score = Score(self.score.players, self.score.ring.copy(), self.score.plan.copy())
            costs = self._composing.costs
            count = candidates or costs.affordable(self._composing.n_most, left_s)
            attempts = attempts or costs.attempts(count, left_s)
            chosen = self._composing.compose(score, settings, wanted, count, attempts)
            with self._lock:
                self.elapsed_s, self.last_count = chosen.elapsed_s, count
                if revision == self._revision:  # else nobody wants it any more
                    self._plan(chosen, count, attempts)
            return True

    def _plan(self, chosen: Chosen, count: int, attempts: int) -> None:
        duet = self.settings.duet
        for bar in chosen.bars:
            bar = replace(bar, tempo_bpm=self.tempo.tempo_bpm, drawn=count, attempts=attempts)
            is_led = duet is not None and duet.kind == "along"
            self.score.plan.append(without_highest(bar) if is_led else bar)

    def heard(self, notes: Sequence[Note], since: Fraction, until: Fraction) -> int:
        """Take up what a person has played; return how many bars hold it now.

        Args:
            notes: As of `duets.Partner.heard`.
            since: From which beat on.
            until: Up to which beat.

        Raises:
            RequestError: If nobody plays with this stream.
        """
        with self._lock:
            if self._partner is None:
                raise RequestError("nobody plays with this stream; begin one with `duet`")
            n_changed = self._partner.heard(self.score, notes, since, until)
            home = self._partner.home or self.settings.home
            self.settings = replace(self.settings, home=home)
            return n_changed

    def awaits(self, left_s: float) -> bool:
        """Whether the next bars wait for what a person is still playing.

        Args:
            left_s: Until they are to sound.
        """
        tempo_bpm = self.tempo.tempo_bpm
        return self._partner is not None and self._partner.is_due(self.score, tempo_bpm, left_s)

    def commit(self) -> LiveBar | None:
        """Let the next bar stand; None if none is planned."""
        with self._lock:
            if not self.score.plan:
                return None
            bar, mix = self.score.commit(), self.mix
            self._heed(bar.number)
            self._remember(bar)
        if self._journal is not None:  # whoever turns a knob does not wait for the disk
            self._journal.write_bar(bar, mix)
        return bar

    def _heed(self, number: int) -> None:
        """Make controls that a bar heeds part of the settings."""
        heard = [control for control in self.controls if control.acts_at <= number]
        for control in heard:
            self.settings = turned(self.settings, control, self.engine.menu)
            self.controls.remove(control)
        self._told += heard

    def _remember(self, bar: LiveBar) -> None:
        """Keep the theme, and notice drift."""
        is_first = bar.number == THEME_BARS and self.settings.theme is None
        if is_first and self._partner is None:
            self.settings = replace(self.settings, theme=theme_of(self.score))
        if bar.stretch.bars > 1 and bar.place == bar.stretch.bars - 1:
            has_drifted = self._drift.note(bar.nats_per_note)
            if has_drifted != self.settings.is_fresh:
                self.settings = replace(self.settings, is_fresh=has_drifted)

    def _upcoming(self) -> Settings:
        """Return the settings with all controls that the next bars heed."""
        last = self.score.last_planned()
        number = last.number + 1 if last else 1
        settings = self.settings
        for control in self.controls:
            if control.acts_at <= number:
                settings = turned(settings, control, self.engine.menu)
        return settings

    # --- controls -------------------------------------------------------------------------------

    def control(
        self,
        name: str,
        value: Any = None,
        *,
        at: str | None = None,
        sounding: Fraction | None = None,
    ) -> Control:
        """Turn a knob; return what happens and when.

        Args:
            name: Of the knob, see `controls.KNOBS`.
            value: As it is read there.
            at: `bar` or `period`; when the knob acts by itself if None.
            sounding: The beat that sounds, for listeners who can change the tempo behind it; else
                the tempo changes at the end of what stands.

        Raises:
            RequestError: If there is no such control, the value will not do, or too many wait.
        """
        knob, found = read_control(name, value)
        at = at or knob.at
        if at not in ("beat", "bar", "period"):
            raise RequestError(f"`at` must be beat, bar or period, got {str(at)[:40]!r}")
        with self._lock:
            if len(self.controls) >= MAX_WAITING:
                raise RequestError("too many controls wait to be heard; wait for the next bar")
            if self.state == "ended":
                raise RequestError("the stream has ended; start another")
            control = self._announced(name, self._loaded(name, found), at)
            if knob.is_heard_at_once:
                self._turn_now(control, sounding)
            else:
                turned(self.settings, control, self.engine.menu)  # refuses what will not do
                self.controls.append(control)
                self._drop_from(control.acts_at)
            if self._journal is not None:
                self._journal.write_control(control, self.score.n_bars)
            return control

    def _loaded(self, name: str, value: Any) -> Any:
        """Return a value with what it needs of the music."""
        if name != "again":
            return value
        theme = theme_of(self.score)
        if theme is None:
            raise RequestError(f"`again` needs {THEME_BARS} bars that were heard; wait for them")
        return theme

    def _announced(self, name: str, value: Any, at: str) -> Control:
        next_bar = self.score.n_bars + 1
        place = (next_bar - 1 - self.settings.origin) % PERIOD_BARS
        self._n_controls += 1
        later = (PERIOD_BARS - place) % PERIOD_BARS if at == "period" else 0
        return announced(self._n_controls, name, value, next_bar + later)

    def _drop_from(self, number: int) -> None:
        """Drop planned bars from a bar on."""
        self._revision += 1
        while self.score.plan and self.score.plan[-1].number >= number:
            self.score.plan.pop()

    def undo(self, control_id: int) -> Control:
        """Take a control back that is not heard yet; return it.

        Raises:
            RequestError: If it is heard already, or there is none of that number.
        """
        with self._lock:
            found = next((one for one in self.controls if one.id == control_id), None)
            if found is None:
                raise RequestError("this control is heard already; turn it back instead")
            self.controls.remove(found)
            self._drop_from(found.acts_at)
            if self._journal is not None:
                self._journal.write_undo(found, self.score.n_bars)
            return found

    def _turn_now(self, control: Control, sounding: Fraction | None) -> None:
        """Turn what changes the playing, from the next bar on for who reads bars."""
        name, value = control.name, control.value
        if name == "tempo":
            end = self.score.end_beats
            self.tempo.change(end if sounding is None else min(end, sounding), value)
            plan = [replace(bar, tempo_bpm=value) for bar in self.score.plan]
            self.score.plan.clear()
            self.score.plan.extend(plan)
        elif name == "panic":
            self._drop_from(control.acts_at)
            self.settings = begun_again(self.settings, control.acts_at - 1)
        else:
            field = "muted" if name == "mute" else name
            self.mix = replace(self.mix, **{field: value})
        self._told.append(control)

    # --- playing --------------------------------------------------------------------------------

    def opening(self) -> list[TimedEvent]:
        """Return what stands before the first bar: the programs and the tempo."""
        return self._writer.opening(self.score.players)

    def play(self, bar: LiveBar, *, is_written: bool = False) -> list[TimedEvent]:
        """Return all that happens in a bar that stands, in order; bars have to come in theirs.

        Args:
            bar: From `commit`.
            is_written: Whether the notes are those that are written, for an outlet that transposes
                and mutes by itself.
        """
        with self._lock:
            told = list(self._told)
            self._told.clear()
            return self._writer.bar(bar, told, None if is_written else self.mix)

    def finish(self) -> list[TimedEvent]:
        """Return what is left to happen: the ends of all notes, and the end."""
        with self._lock:
            if self._journal is not None:
                self._journal.end()
            return self._writer.finish(self.score)
