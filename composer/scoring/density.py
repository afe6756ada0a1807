"""How full the music is: notes, voices, doublings, rests, and what a hand can hold."""

from __future__ import annotations

import numpy as np

from composer.scoring.rule import MAX_PLACES, NOTHING, Measure, Rule, share
from composer.scoring.sources import (
    BERRY,
    DONG,
    HURON_2001,
    HURON_DENUMERABILITY,
    HURON_TEXTURES,
    MCKAY_FUJINAGA,
    PARNCUTT,
    YANG_LERCH,
)
from composer.scoring.texture import SILENT, STEPS_PER_QUARTER, Texture

FAMILY = "texture"
OCTAVE = 12
# General MIDI programs: pianos, harpsichord, clavichord; organs.
KEYBOARD_PROGRAMS = (*range(8), *range(16, 24))
# Thumb and little finger reach a minor tenth at most in practice.
MAX_HAND_SPAN = 15
_POSITIONS = 48
_TINY = 1e-6


def density(texture: Texture) -> Measure:
    """Return how many notes begin in a quarter, all parts together."""
    return Measure(texture.n_notes / float(texture.piece.length_beats))


def thickness(texture: Texture) -> Measure:
    """Return how many notes sound at once on average while anything sounds."""
    n_steps = int(texture.sounding.any(axis=0).sum())
    return Measure(share(float(texture.durations.sum()) * STEPS_PER_QUARTER, n_steps))


def thickness_spread(texture: Texture) -> Measure:
    """Return the standard deviation of how many notes sound at once, from sixteenth to sixteenth.

    Where nothing sounds is left out.
    """
    starts, n_steps = texture.note_steps, texture.n_steps
    ends = np.ceil((texture.onsets + texture.durations) * STEPS_PER_QUARTER - _TINY)
    ends = np.clip(ends.astype(np.int64), starts + 1, n_steps)
    changes = np.bincount(starts, minlength=n_steps + 1) - np.bincount(ends, minlength=n_steps + 1)
    sounding = np.cumsum(changes)
    heard = sounding[sounding > 0]
    return Measure(float(heard.std())) if len(heard) else NOTHING


def silence(texture: Texture) -> Measure:
    """Return the share of the time in which nothing sounds, from the first note to the last."""
    steps = np.flatnonzero(texture.sounding.any(axis=0))
    if not len(steps):
        return NOTHING
    return Measure(1.0 - len(steps) / int(steps[-1] + 1 - steps[0]))


def empty_bars(texture: Texture) -> Measure:
    """Return the share of bars in which nothing sounds."""
    edges = texture.steps_of(texture.bar_onsets[:-1])
    sounds = np.logical_or.reduceat(texture.sounding.any(axis=0), edges)
    empty = np.flatnonzero(~sounds).tolist()
    places = (texture.place(texture.bar_onsets[bar], (), "empty") for bar in empty[:MAX_PLACES])
    return Measure(share(len(empty), texture.piece.n_bars), tuple(places))


def quietest_part(texture: Texture) -> Measure:
    """Return the share of the time in which the part with most rests sounds."""
    return Measure(float((texture.highest != SILENT).mean(axis=1).min()))


def voice_activity(texture: Texture) -> Measure:
    """Return the share of the time in which a part sounds, averaged over parts."""
    return Measure(float((texture.highest != SILENT).mean()))


def doublings(texture: Texture) -> Measure:
    """Return the share of voices that double another one, in unison or octaves.

    Of what sounds on a sixteenth where two voices or more sound, every voice beyond the number of
    different pitch classes is a double.
    """
    sings = texture.lines != SILENT
    heard = np.zeros((OCTAVE, texture.n_steps), dtype=np.bool_)
    parts, steps = np.nonzero(sings)
    heard[texture.lines[parts, steps] % OCTAVE, steps] = True
    n_voices = sings.sum(axis=0)
    n_doubles = (n_voices - heard.sum(axis=0))[n_voices > 1]
    return Measure(share(int(n_doubles.sum()), int(n_voices[n_voices > 1].sum())))


