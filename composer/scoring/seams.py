"""How music goes on across a bar line: measures of a seam, and their bands at bar lines of scores.

A seam is the bar line between what was there and what was drawn behind it. Each measure compares
the two sides; its band is where the same measure lies at bar lines inside real pieces, so a seam is
good when nobody can tell it from any other bar line. Knows no model and no chunk.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from composer.piece import Piece
from composer.places import ASSETS
from composer.scorecard import Score, Scorecard
from composer.scoring.bands import (
    PERCENTILES,
    Band,
    Bands,
    find_band,
    groups_of,
    load_bands,
)
from composer.scoring.card import cost_of, low_edge, penalty, share_out
from composer.scoring.reasons import plural_of_group, tell_reason
from composer.scoring.rule import Rule
from composer.scoring.sources import BERRY, FOOTE, HARTE, HURON_2001, LERDAHL_JACKENDOFF
from composer.scoring.standards import Standards
from composer.scoring.texture import SILENT, STEPS_PER_QUARTER, IntArray, Texture, build_texture
from composer.scoring.weights import form_family

SEAM_BANDS_PATH = ASSETS / "seam_bands.json"
FAMILY = "seam"
_BEGINNING = Fraction(0)
# What a piece is asked for at its end only.
CLOSING_RULES = frozenset({"final_bass", "final_cadence"})
# All measures of a seam together weigh this share of all other rules of a chunk.
SEAM_SHARE = 0.25
# How many bars lie before a seam that is compared with the opening, and how many are compared.
OPENING_BARS = 2
# Bars before a seam in which its rhythm may have been heard.
RHYTHM_BARS = 4
MAX_BAR_LINES = 8  # of one piece in the bands
MIN_BAR_LINES = 40  # of a group in the bands
# A bar's code without pitch and length: part and place in the bar.
_PITCH_AND_LENGTH_BITS = 7 + 16
_PITCH_CLASSES = np.arange(12)
# The circles of fifths, minor thirds and major thirds, with their radii.
_CIRCLES = ((7 / 6, 1.0), (3 / 2, 1.0), (2 / 3, 0.5))

Contents = Sequence[frozenset[int]]


def measure_seam(texture: Texture, bar: int, opening: Contents = ()) -> dict[str, float]:
    """Return every measure of `SEAM_RULES` at a bar line; NaN where there is nothing to measure.

    Args:
        texture: Of the music around the seam.
        bar: Index of the bar after it, from 1.
        opening: What begins in the first bars of the piece (`Texture.bar_contents`).
    """
    found = {name: find(texture, bar) for name, find in _MEASURES.items()}
    return found | {"restart": _restart(texture, bar, opening)}


def score_seam(
    texture: Texture,
    bar: int,
    opening: Contents = (),
    *,
    form: str = "",
    bands: Bands | None = None,
) -> tuple[Score, ...]:
    """Hold a seam against bar lines of real pieces; see `measure_seam`.

    Args:
        texture: Of the music around the seam.
        bar: Index of the bar after it.
        opening: What begins in the first bars of the piece.
        form: Whose band; the piece's own if empty.
        bands: Instead of those of the corpus.
    """
    bands = load_bands(SEAM_BANDS_PATH) if bands is None else bands
    groups = groups_of(texture.piece, form or None)
    values = measure_seam(texture, bar, opening)
    return tuple(_score(rule, values[rule.name], groups, bands) for rule in SEAM_RULES)


def with_seam(
    card: Scorecard,
    seam: Sequence[Score],
    *,
    form: str,
    closes: bool,
    bars_before: int = 0,
    beats_before: Fraction = _BEGINNING,
    standards: Standards | None = None,
) -> Scorecard:
    """Return the scorecard of a chunk: its bars and its seam under one total.

    The total is on the scale of whole pieces of the form; see `scoring.weights`.

    Args:
        card: Of the chunk's bars.
        seam: Of the bar line before it; none if it begins the piece.
        form: Of the piece.
        closes: Whether the piece ends with it; else nothing is asked of its last bar.
        bars_before: What the numbers of the bars that were scored, counted in themselves, lack to
            those of the piece; places are told as those of the piece.
        beats_before: What lies before them, in quarters.
        standards: What it is judged by; the general ones if not given.
    """
    kept = [
        _moved(one, bars_before, beats_before, card.form)
        for one in card.scores
        if closes or one.name not in CLOSING_RULES
    ]
    weight = _weight_of(kept) * SEAM_SHARE / (_weight_of(seam) or 1.0)
    scores = [*kept, *(replace(one, weight=one.weight * weight) for one in seam)]
    family = (standards or Standards.general()).weights[form_family(form)]
    total = family.total(cost_of(scores)) if _weight_of(scores) else 0.0
    scores = list(share_out(scores, total))
    worst = sorted((one for one in scores if one.penalty), key=lambda one: -one.lost)
    reasons = tuple(one.reason for one in worst[:6] if one.reason)
    return Scorecard(card.form, tuple(scores), total, reasons or card.reasons[:1])


def _moved(score: Score, bars: int, beats: Fraction, group: str) -> Score:
    """Return a score whose places are those of the whole piece, and told so."""
    places = tuple(
        replace(place, bar=place.bar + bars, onset_beats=place.onset_beats + beats)
        for place in score.places
    )
    moved = replace(score, places=places)
    return replace(moved, reason=tell_reason(moved, group)) if bars else moved


def build_seam_bands(pieces: Iterable[Piece]) -> dict[str, dict[str, Band]]:
    """Measure bar lines inside real pieces; return the bands of every group that has enough."""
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for piece in pieces:
        texture = build_texture(piece)
        opening = texture.bar_contents[:OPENING_BARS]
        for bar in _inner_bar_lines(piece.n_bars):
            values = measure_seam(texture, bar, opening)
            for group in groups_of(piece):
                rows[group].append(values)
    return {
        group: _bands_of(measured)
        for group, measured in sorted(rows.items())
        if len(measured) >= MIN_BAR_LINES
    }


def _inner_bar_lines(n_bars: int) -> list[int]:
    """Return up to `MAX_BAR_LINES` bars, spread evenly, with two bars on both sides."""
    lines = np.linspace(2, n_bars - 2, MAX_BAR_LINES).round().astype(int)
    return sorted(set(lines.tolist())) if n_bars >= 4 else []


def _bands_of(measured: list[dict[str, float]]) -> dict[str, Band]:
    bands = {}
    for rule in SEAM_RULES:
        values = np.array([row[rule.name] for row in measured])
        values = values[np.isfinite(values)]
        if len(values) >= MIN_BAR_LINES:
            levels = (float(f"{level:.4g}") for level in np.percentile(values, PERCENTILES))
            bands[rule.name] = Band._make([*levels, len(values)])
    return bands


def _score(rule: Rule, value: float, groups: tuple[str, ...], bands: Bands) -> Score:
    group, band = find_band(bands, groups, rule)
    low, high = low_edge(band, rule), band.p90
    words = f"{rule.label}: {value:.2g} {rule.unit}; at bar lines of real {plural_of_group(group)}"
    return Score(
        name=rule.name,
        family=rule.family,
        value=value,
        unit=rule.unit,
        low=low,
        high=high,
        penalty=penalty(value, band, rule),
        weight=rule.weight if math.isfinite(value) else 0.0,
        source=rule.source,
        reason=f"{words} {low:.2g} to {high:.2g}" if math.isfinite(value) else "",
    )


def _weight_of(scores: Iterable[Score]) -> float:
    return sum(one.weight for one in scores if math.isfinite(one.value))


# --- the measures: texture, index of the bar after the line -> value ------------------------------


def harmony_distance(texture: Texture, bar: int) -> float:
    """Return how far the harmony moves over the line: between the pulses on its two sides.

    Both are points in the space of fifths and thirds, the mean of their pitch classes.
    """
    at, pulse = _step_of(texture, bar), _pulse_steps(texture, bar)
    before, after = (
        texture.sounding[:, max(0, at - pulse) : at],
        texture.sounding[:, at : at + pulse],
    )
    if not before.any() or not after.any():
        return math.nan
    return float(np.linalg.norm(_tonal_centroid(before) - _tonal_centroid(after)))


def voice_motion(texture: Texture, bar: int) -> float:
    """Return how far the parts' lines move over the line in the mean, in semitones."""
    jumps = _jumps(texture, bar)
    return float(jumps.mean()) if len(jumps) else math.nan


