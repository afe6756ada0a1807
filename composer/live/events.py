"""Bars that stand -> all that happens in them, each event with its moment."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from composer.live.clock import TempoLine
from composer.live.controls import Control
from composer.live.decoder import Decoder, Stroke, TimedEvent, channel_of
from composer.live.score import LiveBar, Mix, Score, mixed
from composer.piece import Piece


class EventWriter:
    """Knows what sounds from bar to bar.

    Args:
        tempo: When a beat comes.
    """

    def __init__(self, tempo: TempoLine) -> None:
        self._tempo = tempo
        self._decoder = Decoder()

    def opening(self, players: Piece) -> list[TimedEvent]:
        """Return what stands before the first bar: the programs and the tempo."""
        zero = Fraction(0)
        programs = [
            TimedEvent(
                0.0, zero, "program", 0, channel_of(index), part=index,
                value=float(part.instrument.program),
            )
            for index, part in enumerate(players.parts)
        ]  # fmt: skip
        return [*programs, TimedEvent(0.0, zero, "tempo", value=self._tempo.tempo_bpm)]

    def bar(self, bar: LiveBar, told: Sequence[Control], mix: Mix | None) -> list[TimedEvent]:
        """Return what happens in a bar; bars have to come in their order.

        Args:
            bar: What stands.
            told: Controls that are heard in it.
            mix: What is played of it; None for what is written.
        """
        moment = bar.onset_beats
        heading = f"{bar.key}; {bar.why}"
        events = [
            TimedEvent(self._tempo.seconds(moment), moment, "bar", bar.number, text=heading),
            *(self._told(control, bar) for control in told),
        ]
        strokes: list[Stroke] = []
        for control in told:
            strokes += self._ended(control.name, bar, mix)
        music = bar.music if mix is None else mixed(bar.music, mix)
        strokes += self._decoder.decode(music, moment, bar.end_beats)
        return [*events, *(self._timed(stroke, bar.number) for stroke in strokes)]

    def _ended(self, name: str, bar: LiveBar, mix: Mix | None) -> list[Stroke]:
        """Return the ends of the notes that sound on no longer where a knob was turned."""
        if name == "panic" or (name == "transpose" and mix is not None):
            return self._decoder.silence(bar.onset_beats)
        if name not in ("mute", "solo") or mix is None:
            return []
        silent = [part for part in range(len(bar.music.parts)) if not mix.plays(part)]
        return self._decoder.silence(bar.onset_beats, silent)

    def finish(self, score: Score) -> list[TimedEvent]:
        """Return the ends of all notes, and the end."""
        rest = [self._timed(one, score.n_bars) for one in self._decoder.close()]
        moment = max([score.end_beats, *(event.beats for event in rest)])
        return [*rest, TimedEvent(self._tempo.seconds(moment), moment, "end")]

    def _told(self, control: Control, bar: LiveBar) -> TimedEvent:
        moment_s = self._tempo.seconds(bar.onset_beats)
        if control.name == "tempo":
            return TimedEvent(moment_s, bar.onset_beats, "tempo", bar.number, value=control.value)
        return TimedEvent(moment_s, bar.onset_beats, "control", bar.number, text=control.text)

    def _timed(self, stroke: Stroke, number: int) -> TimedEvent:
        return TimedEvent(
            self._tempo.seconds(stroke.beats), stroke.beats, stroke.kind, number,
            channel_of(stroke.part), stroke.pitch, stroke.velocity, stroke.part,
        )  # fmt: skip
