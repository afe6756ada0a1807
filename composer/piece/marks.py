"""What is written at a note besides its pitch and length. Knows names of notation, and no file.

Most notes have none of it; notes that have the same share one `Marks`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from composer.errors import OptionError
from composer.theory import LINE_OF_FIFTHS

# Written values in quarters, without dots.
VALUE_BEATS = {
    "maxima": Fraction(32),
    "long": Fraction(16),
    "breve": Fraction(8),
    "whole": Fraction(4),
    "half": Fraction(2),
    "quarter": Fraction(1),
    "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4),
    "32nd": Fraction(1, 8),
    "64th": Fraction(1, 16),
    "128th": Fraction(1, 32),
    "256th": Fraction(1, 64),
    "512th": Fraction(1, 128),
    "1024th": Fraction(1, 256),
}
# Signs at a note by their names in MusicXML 4.0, and the element that holds them there.
SIGNS = (
    dict.fromkeys(
        ("accent", "strong-accent", "staccato", "tenuto", "detached-legato", "staccatissimo",
         "spiccato", "scoop", "plop", "doit", "falloff", "breath-mark", "caesura", "stress",
         "unstress", "soft-accent"),
        "articulations",
    )
    | dict.fromkeys(
        ("trill-mark", "turn", "delayed-turn", "inverted-turn", "delayed-inverted-turn",
         "vertical-turn", "inverted-vertical-turn", "shake", "wavy-line", "mordent",
         "inverted-mordent", "schleifer", "haydn", "tremolo-1", "tremolo-2", "tremolo-3",
         "tremolo-4"),
        "ornaments",
    )
    | dict.fromkeys(
        ("up-bow", "down-bow", "harmonic", "open-string", "thumb-position", "double-tongue",
         "triple-tongue", "stopped", "snap-pizzicato", "heel", "toe", "fingering-1",
         "fingering-2", "fingering-3", "fingering-4", "fingering-5"),
        "technical",
    )
    | dict.fromkeys(("fermata", "inverted-fermata", "arpeggiate", "non-arpeggiate"), "notations")
)  # fmt: skip
SYLLABICS = ("", "single", "begin", "middle", "end")
_WRITTEN = re.compile(
    r"(?P<kind>[a-z0-9]{3,7})(?P<dots>\.{0,4})(?: (?P<n>\d{1,4}):(?P<m>\d{1,4}))?"
)


@dataclass(frozen=True, slots=True)
class Written:
    """A written value: `quarter.`, or `32nd 11:8` in a tuplet.

    Args:
        kind: A name in `VALUE_BEATS`.
        dots: 0-4.
        n_actual, n_normal: That many in the time of so many; 1 and 1 outside of tuplets.
    """

    kind: str
    dots: int = 0
    n_actual: int = 1
    n_normal: int = 1

    def __post_init__(self) -> None:
        """Refuse values that nobody writes."""
        is_ratio = 1 <= self.n_actual <= 1000 and 1 <= self.n_normal <= 1000
        if self.kind not in VALUE_BEATS or not 0 <= self.dots <= 4 or not is_ratio:
            raise OptionError(
                f"a written value is like 'quarter.' or '16th 3:2', got '{self}'"[:160]
            )

    def __str__(self) -> str:
        is_tuplet = (self.n_actual, self.n_normal) != (1, 1)
        ratio = f" {self.n_actual}:{self.n_normal}" if is_tuplet else ""
        return f"{self.kind}{'.' * self.dots}{ratio}"

    @property
    def beats(self) -> Fraction:
        """Its length in quarters."""
        dotted = VALUE_BEATS[self.kind] * (2 - Fraction(1, 2**self.dots))
        return dotted * self.n_normal / self.n_actual


def parse_written(text: str) -> Written:
    """Read a written value.

    Raises:
        OptionError: If the text is none.
    """
    match = _WRITTEN.fullmatch(text)
    if not match:
        raise OptionError(f"a written value is like 'quarter.' or '16th 3:2', got {text[:20]!r}")
    ratio = (int(match["n"]), int(match["m"])) if match["n"] else (1, 1)
    return Written(match["kind"], len(match["dots"]), *ratio)


@dataclass(frozen=True, slots=True)
class Grace:
    """A grace note: it stands at a note and takes no time in the score.

    Args:
        pitch: MIDI number.
        spelling: As in `Marks`.
        kind: Its written value, a name in `VALUE_BEATS`.
        is_slashed: Played short.
        is_after: Behind its note (a Nachschlag), not before it.
        is_chord: Together with the grace note before.
    """

    pitch: int
    spelling: str = ""
    kind: str = "eighth"
    is_slashed: bool = False
    is_after: bool = False
    is_chord: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be played or written."""
        if not 0 <= self.pitch <= 127 or self.kind not in VALUE_BEATS:
            raise OptionError(f"a grace note needs a pitch 0-127 and a value, got {self.pitch}")


@dataclass(frozen=True, slots=True)
class Lyric:
    """A syllable under a note.

    Args:
        text: What is sung.
        verse: From 1.
        syllabic: A name in `SYLLABICS`: how it hangs together with its neighbours.
        is_extended: Whether a line behind it says that it is held.
    """

    text: str
    verse: int = 1
    syllabic: str = ""
    is_extended: bool = False

    def __post_init__(self) -> None:
        """Refuse what no score has."""
        if self.syllabic not in SYLLABICS or not 1 <= self.verse <= 99:
            raise OptionError("a syllable needs a verse 1-99 and its place in a word")


@dataclass(frozen=True, slots=True)
class Marks:
    """What is written at a note.

    Args:
        spelling: A name in `theory.LINE_OF_FIFTHS` such as `Bb`; empty where a writer may choose.
            One that does not fit the note's pitch says nothing.
        written: The values that the note is written in, tied to one another; empty where a writer
            may choose.
        voice: Its number in its part, from 1; 0 if unknown.
        signs: Names in `SIGNS`, in the order in which they stand.
        graces: Before the note and behind it.
        lyrics: A verse each.
    """

    spelling: str = ""
    written: tuple[Written, ...] = ()
    voice: int = 0
    signs: tuple[str, ...] = ()
    graces: tuple[Grace, ...] = ()
    lyrics: tuple[Lyric, ...] = ()

    def __post_init__(self) -> None:
        """Refuse names that notation does not have."""
        unknown = [sign for sign in self.signs if sign not in SIGNS]
        if unknown or (self.spelling and self.spelling not in LINE_OF_FIFTHS):
            raise OptionError(
                f"a note's marks have names of notation, got {[self.spelling, *unknown]}"[:160]
            )
        if self.voice < 0:
            raise OptionError(f"a voice is counted from 1, got {self.voice}")
