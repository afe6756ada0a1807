"""Notes, and the parts that they stand in. Knows sounds, not bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from composer.errors import OptionError
from composer.piece.marks import Marks
from composer.piece.signs import Control, Marking
from composer.theory import Instrument
from composer.units import DEFAULT_VELOCITY


@dataclass(frozen=True, slots=True, order=True, init=False)
class Note:
    """A sounding note, ties merged.

    Args:
        onset_beats: Quarters from the beginning of bar 1, not negative.
        pitch: MIDI number, 0-127.
        duration_beats: Quarters, above 0.
        velocity: 1-127.
        marks: What is written at it. Notes that differ in this are not equal, but neither comes
            before the other.
    """

    onset_beats: Fraction
    pitch: int
    duration_beats: Fraction
    velocity: int = DEFAULT_VELOCITY
    marks: Marks | None = field(default=None, compare=False)

    def __init__(
        self,
        onset_beats: Fraction,
        pitch: int,
        duration_beats: Fraction,
        velocity: int = DEFAULT_VELOCITY,
        marks: Marks | None = None,
    ) -> None:
        """Refuse notes that cannot sound.

        Written out because pieces have thousands of notes: what `dataclass` writes takes half as
        long again.
        """
        _SET_ONSET(self, onset_beats)
        _SET_PITCH(self, pitch)
        _SET_DURATION(self, duration_beats)
        _SET_VELOCITY(self, velocity)
        _SET_MARKS(self, marks)
        # A fraction has the sign of its numerator, which is quicker to compare.
        if onset_beats.numerator < 0 or duration_beats.numerator <= 0 or not 0 <= pitch <= 127:
            raise OptionError(
                "a note needs onset >= 0, length > 0 and pitch 0-127, got "
                f"{onset_beats}, {duration_beats} and {pitch}"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Note):
            return NotImplemented
        return (
            self.onset_beats, self.pitch, self.duration_beats, self.velocity, self.marks
        ) == (
            other.onset_beats, other.pitch, other.duration_beats, other.velocity, other.marks
        )  # fmt: skip

    @property
    def end_beats(self) -> Fraction:
        """When the note stops, in quarters."""
        return self.onset_beats + self.duration_beats


# The only way into a frozen value with slots that does not look names up.
_SET_ONSET: Callable[[Note, Fraction], None] = vars(Note)["onset_beats"].__set__
_SET_PITCH: Callable[[Note, int], None] = vars(Note)["pitch"].__set__
_SET_DURATION: Callable[[Note, Fraction], None] = vars(Note)["duration_beats"].__set__
_SET_VELOCITY: Callable[[Note, int], None] = vars(Note)["velocity"].__set__
_SET_MARKS: Callable[[Note, Marks | None], None] = vars(Note)["marks"].__set__


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the score: a voice, an instrument, or one hand at a keyboard.

    Args:
        instrument: Who plays it.
        notes: Sorted by onset, then pitch.
        name: As shown in a score; the instrument's name if empty.
        markings: Sorted by onset.
        controls: Sorted by onset.
        channel: Of a MIDI file, 0-15; None if unknown.
        program: Of the file, where the instrument is known by its name instead; else None.
        transposition: Semitones by which the part sounds above what is written in its own score.
    """

    instrument: Instrument
    notes: tuple[Note, ...]
    name: str = ""
    markings: tuple[Marking, ...] = ()
    controls: tuple[Control, ...] = ()
    channel: int | None = None
    program: int | None = None
    transposition: int = 0

    @property
    def is_monophonic(self) -> bool:
        """Whether no two notes sound at once."""
        return all(
            a.end_beats <= b.onset_beats for a, b in zip(self.notes, self.notes[1:], strict=False)
        )

    def bare(self) -> Part:
        """Return the part's instrument, name and notes without anything beside them."""
        notes = tuple(
            note if note.marks is None else replace(note, marks=None) for note in self.notes
        )
        return Part(self.instrument, notes, self.name)
