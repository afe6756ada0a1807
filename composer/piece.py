"""`Piece`: the one value that every room of the house passes on. Knows no file format and no token.

Times are `Fraction`s of a quarter, counted from the beginning of bar 1; all values are frozen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import count, islice, takewhile
from typing import Any

from composer.errors import OptionError
from composer.theory import Instrument, Key, Meter, parse_key, parse_meter
from composer.units import DEFAULT_TEMPO_BPM, DEFAULT_VELOCITY

# Of a first bar, silent before all parts: an upbeat leaves as much out or more (three quarters of
# 4/4 in many chorales), a rest on the beat less (the eighth before the subject of a fugue).
_PICKUP_SILENCE = Fraction(1, 4)


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
        # A fraction has the sign of its numerator, which is quicker to compare.
        onset, duration = self.onset_beats.numerator, self.duration_beats.numerator
        if onset < 0 or duration <= 0 or not 0 <= self.pitch <= 127:
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
        """Length of the upbeat: the first bar from its first note on; 0 if it is a whole bar.

        It is an upbeat if all parts are silent for at least the first quarter of the bar.
        """
        first = min((p.notes[0].onset_beats for p in self.parts if p.notes), default=Fraction(0))
        length = self.meters[0].meter.length_beats
        return length - first if _PICKUP_SILENCE * length <= first < length else Fraction(0)

    @cached_property
    def bar_numbers(self) -> range:
        """The numbers of the bars as they are printed: from 0 if the first is a pickup, else 1.

        Wherever a person reads or writes the number of a bar, it is one of these; the bar of index
        `i` has the number `bar_numbers[i]`.
        """
        first = 0 if self.pickup_beats else 1
        return range(first, first + self.n_bars)

    def index_of_bars(self, first_bar: int, last_bar: int) -> tuple[int, int]:
        """Return the indices of bars that a person named by their numbers, both included.

        Raises:
            OptionError: If the piece has no such bars.
        """
        numbers = self.bar_numbers
        if not (first_bar in numbers and last_bar in numbers and first_bar <= last_bar):
            upbeat = ", its upbeat is bar 0" if numbers[0] == 0 else ""
            raise OptionError(
                f"the piece has bars {numbers[0]} to {numbers[-1]}{upbeat}; give a first bar and a "
                f"last one that is not before it, got {first_bar} to {last_bar}"
            )
        return numbers.index(first_bar), numbers.index(last_bar)

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

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; times as exact fractions of a quarter: `"7/24"`."""
        names = {name: getattr(self, name) for name in _TEXTS}
        return names | {
            "key": str(self.key),
            "meters": [[str(change.onset_beats), str(change.meter)] for change in self.meters],
            "n_bars": self.n_bars,
            "tempo_bpm": self.tempo_bpm,
            "parts": [_part_to_dict(part) for part in self.parts],
        }

    @classmethod
    def from_dict(cls, values: Any) -> Piece:
        """Build a piece from what `to_dict` returned; whatever else comes is refused.

        Raises:
            OptionError: If the values are no piece.
        """
        return _read_piece(values)


# --- JSON ---------------------------------------------------------------------------------------
_TEXTS = ("title", "composer", "form", "ensemble")
_MAX_TEXT = 200
_MAX_JSON_BARS = 100_000
_MAX_JSON_PARTS = 64
_MAX_TEMPO_BPM = 1_000.0
_FRACTION = re.compile(r"\d{1,15}(/[1-9]\d{0,14})?", re.ASCII)


def _part_to_dict(part: Part) -> dict[str, Any]:
    rows = [[str(n.onset_beats), n.pitch, str(n.duration_beats), n.velocity] for n in part.notes]
    return {"instrument": asdict(part.instrument), "name": part.name, "notes": rows}


def _read_piece(values: Any) -> Piece:
    names = ("key", "meters", "n_bars", "tempo_bpm", "parts")
    key, meters, n_bars, tempo_bpm, parts, *texts = _fields(values, *names, *_TEXTS)
    if isinstance(tempo_bpm, bool) or not isinstance(tempo_bpm, (int, float)):
        raise OptionError("a piece's tempo is a number")
    if not 0 < tempo_bpm <= _MAX_TEMPO_BPM:
        raise OptionError(f"a piece's tempo lies above 0 and up to {_MAX_TEMPO_BPM:.0f}")
    piece = Piece(
        parts=tuple(_read_part(part) for part in _list(parts, 1, _MAX_JSON_PARTS)),
        meters=tuple(_read_change(change) for change in _list(meters, 1, _MAX_JSON_BARS)),
        key=parse_key(_text(key)),
        n_bars=_whole(n_bars, 1, _MAX_JSON_BARS),
        tempo_bpm=float(tempo_bpm),
        **dict(zip(_TEXTS, map(_text, texts), strict=True)),
    )
    onsets = [change.onset_beats for change in piece.meters]
    if any(later <= earlier for earlier, later in zip(onsets, onsets[1:], strict=False)):
        raise OptionError("a piece's meters stand in the order in which they begin")
    if len(piece.bars) < len(piece.meters):  # to walk them checks that meters begin at bar lines
        raise OptionError("a piece's meters each last a bar or more")
    return piece


def _read_change(values: Any) -> MeterChange:
    onset, meter = _list(values, 2, 2)
    return MeterChange(_beats(onset), parse_meter(_text(meter)))


def _read_part(values: Any) -> Part:
    instrument, name, rows = _fields(values, "instrument", "name", "notes")
    called, program, low, high = _fields(instrument, "name", "program", "low", "high")
    player = Instrument(_text(called), *(_whole(n, 0, 127) for n in (program, low, high)))
    if player.low > player.high:
        raise OptionError("an instrument's lowest pitch lies above its highest")
    notes = tuple(_read_note(row) for row in _list(rows, 0, 10**7))
    places = [(note.onset_beats, note.pitch) for note in notes]
    if any(later < earlier for earlier, later in zip(places, places[1:], strict=False)):
        raise OptionError("a part's notes are sorted by onset, then pitch")
    return Part(player, notes, _text(name))


def _read_note(row: Any) -> Note:
    onset, pitch, duration, velocity = _list(row, 4, 4)
    return Note(_beats(onset), _whole(pitch, 0, 127), _beats(duration), _whole(velocity, 1, 127))


def _fields(values: Any, *names: str) -> list[Any]:
    """Return the values of a JSON object that has exactly these names."""
    if not isinstance(values, dict) or set(values) != set(names):
        raise OptionError(f"a piece's JSON has objects with exactly {', '.join(names)}")
    return [values[name] for name in names]


def _list(values: Any, low: int, high: int) -> list[Any]:
    if not isinstance(values, list) or not low <= len(values) <= high:
        raise OptionError(f"a piece's JSON needs a list of {low} to {high:,} values here")
    return values


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise OptionError(f"a piece's names are texts of at most {_MAX_TEXT} characters")
    return value


def _whole(value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise OptionError(f"a piece's JSON needs a whole number from {low} to {high:,} here")
    return value


def _beats(value: Any) -> Fraction:
    if not isinstance(value, str) or not _FRACTION.fullmatch(value):
        raise OptionError("a piece's times are fractions of quarters as text, such as '7/24'")
    return Fraction(value)
