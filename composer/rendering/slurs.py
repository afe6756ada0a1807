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

_NUMBERS = 8  # of a staff: two staves of a part share 16
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


def numbered(number: int, staff: int) -> str:
    """Return the number in a file of a span that is told apart from others of its staff by one.

    Args:
        number: From 0.
        staff: From 0; the spans of the two staves of a part are told apart as well.
    """
    return str(number % _NUMBERS + 1 + staff % 2 * _NUMBERS)


def write_slurs(slurs: Iterable[Marking], places: Sequence[Place], staff: int) -> None:
    """Put the slurs of a staff at its notes.

    Args:
        slurs: Over one note where it has grace notes, from the first of these.
        places: The notes of the staff, in the order of the file.
        staff: From 0.
    """
    heads = _heads(places)
    order = {id(place.element): number for number, place in enumerate(places)}
    ends: list[tuple[Fraction, str, str, Element]] = []
    taken: list[int] = []  # up to which note of the file each number is in use
    found = []
    for slur in slurs:
        notes = _notes_under(slur, heads.get(slur.voice, ()), heads.get(0, ()))
        if notes is not None:
            first, last = (order.get(id(note), order[id(notes[1])]) for note in notes)
            found.append((first, -last, slur, notes))
    for first, minus_last, slur, notes in sorted(found, key=lambda one: one[:2]):
        number = next((i for i, until in enumerate(taken) if until <= first), len(taken))
        taken[number : number + 1] = [max(first, -minus_last)]
        times = (slur.onset_beats, slur.end_beats or slur.onset_beats)
        for time, kind, note in zip(times, _KINDS, notes, strict=True):
            ends.append((time, kind, numbered(number, staff), note))
    for _, kind, told, note in sorted(ends, key=lambda one: (one[0], -_KINDS.index(one[1]))):
        SubElement(notations_of(note), "slur", number=told, type=kind)


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


def _notes_under(
    slur: Marking, own: Sequence[Place], heads: Sequence[Place]
) -> tuple[Element, Element] | None:
    """Return the first and the last note under a slur; None where there are not two.

    Args:
        slur: It may end in another voice than its own, where that one has no note.
        own: The first note of every chord of its voice; nothing if it has none.
        heads: Likewise, of all voices.
    """
    assert slur.end_beats is not None
    own = own or heads
    begin = bisect_left(own, slur.onset_beats, key=lambda place: place.onset_beats)
    end = bisect_right(own, slur.end_beats, key=lambda place: place.onset_beats) - 1
    first = own[begin] if begin < len(own) else None
    last = own[end] if end >= 0 else None
    if last is None or last.onset_beats != slur.end_beats:
        there = bisect_left(heads, slur.end_beats, key=lambda place: place.onset_beats)
        if there < len(heads) and heads[there].onset_beats == slur.end_beats:
            last = heads[there]
    if first is None or last is None or first.onset_beats > last.onset_beats:
        return None
    if first.onset_beats < last.onset_beats:
        return first.element, last.element
    grace = _first_grace(first)
    return None if grace is None else (grace, first.element)


def _first_grace(place: Place) -> Element | None:
    """Return the first of the grace notes right before a note."""
    elements = list(place.measure)
    at = elements.index(place.element)
    while at and elements[at - 1].find("grace") is not None:
        at -= 1
    return elements[at] if elements[at].find("grace") is not None else None
