"""Taps of a listener, and moments at which notes begin -> beats and bar lines. Knows no sound.

Every tap is a beat. A hand is late and early by some hundredths of a second, so that a tap is moved
to where the taps around it say it should be, and beats go on at the same pace before the first tap
and behind the last. What is left to find is the meter and the place of the first beat in its bar:
those are taken under which notes begin where `profiles` knows that they do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.errors import OptionError, RequestError
from composer.theory import Meter
from composer.transcription.bars import features_of, load_first_beats, support
from composer.transcription.grid import Grid, odds_of, profiles_for
from composer.transcription.profiles import SLOTS, Floats, Onsets, Profile

Notes = tuple[Floats, Floats]
Hypothesis = tuple[float, Profile, int]  # how likely, what is known of the meter, first place

MIN_TAPS = 4
MAX_TAPS = 4_000
TAP_RANGE_S = (0.15, 3.0)  # from one tap to the next
_AROUND = 4  # taps to either side that say where a tap should be
_SPREAD = 0.05  # of a beat: how far notes lie from where they are written
_STRAY = 0.04  # notes a beat that belong nowhere


def check_taps(taps_s: Sequence[float]) -> None:
    """Refuse taps that are no row of beats.

    Raises:
        OptionError: If there are too few or too many, or they do not rise at the pace of beats.
    """
    if not MIN_TAPS <= len(taps_s) <= MAX_TAPS:
        raise OptionError(f"`taps` must be {MIN_TAPS} to {MAX_TAPS} moments, got {len(taps_s)}")
    low, high = TAP_RANGE_S
    gaps = np.diff(np.asarray(taps_s, dtype=np.float64))
    if not (np.isfinite(gaps).all() and (gaps >= low).all() and (gaps <= high).all()):
        raise OptionError(f"`taps` must follow each other within {low:g} to {high:g} seconds")
    if taps_s[0] < 0:
        raise OptionError("`taps` must not be negative: seconds from the begin of the recording")


def grid_of_taps(
    onsets: Onsets,
    notes: Notes,
    taps_s: Sequence[float],
    *,
    is_line: bool,
    meter: Meter | None = None,
    first_bar_s: float | None = None,
) -> Grid:
    """Find meter and bar lines under beats that were tapped.

    Args:
        onsets: In seconds; at least one.
        notes: When every note begins, in seconds, and its pitch.
        taps_s: A moment for every beat, as `check_taps` has it.
        is_line: Whether the music is a single line.
        meter: If it is known; its beats are what was tapped.
        first_bar_s: When a bar begins, if that is known: the tap that is nearest to it.

    Raises:
        RequestError: If there are no notes.
    """
    if not len(onsets.times):
        raise RequestError("no notes were found in the recording")
    beats_s = _around(_smoothed(np.asarray(taps_s, dtype=np.float64)), onsets.times)
    return grid_on(onsets, notes, beats_s, is_line=is_line, meter=meter, first_bar_s=first_bar_s)


def grid_on(
    onsets: Onsets,
    notes: Notes,
    beats_s: Floats,
    *,
    is_line: bool,
    meter: Meter | None = None,
    first_bar_s: float | None = None,
) -> Grid:
    """Find meter and bar lines under beats that hold all notes; arguments as of `grid_of_taps`."""
    known = None if first_bar_s is None else int(np.abs(beats_s - first_bar_s).argmin())
    found = [
        one
        for one in hypotheses(onsets, beats_s, is_line=is_line, meter=meter)
        if known is None or (one[2] + known) % one[1].n_beats == 0
    ]
    if is_line:
        found = [(score + usual(one, place), one, place) for score, one, place in found]
    else:
        found = _with_first_beats(found, notes, beats_s)
    best, profile, place = max(found, key=lambda one: one[0])
    others = [score for score, one, _ in found if one.meter != profile.meter]
    lead = best - max(others, default=-np.inf)
    return Grid(profile.meter, beats_s, place, 1 / (1 + float(np.exp(-min(lead, 700.0)))))


def hypotheses(
    onsets: Onsets, beats_s: Floats, *, is_line: bool, meter: Meter | None = None
) -> list[Hypothesis]:
    """Return meters and places of the first beat, with how likely the onsets are under them."""
    return [
        (_likelihood(onsets, beats_s, profile, place), profile, place)
        for profile in profiles_for(meter, is_line=is_line)
        for place in range(profile.n_beats)
    ]


def _with_first_beats(
    found: Sequence[Hypothesis], notes: Notes, beats_s: Floats
) -> list[Hypothesis]:
    """Return hypotheses with what the beats themselves say of first ones."""
    learned = load_first_beats()
    times, pitches = notes
    beats = Grid(found[0][1].meter, beats_s, 0, 1.0).beats_at(times)
    features = features_of(beats, pitches, len(beats_s) - 1)
    return [
        (
            learned.profiles * score
            + learned.usual * usual(one, place)
            + support(features, learned, one.n_beats, place),
            *(one, place),
        )
        for score, one, place in found
    ]


def _smoothed(taps_s: Floats) -> Floats:
    """Return every tap where a straight line through the taps around it has it."""
    numbers = np.arange(len(taps_s))
    found = np.empty_like(taps_s)
    for n in numbers:
        near = slice(max(0, n - _AROUND), n + _AROUND + 1)
        found[n] = np.polyfit(numbers[near] - n, taps_s[near], 1)[1]
    # Taps that were missed or doubled bend the line, and beats must rise.
    return np.asarray(np.maximum.accumulate(found + 1e-6 * numbers))


def _around(beats_s: Floats, onsets_s: Floats) -> Floats:
    """Return the beats with as many before and behind as hold all notes, one more behind."""
    first_s, last_s = beats_s[1] - beats_s[0], beats_s[-1] - beats_s[-2]
    n_before = max(0, int(np.ceil((beats_s[0] - onsets_s[0]) / first_s - _SPREAD)))
    n_behind = max(0, int(np.floor((onsets_s[-1] - beats_s[-1]) / last_s + _SPREAD)) + 1)
    before = beats_s[0] - first_s * np.arange(n_before, 0, -1)
    behind = beats_s[-1] + last_s * np.arange(1, n_behind + 1)
    found: Floats = np.concatenate([before, beats_s, behind])
    # Beats before the first note and behind the last one, beyond one, say nothing.
    begin = max(0, int(np.searchsorted(found, onsets_s[0] + _SPREAD * first_s, "right")) - 1)
    end = int(np.searchsorted(found, onsets_s[-1] + _SPREAD * last_s, "right")) + 1
    return found[begin : max(end, begin + 3)]


def _likelihood(onsets: Onsets, beats_s: Floats, profile: Profile, first: int) -> float:
    """Return how well a meter with its first beat at a place explains where notes begin."""
    lengths = np.diff(beats_s)
    beats = np.clip(np.searchsorted(beats_s, onsets.times, "right") - 1, 0, len(lengths) - 1)
    phases = (onsets.times - beats_s[beats]) / lengths[beats]
    slots = np.array([*SLOTS[profile.is_compound], 1.0])
    near = np.exp(-0.5 * ((phases[:, None] - slots) / _SPREAD) ** 2) / _SPREAD
    classes = onsets.classes(float(np.median(lengths)))
    places = (beats + first) % profile.n_beats
    odds = np.stack([odds_of(profile, place) for place in range(profile.n_beats)])
    heard = (near * odds[places, :, classes]).sum(1) + _STRAY
    silence = np.log(1 - profile.rates).sum(1)
    every = (np.arange(len(lengths)) + first) % profile.n_beats
    return float(np.log(heard).sum() + silence[every].sum())


def usual(profile: Profile, first: int) -> float:
    """Return how usual a meter and a place of the first beat are, as a log probability."""
    return float(np.log(profile.share) + np.log(profile.begins[first]))
