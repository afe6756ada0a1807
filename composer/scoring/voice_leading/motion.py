"""How two voices move against each other. A voice is a line of `Texture`.

Sources: J. J. Fux, The Study of Counterpoint, tr. A. Mann (1965), p. 22; E. Aldwell and
C. Schachter, Harmony and Voice Leading (3rd ed., 2003), pp. 63-80; P. Goetschius, The Theory and
Practice of Tone-Relations (rewritten ed., 1917), par. 200; D. Huron, Tone and Voice: A Derivation
of the Rules of Voice-Leading from Perceptual Principles, Music Perception 19 (2001), pp. 1-64.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from composer.scoring.findings import count_pairs
from composer.scoring.lines import STEP, find_pairs
from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.sources import ALDWELL_SCHACHTER, FUX, GOETSCHIUS, HURON_2001
from composer.scoring.texture import SILENT, BoolArray, IntArray, Texture
from composer.theory import Key, pitch_name

FAMILY = "voice leading"
OCTAVE, FIFTH = 12, 7


def _motion_note(texture: Texture, upper: int, lower: int, step: int) -> str:
    """Spell two chords of two voices: `A4/D4 to G4/C4`."""
    before, after = texture.lines[[upper, lower], step - 1], texture.lines[[upper, lower], step]
    return f"{texture.names(*before)} to {texture.names(*after)}"


def _parallels(texture: Texture, interval: int) -> Measure:
    """Count parallels of an interval (modulo the octave) between all pairs of voices."""
    pairs = texture.once(find_pairs)
    is_perfect = pairs.intervals == interval
    found = pairs.is_similar & is_perfect[:, :-1] & is_perfect[:, 1:]
    parts = (pairs.upper, pairs.lower)
    return count_pairs(texture, found, parts, lambda *at: _motion_note(texture, *at), first_step=1)


def parallel_fifths(texture: Texture) -> Measure:
    """Count pairs of voices that move in the same direction from a fifth to a fifth."""
    return _parallels(texture, FIFTH)


def parallel_octaves(texture: Texture) -> Measure:
    """Count pairs of voices that move in the same direction from octave to octave, or unison."""
    return _parallels(texture, 0)


def direct_perfects(texture: Texture) -> Measure:
    """Count fifths and octaves of the outer voices reached in one direction, the upper leaping."""
    if texture.n_parts < 2:
        return NOTHING
    pairs, last = texture.once(find_pairs), texture.n_parts - 1
    outer = slice(last - 1, last)  # pairs run (0, 1), (0, 2) ... (0, last), (1, 2) ...
    intervals = pairs.intervals[outer]
    is_perfect = (intervals == 0) | (intervals == FIFTH)
    is_new = is_perfect[:, 1:] & (intervals[:, 1:] != intervals[:, :-1])
    leaps = np.abs(np.diff(texture.lines[:1])) > STEP
    found = pairs.is_similar[outer] & is_new & leaps
    parts = (pairs.upper[outer], pairs.lower[outer])
    return count_pairs(texture, found, parts, lambda *at: _motion_note(texture, *at), first_step=1)


def voice_overlap(texture: Texture) -> Measure:
    """Count voices that move beyond where their neighbour was just before.

    The upper of two neighbours goes below the last note of the lower one, or the lower above the
    last note of the upper, without their crossing.
    """
    upper, lower = texture.lines[:-1], texture.lines[1:]
    before, after = slice(None, -1), slice(1, None)
    sings = (upper != SILENT) & (lower != SILENT)
    is_clear = sings & (upper >= lower)
    moved_both = (texture.directions[:-1] != 0) & (texture.directions[1:] != 0)
    beyond = (upper[:, after] < lower[:, before]) | (lower[:, after] > upper[:, before])
    found = is_clear[:, before] & is_clear[:, after] & moved_both & beyond
    parts = (np.arange(texture.n_parts - 1), np.arange(1, texture.n_parts))
    return count_pairs(texture, found, parts, lambda *at: _motion_note(texture, *at), first_step=1)


def _stretches(found: BoolArray) -> Iterator[int]:
    """Yield where every unbroken stretch of True begins."""
    yield from np.flatnonzero(found & ~np.append(False, found[:-1])).tolist()


def _pair_share(texture: Texture, wrong: BoolArray, words: str) -> Measure:
    """Return how much of the time neighbouring voices stand in a wrong relation.

    Args:
        texture: The piece.
        wrong: A row for each of the first pairs of neighbours; rests are left out here.
        words: What they do.
    """
    n_pairs = len(wrong)
    upper, lower = texture.lines[:n_pairs], texture.lines[1 : n_pairs + 1]
    both = (upper != SILENT) & (lower != SILENT)
    found, places = both & wrong, []
    for row in np.flatnonzero(found.any(axis=1)).tolist():
        for step in list(_stretches(found[row]))[:MAX_PLACES]:
            note = f"{texture.names(upper[row, step], lower[row, step])} {words}"
            places.append(texture.place_of_step(step, (row, row + 1), note))
    places.sort(key=lambda place: place.onset_beats)
    return Measure(share(int(found.sum()), int(both.sum())), tuple(places[:MAX_PLACES]))


def voice_crossing(texture: Texture) -> Measure:
    """Return how much of the time a voice is lower than the next lower one."""
    return _pair_share(texture, texture.lines[:-1] < texture.lines[1:], "cross")


def wide_spacing(texture: Texture) -> Measure:
    """Return how much of the time neighbouring upper voices are more than an octave apart."""
    gaps = texture.lines[:-2] - texture.lines[1:-1]
    return _pair_share(texture, gaps > OCTAVE, "far apart")


@lru_cache(maxsize=64)
def _letters(key: Key) -> IntArray:
    """Return the letter of every pitch class as a key spells it [12]."""
    return np.array([ord(pitch_name(60 + degree, key)[0]) for degree in range(OCTAVE)])


def cross_relations(texture: Texture) -> Measure:
    """Count notes that follow their own chromatic alteration in another voice, as F# after F."""
    lines, letters = texture.lines, _letters(texture.piece.key)
    is_new = (lines[:, 1:] != lines[:, :-1]) & (lines[:, 1:] != SILENT)
    classes = (lines % OCTAVE).astype(np.int8)
    names = np.where(lines == SILENT, 0, letters[classes]).astype(np.int8)
    # The voice that moves by the chromatic semitone itself is the remedy.
    is_led = names[:, :-1] == names[:, 1:]
    is_new &= ~is_led
    first, second = np.nonzero(~np.eye(texture.n_parts, dtype=np.bool_))
    found = (names[first, :-1] == names[second, 1:]) & is_new[second]
    found &= classes[first, :-1] != classes[second, 1:]

    def words(one: int, other: int, step: int) -> str:
        return f"{texture.names(lines[one, step - 1])}, then {texture.names(lines[other, step])}"

    return count_pairs(texture, found, (first, second), words, first_step=1)


