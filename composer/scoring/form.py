"""What returns and what changes: bars, the distance at which they return, lengths of phrases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from statistics import fmean

import numpy as np

from composer.scoring.phrases import phrase_starts
from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.sources import (
    CAPLIN_FORM,
    CONKLIN,
    FOOTE,
    HURON_REPETITION,
    ROTHSTEIN,
    TEMPERLEY,
)
from composer.scoring.texture import WINDOW_BARS, BoolArray, FloatArray, IntArray, Texture

FAMILY = "form"
OCTAVE = 12
# Places in a bar by which two rhythms are compared.
RHYTHM_SLOTS = 16
# A phrase is square if it lasts pairs of bars, give or take a quarter of a bar.
SQUARE_BARS, SQUARE_TOLERANCE = 2, 0.25
# Phrases are grouped in fours.
GROUP_BARS = 4
# Two bars are nearly copies if they share this much of their notes, their lengths left out.
COPY_LIKENESS = 0.85
# What returns after so many bars is a theme that comes back, no longer an echo.
DISTANT_BARS = 8
_LENGTH_BITS = 16


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


def identical_run(texture: Texture) -> Measure:
    """Return how many bars in a row are the same at most, averaged over windows of bars.

    1 if none is repeated at once. The places are the longest run of every window that has one.
    """
    lengths, places = [], []
    for first, end in texture.bar_windows():
        longest, start = _longest_run(texture.bar_contents[first:end])
        if longest:
            lengths.append(longest)
        if longest > 1:
            words = f"{longest} equal bars in a row"
            places.append(texture.place(texture.bar_onsets[first + start], (), words))
    return Measure(fmean(lengths), tuple(places[:MAX_PLACES])) if lengths else NOTHING


def bar_copies(texture: Texture) -> FloatArray:
    """Return how much every two bars share of their notes (part, place, pitch) [B, B].

    Jaccard's index as in `bar_recall`, but without lengths, so that a note held longer is the same
    one; 0 where one of the bars has no notes.
    """
    bars = [np.array(sorted(bar), np.int64) >> _LENGTH_BITS for bar in texture.bar_contents]
    rows = np.repeat(np.arange(len(bars)), [len(bar) for bar in bars])
    codes, columns = np.unique(np.concatenate(bars), return_inverse=True)
    present = np.zeros((len(bars), max(len(codes), 1)))
    present[rows, columns] = 1.0
    shared, sizes = present @ present.T, present.sum(axis=1)
    union = sizes[:, None] + sizes - shared
    return np.asarray(shared / np.where(union == 0, 1.0, union))


def loop_run(texture: Texture) -> Measure:
    """Return the longest run of bars that nearly copy one of the two before them, in bars.

    Averaged over windows of bars; 0 where no bar does. A run of two bars is a phrase that is
    answered, longer ones go round in a loop. The places are where runs of four bars begin.
    """
    copies = texture.once(bar_copies) >= COPY_LIKENESS
    is_copy = np.zeros(len(copies), dtype=np.bool_)
    for lag in (1, 2):
        is_copy[lag:] |= np.diagonal(copies, lag)
    lengths, places = [], []
    for first, end in texture.bar_windows():
        runs = [(int(bar), len(list(run))) for bar, run in _runs(is_copy[first:end])]
        start, longest = max(runs, key=lambda run: run[1], default=(0, 0))
        lengths.append(longest)
        if longest >= GROUP_BARS:
            words = f"{longest} bars that copy what has just been heard"
            places.append(texture.place(texture.bar_onsets[first + start], (), words))
    return Measure(fmean(lengths), tuple(places[:MAX_PLACES]))


def _runs(flags: BoolArray) -> list[tuple[int, range]]:
    """Return where every run of true values begins, and its indices."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int64), [0]])))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(low, range(low, high)) for low, high in pairs]


