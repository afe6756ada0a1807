"""What stands in the stream of a part or piece besides notes: tempos, keys, words, spans, controls.

Knows when and what, not how it is drawn. Every value has its `onset_beats`; what stretches has an
`end_beats` too.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from composer.errors import OptionError
from composer.theory import Key

# Controls beyond the 128 controllers of MIDI.
BEND, PRESSURE, PROGRAM = 128, 129, 130
_BEND_RANGE = range(-8192, 8192)
MAX_VOICE = 999

# Kinds of markings, and what their text says.
POINTS = {
    "dynamic": "p, mf, sfz ...",
    "words": "any, such as dolce or Andante",
    "chord": "a chord symbol such as Bbm7/F",
    "clef": "sign, line and octaves, such as G2 or G2-1",
    "rehearsal": "a letter or number in a box",
}
SPANS = {
    "slur": "from the onset of its first note to that of its last",
    "crescendo": "a hairpin",
    "diminuendo": "a hairpin",
    "pedal": "a pedal line or Ped. and its star",
    "octave": "8va, 8vb, 15ma or 15mb",
    "trill": "a wavy line",
    "glissando": "a line between two notes",
    "dashes": "how far the words before it reach",
    "measure-repeat": "bars written as signs for those before them; how many those are",
}
# Signs at the beginning of a bar, and those at its end, which send the player elsewhere or home.
REPEATS_AT_BEGINNING = ("forward", "ending", "segno", "coda")
REPEATS_AT_END = ("backward", "to coda", "fine", "da capo", "dal segno")
REPEAT_KINDS = (*REPEATS_AT_BEGINNING, *REPEATS_AT_END)


@dataclass(frozen=True, slots=True)
class TempoChange:
    """A new tempo.

    Args:
        onset_beats: When; at 0 it says only how the piece's first tempo goes on.
        tempo_bpm: Quarters a minute.
        is_ramp: Whether it goes evenly to the tempo of the next change, rather than at once.
        unit_beats: The note value that a metronome mark counts; None where none is printed.
    """

    onset_beats: Fraction
    tempo_bpm: float
    is_ramp: bool = False
    unit_beats: Fraction | None = None


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A new key, and when."""

    onset_beats: Fraction
    key: Key


@dataclass(frozen=True, slots=True)
class Marking:
    """Something written over, under or between the notes of a part.

    Args:
        onset_beats: Where it stands or begins.
        kind: A name in `POINTS` or `SPANS`.
        text: What it says, where its kind does not say all.
        end_beats: Where a span ends; None for a point.
        voice: Whose it is, as in `Marks`; 0 for all.
    """

    onset_beats: Fraction
    kind: str
    text: str = ""
    end_beats: Fraction | None = None
    voice: int = 0

    def __post_init__(self) -> None:
        """Refuse what is neither a point nor a span."""
        if self.kind not in (POINTS if self.end_beats is None else SPANS):
            raise OptionError(
                f"a marking is a point or a span of a known kind, got {self.kind[:40]!r}"
            )
        if self.end_beats is not None and self.end_beats < self.onset_beats:
            raise OptionError(f"the {self.kind} ends before it begins")
        if not 0 <= self.voice <= MAX_VOICE:
            raise OptionError(f"a voice is counted from 1, got {self.voice}")


@dataclass(frozen=True, slots=True, order=True)
class Control:
    """What a player does besides playing notes: in force until the next one of its kind.

    Args:
        onset_beats: When.
        kind: A controller of MIDI, 0-127 (64 is the sustain pedal, 7 the volume), or `BEND`,
            `PRESSURE` or `PROGRAM`.
        value: 0-127; of a bend -8192..8191.
    """

    onset_beats: Fraction
    kind: int
    value: int

    def __post_init__(self) -> None:
        """Refuse what MIDI cannot say."""
        values = _BEND_RANGE if self.kind == BEND else range(128)
        if not 0 <= self.kind <= PROGRAM or self.value not in values:
            raise OptionError(
                f"a control has a kind and a value of MIDI, got {self.kind}: {self.value}"
            )


@dataclass(frozen=True, slots=True)
class Repeat:
    """A sign by which bars are played in another order than they are written.

    Args:
        onset_beats: The bar line where it stands; an ending's first.
        kind: A name in `REPEAT_KINDS`.
        end_beats: An ending's last bar line; None for all others.
        numbers: The times that an ending is played in, from 1.
        times: How often the stretch before a backward sign is played.
        text: What is printed, such as "D.S. al Coda".
    """

    onset_beats: Fraction
    kind: str
    end_beats: Fraction | None = None
    numbers: tuple[int, ...] = ()
    times: int = 2
    text: str = ""

    def __post_init__(self) -> None:
        """Refuse what no score has."""
        is_span = self.end_beats is not None
        if self.kind not in REPEAT_KINDS or is_span != (self.kind == "ending"):
            raise OptionError(f"there is no sign of repetition such as {self.kind[:40]!r}")
        if not 1 <= self.times <= 99 or any(not 1 <= one <= 99 for one in self.numbers):
            raise OptionError(f"bars are repeated 1 to 99 times, got {self.times}")

    @property
    def is_at_end(self) -> bool:
        """Whether it stands at the end of a bar: its onset is the next bar's beginning."""
        return self.kind in REPEATS_AT_END
