"""The keys on the way: how far the piece modulates, and whether it comes home.

The key of a stretch of bars is the one whose profile its sounding pitch classes fit best
(C. L. Krumhansl, Cognitive Foundations of Musical Pitch (1990), pp. 77-110). The distance of two
keys is that of their signatures on the circle of fifths, so that relative keys lie together, as in
the map of C. L. Krumhansl and E. J. Kessler, Psychological Review 89 (1982), pp. 334-368.

Shapes: W stretches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.sources import COOK, KRUMHANSL, KRUMHANSL_KESSLER
from composer.scoring.texture import BoolArray, FloatArray, IntArray, Texture
from composer.scoring.tonality import key_closeness, key_fits
from composer.theory import MODES, Key, key_from_pitch_class

FAMILY = "harmony"
STRETCH_BARS = 2
# Less music than this has no keys on the way.
LEAST_STRETCHES = 4
# The ear stays in the key of the piece until another fits clearly better.
HOME_BONUS = 0.1
FAR_FIFTHS = 3


@dataclass(frozen=True)
class LocalKeys:
    """The keys of the stretches that sound.

    Args:
        tonics, modes: Pitch class and index in `MODES` [W].
        fifths: From the key of the piece, -5 to 6, positive with more sharps [W].
        margins: How much better it fits than the second best key, in Pearson's r [W].
        starts: The sixteenth where the stretch begins [W].
    """

    tonics: IntArray
    modes: IntArray
    fifths: IntArray
    margins: FloatArray
    starts: IntArray

    @property
    def distances(self) -> IntArray:
        """From the key of the piece, in fifths, 0-6 [W]."""
        return np.abs(self.fifths)

    def key(self, index: int) -> Key:
        """Return the key of a stretch with its usual spelling."""
        return key_from_pitch_class(int(self.tonics[index]), MODES[self.modes[index]])


@lru_cache(maxsize=1)
def _scales() -> BoolArray:
    """Return whether a pitch class lies in a scale, keys as in `key_fits` [24, 12]."""
    keys = (key_from_pitch_class(tonic, mode) for mode in MODES for tonic in range(12))
    return np.array([[degree in key.scale for degree in range(12)] for key in keys])


def _fifths(tonic: IntArray | int, mode: IntArray | int) -> IntArray:
    """Return the signature's place on the circle of fifths, 0-11; minor like its relative."""
    return np.asarray((np.asarray(tonic) + 3 * np.asarray(mode)) * 7 % 12)


def find_local_keys(texture: Texture) -> LocalKeys:
    """Estimate the key of every stretch of bars, its neighbours heard half as loud."""
    starts = np.unique(texture.steps_of(texture.bar_onsets[:-1:STRETCH_BARS]))
    heard = np.add.reduceat(texture.sounding.astype(np.float64), starts, axis=1)  # [12, W]
    around = 2 * heard
    around[:, 1:] += heard[:, :-1]
    around[:, :-1] += heard[:, 1:]
    sounds = around.any(axis=0)
    home = texture.piece.key
    home_mode = MODES.index(home.mode)
    fits = key_fits(around)  # [24, W]
    fits[12 * home_mode + home.tonic_pitch_class] += HOME_BONUS
    second, first = np.sort(fits, axis=0)[-2:, sounds]
    best = fits.argmax(axis=0)[sounds]
    modes, tonics = best // 12, best % 12
    apart = _fifths(tonics, modes) - _fifths(home.tonic_pitch_class, home_mode)
    return LocalKeys(tonics, modes, (apart + 5) % 12 - 5, first - second, starts[sounds])


def modulation_distance(texture: Texture) -> Measure:
    """Return how far from the key of the piece its stretches lie, in fifths on average."""
    found = texture.once(find_local_keys)
    if len(found.starts) < LEAST_STRETCHES:
        return NOTHING
    far = np.flatnonzero(found.distances >= FAR_FIFTHS)[:MAX_PLACES].tolist()
    places = tuple(
        texture.place_of_step(int(found.starts[row]), (), f"in {found.key(row)}") for row in far
    )
    return Measure(float(found.distances.mean()), places)


def return_home(texture: Texture) -> Measure:
    """Compare the key of the last bars with that of the piece: 1 the same, 0.5 near, 0 far."""
    found = texture.once(find_local_keys)
    if len(found.starts) < LEAST_STRETCHES:
        return NOTHING
    last = found.key(len(found.starts) - 1)
    home = texture.piece.key
    place = texture.place_of_step(int(found.starts[-1]), (), f"{last} at the end")
    return Measure(key_closeness(home, last), (place,))


def foreign_notes(texture: Texture) -> Measure:
    """Return the share of the sounding pitch classes' time outside the key of their stretch."""
    found = texture.once(find_local_keys)
    if not len(found.starts):
        return NOTHING
    lengths = np.diff(np.append(found.starts, texture.n_steps))
    in_scale = _scales()[12 * found.modes + found.tonics]  # [W, 12]
    first = int(found.starts[0])
    sounding = texture.sounding[:, first:]
    inside = sounding & np.repeat(in_scale, lengths, axis=0).T
    n_sounding = int(sounding.sum())
    return Measure(share(n_sounding - int(inside.sum()), n_sounding))


KEY_RULES = (
    Rule(
        name="modulation_distance",
        family=FAMILY,
        label="distance of the keys on the way",
        unit="fifths",
        source=KRUMHANSL_KESSLER,
        weight=0.5,
        sides="high",
        least_spread=0.3,
        measure=modulation_distance,
    ),
    Rule(
        name="return_home",
        family=FAMILY,
        label="return to the key",
        unit="of 1",
        source=COOK,
        weight=1.0,
        sides="low",
        least_spread=0.5,
        measure=return_home,
        is_expected=True,
    ),
    Rule(
        name="foreign_notes",
        family=FAMILY,
        label="notes foreign to the key of their bars",
        unit="share of the sounding time",
        source=KRUMHANSL,
        weight=1.0,
        sides="both",
        least_spread=0.02,
        measure=foreign_notes,
    ),
)
