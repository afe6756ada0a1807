"""The notes of one staff: ties merged, and two voices of singers told apart. Knows no file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from composer.piece import Marks

_NO_MARKS = Marks()
# A staff of two singers has both voices in at least this share of the bars where it sounds.
_SHARE_OF_TWO_VOICES = 0.8


@dataclass(frozen=True, slots=True)
class RawNote:
    """A note as it stands in a file.

    Args:
        onset_beats, end_beats: Quarters from the beginning of bar 1; the end as it sounds.
        pitch: MIDI number as it sounds.
        voice: Its name in the file.
        measure: Index of its measure.
        is_continued: Tied to a later note.
        continues: Tied to an earlier note.
        attack_beats: By how much it begins later than it stands; below 0 if earlier.
        marks: What is written at it.
    """

    onset_beats: Fraction
    end_beats: Fraction
    pitch: int
    voice: str
    measure: int
    is_continued: bool = False
    continues: bool = False
    attack_beats: Fraction = Fraction(0)
    marks: Marks = _NO_MARKS


def merge_ties(notes: Iterable[RawNote]) -> list[RawNote]:
    """Join tied notes: the earlier takes the later's end, rather within a voice than across.

    A tie that leads nowhere is none.
    """
    merged: list[RawNote] = []
    open_ties: dict[tuple[int, Fraction], list[int]] = defaultdict(list)
    notes = sorted(notes, key=lambda note: (note.onset_beats, note.pitch))
    n_ending = Counter(note.onset_beats for note in notes if note.continues)
    for note in notes:
        waiting = open_ties[note.pitch, note.onset_beats] if note.continues else []
        if note.continues and not waiting and n_ending[note.onset_beats] > 1:
            waiting = _ties_over_a_gap(note, merged, open_ties)
        if waiting:
            index = next((i for i in waiting if merged[i].voice == note.voice), waiting[0])
            waiting.remove(index)
            # A release may reach back over several tied notes, but not before the first.
            if note.end_beats > merged[index].onset_beats:
                marks = _tied_marks(merged[index].marks, note.marks)
                if merged[index].end_beats != note.onset_beats:  # what fills the gap is not written
                    marks = replace(marks, written=())
                merged[index] = replace(merged[index], end_beats=note.end_beats, marks=marks)
        else:
            index = len(merged)
            merged.append(note)
        if note.is_continued:
            open_ties[note.pitch, note.end_beats].append(index)
    return [_attacked(note) if note.attack_beats else note for note in merged]


def _attacked(note: RawNote) -> RawNote:
    """Return a note that begins when it sounds, if that is before its end."""
    onset = note.onset_beats + note.attack_beats
    return replace(note, onset_beats=onset) if 0 <= onset < note.end_beats else note


def _ties_over_a_gap(
    note: RawNote,
    merged: Sequence[RawNote],
    open_ties: Mapping[tuple[int, Fraction], list[int]],
) -> list[int]:
    """Return the ties that wait for a note of its pitch: of a chord that is built up note by note.

    Only ties from the same measure or the one before are meant so.
    """
    for (pitch, end_beats), waiting in open_ties.items():
        is_near = waiting and note.measure - merged[waiting[0]].measure <= 1
        if pitch == note.pitch and end_beats < note.onset_beats and is_near:
            return waiting
    return []


def _tied_marks(first: Marks, later: Marks) -> Marks:
    """Return what is written at two tied notes together."""
    return replace(
        first,
        written=(*first.written, *later.written) if first.written and later.written else (),
        signs=tuple(dict.fromkeys((*first.signs, *later.signs))),
        graces=(*first.graces, *(one for one in later.graces if one.is_after)),
    )


def split_voices_of_singers(notes: Sequence[RawNote]) -> list[list[RawNote]]:
    """Return the notes of a vocal staff by voice if it holds two throughout, else all together.

    Each voice must sing one line. A note that stands alone in its measure's only voice belongs to
    the upper one.
    """
    voices = sorted({note.voice for note in notes})
    measures_by_voice = {
        voice: {note.measure for note in notes if note.voice == voice} for voice in voices
    }
    usual = sorted(voices, key=lambda voice: -len(measures_by_voice[voice]))[:2]
    if len(usual) < 2:
        return [list(notes)]
    shared = measures_by_voice[usual[0]] & measures_by_voice[usual[1]]
    n_sounding = len({note.measure for note in notes})
    lower = min(usual, key=lambda voice: _mean_pitch(notes, voice))
    lines = [
        [note for note in notes if (note.voice == lower) is is_lower] for is_lower in (False, True)
    ]
    if len(shared) < _SHARE_OF_TWO_VOICES * n_sounding or not all(map(_is_one_line, lines)):
        return [list(notes)]
    return lines


def _mean_pitch(notes: Sequence[RawNote], voice: str) -> float:
    pitches = [note.pitch for note in notes if note.voice == voice]
    return sum(pitches) / len(pitches)


def _is_one_line(notes: Sequence[RawNote]) -> bool:
    ordered = sorted(notes, key=lambda note: note.onset_beats)
    return all(a.end_beats <= b.onset_beats for a, b in pairwise(ordered))
