"""How time is filled: lengths of notes, patterns of bars, and how both agree with the meter."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean

import numpy as np

from composer.scoring.phrases import BAR_LEVEL, next_stronger, note_levels
from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.sources import (
    HURON_REPETITION,
    LERDAHL_JACKENDOFF,
    LONGUET_HIGGINS_LEE,
    MCKAY_FUJINAGA,
    PALMER_KRUMHANSL,
    PATEL_DANIELE,
    SHANNON,
    WU_YANG,
)
from composer.scoring.texture import FloatArray, Texture
from composer.scoring.tonality import entropy_bits
from composer.scoring.voice_leading.singing import end_to_end

FAMILY = "rhythm"
_POSITIONS = 48
# A bar's code without pitch and length: part and place in the bar.
_PITCH_AND_LENGTH_BITS = 7 + 16
_TINY = 1e-6


def rhythm_entropy(texture: Texture) -> Measure:
    """Return the entropy of note lengths, averaged over windows of bars."""
    lengths = np.minimum(np.rint(texture.durations * _POSITIONS), 0xFFFF).astype(np.int64)
    entropies = [
        entropy_bits(np.bincount(lengths[notes]).astype(np.float64))
        for notes in texture.note_windows()
    ]
    return Measure(fmean(entropies)) if entropies else NOTHING


def length_kinds(texture: Texture) -> Measure:
    """Return how many different note lengths there are, averaged over windows of bars."""
    lengths = np.rint(texture.durations * _POSITIONS)
    kinds = [len(np.unique(lengths[notes])) for notes in texture.note_windows()]
    return Measure(fmean(kinds)) if kinds else NOTHING


def onset_entropy(texture: Texture) -> Measure:
    """Return the entropy of the places in the bar on which notes begin, over windows of bars.

    What begins together counts once, so that thick chords weigh no more than single notes.
    """
    within = texture.onsets - texture.bar_onsets[texture.note_bars]
    places = np.rint(within * _POSITIONS).astype(np.int64)
    is_first = np.append(True, np.diff(texture.onsets) > _TINY)[: texture.n_notes]
    entropies = [
        entropy_bits(np.bincount(places[notes][is_first[notes]]).astype(np.float64))
        for notes in texture.note_windows()
        if is_first[notes].any()
    ]
    return Measure(fmean(entropies)) if entropies else NOTHING


def _bar_rhythms(texture: Texture) -> list[frozenset[int]]:
    """Return where notes begin in every bar, as codes of part and place."""
    return [
        frozenset(code >> _PITCH_AND_LENGTH_BITS for code in bar) for bar in texture.bar_contents
    ]


def distinct_rhythms(texture: Texture) -> Measure:
    """Return the share of different rhythms among bars that have notes, over windows of bars."""
    rhythms = _bar_rhythms(texture)
    shares = []
    for first, end in texture.bar_windows():
        bars = [bar for bar in rhythms[first:end] if bar]
        if bars:
            shares.append(len(set(bars)) / len(bars))
    return Measure(fmean(shares)) if shares else NOTHING


def groove(texture: Texture) -> Measure:
    """Return how much of its rhythm a bar shares with the next, averaged over neighbouring bars.

    What two bars share is the number of their common onsets (part and place) over that of all
    their onsets; empty bars have no rhythm and are left out.
    """
    pairs = [(one, two) for one, two in pairwise(_bar_rhythms(texture)) if one and two]
    likeness = [len(one & two) / len(one | two) for one, two in pairs]
    return Measure(fmean(likeness)) if likeness else NOTHING


def syncopation(texture: Texture) -> Measure:
    """Return the share of a line's notes that are held over a stronger place of the bar.

    Held means that the line does not attack on the stronger place, but later; what follows the
    last note of a phrase is not asked for.
    """
    lines = texture.once(end_to_end)
    stronger = next_stronger(texture, lines.indices[:-1])
    held = np.flatnonzero((lines.onsets[1:] > stronger + _TINY) & lines.is_joined)
    notes = np.sort(lines.indices[held])
    shown = ((texture.onsets[note], int(texture.parts[note])) for note in notes[:MAX_PLACES])
    places = tuple(texture.place(onset, (part,), "syncopated") for onset, part in shown)
    return Measure(share(len(notes), int(lines.is_joined.sum())), places)


def onset_strength(texture: Texture) -> Measure:
    """Return how strong the places are on which notes begin, 0 between pulses, 1 on bar lines."""
    levels = texture.once(note_levels)
    return Measure(share(float(levels.sum()), BAR_LEVEL * len(levels)))


def _lengths(texture: Texture) -> FloatArray:
    """Return the time to the next note of the line, of all lines in a row, NaN before a rest."""
    lines = texture.once(end_to_end)
    return np.where(lines.is_joined, np.diff(lines.onsets), np.nan)


def accent_agreement(texture: Texture) -> Measure:
    """Return how often the longer of two neighbouring notes has the stronger place in the bar.

    Pairs of equal length, or on places of equal strength, do not count.
    """
    levels = texture.once(note_levels)[texture.once(end_to_end).indices[:-1]]
    products = np.diff(texture.once(_lengths)) * np.diff(levels)
    agreed, disagreed = int((products > _TINY).sum()), int((products < -_TINY).sum())
    return Measure(share(agreed, agreed + disagreed))


def length_contrast(texture: Texture) -> Measure:
    """Return by how much neighbouring notes of a line differ in length (nPVI).

    100 |a - b| / ((a + b) / 2), averaged: 0 for even motion, 67 for lengths of one and two.
    """
    lengths = texture.once(_lengths)
    contrasts = np.abs(np.diff(lengths)) / (lengths[:-1] + lengths[1:])
    known = contrasts[np.isfinite(contrasts)]
    return Measure(200.0 * share(float(known.sum()), len(known)))


RHYTHM_RULES = (
    Rule(
        name="rhythm_entropy",
        family=FAMILY,
        label="variety of note lengths",
        unit="bits",
        source=f"{SHANNON}, on entropy",
        weight=1.0,
        sides="both",
        least_spread=0.2,
        measure=rhythm_entropy,
    ),
    Rule(
        name="length_kinds",
        family=FAMILY,
        label="different note lengths",
        unit="lengths",
        source=f"{MCKAY_FUJINAGA}, on rhythm",
        weight=0.2,
        sides="both",
        least_spread=1.5,
        measure=length_kinds,
    ),
    Rule(
        name="onset_entropy",
        family=FAMILY,
        label="variety of places in the bar",
        unit="bits",
        source=PALMER_KRUMHANSL,
        weight=0.2,
        sides="both",
        least_spread=0.2,
        measure=onset_entropy,
    ),
    Rule(
        name="distinct_rhythms",
        family=FAMILY,
        label="different rhythms",
        unit="share of the bars",
        source=HURON_REPETITION,
        weight=0.5,
        sides="both",
        least_spread=0.1,
        measure=distinct_rhythms,
    ),
    Rule(
        name="groove",
        family=FAMILY,
        label="rhythm shared with the next bar",
        unit="share of the onsets",
        source=f"{WU_YANG}, on groove",
        weight=0.5,
        sides="both",
        least_spread=0.1,
        measure=groove,
    ),
    Rule(
        name="syncopation",
        family=FAMILY,
        label="syncopated notes",
        unit="share of the notes",
        source=LONGUET_HIGGINS_LEE,
        weight=0.5,
        sides="both",
        least_spread=0.05,
        measure=syncopation,
    ),
    Rule(
        name="onset_strength",
        family=FAMILY,
        label="metrical strength of the onsets",
        unit="of 1",
        source=PALMER_KRUMHANSL,
        weight=0.5,
        sides="both",
        least_spread=0.05,
        measure=onset_strength,
    ),
    Rule(
        name="accent_agreement",
        family=FAMILY,
        label="longer notes on stronger beats",
        unit="share of the changes of length",
        source=f"{LERDAHL_JACKENDOFF}, pp. 68-104, on length as an accent",
        weight=0.5,
        sides="both",
        least_spread=0.1,
        measure=accent_agreement,
    ),
    Rule(
        name="length_contrast",
        family=FAMILY,
        label="contrast of neighbouring note lengths",
        unit="nPVI",
        source=PATEL_DANIELE,
        weight=0.5,
        sides="both",
        least_spread=8.0,
        measure=length_contrast,
    ),
)
