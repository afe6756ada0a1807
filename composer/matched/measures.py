"""What is measured of a piece of a matched set, each with its definition and its source.

All but the last three are read off the MIDI file, so that pieces made elsewhere are measured alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from composer.piece import Piece
from composer.scoring.form import likeness_matrix
from composer.scoring.rhythm import rhythm_entropy, syncopation
from composer.scoring.sources import (
    FOOTE,
    LONGUET_HIGGINS_LEE,
    MCKAY_FUJINAGA,
    SHANNON,
    YANG_LERCH,
)
from composer.scoring.texture import Texture, build_texture
from composer.scoring.tonality import dissonance, durations_by_pitch_class

MAJOR = (0, 2, 4, 5, 7, 9, 11)
SCALE_BARS = 8
_MOGREN = (
    "O. Mogren, C-RNN-GAN: Continuous Recurrent Neural Networks with Adversarial Training, "
    "Constructive Machine Learning Workshop at NIPS (2016)"
)
_OURS = "counted by the program that composed"


@dataclass(frozen=True)
class MatchedMeasure:
    """One column of the tables.

    Args:
        name: Of the column.
        label: As it stands in a sentence, with its unit.
        definition: What is counted, in a sentence.
        source: Where it comes from.
        find: A piece as arrays -> its value; None for what the record of a piece says.
    """

    name: str
    label: str
    definition: str
    source: str
    find: Callable[[Texture], float] | None = None


def measure_piece(piece: Piece, record: Mapping[str, Any]) -> dict[str, float]:
    """Return all measures of a piece; NaN where there is nothing to measure.

    Args:
        piece: As its MIDI file says.
        record: How it was made, as `sampling` keeps it.
    """
    texture = build_texture(piece)
    found = {}
    for one in MEASURES:
        value = one.find(texture) if one.find else record.get(one.name)
        found[one.name] = math.nan if value is None else float(value)
    return found


def _notes_per_bar(texture: Texture) -> float:
    return texture.n_notes / texture.piece.n_bars


def _notes_per_second(texture: Texture) -> float:
    return texture.n_notes / texture.piece.length_s


def _pitch_range(texture: Texture) -> float:
    return float(np.ptp(texture.pitches)) if texture.n_notes else math.nan


def _scale_consistency(texture: Texture) -> float:
    """Return the share of sounding time in the best scale, averaged over windows of bars."""
    shares = []
    for first in range(0, texture.piece.n_bars, SCALE_BARS):
        inside = (texture.note_bars >= first) & (texture.note_bars < first + SCALE_BARS)
        begin, end = np.searchsorted(texture.note_bars, [first, first + SCALE_BARS])
        if inside.any():
            amounts = durations_by_pitch_class(texture, slice(int(begin), int(end)))
            best = max(
                amounts[[(tonic + step) % 12 for step in MAJOR]].sum() for tonic in range(12)
            )
            shares.append(float(best / amounts.sum()))
    return float(np.mean(shares)) if shares else math.nan


def _likeness(texture: Texture, lag: int) -> float:
    """Return how alike bars are that stand so many bars apart, on average."""
    found = np.diagonal(likeness_matrix(texture), lag)
    return float(np.nanmean(found)) if np.isfinite(found).any() else math.nan


def _likeness_to_opening(texture: Texture) -> float:
    """Return how alike the bars of the last quarter are to those of the first, on average."""
    matrix = likeness_matrix(texture)
    n = max(1, len(matrix) // 4)
    found = matrix[-n:, :n]
    return float(np.nanmean(found)) if len(matrix) > 1 and np.isfinite(found).any() else math.nan


MEASURES = (
    MatchedMeasure(
        "notes_per_bar",
        "note density, notes a bar",
        "How many notes begin in a bar, all parts together.",
        f"{YANG_LERCH}: note count per bar",
        _notes_per_bar,
    ),
    MatchedMeasure(
        "notes_per_second",
        "note density, notes a second",
        "How many notes begin in a second at the tempo of the file.",
        f"{MCKAY_FUJINAGA}: note density",
        _notes_per_second,
    ),
    MatchedMeasure(
        "pitch_range",
        "range, semitones",
        "From the lowest note to the highest.",
        f"{YANG_LERCH}: pitch range",
        _pitch_range,
    ),
    MatchedMeasure(
        "rhythm_entropy",
        "rhythmic complexity, bits",
        "Entropy of the lengths of notes, averaged over windows of 16 bars.",
        SHANNON,
        lambda texture: rhythm_entropy(texture).value,
    ),
    MatchedMeasure(
        "syncopation",
        "rhythmic complexity, share of syncopated notes",
        "Share of a line's notes that are held over a stronger place of the bar.",
        f"After {LONGUET_HIGGINS_LEE}",
        lambda texture: syncopation(texture).value,
    ),
    MatchedMeasure(
        "scale_consistency",
        "harmonic coherence, share of time in one scale",
        f"Share of the sounding time that lies in the major scale that fits best (a minor key has "
        f"that of its relative), in every {SCALE_BARS} bars by itself, averaged.",
        f"{_MOGREN}: scale consistency",
        _scale_consistency,
    ),
    MatchedMeasure(
        "dissonance",
        "harmonic coherence, share of dissonances",
        "Share of seconds, sevenths and tritones among all intervals that sound on the beats.",
        "The count that the scores of this program use (rule `dissonance`)",
        lambda texture: dissonance(texture).value,
    ),
    MatchedMeasure(
        "likeness_next",
        "coherence over time, likeness of neighbouring bars",
        "Mean of two cosines, of how long every pitch class sounds and of where notes begin, from "
        "one bar to the next.",
        f"After {FOOTE}",
        lambda texture: _likeness(texture, 1),
    ),
    MatchedMeasure(
        "likeness_to_opening",
        "coherence over time, likeness of the end to the opening",
        "The same likeness, between all bars of the last quarter and all of the first.",
        f"After {FOOTE}",
        _likeness_to_opening,
    ),
    MatchedMeasure(
        "tokens_per_second",
        "speed, new words a second",
        "New REMIGEN words by the time of the call, the loading of the model left out.",
        _OURS,
    ),
    MatchedMeasure(
        "peak_memory_mb",
        "peak memory, megabytes",
        "The most memory that the process of this side held while it composed the piece, model and "
        "libraries included.",
        _OURS,
    ),
    MatchedMeasure(
        "grammar_errors",
        "grammar errors, in 1,000 words",
        "Words that no reader can use where they stand; none of a side without words is known.",
        "B. Yu et al., Museformer, NeurIPS 35 (2022): the order of REMIGEN words",
    ),
)
