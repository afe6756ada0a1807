"""How every voice moves by itself: leaps and what follows them, chromatic notes, range.

A voice is a line of `Texture`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.sources import (
    BHARUCHA,
    FUX,
    HURON_2001,
    LEHMANN,
    RIMSKY_KORSAKOV,
    VON_HIPPEL_HURON,
)
from composer.scoring.texture import BoolArray, IntArray, Melody, Texture

FAMILY = "voice leading"
OCTAVE, STEP, LEAP, SEVENTH = 12, 2, 5, 10
# Tritone and sevenths, up or down; anything wider than an octave is as hard to sing.
AWKWARD = (6, 10, 11)
# A register is extreme in the outer fifth of an instrument's range, at either end.
EXTREME = 0.2


def end_to_end(texture: Texture) -> Melody:
    """Return all lines in a row, as one that is not joined where a line ends."""
    lines = texture.melodies
    if not lines:
        nothing = np.zeros(0, dtype=np.int64)
        return Melody(0, nothing.astype(np.float64), nothing, nothing.astype(np.bool_), nothing)
    joined = [part for line in lines for part in (line.is_joined, np.zeros(1, dtype=np.bool_))]
    return Melody(
        part=0,
        onsets=np.concatenate([line.onsets for line in lines]),
        pitches=np.concatenate([line.pitches for line in lines]),
        is_joined=np.concatenate(joined)[:-1],
        indices=np.concatenate([line.indices for line in lines]),
    )


def _line_intervals(texture: Texture) -> list[IntArray]:
    """Return the melodic intervals of every line, repeated notes and long rests left out."""
    intervals = (np.diff(melody.pitches)[melody.is_joined] for melody in texture.melodies)
    return [line[line != 0] for line in intervals]


def leaps(texture: Texture) -> Measure:
    """Return the share of melodic intervals that are a fourth or wider."""
    lines = texture.once(_line_intervals)
    n_leaps = sum(int((np.abs(line) >= LEAP).sum()) for line in lines)
    return Measure(share(n_leaps, sum(len(line) for line in lines)))


def leap_recovery(texture: Texture) -> Measure:
    """Return the share of leaps after which the line turns back."""
    turned, n_leaps = 0, 0
    for line in texture.once(_line_intervals):
        is_leap = np.abs(line[:-1]) >= LEAP
        n_leaps += int(is_leap.sum())
        turned += int((is_leap & (line[:-1] * line[1:] < 0)).sum())
    return Measure(share(turned, n_leaps))


def _count_moves(
    texture: Texture, is_wrong: Callable[[IntArray], BoolArray], length: int = 2
) -> Measure:
    """Count wrong moves of lines from note to note, rests of a beat left out.

    Args:
        texture: The piece.
        is_wrong: Pitches of a line [n] to a judgement of every move [n - length + 1].
        length: How many notes make a move.
    """
    line = texture.once(end_to_end)
    if len(line.pitches) < length:
        return NOTHING
    joined = line.is_joined
    for later in range(1, length - 1):
        joined = joined[:-1] & line.is_joined[later:]
    wrong = np.flatnonzero(joined & is_wrong(line.pitches))
    n_intervals = int((line.is_joined & (np.diff(line.pitches) != 0)).sum())
    parts = texture.parts[line.indices]
    places = []
    for i in wrong[np.argsort(line.onsets[wrong], kind="stable")][:MAX_PLACES].tolist():
        note = " to ".join(texture.names(pitch) for pitch in line.pitches[i : i + length])
        places.append(texture.place(line.onsets[i], (int(parts[i]),), note))
    return Measure(share(100.0 * len(wrong), n_intervals), tuple(places))


def awkward_leaps(texture: Texture) -> Measure:
    """Count tritones, sevenths, intervals over an octave and the augmented second of minor."""
    key = texture.piece.key

    def is_awkward(pitches: IntArray) -> BoolArray:
        sizes = np.abs(np.diff(pitches))
        degrees = (pitches - key.tonic_pitch_class) % OCTAVE
        is_sixth_to_seventh = (degrees[:-1] + degrees[1:] == 8 + 11) & (sizes == 3)
        wrong = (sizes == AWKWARD[0]) | ((sizes >= AWKWARD[1]) & (sizes != OCTAVE))
        return np.asarray(wrong | (is_sixth_to_seventh & (key.mode == "minor")))

    return _count_moves(texture, is_awkward)


def unbroken_leaps(texture: Texture) -> Measure:
    """Count two skips in one direction that together span a seventh, or more than an octave."""

    def is_unbroken(pitches: IntArray) -> BoolArray:
        first, second = np.diff(pitches)[:-1], np.diff(pitches)[1:]
        skips = (np.abs(first) > STEP) & (np.abs(second) > STEP) & (first * second > 0)
        span = np.abs(first + second)
        return np.asarray(skips & (span >= SEVENTH) & (span != OCTAVE))

    return _count_moves(texture, is_unbroken, length=3)


def stray_chromatics(texture: Texture) -> Measure:
    """Count notes outside the scale that are left by a leap instead of a step."""
    in_scale = np.zeros(OCTAVE, dtype=np.bool_)
    in_scale[sorted(texture.piece.key.scale)] = True

    def is_stray(pitches: IntArray) -> BoolArray:
        is_chromatic = ~in_scale[pitches[:-1] % OCTAVE]
        return np.asarray(is_chromatic & (np.abs(np.diff(pitches)) > STEP))

    return _count_moves(texture, is_stray)


def _ranges(texture: Texture) -> tuple[IntArray, IntArray]:
    """Return the lowest and the highest pitch of every note's instrument [N]."""
    instruments = [part.instrument for part in texture.piece.parts]
    low = np.array([instrument.low for instrument in instruments])
    high = np.array([instrument.high for instrument in instruments])
    return low[texture.parts], high[texture.parts]


