"""How the piece stands in its key, and how it closes."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import fmean

import numpy as np

from composer.scoring.rule import NOTHING, Measure, Rule, share
from composer.scoring.sources import CAPLIN, HURON_2001, KRUMHANSL, KRUMHANSL_KESSLER, YOUNGBLOOD
from composer.scoring.texture import SILENT, FloatArray, Texture
from composer.theory import KEY_PROFILES, KEYS, LAST_BASS_BONUS, Key, pitch_name

FAMILY = "tonality"
DOMINANT, LEADING_NOTE = 7, 11
MINOR_SECOND, MAJOR_SECOND, TRITONE = 1, 2, 6
# How far back from the last bass note its dominant may lie.
CADENCE_BEATS = 8


def durations_by_pitch_class(texture: Texture, notes: slice = slice(None)) -> FloatArray:
    """Return how long every pitch class sounds, in quarters, every note counted [12]."""
    pitch_classes = texture.pitches[notes] % 12
    amounts = np.bincount(pitch_classes, weights=texture.durations[notes], minlength=12)
    return amounts.astype(np.float64)


def entropy_bits(amounts: FloatArray) -> float:
    """Return Shannon's entropy of amounts that need not sum to 1; NaN if there are none."""
    positive = amounts[amounts > 0]
    if not len(positive):
        return math.nan
    shares = positive / positive.sum()
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def scale_share(texture: Texture) -> Measure:
    """Return the share of sounding time that lies in the scale of the key."""
    durations = durations_by_pitch_class(texture)
    inside = durations[sorted(texture.piece.key.scale)].sum()
    return Measure(share(float(inside), float(durations.sum())))


def key_agreement(texture: Texture) -> Measure:
    """Compare the key with its estimate: 1 the same, 0.5 a near relation, 0 far away."""
    if not texture.n_notes:
        return NOTHING
    asked = texture.piece.key
    bass = _final_bass(texture)
    fits = key_fits(durations_by_pitch_class(texture)[:, None])[:, 0]
    if bass is not None:
        fits[[bass % 12, bass % 12 + 12]] += LAST_BASS_BONUS
    found = KEYS[int(fits.argmax())]
    contrast = "" if found == asked else f", not like {asked}"
    place = texture.place(0.0, (), f"sounds like {found}{contrast}")
    return Measure(key_closeness(asked, found), (place,))


@lru_cache(maxsize=1)
def _profiles() -> FloatArray:
    """Return the profile of every key in `KEYS` from C to B, centred and of length 1 [24, 12]."""
    rows = [np.roll(KEY_PROFILES[key.mode], key.tonic_pitch_class) for key in KEYS]
    profiles = np.array(rows) - np.mean(rows, axis=1, keepdims=True)
    return np.asarray(profiles / np.linalg.norm(profiles, axis=1, keepdims=True))


def key_fits(heard: FloatArray) -> FloatArray:
    """Return how well stretches of music fit every key: Pearson's r with its profile.

    What `theory.estimate_key` ranks, for many stretches at once.

    Args:
        heard: How long every pitch class sounds in every stretch [12, W].

    Returns:
        One row for each of `KEYS` [24, W]; 0 where all pitch classes sound alike.
    """
    centred = heard - heard.mean(axis=0)
    lengths = np.sqrt((centred * centred).sum(axis=0))
    fits: FloatArray = _profiles() @ centred / np.where(lengths > 0, lengths, 1.0)
    return fits


def key_closeness(one: Key, other: Key) -> float:
    """Return 1 for one key twice, 0.5 for near relations, 0 for others."""
    same_mode = one.mode == other.mode
    distance = (one.tonic_pitch_class - other.tonic_pitch_class) % 12
    if distance == 0:
        return 1.0 if same_mode else 0.5
    # A fifth away, or the relative key: one accidental more or less, or none.
    relative = 9 if one.mode == "minor" else 3
    is_near = distance in (5, 7) if same_mode else distance == relative
    return 0.5 if is_near else 0.0


def _final_chord(texture: Texture) -> list[int]:
    """Return the pitches that sound when the last note begins, ascending."""
    if not texture.n_notes:
        return []
    last = texture.onsets[-1]
    return sorted(texture.pitches[texture.onsets + texture.durations > last + 1e-6].tolist())


def _final_bass(texture: Texture) -> int | None:
    return next(iter(_final_chord(texture)), None)


def final_bass(texture: Texture) -> Measure:
    """Tell whether the last bass note is the tonic."""
    bass = _final_bass(texture)
    if bass is None:
        return Measure(0.0)
    key = texture.piece.key
    is_tonic = bass % 12 == key.tonic_pitch_class
    words = f"{pitch_name(bass, key)}, {'the tonic' if is_tonic else f'not the tonic {key.tonic}'}"
    return Measure(float(is_tonic), (texture.place(texture.onsets[-1], (), words),))


