"""Which clef a part is read in, and which parts are joined by a brace or a bracket."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from composer.piece import Part, Piece
from composer.theory import KEYBOARD_PROGRAMS

# Clef -> the pitches from its lowest to its highest line.
CLEF_LINES = {
    "treble": (64, 77),
    "bass": (43, 57),
    "alto": (53, 67),
    "treble8vb": (52, 65),
    "bass8vb": (31, 45),
}
# Clefs that an instrument's players read, the usual one first; the others read treble and bass.
_CLEFS_READ = {
    "viola": ("alto", "treble"),
    "cello": ("bass", "treble"),
    "tenor": ("treble8vb", "bass"),
    "contrabass": ("bass8vb", "bass"),
    "bass": ("bass",),
    "bassoon": ("bass",),
    "guitar": ("treble8vb",),
} | dict.fromkeys(("violin", "flute", "oboe", "clarinet", "soprano", "alto"), ("treble",))
# Names of a hand, or of its staff.
_HAND = re.compile(
    r"\b(right|left|r\.?\s?h|l\.?\s?h|rechts?|links?|rechte|linke|droite|gauche|destra|sinistra|m\.?\s?[dsg]"
    r"|upper|lower|up|down|hands?|staff|treble|bass)\b",
    re.IGNORECASE,
)
# By so much, in semitones a note, another clef than the usual one must be the better one.
_USUAL_CLEF_SEMITONES = 3


@dataclass(frozen=True, slots=True)
class StaffGroup:
    """Neighbouring parts that belong together.

    Args:
        first, last: Indices of the parts, both included.
        is_keyboard: Joined by a brace, else by a bracket.
    """

    first: int
    last: int
    is_keyboard: bool

    @property
    def is_grand_staff(self) -> bool:
        """Whether it is one keyboard's two hands."""
        return self.is_keyboard and self.last - self.first == 1


def staff_groups(piece: Piece) -> tuple[StaffGroup, ...]:
    """Return the groups of two parts and more: keyboards by themselves, and all others."""
    return tuple(group for group in _runs(piece.parts) if group.last > group.first)


def _runs(parts: Sequence[Part]) -> Iterator[StaffGroup]:
    def kind(index: int) -> tuple[int, str]:
        part = parts[index]
        program = part.instrument.program
        return (program, _player(part)) if program in KEYBOARD_PROGRAMS else (-1, "")

    for (program, _), group in groupby(range(len(parts)), kind):
        indices = list(group)
        yield StaffGroup(indices[0], indices[-1], program != -1)


def _player(part: Part) -> str:
    """Return whose hand a part may be: in scores, a name of its own is that of another player."""
    is_hand = part.channel is not None or _HAND.search(part.name)
    return "" if is_hand else part.name


def choose_clef(part: Part, *, default: str = "treble") -> str:
    """Return the name in `CLEF_LINES` of the clef that needs the fewest ledger lines.

    Args:
        part: Its instrument says which clefs are read.
        default: Where none fits better than another, and for a part without notes.
    """
    own = _CLEFS_READ.get(part.instrument.name)
    if own:
        usual = _USUAL_CLEF_SEMITONES * len(part.notes)
        return min(own, key=lambda clef: _distance(part, clef) + usual * (clef != own[0]))
    clefs = ("treble", "bass") if default != "bass" else ("bass", "treble")
    return min(clefs, key=lambda clef: _distance(part, clef))


def _distance(part: Part, clef: str) -> int:
    """Return by how many semitones all notes together lie beside the five lines."""
    low, high = CLEF_LINES[clef]
    return sum(max(0, low - note.pitch, note.pitch - high) for note in part.notes)
