"""What a score says about itself: title, composer, keys, bar numbers. Knows XML and notes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from statistics import correlation
from xml.etree.ElementTree import Element

from composer.corpus.musicxml.signatures import KeyMark
from composer.corpus.musicxml.values import text_of
from composer.corpus.text import clean_text
from composer.piece import KeyChange, Note, Part
from composer.theory import (
    KEY_PROFILES,
    LAST_BASS_BONUS,
    MODES,
    Key,
    estimate_key,
    key_from_signature,
)

_MAX_TEXT_LENGTH = 200


def read_title(root: Element) -> str:
    """Return the title of the work, or of the movement; empty if none is stated."""
    found = (
        text_of(root, "work/work-title")
        or text_of(root, "movement-title")
        or _credit(root, "title")
    )
    return clean_text(found, _MAX_TEXT_LENGTH)


def read_composer(root: Element) -> str:
    """Return the composer; empty if none is stated."""
    creators = root.findall("identification/creator")
    found = next((one.text or "" for one in creators if one.get("type") == "composer"), "")
    return clean_text(found or _credit(root, "composer"), _MAX_TEXT_LENGTH)


def _credit(root: Element, kind: str) -> str:
    """Return what is printed on the first page as title or composer."""
    for credit in root.findall("credit"):
        if text_of(credit, "credit-type") == kind and credit.get("page", "1") == "1":
            return " ".join((one.text or "").strip() for one in credit.findall("credit-words"))
    return ""


def read_first_number(root: Element, *, has_pickup: bool) -> int:
    """Return the number that is printed at the first whole bar; 1 where none is stated."""
    part = root.find("part")
    measures = [] if part is None else part.findall("measure")
    texts = [one.get("number", "") for one in measures[int(has_pickup) :][:1]]
    numbers = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 5]
    return max(1, numbers[0]) if numbers else 1


def read_keys(marks: Sequence[KeyMark], parts: Sequence[Part]) -> tuple[KeyChange, ...]:
    """Return the keys of a score, the first at 0.

    Signatures of parts that are written as they sound count, else those of the others. A mode that
    is not stated is the one of the two that fits the notes better; without a signature the notes
    tell all.
    """
    notes = [note for part in parts for note in part.notes]
    stated = [one for one in marks if one.fifths is not None]
    sounding = [one for one in stated if not one.is_transposed] or stated
    by_onset: dict[Fraction, KeyMark] = {}
    for mark in sounding:
        by_onset.setdefault(mark.onset_beats, mark)
    if not by_onset:
        return (KeyChange(Fraction(0), _estimated_key(notes)),)
    onsets = sorted(by_onset)
    ends = [*onsets[1:], max((note.end_beats for note in notes), default=Fraction(0))]
    kept: list[KeyChange] = []
    for onset, end in zip(onsets, ends, strict=True):
        begin = onset if kept else Fraction(0)
        key = _key_of(by_onset[onset], [n for n in notes if begin <= n.onset_beats < end])
        if not kept or kept[-1].key != key:
            kept.append(KeyChange(begin, key))
    return tuple(kept)


def _key_of(mark: KeyMark, notes: Sequence[Note]) -> Key:
    assert mark.fifths is not None
    if mark.mode:
        return key_from_signature(mark.fifths, mark.mode)
    both = [key_from_signature(mark.fifths, mode) for mode in MODES]
    if not notes:
        return both[0]
    durations, bass = _durations(notes), _last_bass(notes)
    return max(both, key=lambda key: _fit(key, durations, bass))


def _estimated_key(notes: Sequence[Note]) -> Key:
    return estimate_key(_durations(notes), _last_bass(notes) if notes else None)[0]


def _durations(notes: Sequence[Note]) -> list[float]:
    durations = [0.0] * 12
    for note in notes:
        durations[note.pitch % 12] += float(note.duration_beats)
    return durations


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
