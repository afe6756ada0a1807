"""How the lines run: steps and repeats, contour and climax, and motifs that come back.

Contour, climax and compass are asked of the highest line, because that is what is heard as the
tune; intervals and motifs of all lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

import numpy as np

from composer.scoring.phrases import phrase_starts
from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.sources import (
    AGAWU,
    CONKLIN_ANAGNOSTOPOULOU,
    HURON_2001,
    HURON_ARCH,
    TEMPERLEY_MELODY,
    VON_HIPPEL_HURON,
    VOS_TROOST,
    YOUNGBLOOD,
)
from composer.scoring.texture import SILENT, IntArray, Melody, Texture
from composer.scoring.tonality import entropy_bits
from composer.scoring.voice_leading.singing import end_to_end

FAMILY = "melody"
STEP, FIFTH, OCTAVE = 2, 7, 12
LEAST_NOTES = 4
# A motif is three moves, by size class and time to the next note; lengths beyond two bars of 4/4
# are one.
MOTIF_MOVES = 3
_POSITIONS = 24
_MAX_GAP = 8 * _POSITIONS
# Semitones up or down -> repeat, step, third, leap: so a motif is known on other degrees, too.
_SIZE_CLASSES = np.array([0, 1, 1, 2, 2, 3])
_MAX_INTERVAL = 127


def _moves(texture: Texture) -> IntArray:
    """Return the intervals of all lines in a row, rests of a beat left out, in semitones."""
    lines = texture.once(end_to_end)
    return np.asarray(np.diff(lines.pitches)[lines.is_joined])


def _move_notes(texture: Texture) -> IntArray:
    """Return the note that every one of `_moves` starts from, as rows of the table of notes."""
    lines = texture.once(end_to_end)
    return np.asarray(lines.indices[:-1][lines.is_joined])


def repeated_notes(texture: Texture) -> Measure:
    """Return the share of moves that stay on the pitch."""
    moves = texture.once(_moves)
    return Measure(share(int((moves == 0).sum()), len(moves)))


def steps(texture: Texture) -> Measure:
    """Return the share of steps among the moves that leave the pitch."""
    sizes = np.abs(texture.once(_moves))
    return Measure(share(int(((sizes > 0) & (sizes <= STEP)).sum()), int((sizes > 0).sum())))


def wide_leaps(texture: Texture) -> Measure:
    """Return the share of moves that are wider than a fifth."""
    sizes = np.abs(texture.once(_moves))
    return Measure(share(int((sizes > FIFTH).sum()), len(sizes)))


def turns(texture: Texture) -> Measure:
    """Return the share of moves after which a line turns round, repeated notes left out."""
    moves = texture.once(_moves)
    goes = moves != 0
    directions, parts = np.sign(moves[goes]), texture.parts[texture.once(_move_notes)][goes]
    follows = parts[1:] == parts[:-1]
    n_turns = int((follows & (directions[1:] != directions[:-1])).sum())
    return Measure(share(n_turns, int(follows.sum())))


def interval_entropy(texture: Texture) -> Measure:
    """Return the entropy of melodic intervals, averaged over windows of bars."""
    codes = texture.once(_moves) + _MAX_INTERVAL
    bars = texture.note_bars[texture.once(_move_notes)]
    entropies = []
    for first, end in texture.bar_windows():
        inside = codes[(bars >= first) & (bars < end)]
        if len(inside):
            entropies.append(entropy_bits(np.bincount(inside).astype(np.float64)))
    return Measure(fmean(entropies)) if entropies else NOTHING


def bar_line_jumps(texture: Texture) -> Measure:
    """Return how wide moves over a bar line are, on average, beside moves within a bar.

    1 where lines run on as if there were no bar line. Moves over an octave count as one.
    """
    lines = texture.once(end_to_end)
    sizes = np.minimum(np.abs(texture.once(_moves)), OCTAVE)
    crosses = np.diff(texture.note_bars[lines.indices])[lines.is_joined] == 1
    if not crosses.any() or not sizes[~crosses].any():
        return NOTHING
    return Measure(float(sizes[crosses].mean() / sizes[~crosses].mean()))


def melodic_arch(texture: Texture) -> Measure:
    """Return the share of phrases of the tune that rise and fall.

    As Huron counts it, an arch's notes between the first and the last are higher, on average, than
    either.
    """
    n_arches, n_phrases = 0, 0
    for melody in texture.melodies[:1]:
        starts = texture.once(phrase_starts).tolist()
        for start, end in zip(starts, [*starts[1:], len(melody.pitches)], strict=True):
            if end - start >= LEAST_NOTES:
                middle = melody.pitches[start + 1 : end - 1].mean()
                n_arches += bool(middle > max(melody.pitches[start], melody.pitches[end - 1]))
                n_phrases += 1
    return Measure(share(n_arches, n_phrases))


def _tune_windows(texture: Texture) -> Iterator[tuple[Melody, slice, float, float]]:
    """Yield the tune's notes in every window of bars, with begin and end of the window, quarters.

    Windows with fewer than `LEAST_NOTES` notes have no contour.
    """
    for melody in texture.melodies[:1]:
        for first, end in texture.bar_windows():
            window = texture.bar_onsets[first], texture.bar_onsets[end]
            low, high = np.searchsorted(melody.onsets + 1e-6, window).tolist()
            if high - low >= LEAST_NOTES:
                yield melody, slice(low, high), float(window[0]), float(window[1])


def climax_once(texture: Texture) -> Measure:
    """Return one over how often the tune reaches its highest note, averaged over windows of bars.

    A note that is repeated at once is reached once. The places are the climaxes.
    """
    shares, places = [], []
    for melody, notes, _, _ in _tune_windows(texture):
        pitches = melody.pitches[notes]
        is_top = pitches == pitches.max()
        is_reached = is_top & np.append(True, ~is_top[:-1])
        shares.append(1.0 / int(is_reached.sum()))
        onset = melody.onsets[notes][int(is_top.argmax())]
        words = f"the tune's highest, {texture.names(int(pitches.max()))}"
        places.append(texture.place(onset, (melody.part,), words))
    return Measure(fmean(shares), tuple(places[:MAX_PLACES])) if shares else NOTHING


def climax_place(texture: Texture) -> Measure:
    """Return where the tune first reaches its highest note, 0..1 of a window of bars, averaged."""
    found = []
    for melody, notes, start, end in _tune_windows(texture):
        onset = melody.onsets[notes][int(melody.pitches[notes].argmax())]
        found.append((onset - start) / (end - start))
    return Measure(float(fmean(found))) if found else NOTHING


def tune_range(texture: Texture) -> Measure:
    """Return the compass of the tune in semitones, averaged over windows of bars."""
    ranges = [int(np.ptp(melody.pitches[notes])) for melody, notes, _, _ in _tune_windows(texture)]
    return Measure(fmean(ranges)) if ranges else NOTHING


def bass_range(texture: Texture) -> Measure:
    """Return the compass of what sounds lowest, in semitones, averaged over windows of bars."""
    edges, ranges = texture.steps_of(texture.bar_onsets), []
    for first, end in texture.bar_windows():
        bass = texture.bass[edges[first] : edges[end] + 1]
        bass = bass[bass != SILENT]
        if len(bass):
            ranges.append(int(np.ptp(bass)))
    return Measure(fmean(ranges)) if ranges else NOTHING


def motif_recall(texture: Texture) -> Measure:
    """Return the share of motifs that have been heard before, averaged over windows of bars.

    A motif is four notes of any line: the size of every interval (repeat, step, third, leap; up or
    down) and the time between the notes, so that sequences and imitations count as recall.
    """
    lines = texture.once(end_to_end)
    codes = _motifs(lines)
    firsts, lasts = lines.indices[: len(codes)], lines.indices[MOTIF_MOVES:]
    is_of_one_line = texture.parts[firsts] == texture.parts[lasts]
    codes, bars = codes[is_of_one_line], texture.note_bars[firsts[is_of_one_line]]
    shares = []
    for first, end in texture.bar_windows():
        inside = codes[(bars >= first) & (bars < end)]
        if len(inside):
            shares.append(1.0 - len(np.unique(inside)) / len(inside))
    return Measure(fmean(shares)) if shares else NOTHING


def _motifs(lines: Melody) -> IntArray:
    """Return a code for every stretch of `MOTIF_MOVES` moves."""
    intervals = np.diff(lines.pitches)
    sizes = _SIZE_CLASSES[np.minimum(np.abs(intervals), len(_SIZE_CLASSES) - 1)]
    gaps = np.rint(np.diff(lines.onsets) * _POSITIONS).astype(np.int64)
    moves = (np.clip(gaps, 0, _MAX_GAP) << 3) + np.sign(intervals) * sizes + 3
    codes = np.zeros(max(0, len(moves) - MOTIF_MOVES + 1), np.int64)
    for i in range(MOTIF_MOVES):
        codes = (codes << 12) + moves[i : i + len(codes)]
    return codes


MELODY_RULES = (
    Rule(
        name="repeated_notes",
        family=FAMILY,
        label="repeated notes",
        unit="share of the moves",
        source=f"{TEMPERLEY_MELODY}, on pitch proximity",
        weight=0.5,
        sides="both",
        least_spread=0.05,
        measure=repeated_notes,
    ),
    Rule(
        name="steps",
        family=FAMILY,
        label="steps",
        unit="share of the melodic intervals",
        source=VOS_TROOST,
        weight=0.5,
        sides="both",
        least_spread=0.05,
        measure=steps,
    ),
    Rule(
        name="wide_leaps",
        family=FAMILY,
        label="leaps above a fifth",
        unit="share of the moves",
        source=VOS_TROOST,
        weight=0.2,
        sides="both",
        least_spread=0.03,
        measure=wide_leaps,
    ),
    Rule(
        name="turns",
        family=FAMILY,
        label="turns of direction",
        unit="share of the melodic intervals",
        source=VON_HIPPEL_HURON,
        weight=0.5,
        sides="both",
        least_spread=0.05,
        measure=turns,
    ),
    Rule(
        name="interval_entropy",
        family=FAMILY,
        label="variety of melodic intervals",
        unit="bits",
        source=YOUNGBLOOD,
        weight=0.5,
        sides="both",
        least_spread=0.2,
        measure=interval_entropy,
    ),
    Rule(
        name="bar_line_jumps",
        family=FAMILY,
        label="moves over bar lines beside moves within bars",
        unit="times as wide",
        source=f"{HURON_2001}, on pitch proximity",
        weight=0.5,
        sides="high",
        least_spread=0.2,
        measure=bar_line_jumps,
    ),
    Rule(
        name="melodic_arch",
        family=FAMILY,
        label="arched phrases",
        unit="share of the phrases",
        source=HURON_ARCH,
        weight=0.3,
        sides="low",
        least_spread=0.2,
        measure=melodic_arch,
    ),
    Rule(
        name="climax_once",
        family=FAMILY,
        label="single climax of the tune",
        unit="of 1",
        source=AGAWU,
        weight=0.3,
        sides="low",
        least_spread=0.2,
        measure=climax_once,
    ),
    Rule(
        name="climax_place",
        family=FAMILY,
        label="place of the tune's climax",
        unit="share of the way",
        source=AGAWU,
        weight=0.2,
        sides="both",
        least_spread=0.4,
        measure=climax_place,
    ),
    Rule(
        name="tune_range",
        family=FAMILY,
        label="compass of the tune",
        unit="semitones",
        source=f"{TEMPERLEY_MELODY}, on the range of a melody",
        weight=0.5,
        sides="both",
        least_spread=3.0,
        measure=tune_range,
    ),
    Rule(
        name="bass_range",
        family=FAMILY,
        label="compass of the bass",
        unit="semitones",
        source=f"{HURON_2001}, on pitch proximity",
        weight=0.2,
        sides="both",
        least_spread=3.0,
        measure=bass_range,
    ),
    Rule(
        name="motif_recall",
        family=FAMILY,
        label="motifs heard before",
        unit="share of the motifs",
        source=CONKLIN_ANAGNOSTOPOULOU,
        weight=0.5,
        sides="both",
        least_spread=0.1,
        measure=motif_recall,
    ),
)
