"""A piece as counts, in three forms: distributions, one row of numbers, and words of n-grams.

All are taken with the tonic on C, and none looks at meter, key, ensemble or number of parts, which
the request states: what is left is how the notes go. Lines are the texture's: one a part, the
highest notes of a hand, the lowest of the lowest part. Knows no model and no classifier.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from composer.piece import Piece
from composer.scoring import RULES, Measure, measure
from composer.scoring.series import WIDEST_INTERVAL, interval_counts
from composer.scoring.texture import SILENT, STEPS_PER_QUARTER, Melody, Texture, build_texture
from composer.scoring.tonality import durations_by_pitch_class

Floats = npt.NDArray[np.float64]
# Lower edges of the classes of lengths, in quarters; a length belongs to the last edge below it.
_LENGTHS = (
    "0", "1/12", "1/6", "1/4", "1/3", "1/2", "2/3", "3/4", "1", "3/2", "2", "3", "4", "6", "8",
)  # fmt: skip
LENGTH_EDGES = tuple(float(Fraction(name)) for name in _LENGTHS)
MOST_SOUNDING = 8
# Between two major triads a tritone apart the tonal centroid moves by 2.0.
N_CHANGE_BINS, CHANGE_STEP = 10, 0.2
LONGEST_WORD = 3
_SLACK = 1e-6


class Kind(NamedTuple):
    """A distribution: what is counted, and the names of its bins."""

    label: str
    bins: tuple[str, ...]


KINDS: Mapping[str, Kind] = {
    "pitch class": Kind("semitones above the tonic", tuple(map(str, range(12)))),
    "interval": Kind(
        "semitones to the next note of a line",
        tuple(f"{step:+d}" for step in range(-WIDEST_INTERVAL, WIDEST_INTERVAL + 1)),
    ),
    "duration": Kind("quarters a note lasts, from", _LENGTHS),
    "inter-onset": Kind("quarters to the next onset of a line, from", _LENGTHS),
    "simultaneity": Kind("notes that sound together", tuple(map(str, range(MOST_SOUNDING + 1)))),
    "density": Kind("notes that begin in a quarter", tuple(map(str, range(2 * MOST_SOUNDING + 1)))),
    "harmonic change": Kind(
        "distance of the tonal centroids of neighbouring quarters, from",
        tuple(f"{CHANGE_STEP * step:.1f}" for step in range(N_CHANGE_BINS)),
    ),
}


def normalised(piece: Piece) -> Texture:
    """Read a piece with its tonic on C, by the shorter way."""
    texture = build_texture(piece)
    shift = piece.key.shift
    classes = np.roll(texture.sounding, -shift, axis=0)
    highest, lowest = (
        np.where(pitches == SILENT, SILENT, pitches - shift)
        for pitches in (texture.highest, texture.lowest)
    )
    return replace(
        texture,
        pitches=texture.pitches - shift,
        sounding=classes,
        highest=highest,
        lowest=lowest,
    )


def distributions(piece: Piece) -> dict[str, Floats]:
    """Return counts of every kind in `KINDS`, one a bin."""
    texture = normalised(piece)
    melodies = texture.melodies
    gaps = [np.diff(one.onsets)[one.is_joined] for one in melodies]
    return {
        "pitch class": durations_by_pitch_class(texture),
        "interval": interval_counts(texture),
        "duration": _counts(length_classes(texture.durations), 0, len(LENGTH_EDGES) - 1),
        "inter-onset": _counts(length_classes(_joined(gaps)), 0, len(LENGTH_EDGES) - 1),
        "simultaneity": _counts(_sounding_together(texture), 0, MOST_SOUNDING),
        "density": _counts(_onsets_a_quarter(texture), 0, 2 * MOST_SOUNDING),
        "harmonic change": _harmonic_change(texture),
    }


def describe(piece: Piece) -> Floats:
    """Return one row of numbers: all distributions as shares, and the values of all scoring rules.

    Rules that judge a beginning or an end are left out, because excerpts have none.
    """
    found: Mapping[str, Measure] = measure(piece)
    shares = [counts / max(1.0, counts.sum()) for counts in distributions(piece).values()]
    names = [rule.name for rule in RULES if rule.measure and not rule.is_expected]
    return np.concatenate([*shares, [found[name].value for name in names]])


def words(piece: Piece) -> list[str]:
    """Return the n-grams of a piece: degrees, intervals, rhythms, basses and harmonies as words."""
    texture = normalised(piece)
    found = [f"texture {n}" for n in _sounding_together(texture)]
    for melody in texture.melodies:
        found += _line_words(melody)
    found += _grams("harmony", _harmonies(texture), 2)
    return found


def length_classes(lengths_beats: Floats) -> npt.NDArray[np.int64]:
    """Return the class of every length in quarters, an index into `LENGTH_EDGES`."""
    found = np.searchsorted(LENGTH_EDGES, lengths_beats + _SLACK, side="right") - 1
    return np.asarray(np.maximum(found, 0), np.int64)


def _joined(arrays: Sequence[npt.NDArray[np.generic]]) -> Floats:
    return np.concatenate([np.zeros(0), *arrays])


def _counts(values: npt.ArrayLike, low: int, high: int) -> Floats:
    """Count whole numbers from low to high; what lies beyond counts at the ends."""
    clipped = np.clip(np.asarray(values, np.int64), low, high) - low
    return np.bincount(clipped, minlength=high - low + 1).astype(np.float64)


def _sounding_together(texture: Texture) -> npt.NDArray[np.int64]:
    """Return how many notes sound on every quarter."""
    beats = np.arange(max(1, texture.n_steps // STEPS_PER_QUARTER))
    begun = np.searchsorted(np.sort(texture.onsets), beats + _SLACK)
    ended = np.searchsorted(np.sort(texture.onsets + texture.durations), beats + _SLACK)
    return np.asarray(begun - ended, np.int64)


def _onsets_a_quarter(texture: Texture) -> npt.NDArray[np.int64]:
    n_quarters = max(1, texture.n_steps // STEPS_PER_QUARTER)
    return np.bincount((texture.onsets + _SLACK).astype(np.int64), minlength=n_quarters)


# Corners of the tonal centroid's three circles: fifths, minor thirds, major thirds.
_ANGLES = np.arange(12)[:, None] * np.pi * np.array([7 / 6, 3 / 2, 2 / 3])
_CIRCLES = np.concatenate([np.sin(_ANGLES), np.cos(_ANGLES)], axis=1) * np.tile([1, 1, 0.5], 2)


def _harmonic_change(texture: Texture) -> Floats:
    """Count how far the tonal centroid moves from quarter to quarter.

    Source:
        C. Harte, M. Sandler and M. Gasser, Detecting harmonic change in musical audio, AMCMM 2006,
        pp. 21-26, DOI 10.1145/1178723.1178727.
    """
    chroma = _chroma(texture)
    heard = chroma[chroma.sum(axis=1) > 0]
    centroids = heard / heard.sum(axis=1, keepdims=True) @ _CIRCLES
    moved = np.linalg.norm(np.diff(centroids, axis=0), axis=1)
    return _counts(np.floor(moved / CHANGE_STEP), 0, N_CHANGE_BINS - 1)


def _chroma(texture: Texture) -> Floats:
    """Return how long every pitch class sounds in every quarter, [quarters, 12]."""
    n_quarters = -(-texture.n_steps // STEPS_PER_QUARTER)
    padded = np.zeros((12, n_quarters * STEPS_PER_QUARTER))
    padded[:, : texture.n_steps] = texture.sounding
    by_quarter = padded.reshape(12, n_quarters, STEPS_PER_QUARTER).sum(axis=2)
    return np.asarray(by_quarter.T, np.float64)


def _line_words(melody: Melody) -> Iterator[str]:
    steps = np.clip(np.diff(melody.pitches), -WIDEST_INTERVAL, WIDEST_INTERVAL).tolist()
    gaps = length_classes(np.diff(melody.onsets)).tolist()
    yield from _grams("degree", (melody.pitches % 12).tolist(), 2)
    yield from _grams("step", steps, LONGEST_WORD)
    yield from _grams("rhythm", gaps, LONGEST_WORD)
    yield from _grams("step in time", list(zip(steps, gaps, strict=True)), 2)


def _harmonies(texture: Texture) -> list[str]:
    """Return bass and pitch classes at the beginning of every quarter."""
    beginnings = slice(None, None, STEPS_PER_QUARTER)
    columns = texture.sounding[:, beginnings].T.tolist()
    basses = texture.bass[beginnings].tolist()
    return [
        f"{bass % 12}/{''.join('x' if is_heard else '.' for is_heard in column)}"
        for bass, column in zip(basses, columns, strict=True)
        if bass != SILENT
    ]


def _grams(name: str, values: Sequence[object], longest: int) -> Iterator[str]:
    """Yield every stretch of one to `longest` neighbouring values as a word."""
    for length in range(1, longest + 1):
        for gram in zip(*(values[start:] for start in range(length)), strict=False):
            yield f"{name} {' '.join(map(str, gram))}"