def distant_recall(texture: Texture) -> Measure:
    """Return how much a bar repeats of the most similar one eight bars or more before it.

    Averaged over the bars that have notes and can have such a model, over the whole piece, at most
    two windows back, so that long pieces have no more to find than short ones.
    """
    copies = texture.once(bar_copies)
    has_notes = np.diagonal(copies) > 0
    found = [
        float(copies[bar, max(0, bar - 2 * WINDOW_BARS) : bar - DISTANT_BARS + 1].max())
        for bar in range(DISTANT_BARS, len(copies))
        if has_notes[bar]
    ]
    return Measure(fmean(found)) if found else NOTHING


def _longest_run(bars: Sequence[frozenset[int]]) -> tuple[int, int]:
    """Return the length of the longest run of equal bars that are not empty, and its beginning."""
    index, longest, start = 0, 0, 0
    for bar, run in groupby(bars):
        length = len(list(run))
        if bar and length > longest:
            longest, start = length, index
        index += length
    return longest, start


def bar_profiles(texture: Texture) -> tuple[FloatArray, FloatArray]:
    """Return what sounds and when notes begin in every bar, as unit vectors [B, 12], [B, slots].

    A bar without notes is zero in both.
    """
    n_bars, bars = texture.piece.n_bars, texture.note_bars
    lengths = np.diff(texture.bar_onsets)[bars]
    places = (texture.onsets - texture.bar_onsets[bars]) / lengths * RHYTHM_SLOTS
    slots = np.minimum(np.rint(places), RHYTHM_SLOTS - 1).astype(np.int64)
    tones = np.bincount(
        bars * OCTAVE + texture.pitches % OCTAVE, texture.durations, n_bars * OCTAVE
    )
    onsets = np.bincount(bars * RHYTHM_SLOTS + slots, minlength=n_bars * RHYTHM_SLOTS)
    return _unit_rows(tones, n_bars), _unit_rows(onsets, n_bars)


def _unit_rows(amounts: FloatArray | IntArray, n_rows: int) -> FloatArray:
    rows = amounts.reshape(n_rows, -1).astype(np.float64)
    norms = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.where(norms == 0, 1.0, norms))


def likeness_matrix(texture: Texture) -> FloatArray:
    """Return how alike every two bars are, 0 to 1 [B, B]; NaN where one of them has no notes.

    Likeness is the mean of two cosines, of how long every pitch class sounds and of where notes
    begin.
    """
    tones, onsets = texture.once(bar_profiles)
    likeness = (tones @ tones.T + onsets @ onsets.T) / 2
    is_empty = onsets.sum(axis=1) == 0
    likeness[is_empty | is_empty[:, None]] = np.nan
    return np.asarray(np.clip(likeness, 0.0, 1.0))


def bar_likeness(lag: int) -> Callable[[Texture], Measure]:
    """Build the measure of how alike bars are that stand some bars apart.

    Likeness is the mean of two cosines, of how long every pitch class sounds and of where notes
    begin; pairs with an empty bar are left out.

    Args:
        lag: Bars from one to the other.
    """

    def measure(texture: Texture) -> Measure:
        tones, onsets = texture.once(bar_profiles)
        is_full = onsets.sum(axis=1) > 0
        both = is_full[:-lag] & is_full[lag:]
        likeness = (tones[:-lag] * tones[lag:]).sum(axis=1)
        likeness = (likeness + (onsets[:-lag] * onsets[lag:]).sum(axis=1)) / 2
        return Measure(share(float(likeness[both].sum()), int(both.sum())))

    return measure


def _phrase_bars(texture: Texture) -> FloatArray:
    """Return how many bars pass from the beginning of every phrase to that of the next.

    The last phrase lasts to the end of its last note.
    """
    starts = texture.once(phrase_starts)
    if not len(starts):
        return np.empty(0)
    tune = texture.melodies[0]
    last = tune.indices[-1]
    end = texture.onsets[last] + texture.durations[last]
    times = np.append(tune.onsets[starts], min(end, texture.bar_onsets[-1]))
    return np.diff(np.interp(times, texture.bar_onsets, np.arange(len(texture.bar_onsets))))


def phrase_length(texture: Texture) -> Measure:
    """Return the mean length of the tune's phrases in bars; one counts as a window at most."""
    lengths = np.minimum(texture.once(_phrase_bars), WINDOW_BARS)
    return Measure(share(float(lengths.sum()), len(lengths)))


