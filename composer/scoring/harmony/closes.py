"""How phrases close inside a piece; its last close is in `tonality`.

Sources: W. E. Caplin, The Classical Cadence: Conceptions and Misconceptions, Journal of the
American Musicological Society 57 (2004), pp. 51-118; D. Temperley, The Cognition of Basic Musical
Structures (2001), pp. 65-71, on gaps between onsets as ends of phrases.
"""

from __future__ import annotations

import numpy as np

from composer.scoring.chords import NO_CHORD, TRIADS
from composer.scoring.rule import MAX_PLACES, Measure, Rule, share
from composer.scoring.sources import CAPLIN
from composer.scoring.texture import SILENT, IntArray, Texture

FAMILY = "harmony"
# No voice begins a note for so many pulses, and for twice as long as is usual in the piece.
REPOSE_PULSES, REPOSE_RATIO = 1.5, 2.0
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
)
