"""How the voices move, each by itself and against the others. A voice is a line of `Texture`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import combinations, pairwise, permutations

import numpy as np

from composer.scorecard import Place
from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, per_hundred, share
from composer.scoring.texture import SILENT, BoolArray, IntArray, Melody, Texture
from composer.theory import pitch_name

FAMILY = "voice leading"
OCTAVE, FIFTH, STEP, LEAP = 12, 7, 2, 5
# Tritone and sevenths, up or down; anything wider than an octave is as hard to sing.
AWKWARD = (6, 10, 11)


_spell = lru_cache(maxsize=4096)(pitch_name)


def _names(texture: Texture, *pitches: int) -> str:
    return "/".join(_spell(int(pitch), texture.piece.key) for pitch in pitches)


def _motion_note(texture: Texture, parts: tuple[int, int], step: int) -> str:
    """Spell two chords of two voices: `A4/D4 to G4/C4`."""
    before, after = texture.lines[list(parts), step - 1], texture.lines[list(parts), step]
    return f"{_names(texture, *before)} to {_names(texture, *after)}"


def _moves_together(upper: IntArray, lower: IntArray) -> BoolArray:
    """Tell for neighbouring sixteenths whether both voices move in the same direction [T - 1]."""
    sings = (upper != SILENT) & (lower != SILENT)
    same_way = np.sign(np.diff(upper)) * np.sign(np.diff(lower)) == 1
    return np.asarray(same_way & sings[1:] & sings[:-1])


def _parallels(texture: Texture, interval: int) -> list[Place]:
    """Find parallels of an interval (modulo the octave) between all pairs of voices."""
    places = []
    for i, j in combinations(range(texture.n_parts), 2):
        upper, lower = texture.lines[i], texture.lines[j]
        is_perfect = np.abs(upper - lower) % OCTAVE == interval
        found = _moves_together(upper, lower) & is_perfect[:-1] & is_perfect[1:]
        for step in (np.flatnonzero(found) + 1).tolist():
            places.append(texture.place_of_step(step, (i, j), _motion_note(texture, (i, j), step)))
    return places


def parallel_fifths(texture: Texture) -> Measure:
    """Count pairs of voices that move in the same direction from a fifth to a fifth."""
    return per_hundred(_parallels(texture, FIFTH), texture.n_notes)


def parallel_octaves(texture: Texture) -> Measure:
    """Count pairs of voices that move in the same direction from octave to octave, or unison."""
    return per_hundred(_parallels(texture, 0), texture.n_notes)


def direct_perfects(texture: Texture) -> Measure:
    """Count fifths and octaves of the outer voices reached in one direction, the upper leaping."""
    upper, lower = texture.lines[0], texture.lines[-1]
    if texture.n_parts < 2:
        return NOTHING
    interval = np.abs(upper - lower) % OCTAVE
    is_perfect = (interval == 0) | (interval == FIFTH)
    is_new = is_perfect[1:] & (interval[1:] != interval[:-1])
    found = _moves_together(upper, lower) & is_new & (np.abs(np.diff(upper)) > STEP)
    pair = (0, texture.n_parts - 1)
    steps = (np.flatnonzero(found) + 1).tolist()
    places = [texture.place_of_step(s, pair, _motion_note(texture, pair, s)) for s in steps]
    return per_hundred(places, texture.n_notes)


def _stretches(found: BoolArray) -> Iterator[int]:
    """Yield where every unbroken stretch of True begins."""
    yield from np.flatnonzero(found & ~np.append(False, found[:-1])).tolist()


def _pair_share(
    texture: Texture, n_pairs: int, is_wrong: Callable[[IntArray, IntArray], BoolArray], words: str
) -> Measure:
    """Return how much of the time neighbouring voices stand in a wrong relation."""
    wrong, together, places = 0, 0, []
    for index in range(n_pairs):
        upper, lower = texture.lines[index], texture.lines[index + 1]
        both = (upper != SILENT) & (lower != SILENT)
        found = both & is_wrong(upper, lower)
        wrong, together = wrong + int(found.sum()), together + int(both.sum())
        for step in list(_stretches(found))[:MAX_PLACES]:
            note = f"{_names(texture, upper[step], lower[step])} {words}"
            places.append(texture.place_of_step(step, (index, index + 1), note))
    places.sort(key=lambda place: place.onset_beats)
    return Measure(share(wrong, together), tuple(places[:MAX_PLACES]))


def voice_crossing(texture: Texture) -> Measure:
    """Return how much of the time a voice is lower than the next lower one."""
    return _pair_share(texture, texture.n_parts - 1, lambda upper, lower: upper < lower, "cross")


def wide_spacing(texture: Texture) -> Measure:
    """Return how much of the time neighbouring upper voices are more than an octave apart."""
    return _pair_share(
        texture, texture.n_parts - 2, lambda upper, lower: upper - lower > OCTAVE, "far apart"
    )


def _intervals(melody: Melody) -> IntArray:
    """Return the melodic intervals of a line, rests and repeated notes left out, in semitones."""
    intervals = np.diff(melody.pitches)[melody.is_joined]
    return np.asarray(intervals[intervals != 0])


def leaps(texture: Texture) -> Measure:
    """Return the share of melodic intervals that are a fourth or wider."""
    intervals = [np.abs(_intervals(melody)) for melody in texture.melodies]
    n_leaps = sum(int((line >= LEAP).sum()) for line in intervals)
    return Measure(share(n_leaps, sum(len(line) for line in intervals)))


def leap_recovery(texture: Texture) -> Measure:
    """Return the share of leaps after which the line turns back."""
    turned, n_leaps = 0, 0
    for melody in texture.melodies:
        for first, second in pairwise(_intervals(melody).tolist()):
            n_leaps += abs(first) >= LEAP
            turned += abs(first) >= LEAP and first * second < 0
    return Measure(share(turned, n_leaps))


def _count_moves(texture: Texture, is_wrong: Callable[[IntArray], BoolArray]) -> Measure:
    """Count wrong moves from a note to the next one of its line, rests of a beat left out.

    Args:
        texture: The piece.
        is_wrong: Pitches of a line [n] to a judgement of every move [n - 1].
    """
    places, n_intervals = [], 0
    for melody in texture.melodies:
        n_intervals += int((melody.is_joined & (np.diff(melody.pitches) != 0)).sum())
        for i in np.flatnonzero(is_wrong(melody.pitches) & melody.is_joined).tolist():
            first, second = melody.pitches[i : i + 2]
            note = f"{_names(texture, first)} to {_names(texture, second)}"
            places.append(texture.place(melody.onsets[i], (melody.part,), note))
    return per_hundred(places, n_intervals)


def awkward_leaps(texture: Texture) -> Measure:
    """Count tritones, sevenths, intervals over an octave and the augmented second of minor."""
    key = texture.piece.key

    def is_awkward(pitches: IntArray) -> BoolArray:
        sizes = np.abs(np.diff(pitches))
        degrees = (pitches - key.tonic_pitch_class) % OCTAVE
        is_sixth_to_seventh = (degrees[:-1] + degrees[1:] == 8 + 11) & (sizes == 3)
        wrong = np.isin(sizes, AWKWARD) | (sizes > OCTAVE)
        return np.asarray(wrong | (is_sixth_to_seventh & (key.mode == "minor")))

    return _count_moves(texture, is_awkward)


def stray_chromatics(texture: Texture) -> Measure:
    """Count notes outside the scale that are left by a leap instead of a step."""
    scale = sorted(texture.piece.key.scale)

    def is_stray(pitches: IntArray) -> BoolArray:
        is_chromatic = ~np.isin(pitches[:-1] % OCTAVE, scale)
        return np.asarray(is_chromatic & (np.abs(np.diff(pitches)) > STEP))

    return _count_moves(texture, is_stray)


def cross_relations(texture: Texture) -> Measure:
    """Count notes that follow their own chromatic alteration in another voice, as F# after F."""
    key = texture.piece.key
    letters = np.array([ord(pitch_name(60 + degree, key)[0]) for degree in range(OCTAVE)])
    places = []
    for i, j in permutations(range(texture.n_parts), 2):
        before, after = texture.lines[i][:-1], texture.lines[j][1:]
        is_new = (after != texture.lines[j][:-1]) & (after != SILENT) & (before != SILENT)
        differs = (before - after) % OCTAVE != 0
        # The voice that moves by the chromatic semitone itself is the remedy.
        is_led = letters[texture.lines[j][:-1] % OCTAVE] == letters[after % OCTAVE]
        found = is_new & differs & (letters[before % OCTAVE] == letters[after % OCTAVE]) & ~is_led
        for step in np.flatnonzero(found).tolist():
            note = f"{_names(texture, before[step])}, then {_names(texture, after[step])}"
            places.append(texture.place_of_step(step + 1, (i, j), note))
    return per_hundred(places, texture.n_notes)


