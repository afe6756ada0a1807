"""Dissonances between two voices: how their notes are reached, left, and placed in the bar.

A second or a seventh (modulo the octave) between two lines is justified by one of its two notes:

    passing, neighbour   struck, reached and left by step
    suspension           held or struck again from before, left by step when the other note is new
    anticipation         struck off the pulse, then struck again or held
    appoggiatura         struck after a leap, left by step: unprepared
    escape               prepared, left by leap: unresolved
    free                 neither prepared nor resolved

The best of what its two notes give counts. Fourths and tritones are left to harmony: whether they
are dissonant depends on the chord.

Sources: J. J. Fux, Gradus ad Parnassum (1725), tr. A. Mann, The Study of Counterpoint (1965), pp.
41-63, second to fourth species; for the table of approach and departure E. Prout, Harmony: Its
Theory and Practice (revised ed., 1903), § 327.

Shapes: D dissonances, K pairs of lines, T sixteenths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from composer.scoring.lines import NO_INTERVAL, STEP, LineNotes, find_line_notes, find_pairs
from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.sources import FUX
from composer.scoring.texture import PULSE, BoolArray, IntArray, Texture

FAMILY = "counterpoint"
KINDS = ("passing", "suspension", "anticipation", "appoggiatura", "escape", "free")
PASSING, SUSPENSION, ANTICIPATION, APPOGGIATURA, ESCAPE, FREE = range(len(KINDS))
_WORDS = (
    "passing", "suspended", "anticipated", "reached by leap", "left by leap",
    "neither prepared nor resolved",
)  # fmt: skip
# Seconds and sevenths, modulo the octave.
_IS_DISSONANT = np.array([size in (1, 2, 10, 11) for size in range(12)] + [False])  # -1: rest


@dataclass(frozen=True)
class Dissonances:
    """Every pair of notes that sound a dissonance, once, in the order of time.

    Args:
        steps: The sixteenth where both sound first [D].
        notes: The upper part's and the lower part's note, as indices of `LineNotes` [2, D].
        kinds: Index in `KINDS` of the best reason [D].
        weights: How heavy the moment is [D].
        is_struck: Whether both notes begin at once [D].
    """

    steps: IntArray
    notes: IntArray
    kinds: IntArray
    weights: IntArray
    is_struck: BoolArray


def find_dissonances(texture: Texture) -> Dissonances:
    """Find and tell all dissonances between two lines."""
    lines, pairs = texture.once(find_line_notes), texture.once(find_pairs)
    steps, rows = np.nonzero(_IS_DISSONANT[pairs.intervals].T)
    notes = lines.index[np.stack([pairs.upper[rows], pairs.lower[rows]]), steps]  # [2, D]
    is_new = steps == lines.starts[notes].max(axis=0)
    steps, notes = steps[is_new], notes[:, is_new]
    weights = texture.weights[steps]
    kinds = np.minimum(
        _kind(lines, notes[0], notes[1], weights), _kind(lines, notes[1], notes[0], weights)
    )
    starts = lines.starts[notes]
    return Dissonances(steps, notes, kinds, weights, starts[0] == starts[1])


def _kind(lines: LineNotes, note: IntArray, other: IntArray, weights: IntArray) -> IntArray:
    """Tell what a note of every dissonance is, if it is the one that explains it [D].

    Of repeated notes the first is reached and the last is left.
    """
    approach, leave = lines.approach[note], lines.leave[lines.last[note]]
    is_held = (lines.starts[note] < lines.starts[other]) | (approach == 0)
    # Who stays longer than the other is not the one that moves on.
    goes_on = lines.ends[lines.last[note]] <= lines.ends[lines.last[other]]
    by_step_in = np.abs(approach) <= STEP
    by_step_out = (np.abs(leave) <= STEP) & goes_on
    by_leap_out = (np.abs(leave) > STEP) & (leave != NO_INTERVAL) & goes_on
    is_anticipation = ~is_held & by_step_in & (lines.leave[note] == 0) & (weights < PULSE)
    kinds = np.full(len(note), FREE)
    kinds[(is_held | by_step_in) & by_leap_out] = ESCAPE
    kinds[~is_held & by_step_out] = APPOGGIATURA
    kinds[is_anticipation] = ANTICIPATION
    kinds[is_held & by_step_out] = SUSPENSION
    kinds[~is_held & by_step_in & by_step_out] = PASSING
    return kinds


def _count(texture: Texture, chosen: BoolArray) -> Measure:
    """Count dissonances for every hundred notes of the lines."""
    found, lines = texture.once(find_dissonances), texture.once(find_line_notes)
    if texture.n_parts < 2:
        return NOTHING
    places = []
    for row in np.flatnonzero(chosen)[:MAX_PLACES].tolist():
        notes = found.notes[:, row]
        upper, lower = (texture.names(pitch) for pitch in lines.pitches[notes])
        words = f"{upper} against {lower}, {_WORDS[found.kinds[row]]}"
        parts = lines.parts[notes].tolist()
        places.append(texture.place_of_step(int(found.steps[row]), parts, words))
    return Measure(share(100.0 * int(chosen.sum()), int(lines.sounds.sum())), tuple(places))


def _of_kinds(texture: Texture, kinds: Sequence[int]) -> BoolArray:
    return np.isin(texture.once(find_dissonances).kinds, kinds)


def free_dissonances(texture: Texture) -> Measure:
    """Count dissonances that are neither prepared nor resolved."""
    return _count(texture, _of_kinds(texture, [FREE]))


def unprepared_dissonances(texture: Texture) -> Measure:
    """Count dissonances that a leap leads to and a step resolves: appoggiaturas."""
    return _count(texture, _of_kinds(texture, [APPOGGIATURA]))


def unresolved_dissonances(texture: Texture) -> Measure:
    """Count dissonances that are prepared, and left by leap."""
    return _count(texture, _of_kinds(texture, [ESCAPE]))


def struck_dissonances(texture: Texture) -> Measure:
    """Count dissonances whose two notes begin together on a pulse, but for suspensions."""
    found = texture.once(find_dissonances)
    is_free = found.kinds != SUSPENSION
    return _count(texture, found.is_struck & is_free & (found.weights >= PULSE))


def suspensions(texture: Texture) -> Measure:
    """Count dissonances on a pulse held from before and left by step."""
    found = texture.once(find_dissonances)
    return _count(texture, (found.kinds == SUSPENSION) & (found.weights >= PULSE))


DISSONANCE_RULES = (
    Rule(
        name="free_dissonances",
        family=FAMILY,
        label="dissonances neither prepared nor resolved",
        label_of_one="dissonance neither prepared nor resolved",
        unit="per 100 notes",
        source=f"{FUX}, pp. 41-63, second to fourth species",
        weight=1.5,
        sides="high",
        least_spread=1.0,
        measure=free_dissonances,
        is_fault=True,
    ),
    Rule(
        name="unprepared_dissonances",
        family=FAMILY,
        label="dissonances reached by leap",
        label_of_one="dissonance reached by leap",
        unit="per 100 notes",
        source=f"{FUX}, pp. 41-54, second and third species",
        weight=1.0,
        sides="high",
        least_spread=1.0,
        measure=unprepared_dissonances,
        is_fault=True,
    ),
    Rule(
        name="unresolved_dissonances",
        family=FAMILY,
        label="dissonances left by leap",
        label_of_one="dissonance left by leap",
        unit="per 100 notes",
        source=f"{FUX}, pp. 41-54, second and third species",
        weight=1.0,
        sides="high",
        least_spread=1.0,
        measure=unresolved_dissonances,
        is_fault=True,
    ),
    Rule(
        name="struck_dissonances",
        family=FAMILY,
        label="dissonances struck together on a beat",
        label_of_one="dissonance struck together on a beat",
        unit="per 100 notes",
        source=f"{FUX}, pp. 41-63, second and fourth species",
        weight=1.0,
        sides="high",
        least_spread=1.0,
        measure=struck_dissonances,
        is_fault=True,
    ),
    Rule(
        name="suspensions",
        family=FAMILY,
        label="suspensions",
        label_of_one="suspension",
        unit="per 100 notes",
        source=f"{FUX}, pp. 55-63, fourth species",
        weight=0.5,
        sides="both",
        least_spread=1.0,
        measure=suspensions,
    ),
)
