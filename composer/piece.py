"""`Piece`: the one value that every room of the house passes on. Knows no file format and no token.

Times are `Fraction`s of a quarter, counted from the beginning of bar 1; all values are frozen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import count, islice, takewhile

from composer.errors import OptionError
from composer.theory import Instrument, Key, Meter
from composer.units import DEFAULT_TEMPO_BPM, DEFAULT_VELOCITY


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """A sounding note, ties merged.

    Args:
        onset_beats: Quarters from the beginning of bar 1, not negative.
        pitch: MIDI number, 0-127.
        duration_beats: Quarters, above 0.
        velocity: 1-127.
    """

    onset_beats: Fraction
    pitch: int
    duration_beats: Fraction
    velocity: int = DEFAULT_VELOCITY

    def __post_init__(self) -> None:
        """Refuse notes that cannot sound."""
        if self.onset_beats < 0 or self.duration_beats <= 0 or not 0 <= self.pitch <= 127:
            raise OptionError(f"a note needs onset >= 0, length > 0 and pitch 0-127, got {self}")

    @property
    def end_beats(self) -> Fraction:
        """When the note stops, in quarters."""
        return self.onset_beats + self.duration_beats


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the score: a voice, an instrument, or one hand at a keyboard.

    Args:
        instrument: Who plays it.
        notes: Sorted by onset, then pitch.
        name: As shown in a score; the instrument's name if empty.
    """

    instrument: Instrument
    notes: tuple[Note, ...]
    name: str = ""

    @property
    def is_monophonic(self) -> bool:
        """Whether no two notes sound at once."""
        return all(
            a.end_beats <= b.onset_beats for a, b in zip(self.notes, self.notes[1:], strict=False)
        )


@dataclass(frozen=True, slots=True, order=True)
class MeterChange:
    """A time signature and the bar line where it begins."""

    onset_beats: Fraction
    meter: Meter


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar as it lies in a piece.

    Args:
        index: 0 for the first bar.
        onset_beats: Its bar line, in quarters.
        meter: Its time signature.
    """

    index: int
    onset_beats: Fraction
    meter: Meter

    @property
    def end_beats(self) -> Fraction:
        """The next bar line, in quarters."""
        return self.onset_beats + self.meter.length_beats


def walk_bars(meters: Sequence[MeterChange]) -> Iterator[Bar]:
    """Yield bars under a list of meters, without end.

    Raises:
        OptionError: If a meter does not begin at a bar line.
    """
    upcoming = list(reversed(meters))
    meter, onset = upcoming[-1].meter, Fraction(0)
    for index in count():
        while upcoming and upcoming[-1].onset_beats <= onset:
            change = upcoming.pop()
            if change.onset_beats != onset:
                raise OptionError(f"the meter {change.meter} does not begin at a bar line")
            meter = change.meter
        yield Bar(index, onset, meter)
        onset += meter.length_beats


@dataclass(frozen=True)
class Piece:
    """A score: parts from the highest (index 0) to the lowest, under meters and a key.

    Args:
        parts: At least one.
        meters: Sorted; the first at 0, the others at bar lines.
        key: Of the whole piece.
        n_bars: All bars, pickup included; 0 counts them from the notes.
        title, composer, form, ensemble: Free text; empty if unknown.
        tempo_bpm: Quarters a minute.
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
        return max((n.end_beats for p in self.parts for n in p.notes), default=Fraction(0))

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
        """Notes of all parts."""
        return sum(len(part.notes) for part in self.parts)

    @property
    def pickup_beats(self) -> Fraction:
        """Length of the upbeat: what sounds of bar 1 if all parts rest at its beginning, else 0."""
        first = min((p.notes[0].onset_beats for p in self.parts if p.notes), default=Fraction(0))
        length = self.meters[0].meter.length_beats
        return length - first if 0 < first < length else Fraction(0)

    @property
    def meter(self) -> Meter:
        """The meter of bar 1."""
        return self.meters[0].meter

    def transposed(self, semitones: int) -> Piece:
        """Move every note; the key keeps its name, because the caller knows the spelling.

        Raises:
            OptionError: If a note would leave 0-127.
        """
        moved = tuple(
            replace(part, notes=tuple(replace(n, pitch=n.pitch + semitones) for n in part.notes))
            for part in self.parts
        )
        return replace(self, parts=moved)
