"""Chord symbols such as `Bbm7/F`, and progressions as lead sheets have them. Knows no piece.

    G | D7 G | Em . C D7 | %

Bars stand between `|` or on lines of their own; the chords of a bar share it evenly, `.` holds the
chord before it, `%` is a bar like the one before, `N.C.` is no chord. A progression that is shorter
than a piece begins again. An upbeat has no chord: the first bar is the first whole one.

What a suffix means follows M. Brandt and C. Roemer, Standardized Chord Symbol Notation (1976), and
the kinds of MusicXML 4.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from composer.errors import OptionError
from composer.theory import spelling_to_pitch_class

# Kinds of MusicXML 4.0 -> what is printed behind the root.
CHORD_SUFFIXES = {
    "major": "", "minor": "m", "augmented": "+", "diminished": "dim", "dominant": "7",
    "major-seventh": "maj7", "minor-seventh": "m7", "diminished-seventh": "dim7",
    "augmented-seventh": "+7", "half-diminished": "m7b5", "major-minor": "m(maj7)",
    "major-sixth": "6", "minor-sixth": "m6", "dominant-ninth": "9", "major-ninth": "maj9",
    "minor-ninth": "m9", "dominant-11th": "11", "major-11th": "maj11", "minor-11th": "m11",
    "dominant-13th": "13", "major-13th": "maj13", "minor-13th": "m13",
    "suspended-second": "sus2", "suspended-fourth": "sus4", "power": "5",
}  # fmt: skip
KIND_BY_SUFFIX = {suffix: kind for kind, suffix in CHORD_SUFFIXES.items()}
_NAME = r"[A-G](?:bb|b|##|#)?"
CHORD = re.compile(rf"(?P<root>{_NAME})(?P<kind>[^/]*)(?:/(?P<bass>{_NAME}))?")
MAX_CHORD_BARS, MAX_CHORDS_A_BAR = 512, 32
# Suffix as it is printed -> semitones above the root.
CHORD_TONES = {
    "": (0, 4, 7), "m": (0, 3, 7), "+": (0, 4, 8), "dim": (0, 3, 6), "5": (0, 7),
    "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "m7": (0, 3, 7, 10), "m(maj7)": (0, 3, 7, 11),
    "dim7": (0, 3, 6, 9), "m7b5": (0, 3, 6, 10), "+7": (0, 4, 8, 10),
    "6": (0, 4, 7, 9), "m6": (0, 3, 7, 9), "sus2": (0, 2, 7), "sus4": (0, 5, 7),
    "7sus4": (0, 5, 7, 10), "9": (0, 4, 7, 10, 2), "maj9": (0, 4, 7, 11, 2),
    "m9": (0, 3, 7, 10, 2), "11": (0, 4, 7, 10, 2, 5), "maj11": (0, 4, 7, 11, 2, 5),
    "m11": (0, 3, 7, 10, 2, 5), "13": (0, 4, 7, 10, 2, 9), "maj13": (0, 4, 7, 11, 2, 9),
    "m13": (0, 3, 7, 10, 2, 9),
}  # fmt: skip
# Other ways to write them.
_SAME = {
    "M": "", "maj": "", "min": "m", "mi": "m", "-": "m", "aug": "+", "°": "dim", "o": "dim",
    "M7": "maj7", "Δ": "maj7", "Δ7": "maj7", "ma7": "maj7", "min7": "m7", "mi7": "m7", "-7": "m7",
    "°7": "dim7", "o7": "dim7", "ø": "m7b5", "ø7": "m7b5", "-7b5": "m7b5", "aug7": "+7",
    "7#5": "+7",
    "mM7": "m(maj7)", "mmaj7": "m(maj7)", "min6": "m6", "-6": "m6", "sus": "sus4", "7sus": "7sus4",
    "M9": "maj9", "min9": "m9", "-9": "m9", "add9": "9",
}  # fmt: skip
NO_CHORD, HOLD, AGAIN = "N.C.", ".", "%"


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord as a symbol names it.

    Args:
        root: Its spelling, such as `Bb`.
        suffix: A name in `CHORD_TONES`.
        bass: Spelling of the bass where it is not the root.
    """

    root: str
    suffix: str = ""
    bass: str = ""

    def __str__(self) -> str:
        return f"{self.root}{self.suffix}{f'/{self.bass}' if self.bass else ''}"

    @property
    def pitch_classes(self) -> frozenset[int]:
        """What belongs to it, the bass included."""
        root = spelling_to_pitch_class(self.root)
        tones = {(root + step) % 12 for step in CHORD_TONES[self.suffix]}
        return frozenset(tones | {self.bass_class})

    @property
    def bass_class(self) -> int:
        """Pitch class of its lowest note."""
        return spelling_to_pitch_class(self.bass or self.root)


