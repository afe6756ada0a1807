"""Chords and what follows them, beside real pieces of the family; and when they change.

Chords are those of `scoring.chords`, one a pulse. Sources: P. Goetschius, The Theory and
Practice of Tone-Relations (rewritten ed., 1917), par. 69, on the succession of chords; J. P. Swain,
Dimensions of Harmonic Rhythm, Music Theory Spectrum 20 (1998), pp. 48-71; D. Temperley, The
Cognition of Basic Musical Structures (2001), pp. 51 and 137-165; for surprise in bits D. Conklin
and I. H. Witten, Multiple Viewpoint Systems for Music Prediction, Journal of New Music Research 24
(1995), pp. 51-73.
"""

from __future__ import annotations

import numpy as np

from composer.scorecard import Place
from composer.scoring.chords import NO_CHORD, PLAIN, QUALITIES, find_chords
from composer.scoring.harmony.chord_table import bits_of_form, moves_of
from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.sources import GOETSCHIUS, SWAIN, TEMPERLEY
from composer.scoring.texture import BAR_LINE, FloatArray, IntArray, Texture
from composer.theory import MODES

FAMILY = "harmony"
# A chord or a move that real pieces have once in about 500 is worth a look.
RARE_BITS = 9.0
_QUALITY_NAMES = tuple(QUALITIES)


def _name(texture: Texture, pulse: int) -> str:
    """Name the chord of a pulse: `G major`."""
    chords = texture.once(find_chords)
    root = texture.names(60 + int(chords.roots[pulse]))[:-1]
    return f"{root} {_QUALITY_NAMES[chords.qualities[pulse]]}"


def _rare_places(texture: Texture, bits: FloatArray, pulses: IntArray) -> list[tuple[int, int]]:
    """Return row and sixteenth of what is rarer than `RARE_BITS`."""
    rare = np.flatnonzero(bits > RARE_BITS)[:MAX_PLACES]
    starts = texture.once(find_chords).starts[pulses[rare]]
    return list(zip(rare.tolist(), starts.tolist(), strict=True))


def chord_surprise(texture: Texture) -> Measure:
    """Return how unusual the chords are in the key, beside those of the form's family."""
    chords, key = texture.once(find_chords), texture.piece.key
    known = np.flatnonzero(chords.is_known)
    if not len(known):
        return NOTHING
    degrees = (chords.roots[known] - key.tonic_pitch_class) % 12
    table = bits_of_form(texture.piece.form).chords[MODES.index(key.mode)]
    bits = table[chords.qualities[known], degrees]
    places: tuple[Place, ...] = tuple(
        texture.place_of_step(step, texture.parts_at(step), _name(texture, int(known[row])))
        for row, step in _rare_places(texture, bits, known)
    )
    return Measure(float(bits.mean()), places)


def move_surprise(texture: Texture) -> Measure:
    """Return how unusual the changes of chord are, by their roots, in whatever key."""
    chords = texture.once(find_chords)
    before, after = moves_of(chords)
    if not len(before):
        return NOTHING
    steps = (chords.roots[after] - chords.roots[before]) % 12
    table = bits_of_form(texture.piece.form).moves
    bits = table[chords.qualities[before], chords.qualities[after], steps]
    places = tuple(
        texture.place_of_step(
            step,
            texture.parts_at(step),
            f"{_name(texture, int(before[row]))} to {_name(texture, int(after[row]))}",
        )
        for row, step in _rare_places(texture, bits, after)
    )
    return Measure(float(bits.mean()), places)


def plain_chords(texture: Texture) -> Measure:
    """Return the share of pulses on which nothing but a triad or a seventh chord sounds.

    A chord may lack its fifth; pulses on which fewer than two pitch classes sound do not count.
    """
    sets = texture.pitch_class_sets[texture.pulse_steps]
    # A power of two is one pitch class.
    is_chord = (sets & (sets - 1)) != 0
    return Measure(share(int((PLAIN[sets[is_chord]] != NO_CHORD).sum()), int(is_chord.sum())))


def harmonic_rhythm(texture: Texture) -> Measure:
    """Return how many changes of chord there are a pulse."""
    chords = texture.once(find_chords)
    before, _ = moves_of(chords)
    return Measure(share(len(before), max(int(chords.is_known.sum()) - 1, 0)))


def held_over_bars(texture: Texture) -> Measure:
    """Return the share of bar lines over which the chord stays, against the meter."""
    chords = texture.once(find_chords)
    at_bar = texture.weights[chords.starts] == BAR_LINE
    at_bar[0] = False
    bars = np.flatnonzero(at_bar & chords.is_known)
    return Measure(share(int((~chords.is_first[bars]).sum()), len(bars)))


PROGRESSION_RULES = (
    Rule(
        name="chord_surprise",
        family=FAMILY,
        label="unusual chords",
        unit="bits a chord",
        source=f"{TEMPERLEY}, pp. 137-165, on harmony; frequencies of the corpus",
        weight=1.0,
        sides="both",
        least_spread=0.4,
        measure=chord_surprise,
    ),
    Rule(
        name="move_surprise",
        family=FAMILY,
        label="unusual changes of chord",
        unit="bits a change",
        source=f"{GOETSCHIUS}, par. 69, on chord succession; frequencies of the corpus",
        weight=1.0,
        sides="both",
        least_spread=0.4,
        measure=move_surprise,
    ),
    Rule(
        name="plain_chords",
        family=FAMILY,
        label="plain chords on the beat",
        unit="share of the beats",
        source=f"{TEMPERLEY}, pp. 137-165, on harmony",
        weight=1.0,
        sides="both",
        least_spread=0.05,
        measure=plain_chords,
    ),
    Rule(
        name="harmonic_rhythm",
        family=FAMILY,
        label="changes of chord",
        unit="a beat",
        source=SWAIN,
        weight=0.5,
        sides="both",
        least_spread=0.1,
        measure=harmonic_rhythm,
    ),
    Rule(
        name="held_over_bars",
        family=FAMILY,
        label="chords held over a bar line",
        unit="share of the bar lines",
        source=f"{TEMPERLEY}, p. 51, on changes of harmony at strong beats",
        weight=0.5,
        sides="both",
        least_spread=0.1,
        measure=held_over_bars,
    ),
)
