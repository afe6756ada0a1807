"""Slurs -> MusicXML: each at the notes where it begins and ends, numbered so that none is mixed up.

Knows notes of a file by when they begin and whose they are; no pitch and no page.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from composer.piece import Marking

_MAX_NUMBER = 16
_KINDS = ("start", "stop")


@dataclass(slots=True)
class Place:
    """A note of the file.

    Args:
        measure: Where it stands.
        element: The note.
        onset_beats: When it begins.
        staff: From 0.
        is_in_chord: Whether it begins with the one before.
    """

    measure: Element
    element: Element
    onset_beats: Fraction
    staff: int
    is_in_chord: bool


def notations_of(note: Element) -> Element:
    """Return what holds the signs of a note; before its syllables, where it is not there yet."""
    found = note.find("notations")
    if found is not None:
        return found
    made = Element("notations")
    at = next((i for i, one in enumerate(note) if one.tag == "lyric"), len(note))
    note.insert(at, made)
    return made


def write_slurs(slurs: Iterable[Marking], places: Sequence[Place]) -> None:
    """Put the slurs of a staff at its notes.

    Args:
        slurs: Over one note where it has grace notes, from the first of these.
        places: The notes of the staff, in the order of the file.
    """
    heads = _heads(places)
    ends: list[tuple[Fraction, str, int, Element]] = []
    taken: list[Fraction] = []  # until when each number is in use
    for slur in sorted(slurs, key=lambda one: (one.onset_beats, -(one.end_beats or 0))):
        notes = _notes_under(slur, heads.get(slur.voice) or heads.get(0, []))
        if notes is None:
            continue
        begin, end = slur.onset_beats, slur.end_beats or slur.onset_beats
        number = next((i for i, until in enumerate(taken) if until <= begin), len(taken))
        taken[number : number + 1] = [end]
        for time, kind, note in zip((begin, end), _KINDS, notes, strict=True):
            ends.append((time, kind, number % _MAX_NUMBER + 1, note))
    for _, kind, number, note in sorted(ends, key=lambda one: (one[0], -_KINDS.index(one[1]))):
        SubElement(notations_of(note), "slur", number=str(number), type=kind)


def _heads(places: Sequence[Place]) -> dict[int, list[Place]]:
    """Return the first note of each chord by time: of all voices at 0, and of each by its rank."""
    names = sorted({_voice(one) for one in places}, key=lambda name: (len(name), name))
    found: dict[int, list[Place]] = {}
    for place in sorted(places, key=lambda one: one.onset_beats):
        if not place.is_in_chord:
            for key in (0, names.index(_voice(place)) + 1):
                found.setdefault(key, []).append(place)
    return found


def _voice(place: Place) -> str:
    return place.element.findtext("voice") or "1"


def _notes_under(slur: Marking, heads: Sequence[Place]) -> tuple[Element, Element] | None:
    """Return the first and the last note under a slur; None where there are not two."""
    assert slur.end_beats is not None
    first = bisect_left(heads, slur.onset_beats, key=lambda place: place.onset_beats)
    last = bisect_right(heads, slur.end_beats, key=lambda place: place.onset_beats) - 1
    if not 0 <= first <= last:
        return None
    if heads[first].onset_beats < heads[last].onset_beats:
        return heads[first].element, heads[last].element
    grace = _first_grace(heads[first])
    return None if grace is None else (grace, heads[first].element)


def _first_grace(place: Place) -> Element | None:
    """Return the first of the grace notes right before a note."""
    elements = list(place.measure)
    at = elements.index(place.element)
    while at and elements[at - 1].find("grace") is not None:
        at -= 1
    return elements[at] if elements[at].find("grace") is not None else None