def widest_jump(texture: Texture, bar: int) -> float:
    """Return the widest step of a part's line over the line, in semitones."""
    jumps = _jumps(texture, bar)
    return float(jumps.max()) if len(jumps) else math.nan


def texture_change(texture: Texture, bar: int) -> float:
    """Return by how many parts the bar after the line is fuller or thinner than the one before."""
    sounds = texture.highest != SILENT
    before, after = (sounds[:, steps].mean(axis=1).sum() for steps in _two_bars(texture, bar))
    return float(abs(after - before))


def density_change(texture: Texture, bar: int) -> float:
    """Return by what factor the notes of a bar become more or fewer, in octaves (log2)."""
    before, after = (float((texture.note_bars == one).sum()) for one in (bar - 1, bar))
    return abs(math.log2((after + 1.0) / (before + 1.0)))


def resting_parts(texture: Texture, bar: int) -> float:
    """Return the share of the parts that rest on the first sixteenth of the bar."""
    return float((texture.highest[:, _step_of(texture, bar)] == SILENT).mean())


def held_parts(texture: Texture, bar: int) -> float:
    """Return the share of the parts that hold a note over the line."""
    line = texture.bar_onsets[bar]
    holds = (texture.onsets < line - 1e-6) & (texture.onsets + texture.durations > line + 1e-6)
    return len(np.unique(texture.parts[holds])) / texture.n_parts