def attacks_together(texture: Texture) -> Measure:
    """Return the share of attacks that fall together with one of another part.

    1 is note against note, 0 a strict hocket; chords of one part are one attack.
    """
    if texture.n_parts < 2:
        return NOTHING
    codes = np.rint(texture.onsets * _POSITIONS).astype(np.int64)
    is_attack = np.append(True, (np.diff(codes) != 0) | (np.diff(texture.parts) != 0))
    _, counts = np.unique(codes[is_attack[: len(codes)]], return_counts=True)
    return Measure(share(int(counts[counts > 1].sum()), int(counts.sum())))


def hand_span(texture: Texture) -> Measure:
    """Return how much of the time a hand at a keyboard must reach over more than a minor tenth."""
    wide, played, places = 0, 0, []
    for index, part in enumerate(texture.piece.parts):
        if part.instrument.program not in KEYBOARD_PROGRAMS:
            continue
        low, high = texture.lowest[index], texture.highest[index]
        is_wide = high - low > MAX_HAND_SPAN
        wide, played = wide + int(is_wide.sum()), played + int((high != SILENT).sum())
        begins = np.flatnonzero(is_wide & ~np.append(False, is_wide[:-1]))
        for step in begins[:MAX_PLACES].tolist():
            names = texture.names(low[step], high[step])
            places.append(texture.place_of_step(step, (index,), names))
    places.sort(key=lambda place: place.onset_beats)
    return Measure(share(wide, played), tuple(places[:MAX_PLACES]))


DENSITY_RULES = (
    Rule(
        name="density",
        family=FAMILY,
        label="density",
        unit="notes a beat",
        source=f"{YANG_LERCH}, on the number of notes",
        weight=1.0,
        sides="both",
        least_spread=0.3,
        measure=density,
    ),
    Rule(
        name="thickness",
        family=FAMILY,
        label="notes that sound at once",
        unit="notes",
        source=HURON_DENUMERABILITY,
        weight=0.5,
        sides="both",
        least_spread=0.3,
        measure=thickness,
    ),
    Rule(
        name="thickness_spread",
        family=FAMILY,
        label="change in how many notes sound at once",
        unit="notes",
        source=f"{BERRY}, p. 184, on texture",
        weight=0.2,
        sides="both",
        least_spread=0.15,
        measure=thickness_spread,
    ),
    Rule(
        name="silence",
        family=FAMILY,
        label="silence within",
        unit="share of the time",
        source=f"{DONG}, on empty beats",
        weight=0.5,
        sides="high",
        least_spread=0.03,
        measure=silence,
    ),
    Rule(
        name="empty_bars",
        family=FAMILY,
        label="empty bars",
        unit="share of the bars",
        source=f"{DONG}, on empty measures",
        weight=1.5,
        sides="high",
        least_spread=0.03,
        measure=empty_bars,
        is_fault=True,
    ),
    Rule(
        name="quietest_part",
        family=FAMILY,
        label="sound of the quietest part",
        unit="share of the time",
        source=f"{MCKAY_FUJINAGA}, on texture",
        weight=1.0,
        sides="both",
        least_spread=0.1,
        measure=quietest_part,
    ),
    Rule(
        name="voice_activity",
        family=FAMILY,
        label="sound of a part on average",
        unit="share of the time",
        source=f"{MCKAY_FUJINAGA}, on texture",
        weight=0.5,
        sides="both",
        least_spread=0.1,
        measure=voice_activity,
    ),
    Rule(
        name="doublings",
        family=FAMILY,
        label="doubled voices",
        unit="share of the voices",
        source=f"{HURON_2001}, on tonal fusion",
        weight=0.5,
        sides="both",
        least_spread=0.05,
        measure=doublings,
    ),
    Rule(
        name="attacks_together",
        family=FAMILY,
        label="attacks of several parts together",
        unit="share of the attacks",
        source=f"{HURON_TEXTURES}, on onset synchronization",
        weight=0.5,
        sides="both",
        least_spread=0.1,
        measure=attacks_together,
    ),
    Rule(
        name="hand_span",
        family=FAMILY,
        label="hands that reach over a minor tenth",
        unit="share of the time",
        source=f"{PARNCUTT}, on spans",
        weight=1.0,
        sides="high",
        least_spread=0.02,
        measure=hand_span,
        is_fault=True,
    ),
)
