"""Beats with their notes -> where bars begin: how much like a first beat every beat looks.

What begins on a beat, how low, how long nothing follows, whether the bass and the harmony change,
and the same of the beats around it: a small network learned from real scores in several voices what
a first beat looks like (benchmarks/transcription/bars.py). A meter and a place of the first beat
are as likely as the beats that they make first beats look like some, and the others do not. Single
lines tell too little of harmony: learned so, they were no better than `profiles` alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from composer.bundled import ASSETS
from composer.theory import estimate_key
from composer.transcription.profiles import Bools, Floats, Ints

PATH = ASSETS / "transcription" / "bars.json"
AROUND = 4  # beats to either side that are looked at
_NEAR = 0.12  # of a beat: notes that begin on it
_SLOTS = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4)
_LONGEST_GAP = 4.0  # beats
_MOST = 9.0  # log odds of any beat
_TRIAD = {"major": (0, 4, 7), "minor": (0, 3, 7)}
_ROUGH = frozenset([1, 2, 6, 10, 11])  # semitones


@dataclass(frozen=True)
class FirstBeats:
    """What was learned of first beats.

    Args:
        layers: Weights and biases of a network with one hidden layer, which reads the features of a
            beat and of those around it: [(2 AROUND + 1) F, H], [H], [H], [1].
        profiles: Share of the log likelihood of `profiles` that counts.
        usual: Share of the log probability of meter and first beat that counts.
        trust: Share of the summed log odds that counts, since neighbours see the same notes.
    """

    layers: tuple[Floats, Floats, Floats, Floats]
    profiles: float
    usual: float
    trust: float

    def chances(self, features: Floats) -> Floats:
        """Return the log odds that a beat is the first of a bar, [B]."""
        into, into_bias, out, out_bias = self.layers
        hidden = np.maximum(0.0, with_neighbours(features) @ into + into_bias)
        return np.asarray(np.clip(hidden @ out + out_bias, -_MOST, _MOST))


@lru_cache(maxsize=1)
def load_first_beats() -> FirstBeats:
    """Return what was learned."""
    values = json.loads(PATH.read_text(encoding="utf-8"))
    into, into_bias, out, out_bias = (np.array(one, np.float64) for one in values["layers"])
    numbers = (float(values[name]) for name in ("profiles", "usual", "trust"))
    return FirstBeats((into, into_bias, out, out_bias), *numbers)


def with_neighbours(features: Floats) -> Floats:
    """Return the features of every beat beside those of the beats around it, [B, 9 F]."""
    n = len(features)
    padded = np.pad(features, ((AROUND, AROUND), (0, 0)))
    return np.hstack([padded[k : k + n] for k in range(2 * AROUND + 1)])


def features_of(beats: Floats, pitches: Floats, n_beats: int) -> Floats:
    """Return what every beat is like, [B, F].

    Args:
        beats: When notes begin, in beats from the first one, rising, [N].
        pitches: Of them, [N].
        n_beats: How many beats there are.
    """
    key, _ = estimate_key(np.bincount(pitches.astype(np.int64) % 12, minlength=12).tolist())
    numbers: Ints = np.floor(beats + _NEAR).astype(np.int64)
    phases = beats - numbers
    moments = np.unique(np.round(beats / _NEAR) * _NEAR)
    low, high = float(np.median(pitches)), float(np.median(pitches))
    bass, top, before = low, high, frozenset[int]()
    rows = []
    for n in range(n_beats):
        inside = numbers == n
        is_on = inside & (np.abs(phases) <= _NEAR)
        here = pitches[is_on].astype(np.int64)
        classes = frozenset(int(one) % 12 for one in pitches[inside])
        row = [float(len(here) > 0), np.log1p(len(here)), np.log1p(inside.sum() - len(here))]
        row += [float((np.abs(phases[inside] - slot) < 0.07).any()) for slot in _SLOTS]
        row.append(_gap(moments, n) if len(here) else 0.0)
        row += _of_pitches(here, bass, top, key.tonic_pitch_class, key.mode)
        row.append(len(classes ^ before) / max(1, len(classes | before)))
        rows.append(row)
        bass, top = (float(here.min()), float(here.max())) if len(here) else (bass, top)
        before = classes or before
    return np.array(rows, dtype=np.float64).reshape(n_beats, -1)


def _gap(moments: Floats, beat: int) -> float:
    """Return how long nothing begins behind what begins on a beat."""
    after = moments[moments > beat + _NEAR]
    return min(_LONGEST_GAP, float(after[0]) - beat) if len(after) else _LONGEST_GAP


def _of_pitches(here: Ints, bass: float, top: float, tonic: int, mode: str) -> list[float]:
    """Return what the notes on a beat are like, beside those of the last beat with any."""
    if not len(here):
        return [0.0] * 11
    lowest, highest = int(here.min()), int(here.max())
    degrees = (here - tonic) % 12
    intervals = [(int(one) - lowest) % 12 for one in here]
    return [
        (lowest - bass) / 12,
        abs(lowest - bass) / 12,
        float(lowest % 12 != bass % 12),
        float(lowest == bass),
        (highest - top) / 12,
        abs(highest - top) / 12,
        float(highest == top),
        float((lowest - tonic) % 12 == 0),
        float((lowest - tonic) % 12 == 7),
        float(np.isin(degrees, _TRIAD[mode]).mean()),
        float(np.mean([one in _ROUGH for one in intervals])),
    ]


def support(features: Floats, learned: FirstBeats, n_beats: int, place: int) -> float:
    """Return what speaks for bars of so many beats with the first beat at a place, as log odds.

    Args:
        features: Of all beats, [B, F].
        learned: Of such music.
        n_beats: Of a bar.
        place: Of the first beat in its bar, from 0.
    """
    chances = learned.chances(features)
    is_first: Bools = (np.arange(len(chances)) + place) % n_beats == 0
    told = -np.logaddexp(0.0, np.where(is_first, -chances, chances)).sum()
    return float(learned.trust * told)
