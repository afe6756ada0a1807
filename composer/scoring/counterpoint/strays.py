"""Notes foreign to the chord of their pulse, in all parts, also inside the hands of a pianist.

A foreign note is passing, a neighbour, a suspension or the like if a note of the same part lies a
step or none before it and after it. One that is only left by step is an appoggiatura, one that is
only reached by step an escape note, any other is free. A wrong note seldom has both neighbours.

Sources: E. Prout, Harmony: Its Theory and Practice (revised ed., 1903), § 327 on auxiliary and
passing notes; chords as in `scoring.chords`.

Shapes: N notes, F foreign notes, R how many neighbours are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.scoring.chords import find_chords, holds
from composer.scoring.findings import count_notes
from composer.scoring.lines import STEP
from composer.scoring.rule import Measure, Rule
from composer.scoring.sources import PROUT
from composer.scoring.texture import PHRASE_REST_BEATS, BoolArray, IntArray, Texture

FAMILY = "counterpoint"
# Enough for the next chord of a hand.
_REACH = 8
# Notes may overlap a little.
_LEGATO_BEATS = 0.13


@dataclass(frozen=True)
class Strays:
    """The notes foreign to the chord of their pulse.

    Args:
        notes: Which [F], as indices of the texture's notes.
        is_reached, is_left: Whether a step or a repetition leads to them, and away [F].
    """

    notes: IntArray
    is_reached: BoolArray
    is_left: BoolArray


def find_strays(texture: Texture) -> Strays:
    """Find the foreign notes, and what lies before and after them in their part."""
    by_part = np.argsort(texture.parts, kind="stable")
    foreign = np.flatnonzero(_is_foreign(texture)[by_part])
    ahead = np.arange(1, _REACH + 1)
    return Strays(
        notes=by_part[foreign],
        is_reached=_is_near(texture, by_part, foreign, -ahead),
        is_left=_is_near(texture, by_part, foreign, ahead),
    )


def _is_foreign(texture: Texture) -> BoolArray:
    """Tell which notes do not belong to the chord of the pulse in which they begin [N]."""
    chords = texture.once(find_chords)
    pulses = np.searchsorted(chords.starts, texture.note_steps, side="right") - 1
    pulses = np.maximum(pulses, 0)
    return chords.is_known[pulses] & ~holds(chords, pulses, texture.pitches % 12)


def _is_near(texture: Texture, by_part: IntArray, foreign: IntArray, away: IntArray) -> BoolArray:
    """Tell for foreign notes whether a note so many places away is joined by step or none [F]."""
    places = foreign[:, None] + away  # [F, R]
    is_there = (places >= 0) & (places < len(by_part))
    own, other = by_part[foreign][:, None], by_part[np.where(is_there, places, 0)]
    first, second = (own, other) if away[0] > 0 else (other, own)
    gaps = texture.onsets[second] - texture.onsets[first] - texture.durations[first]
    is_joined = (gaps >= -_LEGATO_BEATS) & (gaps < PHRASE_REST_BEATS)
    is_step = np.abs(texture.pitches[own] - texture.pitches[other]) <= STEP
    same_part = texture.parts[own] == texture.parts[other]
    return np.asarray((is_there & same_part & is_joined & is_step).any(axis=1))


def _count(texture: Texture, *, is_reached: bool, is_left: bool) -> Measure:
    found = texture.once(find_strays)
    chosen = found.notes[(found.is_reached == is_reached) & (found.is_left == is_left)]
    at = (texture.note_steps, texture.parts)
    return count_notes(
        texture, chosen, texture.n_notes, lambda note: texture.names(texture.pitches[note]), at
    )


def free_strays(texture: Texture) -> Measure:
    """Count notes foreign to the chord that no step leads to or away from."""
    return _count(texture, is_reached=False, is_left=False)


def unprepared_strays(texture: Texture) -> Measure:
    """Count notes foreign to the chord that a leap leads to, and a step away from."""
    return _count(texture, is_reached=False, is_left=True)


def unresolved_strays(texture: Texture) -> Measure:
    """Count notes foreign to the chord that a step leads to, and a leap away from."""
    return _count(texture, is_reached=True, is_left=False)


_SOURCE = f"{PROUT}, § 327, on auxiliary and passing notes"
STRAY_RULES = (
    Rule(
        name="free_strays",
        family=FAMILY,
        label="notes foreign to the chord without a step to or from them",
        label_of_one="note foreign to the chord without a step to or from it",
        unit="per 100 notes",
        source=_SOURCE,
        weight=1.5,
        sides="high",
        least_spread=0.4,
        measure=free_strays,
        is_fault=True,
    ),
    Rule(
        name="unprepared_strays",
        family=FAMILY,
        label="notes foreign to the chord reached by leap",
        label_of_one="note foreign to the chord reached by leap",
        unit="per 100 notes",
        source=_SOURCE,
        weight=0.5,
        sides="high",
        least_spread=0.5,
        measure=unprepared_strays,
        is_fault=True,
    ),
    Rule(
        name="unresolved_strays",
        family=FAMILY,
        label="notes foreign to the chord left by leap",
        label_of_one="note foreign to the chord left by leap",
        unit="per 100 notes",
        source=_SOURCE,
        weight=1.0,
        sides="high",
        least_spread=0.5,
        measure=unresolved_strays,
        is_fault=True,
    ),
)
