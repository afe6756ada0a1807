"""Notes of a roll -> notes of parts. Knows notes and parts, no model.

Moment by moment, all notes that begin together are dealt out at the least cost. Higher notes go to
higher parts, so that voices that begin together do not cross. A note costs the way from what its
part sounded last, in octaves; a part that plays one note at a time takes one, none while a given
note of it sounds, and cuts its own note before. A note that no part can take is left out, and
counted by whoever asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import groupby
from typing import TypeAlias

from composer.piece import Note

OpenUntil: TypeAlias = Callable[[int, int, Fraction], Fraction]
SKIP = 3.0  # octaves that it costs to leave a note out
CUT = 0.25  # to cut a note of the same part off
FORGET = 0.5  # how far the middle of a part moves to each new note


@dataclass
class Line:
    """A part that takes notes.

    Args:
        index: Of the part.
        middle: The pitch that it sounded last, or usually does.
        is_single: Whether it sounds one note at a time.
        given: Its own notes that stay.
        open_until: Until when a pitch of a part is open from a moment on; the moment if it is not.
    """

    index: int
    middle: float
    is_single: bool
    given: Sequence[Note]
    open_until: OpenUntil
    taken: list[Note] = field(default_factory=list)

    def room(self, note: Note) -> Fraction:
        """Return when a note must end here at the latest; its onset if it cannot begin."""
        end = self.open_until(self.index, note.pitch, note.onset_beats)
        if self.is_single and end > note.onset_beats:
            for other in self.given:
                if other.onset_beats < note.end_beats and other.end_beats > note.onset_beats:
                    end = min(end, max(note.onset_beats, other.onset_beats))
        return end

    def cost(self, note: Note) -> float:
        """Return what it costs to take a note; infinite if there is no room."""
        if self.room(note) <= note.onset_beats:
            return math.inf
        is_busy = self.is_single and self.taken and self.taken[-1].end_beats > note.onset_beats
        return abs(note.pitch - self.middle) / 12 + (CUT if is_busy else 0.0)

    def take(self, note: Note) -> None:
        """Take a note; of a single line the one before ends where it begins."""
        if self.is_single and self.taken and self.taken[-1].end_beats > note.onset_beats:
            before = self.taken[-1]
            self.taken[-1] = replace(before, duration_beats=note.onset_beats - before.onset_beats)
        length = min(note.end_beats, self.room(note)) - note.onset_beats
        self.taken.append(replace(note, duration_beats=length))
        self.middle += FORGET * (note.pitch - self.middle)


def deal(notes: Sequence[Note], lines: Sequence[Line]) -> Iterator[tuple[int, Note]]:
    """Deal notes out; yield the index of a part and a note.

    Args:
        notes: By onset.
        lines: From the highest part to the lowest; they keep what they took.
    """
    for _, together in groupby(notes, key=lambda note: note.onset_beats):
        chord = sorted(together, key=lambda note: -note.pitch)
        for note, place in zip(chord, _cheapest(chord, lines), strict=True):
            if place is not None:
                lines[place].take(note)
    for line in lines:
        yield from ((line.index, note) for note in line.taken)


def _cheapest(chord: Sequence[Note], lines: Sequence[Line]) -> list[int | None]:
    """Return which line takes each note, the highest first; None where none does."""
    # best[place] of a chord so far: cost and choices, where the last note went to lines[place].
    best: dict[int, tuple[float, list[int | None]]] = {0: (0.0, [])}
    for note in chord:
        costs = [line.cost(note) for line in lines]
        found: dict[int, tuple[float, list[int | None]]] = {}
        for lowest, (cost, choices) in best.items():
            options: list[tuple[int, float, int | None]] = [(lowest, cost + SKIP, None)]
            for place in range(lowest, len(lines)):
                has_one = lines[place].is_single and place in choices
                if not has_one and costs[place] < math.inf:
                    options.append((place, cost + costs[place], place))
            for place, total, choice in options:
                if place not in found or total < found[place][0]:
                    found[place] = total, [*choices, choice]
        best = found
    return min(best.values(), key=lambda one: one[0])[1]
