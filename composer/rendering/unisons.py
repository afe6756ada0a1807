"""Notes of one part made fit for a keyboard of 128 keys: no key is struck while it is held.

MIDI and synthesisers know a note only by its key. Where a part strikes a pitch again before the
first note has ended, the first note's end would silence the second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from composer.piece import Note


def cut_unisons(notes: Iterable[Note]) -> tuple[Note, ...]:
    """End every note, at the latest, where its part strikes the same pitch again.

    Of notes with the same onset and pitch the longest stays.

    Returns:
        Sorted by onset, then pitch.
    """
    by_pitch: dict[int, list[Note]] = defaultdict(list)
    for note in sorted(notes):  # the longest of equal onset and pitch comes last
        line = by_pitch[note.pitch]
        if line and line[-1].onset_beats == note.onset_beats:
            line.pop()
        line.append(note)
    return tuple(sorted(note for line in by_pitch.values() for note in _cut_line(line)))


def _cut_line(line: list[Note]) -> list[Note]:
    """Cut the notes of one pitch, sorted and with distinct onsets."""
    cut = [
        replace(note, duration_beats=min(note.duration_beats, later.onset_beats - note.onset_beats))
        for note, later in pairwise(line)
    ]
    return [*cut, line[-1]]
