"""What music21 is not told, put into its XML: grace notes, slurs, chords, clefs, repeats, tempos.

Walks every part of the file with a clock of its own and finds the notes of the piece by when they
begin and how they sound. Knows MusicXML, and no layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from composer.piece import SIGNS, Marking, Marks, Note, Part, Piece
from composer.piece.moving import fifths_of_interval, moved_key
from composer.rendering.elements import (
    clef_element,
    dynamic_direction,
    grace_element,
    harmony_element,
    lyric_element,
    metronome_element,
)
from composer.rendering.markings import WRITTEN_SIGNS
from composer.rendering.measures import lay_measures
from composer.rendering.repeats import Bars, write_repeats
from composer.rendering.slurs import Place, notations_of, numbered, write_slurs
from composer.rendering.tempo_map import tempo_steps
from composer.theory import LETTER_PITCH_CLASSES

_OCTAVE_LINES = {
    "8va": ("down", "8"), "8vb": ("up", "8"), "15ma": ("down", "15"), "15mb": ("up", "15"),
}  # fmt: skip
# Kinds of spans -> the direction that draws them, with the types of its two ends.
_LINES = {
    "pedal": ("pedal", "start", "stop"), "dashes": ("dashes", "start", "stop"),
    "crescendo": ("wedge", "crescendo", "stop"), "diminuendo": ("wedge", "diminuendo", "stop"),
}  # fmt: skip
# Letters of a written interval, by its semitones within an octave.
_LETTERS = (0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6)
# The order in which a file has what stands in `attributes`.
_ATTRIBUTES = ("divisions", "key", "time", "staves", "part-symbol", "instruments", "clef")


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
    _join_tempo_words(root)


def _join_tempo_words(root: Element) -> None:
    """Put the words at the beginning and the first metronome mark into one direction."""
    measure = root.find("part/measure")
    directions = [] if measure is None else measure.findall("direction")
    marks = [one for one in directions if one.find("direction-type/metronome") is not None]
    words = [
        one
        for one in directions
        if one.find("direction-type/words") is not None and one.find("offset") is None
    ]
    if measure is None or not marks or not words:
        return
    elements = list(measure)
    first_note = next((i for i, one in enumerate(elements) if one.tag == "note"), len(elements))
    if elements.index(words[0]) > first_note:
        return
    measure.remove(words[0])
    marks[0].insert(0, words[0][0])
    marks[0].set("placement", "above")


class _PartWriter:
    """Writes into one part of the file."""

    def __init__(self, part: Element, parts: Sequence[Part], piece: Piece) -> None:
        self._measures = part.findall("measure")
        self._parts = parts
        self._piece = piece
        self._divisions = Fraction(part.findtext("measure/attributes/divisions") or "1")
        measures = lay_measures(piece)
        self._begins = [one.begin_beats for one in measures]
        self._ends = [one.end_beats for one in measures]
        # What is to be found yet, by when and at what pitch it sounds: unisons by their voices.
        self._notes: list[dict[tuple[int, int], list[Note]]] = [{} for _ in parts]
        for found, line in zip(self._notes, parts, strict=True):
            for note in sorted(line.notes, key=lambda one: one.marks.voice if one.marks else 0):
                found.setdefault((self._tick(note.onset_beats), note.pitch), []).append(note)

    def _tick(self, beats: Fraction) -> int:
        return round(beats * self._divisions)

    def write(self, *, is_first: bool) -> None:
        """Write everything; tempos into the first part alone."""
        found = zip(self._measures, self._begins, strict=True)
        places = [place for both in found for place in self._places(*both)]
        for place in places:
            self._write_note(place)
        for staff, part in enumerate(self._parts):
            there = [one for one in places if len(self._parts) == 1 or one.staff == staff]
            write_slurs([one for one in part.markings if one.kind == "slur"], there, staff)
            numbers = _numbers(part.markings, staff)
            for marking, number in zip(part.markings, numbers, strict=True):
                self._write_marking(marking, staff, there, number)
        self._write_keys()
        self._write_transposition()
        if is_first:
            self._write_tempos()
        bars = Bars(self._measures, self._begins, self._ends)
        write_repeats(self._piece.repeats, bars, is_first=is_first)

    def _places(self, measure: Element, begin: Fraction) -> Iterator[Place]:
        time = onset = begin
        for element in measure:
            length = Fraction(element.findtext("duration") or 0) / self._divisions
            if element.tag == "note":
                is_in_chord = element.find("chord") is not None
                onset = onset if is_in_chord else time
                staff = int(element.findtext("staff") or 1) - 1
                if element.find("pitch") is not None:
                    yield Place(measure, element, onset, staff, is_in_chord)
                time += Fraction(0) if is_in_chord else length
            elif element.tag in ("backup", "forward"):
                time += length if element.tag == "forward" else -length

    # --- Notes ----------------------------------------------------------------------------------

    def _write_note(self, place: Place) -> None:
        element = place.element
        if any(tie.get("type") == "stop" for tie in element.findall("tie")):
            return
        notes = self._notes[place.staff if len(self._parts) > 1 else 0]
        found = notes.get((self._tick(place.onset_beats), _pitch_of(element)))
        if not found:
            return
        length = int(element.findtext("duration") or 0)
        alike = [one for one in found if self._tick(one.duration_beats) == length]
        note = (alike or found)[0]
        found.remove(note)
        if note.marks is None:
            return
        self._write_signs(element, note.marks)
        for lyric in note.marks.lyrics:
            element.append(lyric_element(lyric))
        self._write_graces(place, note)

    def _write_signs(self, element: Element, marks: Marks) -> None:
        signs = [sign for sign in marks.signs if sign not in WRITTEN_SIGNS]
        if not signs:
            return
        notations = notations_of(element)
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

    def _write_graces(self, place: Place, note: Note) -> None:
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

    def _write_marking(
        self, marking: Marking, staff: int, places: Sequence[Place], number: str
    ) -> None:
        begin, end = marking.onset_beats, marking.end_beats
        if marking.kind == "chord":
            harmony = harmony_element(marking.text)
            if harmony is not None:
                self._insert(harmony, begin, staff)
        elif marking.kind == "dynamic":
            self._insert(dynamic_direction(marking.text), begin, staff)
        elif marking.kind in ("rehearsal", "words"):
            self._direct(begin, staff, marking.kind, text=marking.text)
        elif marking.kind == "octave" and end is not None:
            kind, size = _OCTAVE_LINES.get(marking.text, ("down", "8"))
            facts = {"number": number, "size": size}
            self._direct(begin, staff, "octave-shift", type=kind, **facts)
            self._direct(end, staff, "octave-shift", type="stop", **facts)
        elif marking.kind in _LINES and end is not None:
            tag, start, stop = _LINES[marking.kind]
            extra = {"number": number} | ({"line": "yes"} if tag == "pedal" else {})
            self._direct(begin, staff, tag, type=start, **extra)
            self._direct(end, staff, tag, type=stop, **extra)
        elif marking.kind in ("trill", "glissando") and end is not None:
            self._span_notes(marking, places, number)
        elif marking.kind == "clef" and begin > self._begins[0]:
            self._put_attribute(begin, clef_element(marking.text), staff)
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

    def _span_notes(self, marking: Marking, places: Sequence[Place], number: str) -> None:
        """Write a line that holds on to the notes at its ends."""
        for onset, kind in ((marking.onset_beats, "start"), (marking.end_beats, "stop")):
            heads = (one for one in places if one.onset_beats == onset and not one.is_in_chord)
            place = next(heads, None)
            if place is None:
                continue
            notations = notations_of(place.element)
            if marking.kind == "glissando":
                SubElement(notations, "glissando", type=kind, number=number)
                continue
            ornaments = notations.find("ornaments")
            home = ornaments if ornaments is not None else SubElement(notations, "ornaments")
            SubElement(home, "wavy-line", type=kind, number=number)

    def _direct(self, time: Fraction, staff: int, tag: str, text: str = "", **facts: str) -> None:
        place = "below" if tag in ("wedge", "pedal") else "above"
        direction = Element("direction", placement=place)
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

    # --- Attributes -----------------------------------------------------------------------------

    def _write_keys(self) -> None:
        """Write the keys that change within a bar; the others stand at their bar lines."""
        fifths = fifths_of_interval(self._parts[0].transposition)
        for change in self._piece.keys:
            if change.onset_beats not in (*self._begins, *self._ends):
                key = Element("key")
                there = moved_key(change.key, -fifths)
                SubElement(key, "fifths").text = str(there.fifths)
                SubElement(key, "mode").text = there.mode
                self._put_attribute(change.onset_beats, key)

    def _write_transposition(self) -> None:
        semitones = self._parts[0].transposition
        if not semitones:
            return
        octaves, rest = divmod(abs(semitones), 12)
        sign = 1 if semitones > 0 else -1
        transpose = Element("transpose")
        SubElement(transpose, "diatonic").text = str(sign * _LETTERS[rest])
        SubElement(transpose, "chromatic").text = str(sign * rest)
        if octaves:
            SubElement(transpose, "octave-change").text = str(sign * octaves)
        self._put_attribute(self._begins[0], transpose)

    def _put_attribute(self, time: Fraction, element: Element, staff: int | None = None) -> None:
        """Put what is in force from a time on where the time is, or behind a step back to it."""
        index = max((i for i, begin in enumerate(self._begins) if begin <= time), default=0)
        measure = self._measures[index]
        if staff is not None and len(self._parts) > 1:
            element.set("number", str(staff + 1))
        there = measure.find("attributes") if time == self._begins[index] else None
        at, clock = self._place_of(measure, self._begins[index], time)
        if clock != time:
            step = Element("backup" if clock > time else "forward")
            SubElement(step, "duration").text = str(round(abs(clock - time) * self._divisions))
            measure.insert(at, step)
            at += 1
        if there is None and at and measure[at - 1].tag == "attributes":
            there = measure[at - 1]
        if there is None:
            there = Element("attributes")
            measure.insert(at, there)
        rank = _rank_of_attribute(element.tag)
        before = [i for i, one in enumerate(there) if _rank_of_attribute(one.tag) <= rank]
        there.insert(before[-1] + 1 if before else 0, element)

    def _place_of(self, measure: Element, begin: Fraction, time: Fraction) -> tuple[int, Fraction]:
        """Return where in a measure a time comes first, or its end and the time there."""
        clock = begin
        for at, child in enumerate(measure):
            is_note = child.tag == "note" and child.find("chord") is None
            if clock == time and (is_note or child.tag in ("backup", "forward")):
                return at, clock
            if is_note or child.tag in ("backup", "forward"):
                length = Fraction(child.findtext("duration") or 0) / self._divisions
                clock += -length if child.tag == "backup" else length
        elements = list(measure)
        is_line = [one.tag == "barline" and one.get("location") == "right" for one in elements]
        return is_line.index(True) if any(is_line) else len(elements), clock

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


def _numbers(markings: Sequence[Marking], staff: int) -> Iterator[str]:
    """Yield a number a marking, by which the ends of spans of a kind are told apart."""
    taken: dict[str, list[Fraction]] = {}  # by kind, until when each number is in use
    for one in markings:
        ends = taken.setdefault(_LINES.get(one.kind, (one.kind,))[0], [])
        number = next((i for i, end in enumerate(ends) if end < one.onset_beats), len(ends))
        ends[number : number + 1] = [one.end_beats or one.onset_beats]
        yield numbered(number, staff)


def _rank_of_attribute(tag: str) -> int:
    return _ATTRIBUTES.index(tag) if tag in _ATTRIBUTES else len(_ATTRIBUTES)


def _pitch_of(note: Element) -> int:
    alter = int(float(note.findtext("pitch/alter") or 0))
    octave = int(note.findtext("pitch/octave") or 0)
    step = note.findtext("pitch/step") or "C"
    return 12 * (octave + 1) + LETTER_PITCH_CLASSES[step] + alter
