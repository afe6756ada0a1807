"""`Piece`: a score as a whole. Knows its parts, its bars and its keys; `record` makes it JSON."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import islice, takewhile
from typing import Any

from composer.errors import OptionError
from composer.piece.bars import Bar, MeterChange, walk_bars
from composer.piece.moving import fifths_of_interval, moved_key, transposed_part
from composer.piece.notes import Part
from composer.piece.signs import KeyChange, Repeat, TempoChange
from composer.theory import Key, Meter
from composer.units import DEFAULT_TEMPO_BPM, beats_to_seconds

# How the credit of a piece begins that was written in somebody's style.
STYLE_CREDIT = "in the style of "

# Of a first bar, silent before all parts: an upbeat leaves as much out or more (three quarters of
# 4/4 in many chorales), a rest on the beat less (the eighth before the subject of a fugue).
_PICKUP_SILENCE = Fraction(1, 4)


@dataclass(frozen=True)
class Piece:
    """A score: parts from the highest (index 0) to the lowest, under meters and a key.

    Args:
        parts: At least one; silent where a piece has percussion only.
        meters: Sorted; the first at 0, the others at bar lines.
        key: At the beginning; of the whole piece unless `keys` says more.
        n_bars: All bars, pickup included; 0 counts them from the notes.
        title, composer, form, ensemble: Free text; empty if unknown.
        tempo_bpm: Quarters a minute, at the beginning.
        tempos, keys: Changes behind the beginning, sorted; see the package for all that follows.
        repeats: Sorted.
        percussion: Parts whose pitches are keys of the General MIDI drum map.
        first_bar_number: Printed at the first whole bar.
        credit: Printed where a composer's name would stand; empty prints `composer`.
        remarks: What a reader had to read somehow ("read: ...") or to leave out ("set aside:
            ..."). Pieces that differ in it are equal.
    """

    parts: tuple[Part, ...]
    meters: tuple[MeterChange, ...]
    key: Key
    n_bars: int = 0
    title: str = ""
    composer: str = ""
    form: str = ""
    ensemble: str = ""
    tempo_bpm: float = DEFAULT_TEMPO_BPM
    tempos: tuple[TempoChange, ...] = ()
    keys: tuple[KeyChange, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    percussion: tuple[Part, ...] = ()
    first_bar_number: int = 1
    credit: str = ""
    remarks: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        """Check the meters, and count the bars where they were not given."""
        if not self.parts or not self.meters or self.meters[0].onset_beats != 0:
            raise OptionError("a piece needs a part, and a meter at its beginning")
        if self.n_bars == 0:
            end = self.end_of_notes_beats
            counted = sum(
                1 for _ in takewhile(lambda bar: bar.onset_beats < end, walk_bars(self.meters))
            )
            object.__setattr__(self, "n_bars", max(1, counted))

    @property
    def end_of_notes_beats(self) -> Fraction:
        """When the last note stops, in quarters."""
        lines = (*self.parts, *self.percussion)
        return max((n.end_beats for p in lines for n in p.notes), default=Fraction(0))

    @cached_property
    def bars(self) -> tuple[Bar, ...]:
        """All bars, `n_bars` of them."""
        return tuple(islice(walk_bars(self.meters), self.n_bars))

    @property
    def length_beats(self) -> Fraction:
        """The closing bar line, in quarters."""
        return self.bars[-1].end_beats

    @property
    def n_notes(self) -> int:
        """Notes of all pitched parts."""
        return sum(len(part.notes) for part in self.parts)

    @property
    def pickup_beats(self) -> Fraction:
        """Length of the upbeat: the first bar from its first note on; 0 if it is a whole bar.

        It is an upbeat if all parts are silent for at least the first quarter of the bar.
        """
        lines = (*self.parts, *self.percussion)
        first = min((p.notes[0].onset_beats for p in lines if p.notes), default=Fraction(0))
        length = self.meters[0].meter.length_beats
        return length - first if _PICKUP_SILENCE * length <= first < length else Fraction(0)

    @cached_property
    def bar_numbers(self) -> range:
        """The numbers of the bars as they are printed: from 0 if the first is a pickup, else 1.

        An excerpt may count from another number: `first_bar_number` is that of its first whole bar.

        Wherever a person reads or writes the number of a bar, it is one of these; the bar of index
        `i` has the number `bar_numbers[i]`.
        """
        first = self.first_bar_number - bool(self.pickup_beats)
        return range(first, first + self.n_bars)

    def index_of_bars(self, first_bar: int, last_bar: int) -> tuple[int, int]:
        """Return the indices of bars that a person named by their numbers, both included.

        Raises:
            OptionError: If the piece has no such bars.
        """
        numbers = self.bar_numbers
        if not (first_bar in numbers and last_bar in numbers and first_bar <= last_bar):
            upbeat = f", its upbeat is bar {numbers[0]}" if self.pickup_beats else ""
            raise OptionError(
                f"the piece has bars {numbers[0]} to {numbers[-1]}{upbeat}; give a first bar and a "
                f"last one that is not before it, got {first_bar} to {last_bar}"
            )
        return numbers.index(first_bar), numbers.index(last_bar)

    @property
    def meter(self) -> Meter:
        """The meter of bar 1."""
        return self.meters[0].meter

    def tempo_at(self, beats: Fraction) -> float:
        """Return the tempo at a moment, in quarters a minute."""
        place = bisect_right(self.tempos, beats, key=lambda change: change.onset_beats)
        if not place:
            return self.tempo_bpm
        change = self.tempos[place - 1]
        if not change.is_ramp or place == len(self.tempos):
            return change.tempo_bpm
        following = self.tempos[place]
        share = (beats - change.onset_beats) / (following.onset_beats - change.onset_beats)
        return change.tempo_bpm + float(share) * (following.tempo_bpm - change.tempo_bpm)

    @property
    def length_s(self) -> float:
        """How long it lasts at its tempos, in seconds, its last bar filled."""
        edges = {Fraction(0), self.length_beats, *(one.onset_beats for one in self.tempos)}
        found = sorted(edge for edge in edges if edge <= self.length_beats)
        spans = zip(found, found[1:], strict=False)
        middles = ((end - begin, self.tempo_at((begin + end) / 2)) for begin, end in spans)
        return sum(beats_to_seconds(beats, tempo_bpm) for beats, tempo_bpm in middles)

    @property
    def remarks_in_a_line(self) -> str:
        """The remarks in one line: `read: this, that; set aside: these`; empty without."""
        read = [one.removeprefix("read: ") for one in self.remarks if one.startswith("read: ")]
        aside = [one.removeprefix("set aside: ") for one in self.remarks if "aside: " in one[:11]]
        told = [("read", read), ("set aside", aside)]
        return "; ".join(f"{kind}: {', '.join(found)}" for kind, found in told if found)

    def key_at(self, beats: Fraction) -> Key:
        """Return the key whose signature is in force at a moment."""
        place = bisect_right(self.keys, beats, key=lambda change: change.onset_beats)
        return self.keys[place - 1].key if place else self.key

    def transposed(self, semitones: int, key: Key | None = None) -> Piece:
        """Move every note, spelling, chord symbol and later key; percussion stays.

        Args:
            semitones: Up, or down.
            key: Of the result, which decides spellings; None leaves the key its name, because the
                caller knows the spelling.

        Raises:
            OptionError: If a note would leave 0-127.
        """
        fifths = fifths_of_interval(semitones) if key is None else key.fifths - self.key.fifths
        return replace(
            self,
            parts=tuple(transposed_part(part, semitones, fifths) for part in self.parts),
            key=key or self.key,
            keys=tuple(replace(one, key=moved_key(one.key, fifths)) for one in self.keys),
        )

    def bare(self) -> Piece:
        """Return the piece as the smallest files state it: bars, key, tempo, pitched notes.

        It sounds the same but for percussion, controls and changes of tempo.
        """
        parts = tuple(part.bare() for part in self.parts)
        return replace(self, parts=parts, tempos=(), keys=(), repeats=(), percussion=(), remarks=())

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; times as exact fractions of a quarter: `"7/24"`.

        What a piece does not have is left out.
        """
        from composer.piece.record import piece_to_dict

        return piece_to_dict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Piece:
        """Build a piece from what `to_dict` returned; whatever else comes is refused.

        Raises:
            OptionError: If the values are no piece.
        """
        from composer.piece.record import read_piece

        return read_piece(values)