MOTION_RULES = (
    Rule(
        name="parallel_fifths",
        family=FAMILY,
        label="parallel fifths",
        label_of_one="parallel fifth",
        unit="per 100 notes",
        source=f"{FUX}, p. 22, on the rules of motion",
        weight=2.0,
        sides="high",
        least_spread=0.2,
        measure=parallel_fifths,
        is_fault=True,
    ),
    Rule(
        name="parallel_octaves",
        family=FAMILY,
        label="parallel octaves",
        label_of_one="parallel octave",
        unit="per 100 notes",
        source=f"{FUX}, p. 22, on the rules of motion",
        weight=2.0,
        sides="high",
        least_spread=0.2,
        measure=parallel_octaves,
        is_fault=True,
    ),
    Rule(
        name="direct_perfects",
        family=FAMILY,
        label="hidden fifths and octaves of the outer voices",
        label_of_one="hidden fifth or octave of the outer voices",
        unit="per 100 notes",
        source=f"{ALDWELL_SCHACHTER}, pp. 63-80, on four-part writing",
        weight=0.5,
        sides="high",
        least_spread=0.4,
        measure=direct_perfects,
        is_fault=True,
    ),
    Rule(
        name="voice_crossing",
        family=FAMILY,
        label="crossed voices",
        unit="share of the time",
        source=f"{HURON_2001}, on part crossing",
        weight=1.0,
        sides="both",
        least_spread=0.03,
        measure=voice_crossing,
        is_fault=True,
    ),
    Rule(
        name="voice_overlap",
        family=FAMILY,
        label="overlaps of neighbouring voices",
        label_of_one="overlap of neighbouring voices",
        unit="per 100 notes",
        source=f"{HURON_2001}, on pitch overlap",
        weight=0.5,
        sides="high",
        least_spread=0.4,
        measure=voice_overlap,
        is_fault=True,
    ),
    Rule(
        name="wide_spacing",
        family=FAMILY,
        label="upper voices over an octave apart",
        unit="share of the time",
        source=f"{ALDWELL_SCHACHTER}, pp. 63-80, on four-part writing",
        weight=1.0,
        sides="high",
        least_spread=0.03,
        measure=wide_spacing,
        is_fault=True,
    ),
    Rule(
        name="cross_relations",
        family=FAMILY,
        label="cross relations",
        label_of_one="cross relation",
        unit="per 100 notes",
        source=f"{GOETSCHIUS}, par. 200, p. 96, on the cross relation",
        weight=1.5,
        sides="high",
        least_spread=0.4,
        measure=cross_relations,
        is_fault=True,
    ),
)