def out_of_range(texture: Texture) -> Measure:
    """Return the share of notes that the instrument does not have. Depends on the octave."""
    low, high = texture.once(_ranges)
    wrong = np.flatnonzero((texture.pitches < low) | (texture.pitches > high)).tolist()
    places = []
    for index in wrong[:MAX_PLACES]:
        part = int(texture.parts[index])
        name = texture.piece.parts[part].instrument.name
        note = f"{texture.names(texture.pitches[index])} for {name}"
        places.append(texture.place(texture.onsets[index], (part,), note))
    return Measure(share(len(wrong), texture.n_notes), tuple(places))


def extreme_registers(texture: Texture) -> Measure:
    """Return how much of all notes' time lies in the outer fifths of the instruments' ranges.

    Depends on the octave.
    """
    if not texture.n_notes:
        return NOTHING
    low, high = texture.once(_ranges)
    height = (texture.pitches - low) / np.maximum(high - low, 1)
    is_extreme = (height < EXTREME) | (height > 1 - EXTREME)
    return Measure(share(float(texture.durations @ is_extreme), float(texture.durations.sum())))


SINGING_RULES = (
    Rule(
        name="leaps",
        family=FAMILY,
        label="leaps of a fourth or more",
        unit="share of the melodic intervals",
        source=f"{HURON_2001}, on pitch proximity",
        weight=1.0,
        sides="both",
        least_spread=0.05,
        measure=leaps,
    ),
    Rule(
        name="leap_recovery",
        family=FAMILY,
        label="leaps that turn back",
        unit="share of the leaps",
        source=VON_HIPPEL_HURON,
        weight=0.5,
        sides="low",
        least_spread=0.1,
        measure=leap_recovery,
    ),
    Rule(
        name="awkward_leaps",
        family=FAMILY,
        label="awkward leaps",
        label_of_one="awkward leap",
        unit="per 100 melodic intervals",
        source=f"{FUX}, pp. 27-40, first species, on the leaps of a line",
        weight=1.5,
        sides="high",
        least_spread=1.0,
        measure=awkward_leaps,
        is_fault=True,
    ),
    Rule(
        name="unbroken_leaps",
        family=FAMILY,
        label="double leaps over a seventh or more",
        label_of_one="double leap over a seventh or more",
        unit="per 100 melodic intervals",
        source=f"{LEHMANN}, pp. 3-5, on successive skips in one direction",
        weight=0.5,
        sides="high",
        least_spread=0.5,
        measure=unbroken_leaps,
        is_fault=True,
    ),
    Rule(
        name="stray_chromatics",
        family=FAMILY,
        label="chromatic notes left by leap",
        label_of_one="chromatic note left by leap",
        unit="per 100 melodic intervals",
        source=f"{BHARUCHA}, on notes foreign to the key",
        weight=1.5,
        sides="high",
        least_spread=0.5,
        measure=stray_chromatics,
        is_fault=True,
    ),
    Rule(
        name="out_of_range",
        family=FAMILY,
        label="notes out of the instrument's range",
        unit="share of the notes",
        source=f"{RIMSKY_KORSAKOV}, pp. 6-32, on ranges",
        weight=1.5,
        sides="high",
        least_spread=0.01,
        measure=out_of_range,
        is_fault=True,
    ),
    Rule(
        name="extreme_registers",
        family=FAMILY,
        label="extreme registers",
        unit="share of the notes' time",
        source=f"{RIMSKY_KORSAKOV}, pp. 6-32, on registers",
        weight=0.5,
        sides="high",
        least_spread=0.05,
        measure=extreme_registers,
    ),
)