def final_cadence(texture: Texture) -> Measure:
    """Grade the close by thirds: bass on the tonic, tonic triad, dominant before it.

    The triad may be incomplete, and major in minor (the Picardy third). A dominant is a bass on the
    fifth or seventh degree, or the leading note in the chord before the last bass note.
    """
    chord = _final_chord(texture)
    if not chord:
        return Measure(0.0)
    key = texture.piece.key
    degrees = {(pitch - key.tonic_pitch_class) % 12 for pitch in chord}
    is_tonic_bass = (chord[0] - key.tonic_pitch_class) % 12 == 0
    is_tonic_triad = _is_tonic_triad(degrees, key)
    is_prepared = is_tonic_bass and _has_dominant_before(texture, chord[0])
    words = ", ".join(
        (
            f"bass on {pitch_name(chord[0], key)}",
            "tonic triad" if is_tonic_triad else "no tonic triad",
            "after the dominant" if is_prepared else "not after the dominant",
        )
    )
    value = (is_tonic_bass + is_tonic_triad + is_prepared) / 3
    return Measure(value, (texture.place(texture.onsets[-1], (), words),))


def _is_tonic_triad(degrees: set[int], key: Key) -> bool:
    thirds = ({4},) if key.mode == "major" else ({3}, {4})
    return 0 in degrees and any(degrees <= {0, 7} | third for third in thirds)


def _has_dominant_before(texture: Texture, last_bass: int) -> bool:
    """Tell whether what sounds just before the last bass note's pitch class is a dominant."""
    end = int(texture.steps_of(texture.onsets[-1:])[0])
    first = max(0, end - CADENCE_BEATS * 4)
    bass = texture.bass[first : end + 1]
    others = np.flatnonzero((bass != SILENT) & (bass % 12 != last_bass % 12))
    if not len(others):
        return False
    tonic = texture.piece.key.tonic_pitch_class
    step = int(others[-1])
    degree = (int(bass[step]) - tonic) % 12
    leading_note_sounds = texture.sounding[(tonic + LEADING_NOTE) % 12, first + step]
    return degree in (DOMINANT, LEADING_NOTE) or bool(leading_note_sounds)


def pitch_class_entropy(texture: Texture) -> Measure:
    """Return the entropy of sounding time over pitch classes, averaged over windows of bars."""
    entropies = [
        entropy_bits(durations_by_pitch_class(texture, notes)) for notes in texture.note_windows()
    ]
    return Measure(fmean(entropies)) if entropies else NOTHING


def dissonance(texture: Texture) -> Measure:
    """Return the share of seconds, sevenths and tritones among all intervals heard on pulses."""
    on_pulse = texture.steps_of(texture.pulses)
    chords = texture.sounding[:, on_pulse].astype(np.int64)  # [12, pulses]
    sizes = chords.sum(axis=0)
    n_pairs = int((sizes * (sizes - 1) // 2).sum())
    # Shifting by a tritone meets every pair twice.
    seconds = sum(
        int((chords & np.roll(chords, interval, axis=0)).sum())
        for interval in (MINOR_SECOND, MAJOR_SECOND)
    )
    tritones = int((chords & np.roll(chords, TRITONE, axis=0)).sum()) // 2
    return Measure(share(seconds + tritones, n_pairs))


def semitone_clashes(texture: Texture) -> Measure:
    """Return how much of the sounding time two notes a semitone (modulo the octave) apart sound."""
    clash = (texture.sounding & np.roll(texture.sounding, MINOR_SECOND, axis=0)).any(axis=0)
    return Measure(share(int(clash.sum()), int(texture.sounding.any(axis=0).sum())))


TONALITY_RULES = (
    Rule(
        name="scale_share",
        family=FAMILY,
        label="notes of the key's scale",
        unit="share of the sounding time",
        source=f"{KRUMHANSL_KESSLER}, on notes of the scale",
        weight=1.5,
        sides="low",
        least_spread=0.03,
        measure=scale_share,
    ),
    Rule(
        name="key_agreement",
        family=FAMILY,
        label="key",
        unit="of 1",
        source=KRUMHANSL,
        weight=2.0,
        sides="low",
        least_spread=0.5,
        measure=key_agreement,
        is_expected=True,
    ),
    Rule(
        name="final_bass",
        family=FAMILY,
        label="last bass note",
        unit="of 1",
        source=f"{CAPLIN}, on the authentic cadence",
        weight=2.0,
        sides="low",
        least_spread=0.5,
        measure=final_bass,
        is_expected=True,
    ),
    Rule(
        name="final_cadence",
        family=FAMILY,
        label="final cadence",
        unit="of 1",
        source=f"{CAPLIN}, on the authentic cadence",
        weight=1.5,
        sides="low",
        least_spread=0.5,
        measure=final_cadence,
        is_expected=True,
    ),
    Rule(
        name="pitch_class_entropy",
        family=FAMILY,
        label="pitch-class entropy",
        unit="bits",
        source=YOUNGBLOOD,
        weight=1.0,
        sides="both",
        least_spread=0.2,
        measure=pitch_class_entropy,
    ),
    Rule(
        name="dissonance",
        family=FAMILY,
        label="dissonant intervals",
        unit="share of the intervals on the beat",
        source=f"{HURON_2001}, on sensory dissonance",
        weight=1.0,
        sides="both",
        least_spread=0.05,
        measure=dissonance,
    ),
    Rule(
        name="semitone_clashes",
        family=FAMILY,
        label="minor seconds and ninths, major sevenths",
        unit="share of the time",
        source=f"{HURON_2001}, on sensory dissonance",
        weight=1.5,
        sides="both",
        least_spread=0.02,
        measure=semitone_clashes,
    ),
)