def square_phrases(texture: Texture) -> Measure:
    """Return the share of phrases that last two, four, six ... bars, but for a quarter of one.

    The last phrase, which no other follows, and phrases under a bar are left out.
    """
    lengths = texture.once(_phrase_bars)[:-1]
    lengths = lengths[lengths >= 1]
    misses = np.abs(lengths - SQUARE_BARS * np.maximum(np.rint(lengths / SQUARE_BARS), 1))
    return Measure(share(int((misses <= SQUARE_TOLERANCE + 1e-6).sum()), len(lengths)))


def groups_of_four(texture: Texture) -> Measure:
    """Return the share of the tune's phrases that begin at a line of groups of four bars.

    Begin means: within a quarter of a bar. Groups are counted from the bar that fits best, because
    a piece may have an introduction; the first phrase, which nothing stands before, is left out.
    """
    starts = texture.once(phrase_starts)[1:]
    if not len(starts):
        return NOTHING
    times = texture.melodies[0].onsets[starts]
    bars = np.interp(times, texture.bar_onsets, np.arange(len(texture.bar_onsets)))
    offsets = (bars[:, None] - np.arange(GROUP_BARS) + GROUP_BARS / 2) % GROUP_BARS
    is_near = np.abs(offsets - GROUP_BARS / 2) <= SQUARE_TOLERANCE + 1e-6
    return Measure(float(is_near.mean(axis=0).max()))


FORM_RULES = (
    Rule(
        name="bar_recall",
        family=FAMILY,
        label="likeness to an earlier bar",
        unit="share of the notes",
        source=f"{CONKLIN}, on repetition",
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
        source=HURON_REPETITION,
        weight=1.0,
        sides="both",
        least_spread=0.1,
        measure=distinct_bars,
    ),
    Rule(
        name="identical_run",
        family=FAMILY,
        label="longest run of equal bars",
        unit="bars",
        source=HURON_REPETITION,
        weight=1.0,
        sides="high",
        least_spread=1.0,
        measure=identical_run,
    ),
    Rule(
        name="loop_run",
        family=FAMILY,
        label="longest loop of one or two bars",
        unit="bars",
        source=HURON_REPETITION,
        weight=0.5,
        sides="high",
        least_spread=2.0,
        measure=loop_run,
    ),
    Rule(
        name="distant_recall",
        family=FAMILY,
        label="likeness to a bar eight bars or more before",
        unit="share of the notes",
        source=f"{CAPLIN_FORM}, pp. 49-58 and 71-86, on periods and ternary form",
        weight=0.2,
        sides="both",
        least_spread=0.1,
        measure=distant_recall,
    ),
    *(
        Rule(
            name=f"likeness_{lag}",
            family=FAMILY,
            label="likeness of neighbouring bars" if lag == 1 else f"likeness {lag} bars apart",
            unit="of 1",
            source=FOOTE,
            weight=0.4,
            sides="both",
            least_spread=0.05,
            measure=bar_likeness(lag),
        )
        for lag in (1, 2, 4, 8)
    ),
    Rule(
        name="phrase_length",
        family=FAMILY,
        label="length of the phrases",
        unit="bars",
        source=f"{TEMPERLEY}, pp. 65-71, on the length of phrases",
        weight=0.5,
        sides="both",
        least_spread=1.0,
        measure=phrase_length,
    ),
    Rule(
        name="square_phrases",
        family=FAMILY,
        label="phrases of whole pairs of bars",
        unit="share of the phrases",
        source=f"{ROTHSTEIN}, pp. 3-9, on phrases and groups of four bars",
        weight=0.3,
        sides="both",
        least_spread=0.2,
        measure=square_phrases,
    ),
    Rule(
        name="groups_of_four",
        family=FAMILY,
        label="phrases that begin with groups of four bars",
        unit="share of the phrases",
        source=f"{ROTHSTEIN}, pp. 3-9, on phrases and groups of four bars",
        weight=0.1,
        sides="both",
        least_spread=0.2,
        measure=groups_of_four,
    ),
)
