"""Values out of a score file, each checked: what music can have, or a sentence that says why."""

from __future__ import annotations

import re
from fractions import Fraction
from math import isfinite
from xml.etree.ElementTree import Element

from composer.errors import OptionError, ScoreFileError
from composer.theory import Meter

MAX_DIVISIONS = 1_000_000
MAX_MEASURE_BEATS = 512  # twice the longest bar that a time signature states
# MusicXML has 0 to 9; the lowest MIDI notes lie below, and a Cb above the highest.
_OCTAVES = tuple(map(str, range(-2, 11)))
_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)
_SIGNED = re.compile(r"[+-]?\d{1,3}(\.\d{1,6})?", re.ASCII)
_TOUCH = re.compile(r"[+-]?\d{1,9}(\.\d{1,6})?", re.ASCII)
_BEATS = re.compile(r"\d{1,3}(\s*\+\s*\d{1,3}){0,15}", re.ASCII)


def text_of(element: Element, path: str) -> str:
    """Return the text at a path, without the blanks around it; empty if there is none."""
    return (element.findtext(path) or "").strip()


def read_divisions(text: str) -> Fraction:
    """Return how many divisions a quarter has.

    Raises:
        ScoreFileError: If it is no number above 0.
    """
    divisions = Fraction(text) if _DECIMAL.fullmatch(text) else Fraction(0)
    if not 0 < divisions <= MAX_DIVISIONS:
        raise ScoreFileError(
            f"the file divides a quarter into {_shown(text)}, so notes have no time"
        )
    return divisions


def read_duration(element: Element, divisions: Fraction) -> Fraction:
    """Return the length of a note or of a step back or forward, in quarters.

    Raises:
        ScoreFileError: If it is no length, or beyond all bars.
    """
    text = text_of(element, "duration")
    beats = Fraction(text) / divisions if _DECIMAL.fullmatch(text) else Fraction(-1)
    if not 0 <= beats <= MAX_MEASURE_BEATS:
        raise ScoreFileError(f"the file has a note or rest of the duration {_shown(text)}")
    return beats


def read_touch(note: Element, name: str, divisions: Fraction) -> Fraction:
    """Return by how many quarters a note begins or ends later than written; below 0 if earlier.

    The attributes `attack` and `release` are told by few files; what makes no sense there, or is
    more than a bar may last, is left out.
    """
    text = note.get(name, "0").strip()
    beats = Fraction(text) / divisions if _TOUCH.fullmatch(text) else Fraction(0)
    return beats if abs(beats) <= MAX_MEASURE_BEATS else Fraction(0)


def read_pitch(note: Element) -> tuple[str, int, int]:
    """Return step, alteration in semitones and octave; quarter tones go to the semitone below.

    Raises:
        ScoreFileError: If there is no such pitch.
    """
    step, octave = text_of(note, "pitch/step"), text_of(note, "pitch/octave")
    alter = text_of(note, "pitch/alter") or "0"
    if step not in "ABCDEFG" or len(step) != 1:
        raise ScoreFileError(f"the file has a note named {_shown(step)}; notes are A to G")
    if octave not in _OCTAVES:
        raise ScoreFileError(f"the file has a note in octave {_shown(octave)}; they are 0 to 9")
    if not _SIGNED.fullmatch(alter) or abs(float(alter)) > 3:
        raise ScoreFileError(f"the file alters a note by {_shown(alter)}; accidentals reach to 3")
    return step, int(float(alter) // 1), int(octave)


def read_meter(time: Element) -> Meter | None:
    """Return a time signature, of several the sum; None for music without.

    Raises:
        ScoreFileError: If no score can have it.
    """
    if time.find("senza-misura") is not None:
        return None
    pairs = list(zip(time.findall("beats"), time.findall("beat-type"), strict=False))
    texts = [((b.text or "").strip(), (t.text or "").strip()) for b, t in pairs]
    shown = _shown("+".join("/".join(pair) for pair in texts))
    try:
        lengths = [_fraction_of_whole(*pair) for pair in texts]
        denominator = max(int(beat_type) for _, beat_type in texts)
        return Meter(int(sum(lengths) * denominator), denominator)
    except (OptionError, ValueError, ZeroDivisionError) as error:
        reason = f"the file has the time signature {shown}, which no score can have"
        raise ScoreFileError(reason) from error


def _fraction_of_whole(beats: str, beat_type: str) -> Fraction:
    if not _BEATS.fullmatch(beats) or not _DECIMAL.fullmatch(beat_type):
        raise ValueError(beats)
    return Fraction(sum(map(int, beats.split("+"))), int(beat_type))


def read_tempo(text: str) -> float | None:
    """Return a tempo; None if nobody can play it."""
    try:
        tempo = float(text[:40])
    except ValueError:
        return None
    # What a dotted value multiplied and divided again is off by the last digit.
    return round(tempo, 9) if isfinite(tempo) and tempo > 0 else None


def _shown(text: str) -> str:
    """Return a value for a message: short, printable, in quotes."""
    return repr("".join(c for c in text[:20] if c.isascii() and c.isprintable()))
