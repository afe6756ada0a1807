"""What music21 is not told, put into its XML: grace notes, syllables, chords, repeats, tempos.

Walks every part of the file with a clock of its own and finds the notes of the piece by when they
begin and how they sound. Knows MusicXML, and no layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from composer.piece import SIGNS, Marking, Marks, Note, Part, Piece
from composer.rendering.elements import (
    grace_element,
    harmony_element,
    lyric_element,
    metronome_element,
)
from composer.rendering.markings import WRITTEN_SIGNS
from composer.rendering.tempo_map import tempo_steps
from composer.theory import LETTER_PITCH_CLASSES

_OCTAVE_LINES = {
    "8va": ("down", "8"), "8vb": ("up", "8"), "15ma": ("down", "15"), "15mb": ("up", "15"),
}  # fmt: skip
# Kinds of spans -> the direction that draws them, with the types of its two ends.
_LINES = {"pedal": ("pedal", "start", "stop"), "dashes": ("dashes", "start", "stop")}


def annotate(root: Element, piece: Piece, layout: Sequence[Sequence[int]]) -> None:
    """Write into a file what stands beside the notes of a piece and is not in it yet.

    Args:
        root: A `score-partwise` that music21 wrote.
        piece: With the times that are written.
        layout: Indices of the piece's parts in every part of the file, a staff each.
    """
    for number, (part, indices) in enumerate(zip(root.findall("part"), layout, strict=True)):
        writer = _PartWriter(part, [piece.parts[index] for index in indices], piece)
        writer.write(is_first=number == 0)


@dataclass(slots=True)
class _Place:
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


class _PartWriter:
    """Writes into one part of the file."""

    def __init__(self, part: Element, parts: Sequence[Part], piece: Piece) -> None:
        self._measures = part.findall("measure")
        self._parts = parts
        self._piece = piece
        self._divisions = Fraction(part.findtext("measure/attributes/divisions") or "1")
        bars = piece.bars[: len(self._measures)]
        self._begins = [bar.onset_beats for bar in bars]
        self._ends = [bar.end_beats for bar in bars]
        first_length = _length_of(self._measures[0]) / self._divisions
        if piece.pickup_beats and first_length < self._ends[0]:
            self._begins[0] = self._ends[0] - first_length
        self._notes = [
            {(self._tick(n.onset_beats), n.pitch): n for n in _marked_last(part)} for part in parts
        ]

    def _tick(self, beats: Fraction) -> int:
        return round(beats * self._divisions)

    def write(self, *, is_first: bool) -> None:
        """Write everything; tempos into the first part alone."""
        for index, measure in enumerate(self._measures):
            for place in list(self._places(measure, self._begins[index])):
                self._write_note(place)
        for staff, part in enumerate(self._parts):
            for marking in part.markings:
                self._write_marking(marking, staff)
        if is_first:
            self._write_tempos()
        self._write_repeats(is_first=is_first)

    def _places(self, measure: Element, begin: Fraction) -> Iterator[_Place]:
        time = onset = begin
        for element in measure:
            length = Fraction(element.findtext("duration") or 0) / self._divisions
            if element.tag == "note":
                is_in_chord = element.find("chord") is not None
                onset = onset if is_in_chord else time
                staff = int(element.findtext("staff") or 1) - 1
                if element.find("pitch") is not None:
                    yield _Place(measure, element, onset, staff, is_in_chord)
                time += Fraction(0) if is_in_chord else length
            elif element.tag in ("backup", "forward"):
                time += length if element.tag == "forward" else -length

    # --- Notes ----------------------------------------------------------------------------------

    def _write_note(self, place: _Place) -> None:
        element = place.element
        if any(tie.get("type") == "stop" for tie in element.findall("tie")):
            return
        notes = self._notes[place.staff if len(self._parts) > 1 else 0]
        note = notes.get((self._tick(place.onset_beats), _pitch_of(element)))
        if note is None or note.marks is None:
            return
        self._write_signs(element, note.marks)
        for lyric in note.marks.lyrics:
            element.append(lyric_element(lyric))
        self._write_graces(place, note)

    def _write_signs(self, element: Element, marks: Marks) -> None:
        signs = [sign for sign in marks.signs if sign not in WRITTEN_SIGNS]
        if not signs:
            return
        notations = element.find("notations")
        if notations is None:
            notations = SubElement(element, "notations")
        for sign in signs:
            family = SIGNS[sign]
            home = notations
            if family != "notations":
                found = notations.find(family)
                home = found if found is not None else SubElement(notations, family)
            tag, _, value = sign.rpartition("-")
            if tag in ("tremolo", "fingering"):
                SubElement(home, tag).text = value
            else:
                SubElement(home, sign)

    def _write_graces(self, place: _Place, note: Note) -> None:
        assert note.marks is not None
        elements = list(place.measure)
        at = elements.index(place.element)
        before = [one for one in note.marks.graces if not one.is_after]
        after = [one for one in note.marks.graces if one.is_after]
        while at > 0 and before and elements[at].find("chord") is not None:
            at -= 1
        for offset, grace in enumerate(before):
            place.measure.insert(at + offset, grace_element(grace, place.element))
        if after:
            at = list(place.measure).index(place.element) + 1
            following = list(place.measure)
            while at < len(following) and following[at].find("chord") is not None:
                at += 1
            for offset, grace in enumerate(after):
                place.measure.insert(at + offset, grace_element(grace, place.element))

    # --- Between notes --------------------------------------------------------------------------

    def _write_marking(self, marking: Marking, staff: int) -> None:
        begin, end = marking.onset_beats, marking.end_beats
        if marking.kind == "chord":
            harmony = harmony_element(marking.text)
            if harmony is not None:
                self._insert(harmony, begin, staff)
        elif marking.kind == "rehearsal":
            self._direct(begin, staff, "rehearsal", text=marking.text)
        elif marking.kind == "octave" and end is not None:
            kind, size = _OCTAVE_LINES.get(marking.text, ("down", "8"))
            self._direct(begin, staff, "octave-shift", type=kind, size=size)
            self._direct(end, staff, "octave-shift", type="stop", size=size)
        elif marking.kind in _LINES and end is not None:
            tag, start, stop = _LINES[marking.kind]
            extra = {"line": "yes"} if tag == "pedal" else {}
            self._direct(begin, staff, tag, type=start, **extra)
            self._direct(end, staff, tag, type=stop, **extra)
        elif marking.kind in ("trill", "glissando") and end is not None:
            self._span_notes(marking, staff)
        elif marking.kind == "measure-repeat" and end is not None:
            self._repeat_measures(begin, staff, "start", marking.text)
            self._repeat_measures(end, staff, "stop", "")

    def _repeat_measures(self, time: Fraction, staff: int, kind: str, text: str) -> None:
        """Say that bars are printed as signs for those before them; their notes stay."""
        if time not in self._begins:
            return
        measure = self._measures[self._begins.index(time)]
        attributes = Element("attributes")
        number = {"number": str(staff + 1)} if len(self._parts) > 1 else {}
        style = SubElement(attributes, "measure-style", number)
        SubElement(style, "measure-repeat", type=kind).text = text or None
        at = next((i for i, one in enumerate(measure) if one.tag == "note"), len(measure))
        measure.insert(at, attributes)

    def _span_notes(self, marking: Marking, staff: int) -> None:
        """Write a line that holds on to the notes at its ends."""
        assert marking.end_beats is not None
        for onset, kind in ((marking.onset_beats, "start"), (marking.end_beats, "stop")):
            place = self._note_at(onset, staff)
            if place is None:
                continue
            notations = place.find("notations")
            if notations is None:
                notations = SubElement(place, "notations")
            if marking.kind == "glissando":
                SubElement(notations, "glissando", type=kind, number="1")
                continue
            ornaments = notations.find("ornaments")
            home = ornaments if ornaments is not None else SubElement(notations, "ornaments")
            SubElement(home, "wavy-line", type=kind, number="1")

    def _note_at(self, onset: Fraction, staff: int) -> Element | None:
        for index, begin in enumerate(self._begins):
            if begin <= onset < self._ends[index]:
                for place in self._places(self._measures[index], begin):
                    is_mine = len(self._parts) == 1 or place.staff == staff
                    if is_mine and place.onset_beats == onset and not place.is_in_chord:
                        return place.element
        return None

    def _direct(self, time: Fraction, staff: int, tag: str, text: str = "", **facts: str) -> None:
        direction = Element("direction", placement="above")
        SubElement(SubElement(direction, "direction-type"), tag, facts).text = text or None
        self._insert(direction, time, staff)

    def _insert(self, element: Element, time: Fraction, staff: int) -> None:
        """Put an element where the first voice of its measure is at a time, or next before it."""
        index = max((i for i, begin in enumerate(self._begins) if begin <= time), default=0)
        measure, clock = self._measures[index], self._begins[index]
        at, there = 0, clock
        for place, child in enumerate(measure):
            if child.tag == "backup" or clock > time:
                break
            if child.tag == "barline" and child.get("location") == "right":
                break
            if child.tag in ("note", "forward") and child.find("grace") is None:
                if child.find("chord") is None:
                    at, there = place, clock
                    clock += Fraction(child.findtext("duration") or 0) / self._divisions
            elif child.tag == "attributes" and clock == self._begins[index]:
                at, there = place + 1, clock
            if clock <= time and child.tag in ("note", "forward"):
                at, there = place + 1, clock
        while 0 < at < len(measure) and measure[at].find("chord") is not None:
            at += 1
        while at > 0 and measure[at - 1].find("grace") is not None and there == time:
            at -= 1
        if time > there:
            SubElement(element, "offset").text = str(round((time - there) * self._divisions))
        if len(self._parts) > 1 and element.tag != "sound":
            SubElement(element, "staff").text = str(staff + 1)
        measure.insert(at, element)

    # --- The whole piece ------------------------------------------------------------------------

    def _write_tempos(self) -> None:
        for change in tempo_steps(self._piece)[1:]:
            sound = Element("sound", tempo=f"{change.tempo_bpm:.6g}")
            mark = metronome_element(change.tempo_bpm, change.unit_beats)
            if mark is None:
                self._insert(sound, change.onset_beats, 0)
                continue
            direction = Element("direction", placement="above")
            SubElement(direction, "direction-type").append(mark)
            self._insert(direction, change.onset_beats, 0)
            direction.append(sound)

    def _write_repeats(self, *, is_first: bool) -> None:
        for sign in self._piece.repeats:
            if sign.kind == "ending" and sign.end_beats is not None:
                numbers = ", ".join(map(str, sign.numbers)) or "1"
                self._bar_line(sign.onset_beats, "left", "ending", number=numbers, type="start")
                self._bar_line(sign.end_beats, "right", "ending", number=numbers, type="stop")
            elif sign.kind == "forward":
                self._bar_line(sign.onset_beats, "left", "repeat", direction="forward")
            elif sign.kind == "backward":
                times = {"times": str(sign.times)} if sign.times != 2 else {}
                self._bar_line(sign.onset_beats, "right", "repeat", direction="backward", **times)
            elif is_first:
                self._jump(sign.kind, sign.onset_beats, sign.text)

    def _bar_line(self, time: Fraction, location: str, tag: str, **facts: str) -> None:
        edges = self._begins if location == "left" else self._ends
        index = next((i for i, edge in enumerate(edges) if edge == time), None)
        if index is None and location == "left" and time == 0:
            index = 0  # a pickup begins later than its bar line
        if index is None:
            return
        measure = self._measures[index]
        found = [one for one in measure.findall("barline") if one.get("location") == location]
        if found:
            bar_line = found[0]
        else:
            bar_line = Element("barline", location=location)
            measure.insert(0 if location == "left" else len(measure), bar_line)
        if tag == "repeat":
            style = bar_line.find("bar-style")
            if style is None:
                style = Element("bar-style")
                bar_line.insert(0, style)
            style.text = "heavy-light" if location == "left" else "light-heavy"
        child = Element(tag, facts)
        repeat = bar_line.find("repeat")
        if tag == "ending" and repeat is not None:
            bar_line.insert(list(bar_line).index(repeat), child)
        else:
            bar_line.append(child)

    def _jump(self, kind: str, time: Fraction, text: str) -> None:
        direction = Element("direction", placement="above")
        kinds = SubElement(direction, "direction-type")
        if kind in ("segno", "coda"):
            SubElement(kinds, kind)
            facts = {kind: kind}
        else:
            words = {"da capo": "D.C.", "dal segno": "D.S.", "fine": "Fine", "to coda": "To Coda"}
            SubElement(kinds, "words").text = text or words[kind]
            attribute = kind.replace(" ", "")
            facts = {attribute: "yes" if kind in ("da capo", "fine") else attribute[-5:]}
        SubElement(direction, "sound", facts)
        edges = self._begins if kind in ("segno", "coda") else self._ends
        index = next((i for i, edge in enumerate(edges) if edge == time), None)
        if index is None:
            return
        measure = self._measures[index]
        if kind in ("segno", "coda"):
            at = next((i for i, one in enumerate(measure) if one.tag == "note"), len(measure))
        else:
            is_last = [one.tag == "barline" and one.get("location") == "right" for one in measure]
            at = is_last.index(True) if any(is_last) else len(measure)
        measure.insert(at, direction)


def _marked_last(part: Part) -> list[Note]:
    """Return the notes of a part; of unisons the one at which most is written comes last."""
    return sorted(part.notes, key=lambda note: len(str(note.marks or "")))


def _length_of(measure: Element) -> Fraction:
    """Return how far a measure reaches, in divisions."""
    time = furthest = Fraction(0)
    for element in measure:
        length = Fraction(element.findtext("duration") or 0)
        if element.tag == "backup":
            time -= length
        elif element.tag in ("note", "forward") and element.find("chord") is None:
            time += length
        furthest = max(furthest, time)
    return furthest


def _pitch_of(note: Element) -> int:
    alter = int(float(note.findtext("pitch/alter") or 0))
    octave = int(note.findtext("pitch/octave") or 0)
    step = note.findtext("pitch/step") or "C"
    return 12 * (octave + 1) + LETTER_PITCH_CLASSES[step] + alter
