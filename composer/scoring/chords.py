"""Which chord sounds: by its exact pitch classes at a moment, and by the best fit over a pulse.

Knows no rule. Sources: B. Pardo and W. P. Birmingham, Algorithms for Chordal Analysis, Computer
Music Journal 26:2 (2002), pp. 27-49, for the fit: the time of pitch classes inside the template,
less the time of those outside it, less the template's missing notes.

Shapes: H pulses, T sixteenths.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from composer.scoring.texture import SILENT, BoolArray, FloatArray, IntArray, Texture

NO_CHORD = -1
# Semitones above the root; the earlier one wins where two fit alike.
QUALITIES = {
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "seventh": (0, 4, 7, 10),
    "diminished": (0, 3, 6),
    "minor seventh": (0, 3, 7, 10),
    "major seventh": (0, 4, 7, 11),
    "half-diminished": (0, 3, 6, 10),
    "diminished seventh": (0, 3, 6, 9),
    "augmented": (0, 4, 8),
}
N_QUALITIES = len(QUALITIES)
# What a bass on the root is worth, in pulses of one pitch class; and the order of the qualities.
_ROOT_IN_BASS, _RANK = 0.3, 0.01


@dataclass(frozen=True)
class Chords:
    """The chord of every pulse.

    Args:
        roots, qualities: Pitch class, and place in `QUALITIES`; `NO_CHORD` where fewer than two
            pitch classes sound [H].
        starts: The sixteenth where the pulse begins [H].
        is_first: Whether another chord was heard before, or none [H].
    """

    roots: IntArray
    qualities: IntArray
    starts: IntArray
    is_first: BoolArray

    @property
    def is_known(self) -> BoolArray:
        """Whether there is a chord [H]."""
        return np.asarray(self.roots != NO_CHORD)


@lru_cache(maxsize=1)
def _templates() -> FloatArray:
    """Return 1 where a pitch class belongs to a chord, quality by quality, by root [Q*12, 12]."""
    templates = np.zeros((N_QUALITIES, 12, 12))
    for index, notes in enumerate(QUALITIES.values()):
        for root in range(12):
            templates[index, root, [(root + note) % 12 for note in notes]] = 1.0
    return templates.reshape(-1, 12)


def find_chords(texture: Texture) -> Chords:
    """Name the chord that fits every pulse best; the bass decides where two fit alike."""
    starts = texture.pulse_steps
    lengths = np.diff(np.append(starts, texture.n_steps))
    heard = np.add.reduceat(texture.sounding.astype(np.float64), starts, axis=1) / lengths  # [12,H]
    templates = _templates()
    inside = templates @ heard
    missing = templates @ (heard == 0)
    scores = 2 * inside - heard.sum(axis=0) - missing  # [Q*12, H]
    bass = _lowest_classes(texture, starts)
    by_quality = scores.reshape(N_QUALITIES, 12, -1)
    by_quality -= _RANK * np.arange(N_QUALITIES)[:, None, None]
    sings = np.flatnonzero(bass != SILENT)
    by_quality[:, bass[sings], sings] += _ROOT_IN_BASS
    best = scores.argmax(axis=0)
    is_chord = (heard > 0).sum(axis=0) > 1
    roots = np.where(is_chord, best % 12, NO_CHORD)
    qualities = np.where(is_chord, best // 12, NO_CHORD)
    is_first = np.append(True, (np.diff(roots) != 0) | (np.diff(qualities) != 0))
    return Chords(roots, qualities, starts, is_first)


def holds(chords: Chords, pulses: IntArray, pitch_classes: IntArray) -> BoolArray:
    """Tell whether pitch classes belong to the chords of pulses, one by one; there must be one."""
    rows = 12 * chords.qualities[pulses] + chords.roots[pulses]
    return np.asarray(_templates()[rows, pitch_classes] > 0)


def _lowest_classes(texture: Texture, starts: IntArray) -> IntArray:
    """Return the pitch class of the lowest note of every pulse [H], `SILENT` if there is none."""
    bass = np.where(texture.bass == SILENT, 128, texture.bass)
    lowest = np.minimum.reduceat(bass, starts)
    return np.asarray(np.where(lowest == 128, SILENT, lowest % 12))


def _sets_of(*shapes: tuple[int, ...]) -> IntArray:
    """Return the root of every set of pitch classes that is one of the shapes, else -1 [4096]."""
    roots = np.full(1 << 12, NO_CHORD)
    for shape in shapes:
        for root in range(12):
            roots[sum(1 << (root + note) % 12 for note in shape)] = root
    return roots


# Sets of pitch classes, as bits, to roots. A chord may lack its fifth.
TRIADS = _sets_of((0,), (0, 7), (0, 4), (0, 3), (0, 4, 7), (0, 3, 7))
THIRDS = _sets_of((0, 4), (0, 3), (0, 4, 7), (0, 3, 7))
MAJOR_TRIADS = _sets_of((0, 4), (0, 4, 7))
DOMINANT_SEVENTHS = _sets_of((0, 4, 10), (0, 4, 7, 10))
# The diminished triad on the leading note, by the root of the dominant that it stands for.
ROOTLESS_SEVENTHS = _sets_of((4, 7, 10))
PLAIN = _sets_of((0, 4), (0, 3), *QUALITIES.values())
