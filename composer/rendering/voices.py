"""A part's notes -> voices that sound one chord at a time. Knows no bar's rhythm and no clef.

Notes that came with the number of their voice stay in it, where the file kept its voices apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise

from composer.piece import Note


@dataclass(frozen=True, slots=True)
class Chord:
    """Notes of one part that begin and end together.

    Args:
        onset_beats, end_beats: Quarters from the beginning of bar 1.
        indices: Which notes of the part, the lowest first.
        mean_pitch: Of its notes.
    """

    onset_beats: Fraction
    end_beats: Fraction
    indices: tuple[int, ...]
    mean_pitch: float

    @property
    def length_beats(self) -> Fraction:
        """How long they last, in quarters."""
        return self.end_beats - self.onset_beats


Voice = list[Chord]
_MAX_VOICES = 8  # on one staff


def split_voices(notes: Sequence[Note], bar_lines: Iterable[Fraction]) -> list[Voice]:
    """Share the notes of a part among voices, as few as there can be.

    Notes that begin and end together are a chord. A voice keeps its place while notes sound across
    bar lines; where all of them end, the highest comes first again. Voices that are given for all
    notes of such a stretch stay, if each sounds one chord at a time.

    Args:
        notes: Of one part.
        bar_lines: Ascending, in quarters.

    Returns:
        Chords by voice, ascending; none for a part without notes.
    """
    voices: list[Voice] = []
    for stretch in _stretches(_chords(notes, range(len(notes))), sorted(bar_lines)):
        for place, voice in enumerate(_given_voices(notes, stretch) or _share(stretch)):
            while place >= len(voices):
                voices.append([])
            voices[place] += voice
    return voices


def _given_voices(notes: Sequence[Note], stretch: Sequence[Chord]) -> list[Voice]:
    """Return a stretch in the voices that its notes came with; nothing where they do not do."""
    indices = [index for chord in stretch for index in chord.indices]
    numbers = {index: marks.voice for index in indices if (marks := notes[index].marks)}
    if len(numbers) < len(indices) or not all(1 <= n <= _MAX_VOICES for n in numbers.values()):
        return []
    voices = [
        _chords(notes, [index for index in indices if numbers[index] == number])
        for number in range(1, max(numbers.values()) + 1)
    ]
    is_one_line = all(a.end_beats <= b.onset_beats for one in voices for a, b in pairwise(one))
    return voices if is_one_line else []


def _chords(notes: Sequence[Note], indices: Iterable[int]) -> list[Chord]:
    """Gather notes that begin and end together; a pitch sounding twice comes in two chords."""

    def times(index: int) -> tuple[Fraction, Fraction]:
        return notes[index].onset_beats, notes[index].end_beats

    chords = []
    for (onset, end), group in groupby(sorted(indices, key=times), times):
        left = sorted(group, key=lambda index: notes[index].pitch)
        while left:
            first_by_pitch = {notes[index].pitch: index for index in reversed(left)}
            chosen = tuple(first_by_pitch[pitch] for pitch in sorted(first_by_pitch))
            mean = sum(first_by_pitch) / len(first_by_pitch)
            chords.append(Chord(onset, end, chosen, mean))
            left = [index for index in left if index not in chosen]
    return sorted(chords, key=lambda chord: (chord.onset_beats, -chord.mean_pitch))


def _stretches(chords: Sequence[Chord], bar_lines: Sequence[Fraction]) -> list[list[Chord]]:
    """Cut where a bar line lets no note through."""
    stretches: list[list[Chord]] = []
    end = Fraction(-1)
    lines = iter(bar_lines)
    line = next(lines, None)
    for chord in chords:
        is_cut = not stretches
        while line is not None and line <= chord.onset_beats:
            is_cut |= end <= line
            line = next(lines, None)
        if is_cut:
            stretches.append([])
        stretches[-1].append(chord)
        end = max(end, chord.end_beats)
    return stretches


def _share(chords: Sequence[Chord]) -> list[Voice]:
    """Give every chord the first voice that is free, and order the voices by height."""
    voices: list[Voice] = []
    for chord in chords:
        free = next((v for v in voices if v[-1].end_beats <= chord.onset_beats), None)
        if free is None:
            voices.append(free := [])
        free.append(chord)
    return sorted(voices, key=lambda voice: -sum(c.mean_pitch for c in voice) / len(voice))
