"""What returns, what changes, and how full the bars are."""

from __future__ import annotations

from itertools import groupby
from statistics import fmean

import numpy as np

from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.texture import Texture
from composer.scoring.tonality import entropy_bits

FAMILY = "form"
_RHYTHM_POSITIONS = 48
# A bar's code without pitch and length: part and place in the bar.
_PITCH_AND_LENGTH_BITS = 7 + 16


def bar_recall(texture: Texture) -> Measure:
    """Return how much a bar repeats of the most similar earlier one, averaged over bars.

    Similarity of two bars is the number of common notes (part, place, pitch, length) over the
    number of all of theirs (Jaccard), inside windows of bars.
    """
    recalls = []
    for first, end in texture.bar_windows():
        bars = [bar for bar in texture.bar_contents[first:end] if bar]
        for index, bar in enumerate(bars[1:], 1):
            recalls.append(max(len(bar & old) / len(bar | old) for old in bars[:index]))
    return Measure(fmean(recalls)) if recalls else NOTHING


def distinct_bars(texture: Texture) -> Measure:
    """Return the share of different bars among the bars that have notes, over windows of bars."""
    shares = []
    for first, end in texture.bar_windows():
        bars = [bar for bar in texture.bar_contents[first:end] if bar]
        if bars:
            shares.append(len(set(bars)) / len(bars))
    return Measure(fmean(shares)) if shares else NOTHING


def distinct_rhythms(texture: Texture) -> Measure:
    """Return the share of different rhythms among bars that have notes, over windows of bars."""
    rhythms = [
        frozenset(code >> _PITCH_AND_LENGTH_BITS for code in bar) for bar in texture.bar_contents
    ]
    shares = []
    for first, end in texture.bar_windows():
        bars = [bar for bar in rhythms[first:end] if bar]
        if bars:
            shares.append(len(set(bars)) / len(bars))
    return Measure(fmean(shares)) if shares else NOTHING


def identical_run(texture: Texture) -> Measure:
    """Return how many bars in a row are the same at most; 1 if none is repeated at once."""
    index, longest, start = 0, 0, 0
    for bar, run in groupby(texture.bar_contents):
        length = len(list(run))
        if bar and length > longest:
            longest, start = length, index
        index += length
    if longest < 2:
        return Measure(float(longest)) if longest else NOTHING
    place = texture.place(texture.bar_onsets[start], (), f"{longest} equal bars in a row")
    return Measure(float(longest), (place,))


def empty_bars(texture: Texture) -> Measure:
    """Return the share of bars in which nothing sounds."""
    edges = texture.steps_of(texture.bar_onsets[:-1])
    sounds = np.logical_or.reduceat(texture.sounding.any(axis=0), edges)
    empty = np.flatnonzero(~sounds).tolist()
    places = (texture.place(texture.bar_onsets[bar], (), "empty") for bar in empty[:MAX_PLACES])
    return Measure(share(len(empty), texture.piece.n_bars), tuple(places))


def quietest_part(texture: Texture) -> Measure:
    """Return the share of the time in which the part with most rests sounds."""
    return Measure(float((texture.highest >= 0).mean(axis=1).min()))


def rhythm_entropy(texture: Texture) -> Measure:
    """Return the entropy of note lengths, averaged over windows of bars."""
    lengths = np.rint(texture.durations * _RHYTHM_POSITIONS).astype(np.int64)
    entropies = [
        entropy_bits(np.unique(lengths[notes], return_counts=True)[1].astype(np.float64))
        for notes in texture.note_windows()
    ]
    return Measure(fmean(entropies)) if entropies else NOTHING


def density(texture: Texture) -> Measure:
    """Return how many notes begin in a quarter, all parts together."""
    return Measure(texture.n_notes / float(texture.piece.length_beats))


FORM_RULES = (
    Rule(
        name="bar_recall",
        family=FAMILY,
        label="likeness to an earlier bar",
        unit="share of the notes",
        source="D. Conklin, Music Generation from Statistical Models (2003), on repetition",
        weight=1.0,
        sides="both",
        least_spread=0.1,
        measure=bar_recall,
    ),
    Rule(
        name="distinct_bars",
        family=FAMILY,
        label="different bars",
        unit="share of the bars",
        source="D. Huron, Sweet Anticipation (2006), on repetition",
        weight=1.0,
        sides="both",
        least_spread=0.1,
        measure=distinct_bars,
    ),
    Rule(
        name="distinct_rhythms",
        family=FAMILY,
        label="different rhythms",
        unit="share of the bars",
        source="D. Huron, Sweet Anticipation (2006), on repetition",
        weight=0.5,
        sides="both",
        least_spread=0.1,
        measure=distinct_rhythms,
    ),
    Rule(
        name="identical_run",
        family=FAMILY,
        label="longest run of equal bars",
        unit="bars",
        source="D. Huron, Sweet Anticipation (2006), on repetition",
        weight=1.0,
        sides="high",
        least_spread=1.0,
        measure=identical_run,
    ),
    Rule(
        name="empty_bars",
        family=FAMILY,
        label="empty bars",
        unit="share of the bars",
        source="the corpus alone",
        weight=1.5,
        sides="high",
        least_spread=0.03,
        measure=empty_bars,
        is_fault=True,
    ),
    Rule(
        name="quietest_part",
        family=FAMILY,
        label="sound of the quietest part",
        unit="share of the time",
        source="the corpus alone",
        weight=1.0,
        sides="both",
        least_spread=0.1,
        measure=quietest_part,
    ),
    Rule(
        name="rhythm_entropy",
        family=FAMILY,
        label="variety of note lengths",
        unit="bits",
        source="C. E. Shannon, A Mathematical Theory of Communication (1948), on entropy",
        weight=1.0,
        sides="both",
        least_spread=0.2,
        measure=rhythm_entropy,
    ),
    Rule(
        name="density",
        family=FAMILY,
        label="density",
        unit="notes a beat",
        source="the corpus alone",
        weight=1.0,
        sides="both",
        least_spread=0.3,
        measure=density,
    ),
)