def parse_chord(text: str) -> Chord:
    """Read a chord symbol such as `Bbm7/F`.

    Raises:
        OptionError: If the text is none.
    """
    match = CHORD.fullmatch(text.replace("♭", "b").replace("♯", "#"))
    suffix = _SAME.get(match["kind"], match["kind"]) if match else ""
    if match is None or suffix not in CHORD_TONES:
        raise OptionError(
            f"`chords` must be chord symbols such as 'G | D7 G | Em C | D7', got {text[:20]!r}"
        )
    return Chord(match["root"], suffix, match["bass"] or "")


BarChords = tuple[Chord | None, ...]  # as long as each other


@dataclass(frozen=True)
class Progression:
    """Chords bar by bar.

    Args:
        bars: Of each bar its chords, as long as each other; None where there is none.
    """

    bars: tuple[BarChords, ...]

    def __str__(self) -> str:
        return " | ".join(_bar_to_text(bar) for bar in self.bars)

    def bar(self, index: int) -> BarChords:
        """Return the chords of a bar, counted from the first whole one; it has no end."""
        return self.bars[index % len(self.bars)] if index >= 0 else (None,)

    def moved(self, bars: int) -> Progression:
        """Return the same chords, the first of them so many bars later."""
        n_bars = len(self.bars)
        return Progression(tuple(self.bars[(place - bars) % n_bars] for place in range(n_bars)))

    def at(self, index: int, share: Fraction | float) -> Chord | None:
        """Return the chord at a share of a bar, 0..1 without 1."""
        chords = self.bar(index)
        return chords[int(share * len(chords))]


def _bar_to_text(bar: BarChords) -> str:
    tokens = [NO_CHORD if chord is None else str(chord) for chord in bar]
    if len(set(tokens)) == 1:
        return tokens[0]
    return " ".join(
        HOLD if index and token == tokens[index - 1] else token
        for index, token in enumerate(tokens)
    )


def parse_progression(text: str) -> Progression:
    """Read chord symbols with bar lines.

    Raises:
        OptionError: If a symbol is none, or there are too many.
    """
    rows = [row.split() for row in re.split(r"[|\n](?:\s*[|\n])*", text.strip("| \t\r\n"))]
    if not any(rows):
        raise OptionError("`chords` must be chord symbols with bars between |, such as 'G | D7 G'")
    if len(rows) > MAX_CHORD_BARS or any(len(row) > MAX_CHORDS_A_BAR for row in rows):
        raise OptionError(
            f"`chords` may have {MAX_CHORD_BARS} bars of {MAX_CHORDS_A_BAR} chords at most"
        )
    found: list[BarChords] = []
    last: Chord | None = None
    for row in rows:
        if row == [AGAIN] and found:
            found.append(found[-1])
            continue
        bar = []
        for token in row or [HOLD]:
            if token != HOLD:
                is_none = token.upper().rstrip(".") in ("N.C", "NC")
                last = None if is_none else parse_chord(token)
            bar.append(last)
        found.append(bar_of(bar))
    return Progression(tuple(found))


def bar_of(chords: list[Chord | None]) -> BarChords:
    """Return the chords of a bar; one alone where all are the same."""
    return tuple(chords if len(set(chords)) > 1 else chords[:1])
