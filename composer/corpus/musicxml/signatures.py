"""Key signatures and tempos as a score states them, and what comes of them. Knows no note."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element

from composer.corpus.midi import FILE_TEMPO_RANGE_BPM
from composer.corpus.musicxml.values import read_tempo, text_of
from composer.piece import TempoChange
from composer.piece.marks import VALUE_BEATS
from composer.piece.moving import fifths_of_interval
from composer.theory import MODES, Meter
from composer.units import DEFAULT_TEMPO_BPM

_MAX_FIFTHS = 14
_NUMBERS = re.compile(r"\d{1,4}(?:\.\d{1,3})?", re.ASCII)
# What words mean where no number is beside them, in quarters a minute: the middles of the ranges
# printed on metronomes (Wittner).
WORD_TEMPOS = {
    "prestissimo": 200.0, "presto": 180.0, "vivace": 160.0, "allegro": 132.0, "allegretto": 112.0,
    "moderato": 100.0, "andantino": 80.0, "andante": 76.0, "adagio": 66.0, "larghetto": 60.0,
    "lento": 52.0, "largo": 50.0, "grave": 40.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TempoMark:
    """A tempo and when it stands; `unit_beats` is the value that a printed mark counts."""

    onset_beats: Fraction
    tempo_bpm: float
    unit_beats: Fraction | None = None


@dataclass(frozen=True, slots=True)
class KeyMark:
    """A key signature as it sounds, -7..7; `mode` is empty where none is stated."""

    onset_beats: Fraction
    fifths: int | None
    mode: str
    is_transposed: bool


def metronome_mark(mark: Element, now: Fraction) -> TempoMark | None:
    """Return what a metronome mark says; of `ca. 72` and `72-76` the number, or their mean."""
    numbers = [read_tempo(text) for text in _NUMBERS.findall(text_of(mark, "per-minute"))]
    stated = [number for number in numbers if number][:2]
    value = VALUE_BEATS.get(text_of(mark, "beat-unit"))
    if not stated or value is None:
        return None
    dots = min(3, len(mark.findall("beat-unit-dot")))
    unit = value * (2 - Fraction(1, 2**dots))
    return TempoMark(now, float(unit) * sum(stated) / len(stated), unit)


def read_key_mark(key: Element, transposition: int, now: Fraction, read: set[str]) -> KeyMark:
    """Return a key signature; one of more than seven signs as its enharmonic twin.

    Args:
        key: The element.
        transposition: Of its part: semitones by which it sounds above what is written.
        now: When.
        read: Gets what had to be read somehow.
    """
    text = text_of(key, "fifths")
    digits = text.lstrip("+-")
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 3
    fifths: int | None = int(text) if is_number else None
    if fifths is None or abs(fifths) > _MAX_FIFTHS:
        read.add("a key signature of no major or minor key, told by the notes")
        fifths = None
    elif abs(fifths) > 7:
        sign = "sharps" if fifths > 0 else "flats"
        read.add(f"a key signature of {abs(fifths)} {sign} as its enharmonic twin")
        fifths += -12 if fifths > 0 else 12
    mode = text_of(key, "mode").lower()
    if fifths is not None and transposition:
        fifths += fifths_of_interval(transposition)
        fifths += -12 if fifths > 7 else 12 if fifths < -7 else 0
    return KeyMark(now, fifths, mode if mode in MODES else "", transposition % 12 != 0)


def lay_tempos(
    marks: Iterable[TempoMark], words: Sequence[str], first_meter: Meter
) -> tuple[float, tuple[TempoChange, ...]]:
    """Return the tempo at the beginning, and the changes behind it.

    Args:
        marks: In any order; of several at one time the first counts.
        words: Printed at the beginning, for a score that states no number there.
        first_meter: A mark in its first bar holds from the beginning; one that counts another value
            than its pulse is kept as such.
    """
    low, high = FILE_TEMPO_RANGE_BPM
    by_onset: dict[Fraction, TempoMark] = {}
    for mark in marks:
        by_onset.setdefault(mark.onset_beats, mark)
    found = [by_onset[onset] for onset in sorted(by_onset)]
    at_beginning = found[:1] if found and found[0].onset_beats < first_meter.length_beats else []
    tempo_bpm = at_beginning[0].tempo_bpm if at_beginning else _tempo_of_words(words)
    tempo_bpm = min(high, max(low, tempo_bpm))
    changes = [
        TempoChange(one.onset_beats, min(high, max(low, one.tempo_bpm)), unit_beats=one.unit_beats)
        for one in found[len(at_beginning) :]
    ]
    unit = at_beginning[0].unit_beats if at_beginning else None
    if unit is not None and unit != first_meter.pulse_beats:
        changes.insert(0, TempoChange(Fraction(0), tempo_bpm, unit_beats=unit))
    return tempo_bpm, tuple(changes)


def _tempo_of_words(words: Sequence[str]) -> float:
    letters = re.findall(r"[a-z]+", " ".join(words).lower())
    return next((WORD_TEMPOS[one] for one in letters if one in WORD_TEMPOS), DEFAULT_TEMPO_BPM)
