"""A part's notes -> voices that sound one chord at a time. Knows no bar's rhythm and no clef.

Notes that came with the number of their voice stay in it, where the file kept its voices apart.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, groupby, pairwise

from composer.piece import Note


@dataclass(frozen=True, slots=True)
class Chord:
    """Notes of one part that sound together from one time to another.

    They begin and end together, but for those in a voice that came with a chord of which only some
    notes are tied: such a chord is cut where these ties are.

    Args:
        onset_beats, end_beats: Quarters from the beginning of bar 1.
        indices: Which notes of the part, the lowest first.
        mean_pitch: Of its notes.
    """

    onset_beats: Fraction
    end_beats: Fraction
    indices: tuple[int, ...]
    mean_pitch: float


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
    voices = []
    for number in range(1, max(numbers.values()) + 1):
        own = [index for index in indices if numbers[index] == number]
        chords = _chords(notes, own)
        if not _is_one_line(chords):
            chords = _cut_at_ties(notes, own)
        voices.append(chords)
    return voices if all(map(_is_one_line, voices)) else []


def _is_one_line(chords: Sequence[Chord]) -> bool:
    return all(a.end_beats <= b.onset_beats for a, b in pairwise(chords))


def _cut_at_ties(notes: Sequence[Note], indices: Sequence[int]) -> list[Chord]:
    """Return the notes of a voice as chords between which some of them are tied.

    Chords overlap where a note does not say that it is written as two where another one begins or
    ends, or sounds twice.
    """
    edges = sorted({time for i in indices for time in (notes[i].onset_beats, notes[i].end_beats)})
    if not all(_has_ties_at(notes[index], edges) for index in indices):
        return _chords(notes, indices)
    found = []
    for begin, end in pairwise(edges):
        there = [i for i in indices if notes[i].onset_beats <= begin and end <= notes[i].end_beats]
        pitches = [notes[index].pitch for index in there]
        if len(set(pitches)) < len(pitches):
            return _chords(notes, indices)
        if there:
            there.sort(key=lambda index: notes[index].pitch)
            found.append(Chord(begin, end, tuple(there), sum(pitches) / len(pitches)))
    return found


def _has_ties_at(note: Note, edges: Sequence[Fraction]) -> bool:
    """Whether a note is written in values that are tied at all given times within it."""
    written = note.marks.written if note.marks else ()
    ties = set(accumulate((value.beats for value in written), initial=note.onset_beats))
    inner = edges[bisect_left(edges, note.onset_beats) : bisect_right(edges, note.end_beats)]
    return ties.issuperset(inner)


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
