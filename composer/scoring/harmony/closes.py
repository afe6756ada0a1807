"""How phrases close inside a piece, and how its last chord is set; its cadence is in `tonality`.

Sources: W. E. Caplin, The Classical Cadence: Conceptions and Misconceptions, Journal of the
American Musicological Society 57 (2004), pp. 51-118; D. Temperley, The Cognition of Basic Musical
Structures (2001), pp. 65-71, on gaps between onsets as ends of phrases; D. Huron, Tone and Voice,
Music Perception 19 (2001), pp. 1-64, on part crossing.
"""

from __future__ import annotations

import numpy as np

from composer.scoring.chords import NO_CHORD, TRIADS
from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.sources import CAPLIN, HURON_2001
from composer.scoring.texture import SILENT, IntArray, Texture

FAMILY = "harmony"
# No voice begins a note for so many pulses, and for twice as long as is usual in the piece.
REPOSE_PULSES, REPOSE_RATIO = 1.5, 2.0
LAST_CHORD_PULSES = 2
_TINY = 1e-6


def find_reposes(texture: Texture) -> IntArray:
    """Return the sixteenths where the last chord of a phrase begins, the end of the piece left out.

    A phrase ends where no part begins a note for a while.
    """
    gaps = np.diff(texture.onsets)
    onsets, gaps = texture.onsets[:-1][gaps > _TINY], gaps[gaps > _TINY]
    if len(gaps) < 2:
        return np.zeros(0, dtype=np.int64)
    usual = float(np.sort(gaps)[len(gaps) // 2])
    long = max(REPOSE_RATIO * usual, REPOSE_PULSES * float(texture.piece.meter.pulse_beats))
    return texture.steps_of(onsets[gaps >= long - _TINY])


def phrase_closes(texture: Texture) -> Measure:
    """Return the share of phrases inside the piece that end on a triad in root position.

    The triad may lack its fifth or its third.
    """
    steps = texture.once(find_reposes)
    steps = steps[texture.bass[steps] != SILENT]
    roots = TRIADS[texture.pitch_class_sets[steps]]
    is_close = (roots != NO_CHORD) & (roots == texture.bass[steps] % 12)
    places = []
    for step in steps[~is_close][:MAX_PLACES].tolist():
        pitches = texture.lines[:, step]
        words = f"{texture.names(*pitches[pitches != SILENT])} at the end of a phrase"
        places.append(texture.place_of_step(step, texture.parts_at(step), words))
    return Measure(share(int(is_close.sum()), len(steps)), tuple(places))


def last_chord(texture: Texture) -> Measure:
    """Grade the last chord by thirds: a triad with its third, no crossed voices, long enough.

    It begins with its bass and is long enough with two pulses, or a bar where that is less. Music
    that mostly sounds fewer than three pitch classes may end as thinly and has no value.
    """
    if not _is_homophonic(texture):
        return NOTHING
    ends = texture.onsets + texture.durations
    sounds = np.flatnonzero(ends > texture.onsets[-1] + _TINY)
    bass = sounds[texture.pitches[sounds].argmin()]
    begin = float(texture.onsets[bass])
    heard = texture.pitches[ends > begin + _TINY]
    degrees = {int(pitch - texture.pitches[bass]) % 12 for pitch in heard}
    is_complete = any({0, third} <= degrees <= {0, third, 7} for third in (3, 4))
    bar = texture.piece.bars[-1].meter
    enough = float(min(LAST_CHORD_PULSES * bar.pulse_beats, bar.length_beats))
    length = float(ends.max()) - begin
    is_clear = not _crosses(texture, int(texture.steps_of(texture.onsets[[bass]])[0]))
    words = ", ".join(
        (
            texture.names(*sorted(set(heard.tolist()), reverse=True)),
            "a complete triad" if is_complete else "no triad with its third",
            "in order" if is_clear else "voices crossed",
            f"{length:g} quarters long",
        )
    )
    value = (is_complete + is_clear + min(1.0, length / enough)) / 3
    return Measure(value, (texture.place(begin, (), words),))


def _is_homophonic(texture: Texture) -> bool:
    last = int(texture.steps_of(texture.onsets[-1:])[0]) if texture.n_notes else 0
    counts = texture.sounding[:, :last].sum(axis=0)
    counts = counts[counts > 0]
    return bool(len(counts)) and float(np.median(counts)) >= 3


def _crosses(texture: Texture, step: int) -> bool:
    """Tell whether, from a sixteenth on, a part sounds below the next lower one."""
    upper, lower = texture.lines[:-1, step:], texture.lines[1:, step:]
    return bool(((upper != SILENT) & (lower != SILENT) & (upper < lower)).any())


CLOSE_RULES = (
    Rule(
        name="phrase_closes",
        family=FAMILY,
        label="phrases that end on a triad in root position",
        unit="share of the phrases",
        source=f"{CAPLIN}, on root position",
        weight=1.0,
        sides="low",
        least_spread=0.2,
        measure=phrase_closes,
    ),
    Rule(
        name="last_chord",
        family=FAMILY,
        label="setting of the last chord",
        unit="of 1",
        source=f"{CAPLIN}, on the final tonic; {HURON_2001}, on part crossing",
        weight=1.0,
        sides="low",
        least_spread=0.2,
        measure=last_chord,
    ),
)
