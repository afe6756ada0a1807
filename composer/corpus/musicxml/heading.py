"""What a score says about itself: title, composer, key, tempo. Knows XML, and counts notes."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import correlation
from xml.etree.ElementTree import Element

from composer.corpus.midi import FILE_TEMPO_RANGE_BPM
from composer.corpus.musicxml.values import read_fifths, read_tempo, text_of
from composer.corpus.text import clean_text
from composer.piece import Note, Part
from composer.theory import (
    KEY_PROFILES,
    LAST_BASS_BONUS,
    MODES,
    Key,
    estimate_key,
    key_from_signature,
)
from composer.units import DEFAULT_TEMPO_BPM

_MAX_TEXT_LENGTH = 200
_BEAT_UNITS = {"breve": 8.0, "whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "16th": 0.25}


def read_title(root: Element) -> str:
    """Return the title of the work, or of the movement; empty if none is stated."""
    found = text_of(root, "work/work-title") or text_of(root, "movement-title")
    return clean_text(found, _MAX_TEXT_LENGTH)


def read_composer(root: Element) -> str:
    """Return the composer; empty if none is stated."""
    creators = root.findall("identification/creator")
    found = next((one.text or "" for one in creators if one.get("type") == "composer"), "")
    return clean_text(found, _MAX_TEXT_LENGTH)


def read_tempo_bpm(root: Element) -> float:
    """Return the first tempo as it sounds, or else as it is written, in quarters a minute."""
    stated = [read_tempo(sound.get("tempo", "")) for sound in root.iter("sound")]
    written = [_metronome_bpm(mark) for mark in root.iter("metronome")]
    tempo_bpm = next((tempo for tempo in stated + written if tempo), DEFAULT_TEMPO_BPM)
    low, high = FILE_TEMPO_RANGE_BPM
    return min(high, max(low, tempo_bpm))


def _metronome_bpm(mark: Element) -> float | None:
    tempo = read_tempo(text_of(mark, "per-minute"))
    unit = _BEAT_UNITS.get(text_of(mark, "beat-unit"))
    if tempo is None or unit is None:
        return None
    dots = len(mark.findall("beat-unit-dot"))
    return tempo * unit * (2 - 0.5**dots)


def read_key(root: Element, parts: Sequence[Part]) -> Key:
    """Return the key of the first signature that is written as it sounds.

    A mode that is not stated is the one of the two that fits the notes better; without a signature
    the notes tell all.
    """
    notes = [note for part in parts for note in part.notes]
    durations = [0.0] * 12
    for note in notes:
        durations[note.pitch % 12] += float(note.duration_beats)
    bass = _last_bass(notes)
    for key in _signatures(root):
        fifths, mode = read_fifths(key), text_of(key, "mode").lower()
        if fifths is None:
            continue
        if mode in MODES:
            return key_from_signature(fifths, mode)
        both = [key_from_signature(fifths, mode) for mode in MODES]
        return max(both, key=lambda key: _fit(key, durations, bass))
    return estimate_key(durations, bass)[0]


def _signatures(root: Element) -> list[Element]:
    """Return the key signatures of the first part whose instrument sounds as written."""
    for part in root.iter("part"):
        if next(part.iter("transpose"), None) is None:
            return list(part.iter("key"))
    return []


def _last_bass(notes: Sequence[Note]) -> int:
    last_onset = max(note.onset_beats for note in notes)
    return min(note.pitch for note in notes if note.end_beats > last_onset) % 12


def _fit(key: Key, durations: Sequence[float], last_bass: int) -> float:
    """Return how well a key fits, as `theory.estimate_key` measures it."""
    tonic = key.tonic_pitch_class
    turned = [durations[(tonic + step) % 12] for step in range(12)]
    bonus = LAST_BASS_BONUS if tonic == last_bass else 0.0
    is_even = max(turned) == min(turned)
    return bonus + (0.0 if is_even else correlation(turned, KEY_PROFILES[key.mode]))
