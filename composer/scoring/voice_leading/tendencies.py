"""Notes that must go on: the leading note and the seventh of a dominant that resolves.

They are looked for where they are beyond doubt: a dominant is followed at once by a triad whose
root lies a fifth lower. A dominant is a dominant seventh or the diminished triad that stands for
it, in whatever key; a major triad only on the fifth degree of the key of the piece.

Sources: E. Aldwell and C. Schachter, Harmony and Voice Leading (3rd ed., 2003), pp. 83-96 on I, V
and V7, pp. 97-124 on the diminished triad and on inversions: the leading note rises to the tonic,
in an inner voice it may fall to the fifth of the chord; the seventh falls by step, but for the
diminished triad and for a bass that passes through the fifth of the chord; neither is doubled.

Shapes: P parts, R resolutions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.scoring.chords import (
    DOMINANT_SEVENTHS,
    MAJOR_TRIADS,
    NO_CHORD,
    ROOTLESS_SEVENTHS,
    THIRDS,
)
from composer.scoring.findings import count_notes
from composer.scoring.lines import NO_INTERVAL, find_line_notes
from composer.scoring.rule import MAX_PLACES, Measure, Rule, share
from composer.scoring.sources import ALDWELL_SCHACHTER
from composer.scoring.texture import SILENT, BoolArray, IntArray, Texture

FAMILY = "voice leading"
LEADING_NOTE, FIFTH, SEVENTH = 4, 7, 10  # above the root of the dominant
_TO_FIFTH = -4


@dataclass(frozen=True)
class Resolutions:
    """The dominants that go to their tonic.

    Args:
        steps: The last sixteenth of every dominant [R].
        degrees: Semitones of every line above the dominant's root, `SILENT` in rests [P, R].
        notes: The note of every line there, as an index of `LineNotes` [P, R].
        has_seventh: Whether it is a seventh chord with its root, not over its fifth [R].
    """

    steps: IntArray
    degrees: IntArray
    notes: IntArray
    has_seventh: BoolArray

    def with_degree(self, degree: int) -> BoolArray:
        """Tell which lines sing the leading note or a seventh that must fall [P, R]."""
        is_degree = self.degrees == degree
        return np.asarray(is_degree & self.has_seventh if degree == SEVENTH else is_degree)


def find_resolutions(texture: Texture) -> Resolutions:
    """Find where a dominant is followed at once by its tonic."""
    sets, tonics = texture.pitch_class_sets[:-1], THIRDS[texture.pitch_class_sets[1:]]
    fifth_degree = (texture.piece.key.tonic_pitch_class + 7) % 12
    sevenths, triads = DOMINANT_SEVENTHS[sets], MAJOR_TRIADS[sets]
    roots = np.maximum(sevenths, ROOTLESS_SEVENTHS[sets])
    roots = np.where(triads == fifth_degree, triads, roots)
    steps = np.flatnonzero((roots != NO_CHORD) & (tonics == (roots + 5) % 12))
    pitches, roots = texture.lines[:, steps], roots[steps]
    degrees = np.where(pitches == SILENT, SILENT, (pitches - roots) % 12)
    is_over_fifth = (texture.bass[steps] - roots) % 12 == FIFTH
    notes = texture.once(find_line_notes).index[:, steps]
    return Resolutions(steps, degrees, notes, (sevenths[steps] != NO_CHORD) & ~is_over_fifth)


def _count_unresolved(texture: Texture, degree: int, is_right: BoolArray) -> Measure:
    """Return the share of tendency notes that go where they should not.

    Args:
        texture: The piece.
        degree: Of the note above the root of the dominant.
        is_right: For every note of the lines, whether it goes on as it should.
    """
    found, notes = texture.once(find_resolutions), texture.once(find_line_notes)
    tendency = np.unique(found.notes[found.with_degree(degree)])
    tendency = tendency[notes.leave[tendency] != NO_INTERVAL]
    wrong = tendency[~is_right[tendency]]

    def words(note: int) -> str:
        pitches = notes.pitches[[note, notes.after[note]]]
        return f"{texture.names(pitches[0])} to {texture.names(pitches[1])}"

    at = (notes.starts, notes.parts)
    return count_notes(texture, wrong, len(tendency), words, at, rate="share")


def unresolved_leading_notes(texture: Texture) -> Measure:
    """Return the share of leading notes of resolving dominants that do not rise to the tonic."""
    notes = texture.once(find_line_notes)
    is_inner = (notes.parts > 0) & (notes.parts < texture.n_parts - 1)
    falls_inside = is_inner & (notes.leave == _TO_FIFTH)
    is_right = (notes.leave == 1) | (notes.leave == 0) | falls_inside
    return _count_unresolved(texture, LEADING_NOTE, is_right)


def unresolved_sevenths(texture: Texture) -> Measure:
    """Return the share of sevenths of resolving dominants that do not fall by step."""
    leave = texture.once(find_line_notes).leave
    return _count_unresolved(texture, SEVENTH, (leave == -1) | (leave == -2) | (leave == 0))


def doubled_tendencies(texture: Texture) -> Measure:
    """Return the share of resolving dominants with the leading note or the seventh in two lines."""
    found = texture.once(find_resolutions)
    leading = found.with_degree(LEADING_NOTE).sum(axis=0)
    doubled = np.maximum(leading, found.with_degree(SEVENTH).sum(axis=0)) > 1
    places = []
    for row in np.flatnonzero(doubled)[:MAX_PLACES].tolist():
        degree = LEADING_NOTE if leading[row] > 1 else SEVENTH
        parts = np.flatnonzero(found.degrees[:, row] == degree).tolist()
        step = int(found.steps[row])
        words = f"{texture.names(*texture.lines[parts, step])} doubled"
        places.append(texture.place_of_step(step, parts, words))
    return Measure(share(int(doubled.sum()), len(found.steps)), tuple(places))


_SOURCE = f"{ALDWELL_SCHACHTER}, pp. 83-96, on I, V and V7"
TENDENCY_RULES = (
    Rule(
        name="unresolved_leading_notes",
        family=FAMILY,
        label="leading notes that do not rise",
        unit="share of them",
        source=_SOURCE,
        weight=0.5,
        sides="high",
        least_spread=0.1,
        measure=unresolved_leading_notes,
        is_fault=True,
    ),
    Rule(
        name="unresolved_sevenths",
        family=FAMILY,
        label="sevenths that do not fall by step",
        unit="share of them",
        source=_SOURCE,
        weight=0.5,
        sides="high",
        least_spread=0.1,
        measure=unresolved_sevenths,
        is_fault=True,
    ),
    Rule(
        name="doubled_tendencies",
        family=FAMILY,
        label="doubled leading notes and sevenths",
        unit="share of the dominants",
        source=_SOURCE,
        weight=0.5,
        sides="high",
        least_spread=0.1,
        measure=doubled_tendencies,
        is_fault=True,
    ),
)