def out_of_range(texture: Texture) -> Measure:
    """Return the share of notes that the instrument does not have. Depends on the octave."""
    instruments = [part.instrument for part in texture.piece.parts]
    low = np.array([instrument.low for instrument in instruments])[texture.parts]
    high = np.array([instrument.high for instrument in instruments])[texture.parts]
    wrong = np.flatnonzero((texture.pitches < low) | (texture.pitches > high)).tolist()
    places = []
    for index in wrong[:MAX_PLACES]:
        part = int(texture.parts[index])
        note = f"{_names(texture, texture.pitches[index])} for {instruments[part].name}"
        places.append(texture.place(texture.onsets[index], (part,), note))
    return Measure(share(len(wrong), texture.n_notes), tuple(places))


VOICE_LEADING_RULES = (
    Rule(
        name="parallel_fifths",
        family=FAMILY,
        label="parallel fifths",
        label_of_one="parallel fifth",
        unit="per 100 notes",
        source="J. J. Fux, Gradus ad Parnassum (1725), on the rules of motion",
        weight=2.0,
        sides="high",
        least_spread=0.2,
        measure=parallel_fifths,
        is_fault=True,
    ),
    Rule(
        name="parallel_octaves",
        family=FAMILY,
        label="parallel octaves",
        label_of_one="parallel octave",
        unit="per 100 notes",
        source="J. J. Fux, Gradus ad Parnassum (1725), on the rules of motion",
        weight=2.0,
        sides="high",
        least_spread=0.2,
        measure=parallel_octaves,
        is_fault=True,
    ),
    Rule(
        name="direct_perfects",
        family=FAMILY,
        label="hidden fifths and octaves of the outer voices",
        label_of_one="hidden fifth or octave of the outer voices",
        unit="per 100 notes",
        source="E. Aldwell and C. Schachter, Harmony and Voice Leading, on hidden fifths",
        weight=0.5,
        sides="high",
        least_spread=0.4,
        measure=direct_perfects,
        is_fault=True,
    ),
    Rule(
        name="voice_crossing",
        family=FAMILY,
        label="crossed voices",
        unit="share of the time",
        source="D. Huron, Tone and Voice, Music Perception 19 (2001), on part crossing",
        weight=1.0,
        sides="both",
        least_spread=0.03,
        measure=voice_crossing,
        is_fault=True,
    ),
    Rule(
        name="wide_spacing",
        family=FAMILY,
        label="upper voices over an octave apart",
        unit="share of the time",
        source="W. Piston, Harmony (1941), on the spacing of chords",
        weight=1.0,
        sides="high",
        least_spread=0.03,
        measure=wide_spacing,
        is_fault=True,
    ),
    Rule(
        name="leaps",
        family=FAMILY,
        label="leaps of a fourth or more",
        unit="share of the melodic intervals",
        source="D. Huron, Tone and Voice, Music Perception 19 (2001), on pitch proximity",
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
        source="P. von Hippel and D. Huron, Why Do Skips Precede Reversals? (2000)",
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
        source="J. J. Fux, Gradus ad Parnassum (1725), first species, on the leaps of a line",
        weight=1.5,
        sides="high",
        least_spread=1.0,
        measure=awkward_leaps,
        is_fault=True,
    ),
    Rule(
        name="cross_relations",
        family=FAMILY,
        label="cross relations",
        label_of_one="cross relation",
        unit="per 100 notes",
        source="W. Piston, Harmony (1941), on the cross relation",
        weight=1.5,
        sides="high",
        least_spread=0.4,
        measure=cross_relations,
        is_fault=True,
    ),
    Rule(
        name="stray_chromatics",
        family=FAMILY,
        label="chromatic notes left by leap",
        label_of_one="chromatic note left by leap",
        unit="per 100 melodic intervals",
        source="E. Aldwell and C. Schachter, Harmony and Voice Leading, on chromatic notes",
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
        source="S. Adler, The Study of Orchestration (3rd ed., 2002), on ranges",
        weight=1.5,
        sides="high",
        least_spread=0.01,
        measure=out_of_range,
        is_fault=True,
    ),
)