def familiar_rhythm(texture: Texture, bar: int) -> float:
    """Return how like the rhythm of the bar is to the likest of the four bars before (Jaccard)."""
    rhythms = [
        frozenset(code >> _PITCH_AND_LENGTH_BITS for code in content)
        for content in texture.bar_contents[max(0, bar - RHYTHM_BARS) : bar + 1]
    ]
    likeness = [_likeness(rhythms[-1], earlier) for earlier in rhythms[:-1] if earlier]
    return max(likeness) if likeness and rhythms[-1] else math.nan


def _restart(texture: Texture, bar: int, opening: Contents) -> float:
    """Return how like the bars after the line are to the opening of the piece (Jaccard)."""
    after = texture.bar_contents[bar : bar + len(opening)]
    pairs = [(a, b) for a, b in zip(opening, after, strict=False) if a and b]
    return sum(_likeness(a, b) for a, b in pairs) / len(pairs) if pairs else math.nan


def _likeness(a: frozenset[int], b: frozenset[int]) -> float:
    return len(a & b) / len(a | b)


def _tonal_centroid(sounding: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return where pitch classes [12, T] lie on the three circles, [6]."""
    chroma = sounding.sum(axis=1) / sounding.sum()
    angles = [(math.pi * turn * _PITCH_CLASSES, radius) for turn, radius in _CIRCLES]
    axes = [radius * wave(angle) for angle, radius in angles for wave in (np.sin, np.cos)]
    return np.asarray(np.array(axes) @ chroma)


def _jumps(texture: Texture, bar: int) -> npt.NDArray[np.float64]:
    """Return how far every part that sounds in both bars goes over the line, semitones."""
    before, after = _two_bars(texture, bar)
    steps = [
        abs(_first(line[after]) - _first(line[before][::-1]))
        for line in texture.lines
        if (line[before] != SILENT).any() and (line[after] != SILENT).any()
    ]
    return np.array(steps, np.float64)


def _first(line: IntArray) -> int:
    """Return the first pitch of a line that sounds."""
    return int(line[line != SILENT][0])


def _two_bars(texture: Texture, bar: int) -> tuple[slice, slice]:
    """Return the sixteenths of the bar before the line and of the one after it."""
    first, line, end = texture.steps_of(texture.bar_onsets[bar - 1 : bar + 2]).tolist()
    if bar + 2 == len(texture.bar_onsets):
        end = texture.n_steps
    # A bar may be shorter than a sixteenth.
    return slice(first, max(first + 1, line)), slice(line, max(line + 1, end))


def _step_of(texture: Texture, bar: int) -> int:
    return int(texture.steps_of(texture.bar_onsets[bar : bar + 1])[0])


def _pulse_steps(texture: Texture, bar: int) -> int:
    return max(1, int(texture.piece.bars[bar].meter.pulse_beats * STEPS_PER_QUARTER))


_MEASURES: dict[str, Callable[[Texture, int], float]] = {
    find.__name__: find
    for find in (
        harmony_distance,
        voice_motion,
        widest_jump,
        texture_change,
        density_change,
        resting_parts,
        held_parts,
        familiar_rhythm,
    )
}


def _rule(
    name: str,
    label: str,
    unit: str,
    sides: Literal["high", "low", "both"],
    weight: float,
    least_spread: float,
    source: str,
) -> Rule:
    return Rule(
        name=name,
        family=FAMILY,
        label=label,
        unit=unit,
        source=source,
        weight=weight,
        sides=sides,
        least_spread=least_spread,
        measure=None,
    )


_PROXIMITY = f"{HURON_2001}, on pitch proximity"
_TEXTURE = f"{BERRY}, p. 184, on texture"
_GROUPING = f"{LERDAHL_JACKENDOFF}, pp. 36-67, on rests and changes between groups"
SEAM_RULES = (
    _rule("harmony_distance", "step of the harmony", "of 3", "high", 2.0, 0.1, HARTE),
    _rule("voice_motion", "mean step of the parts", "semitones", "high", 2.0, 1.0, _PROXIMITY),
    _rule("widest_jump", "widest step of a part", "semitones", "high", 1.0, 2.0, _PROXIMITY),
    _rule("texture_change", "parts more or fewer", "parts", "high", 1.0, 0.25, _TEXTURE),
    _rule("density_change", "notes more or fewer", "octaves", "high", 1.0, 0.25, _GROUPING),
    _rule("resting_parts", "resting parts", "share of the parts", "high", 1.0, 0.25, _GROUPING),
    _rule("held_parts", "notes held over", "share of the parts", "both", 1.0, 0.25, _GROUPING),
    _rule("familiar_rhythm", "likeness to rhythms before", "of 1", "low", 1.0, 0.1, FOOTE),
    _rule("restart", "likeness to the opening", "of 1", "high", 2.0, 0.1, FOOTE),
)  # fmt: skip
