"""Imitation between voices, and how often the opening subject comes back.

A motif is heard by letters, not by semitones, so that an answer in the scale is the same motif.

Sources: D. Meredith, K. Lemström and G. A. Wiggins, Journal of New Music Research 31 (2002), pp.
321-345, on patterns as translated sets of points; M. Giraud and others, Computational Fugue
Analysis, Computer Music Journal 39:2 (2015), pp. 77-96, on finding subjects by diatonic intervals.

Shapes: M notes of the lines, N notes, T sixteenths.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from composer.scoring.lines import find_line_notes
from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.sources import GIRAUD, MEREDITH
from composer.scoring.texture import STEPS_PER_QUARTER, IntArray, Texture
from composer.theory import Key, pitch_name

FAMILY = "counterpoint"
# Forms that are built on imitation; elsewhere a subject is nothing to look for.
IMITATIVE_FORMS = frozenset(
    {"canon", "canzona", "fantasia", "fugue", "invention", "madrigal", "mass", "motet", "ricercar",
     "sinfonia"}
)  # fmt: skip
MOTIF_NOTES = 5
# How long after the first voice another may take up a motif.
ANSWER_BARS = 2
SUBJECT_NOTES = range(5, 13)
# A tonal answer changes a note or two of the subject, an ornament another.
SUBJECT_SHARE = 0.75
_LETTER_CODES = 128
_LONGEST = 63


@lru_cache(maxsize=64)
def _letter_steps(key: Key) -> IntArray:
    """Return the place of every pitch on the ladder of letters as a key spells it [128]."""
    names = [pitch_name(pitch, key) for pitch in range(128)]
    return np.array(["CDEFGAB".index(name[0]) + 7 * int(name.strip("ABCDEFG#b")) for name in names])


def imitation(texture: Texture) -> Measure:
    """Return how many of the motifs of the voices another voice has just sung.

    A motif is `MOTIF_NOTES` notes in a row, as intervals by letters and distances in time; it is
    imitated if another voice began it up to `ANSWER_BARS` bars before, and not at once.
    """
    lines = texture.once(find_line_notes)
    notes = np.flatnonzero(lines.sounds)
    if texture.n_parts < 2 or len(notes) < MOTIF_NOTES:
        return NOTHING
    starts, parts = lines.starts[notes], lines.parts[notes]
    ladder = _letter_steps(texture.piece.key)[lines.pitches[notes]]
    moves = np.diff(ladder)
    distances = np.clip(np.diff(starts), 0, _LONGEST)
    codes = (moves + _LETTER_CODES // 2) * (_LONGEST + 1) + distances
    n_motifs = len(notes) - MOTIF_NOTES + 1
    motifs = np.zeros(n_motifs, dtype=np.int64)
    changes = np.zeros(n_motifs, dtype=np.int64)
    for place in range(MOTIF_NOTES - 1):
        # Wrapping is harmless: a code is a name, not a number.
        motifs = motifs * 8191 + codes[place : place + n_motifs]
        changes += moves[place : place + n_motifs] != 0
    is_whole = (parts[:n_motifs] == parts[MOTIF_NOTES - 1 :]) & (changes > 1)
    chosen = np.flatnonzero(is_whole)
    order = chosen[np.lexsort((starts[chosen], motifs[chosen]))]
    earlier, later = order[:-1], order[1:]
    waits = starts[later] - starts[earlier]
    is_answer = (motifs[earlier] == motifs[later]) & (parts[earlier] != parts[later])
    window = ANSWER_BARS * float(texture.piece.meter.length_beats) * STEPS_PER_QUARTER
    is_answer &= (waits > 0) & (waits <= window)
    return Measure(share(int(is_answer.sum()), len(chosen)))


def subject_entries(texture: Texture) -> Measure:
    """Count the entries of the opening subject for every four bars, the first one included.

    The subject is what the first voice sings before the second enters, at least its first
    `SUBJECT_NOTES` notes. An entry is any place, on any degree, where three quarters of its notes
    begin in their rhythm. Nothing is measured outside `IMITATIVE_FORMS`.
    """
    subject = _subject(texture) if texture.piece.form in IMITATIVE_FORMS else None
    if subject is None:
        return NOTHING
    steps = texture.note_steps
    heights = _letter_steps(texture.piece.key)[texture.pitches]
    heights -= heights.min()
    times, places = steps[subject] - steps[subject[0]], heights[subject] - heights[subject[0]]
    n_heights, reach = int(heights.max()) + 1, int(np.abs(places).max())
    grid = np.zeros((n_heights + 2 * reach, texture.n_steps + int(times[-1])), dtype=np.int8)
    grid[heights + reach, steps] = 1
    hits = np.zeros((n_heights, texture.n_steps), dtype=np.int8)
    for time, place in zip(times.tolist(), places.tolist(), strict=True):
        low = reach + place
        hits += grid[low : low + n_heights, time : time + texture.n_steps]
    best = hits.max(axis=0)
    entries = _apart(np.flatnonzero(best >= np.ceil(SUBJECT_SHARE * len(subject))))
    notes = []
    for step in entries[:MAX_PLACES]:
        height = int(hits[:, step].argmax())
        matches = ((steps - step == times[:, None]) & (heights - height == places[:, None])).T
        parts = texture.parts[matches.any(axis=1)]
        who = (int(np.bincount(parts).argmax()),)
        notes.append(texture.place_of_step(step, who, "the subject enters"))
    return Measure(4.0 * len(entries) / texture.piece.n_bars, tuple(notes))


def _subject(texture: Texture) -> IntArray | None:
    """Return the notes of the subject by their index [N], None if the piece opens without one."""
    if not texture.n_notes:
        return None
    first = int(texture.parts[0])
    others = texture.onsets[texture.parts != first]
    own = np.flatnonzero(texture.parts == first)
    own = own[np.append(True, np.diff(texture.onsets[own]) > 0)]
    alone = int((texture.onsets[own] < others[0]).sum()) if len(others) else len(own)
    length = min(max(alone, SUBJECT_NOTES[0]), SUBJECT_NOTES[-1])
    return own[:length] if len(own) >= length else None


def _apart(steps: IntArray) -> list[int]:
    """Return times of which none follows another within a quarter."""
    kept: list[int] = []
    for step in steps.tolist():
        if not kept or step - kept[-1] >= STEPS_PER_QUARTER:
            kept.append(step)
    return kept


IMITATION_RULES = (
    Rule(
        name="imitation",
        family=FAMILY,
        label="motifs that another voice has just sung",
        unit="share of the motifs",
        source=MEREDITH,
        weight=0.5,
        sides="both",
        least_spread=0.05,
        measure=imitation,
    ),
    Rule(
        name="subject_entries",
        family=FAMILY,
        label="entries of the subject",
        unit="in four bars",
        source=f"{GIRAUD}, on subjects",
        weight=0.5,
        sides="both",
        least_spread=0.5,
        measure=subject_entries,
    ),
)
