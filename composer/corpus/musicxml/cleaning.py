"""A score's XML -> a copy that holds checked music only, and the facts that are no notes.

The copy has notes, their voices and ties, and the steps of time between them; each staff is a part.
What else a file may have (slurs, words, layout, repeats, grace and cue notes, percussion) stays
out: repeats are not unfolded, endings stand in written order. Knows XML, and no music21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from composer.corpus.midi import MAX_BARS, MAX_NOTES, MAX_PARTS
from composer.corpus.musicxml.bars import Measure
from composer.corpus.musicxml.values import (
    MAX_MEASURE_BEATS,
    read_divisions,
    read_duration,
    read_meter,
    read_pitch,
    read_release,
    text_of,
)
from composer.errors import ScoreFileError
from composer.theory import Meter

_MAX_STAVES = 4
_DRUM_CHANNEL = "10"
_TRANSPOSE_RANGE = range(-48, 49)


@dataclass(slots=True)
class StaffFacts:
    """What is known of a part of the copy besides its notes.

    Args:
        name: Of the part, as shown.
        instrument: Its name; empty if unknown.
        program: General MIDI program, 0-127; None if unknown.
        has_words: Whether it is sung.
        n_notes: In the copy.
        has_unpitched: Whether percussion was left out.
    """

    name: str
    instrument: str
    program: int | None
    has_words: bool = False
    n_notes: int = 0
    has_unpitched: bool = False


@dataclass(frozen=True, slots=True)
class CleanScore:
    """A score that may be given to a library.

    Args:
        root: A `score-partwise` of our own making, a part a staff.
        staves: Of its parts, in order.
        measures: As long as the longest part's.
        is_transposed: Whether an instrument sounds otherwise than written.
    """

    root: Element
    staves: tuple[StaffFacts, ...]
    measures: tuple[Measure, ...]
    is_transposed: bool


@dataclass(slots=True)
class _Line:
    """A part of the file while its measures are copied."""

    parts: list[Element]
    staves: list[StaffFacts]
    divisions: Fraction = Fraction(1)
    measures: list[Measure] = field(default_factory=list)


@dataclass(slots=True)
class _Cursor:
    """Where in a measure the file is, in quarters, and how far it has been."""

    beats: Fraction = Fraction(0)
    furthest: Fraction = Fraction(0)

    def step(self, beats: Fraction) -> None:
        self.beats = max(Fraction(0), self.beats + beats)
        self.furthest = max(self.furthest, self.beats)
        if self.beats > MAX_MEASURE_BEATS:
            raise ScoreFileError("the file has a bar that is longer than any time signature")


def clean_score(root: Element) -> CleanScore:
    """Copy what is music of a score.

    Raises:
        ScoreFileError: If a value is none that music has, or there is too much.
    """
    parts = root.findall("part")
    _check_counts(root, parts)
    listed = {one.get("id"): one for one in root.iter("score-part")}
    lines = [_copy_part(part, listed.get(part.get("id"))) for part in parts]
    clean = Element("score-partwise", version="4.0")
    part_list = SubElement(clean, "part-list")
    kept: list[StaffFacts] = []
    for line in lines:
        for part, staff in zip(line.parts, line.staves, strict=True):
            if staff.has_unpitched and not staff.n_notes:
                continue
            name = f"P{len(kept) + 1}"
            part.set("id", name)
            SubElement(SubElement(part_list, "score-part", id=name), "part-name").text = name
            clean.append(part)
            kept.append(staff)
    _check_kept(kept)
    is_transposed = next(clean.iter("transpose"), None) is not None
    return CleanScore(
        clean, tuple(kept), _longest([line.measures for line in lines]), is_transposed
    )


def _check_counts(root: Element, parts: Sequence[Element]) -> None:
    n_bars = max((len(part.findall("measure")) for part in parts), default=0)
    n_notes = sum(1 for _ in root.iter("note"))
    for n, limit, what in (
        (len(parts), 2 * MAX_PARTS, "parts"),  # percussion may be among them
        (n_bars, MAX_BARS, "bars"),
        (n_notes, 2 * MAX_NOTES, "notes"),  # and rests
    ):
        if n > limit:
            raise ScoreFileError(f"the file has {n:,} {what}; at most {limit:,} can be read")


def _check_kept(staves: Sequence[StaffFacts]) -> None:
    n_notes = sum(staff.n_notes for staff in staves)
    if not staves:
        raise ScoreFileError("the file holds percussion only; give one with pitched notes")
    if not n_notes:
        raise ScoreFileError("no notes found in the file")
    for n, limit, what in ((len(staves), MAX_PARTS, "staves"), (n_notes, MAX_NOTES, "notes")):
        if n > limit:
            raise ScoreFileError(f"the file has {n:,} {what}; at most {limit:,} can be read")


def _longest(lines: Sequence[Sequence[Measure]]) -> tuple[Measure, ...]:
    """Return measures as long as in the longest part, under the first meter that a part states."""
    result = []
    for index in range(max(map(len, lines), default=0)):
        found = [measures[index] for measures in lines if index < len(measures)]
        meter = next((one.meter for one in found if one.meter), None)
        length = max(one.length_beats for one in found)
        result.append(Measure(length, meter, any(one.is_implicit for one in found)))
    return tuple(result)


# --- Parts --------------------------------------------------------------------------------------


def _copy_part(part: Element, listed: Element | None) -> _Line:
    n_staves = _count_staves(part)
    facts = [_staff_facts(listed) for _ in range(n_staves)]
    line = _Line([Element("part") for _ in range(n_staves)], facts)
    for number, measure in enumerate(part.findall("measure"), start=1):
        copies = [SubElement(copy, "measure", number=str(number)) for copy in line.parts]
        line.measures.append(_copy_measure(measure, copies, line))
    return line


def _count_staves(part: Element) -> int:
    texts = [(one.text or "").strip() for one in part.iter("staves")]
    numbers = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 4]
    n_staves = max(numbers, default=1)
    if n_staves > _MAX_STAVES:
        raise ScoreFileError(
            f"the file has a part of {n_staves} staves; at most {_MAX_STAVES} can be read"
        )
    return max(1, n_staves)


def _staff_facts(listed: Element | None) -> StaffFacts:
    if listed is None:
        return StaffFacts("", "", None)
    program = text_of(listed, "midi-instrument/midi-program")
    is_number = program.isascii() and program.isdigit() and 0 < len(program) < 4
    number = int(program) - 1 if is_number else -1
    facts = StaffFacts(
        name=text_of(listed, "part-name"),
        instrument=text_of(listed, "score-instrument/instrument-name"),
        program=number if 0 <= number < 128 else None,
    )
    facts.has_unpitched = text_of(listed, "midi-instrument/midi-channel") == _DRUM_CHANNEL
    return facts


# --- Measures -----------------------------------------------------------------------------------


def _copy_measure(measure: Element, copies: Sequence[Element], line: _Line) -> Measure:
    cursor = _Cursor()
    meter: Meter | None = None
    for group in _groups(measure):
        element = group[0]
        if element.tag == "attributes":
            meter = _copy_attributes(element, copies, line) or meter
        elif element.tag == "note":
            _copy_notes(group, copies, line, cursor)
        else:
            sign = -1 if element.tag == "backup" else 1
            beats = read_duration(element, line.divisions)
            cursor.step(sign * beats)
            for copy in copies:
                _add_step(copy, element.tag, element)
    is_implicit = measure.get("implicit") == "yes" or measure.get("number") == "0"
    return Measure(cursor.furthest, meter, is_implicit)


def _groups(measure: Element) -> Iterator[list[Element]]:
    """Yield what moves time or changes its unit; the notes of a chord come together."""
    group: list[Element] = []
    for element in measure:
        is_chord = element.tag == "note" and element.find("chord") is not None
        if is_chord and group:
            group.append(element)
            continue
        if group:
            yield group
        is_kept = element.tag in ("attributes", "backup", "forward") or _has_length(element)
        group = [element] if is_kept else []
    if group:
        yield group


def _has_length(element: Element) -> bool:
    return element.tag == "note" and element.find("grace") is None


def _copy_attributes(attributes: Element, copies: Sequence[Element], line: _Line) -> Meter | None:
    """Copy divisions and transpositions; return the time signature, if any."""
    kept = [Element("attributes") for _ in copies]
    if attributes.find("divisions") is not None:
        line.divisions = read_divisions(text_of(attributes, "divisions"))
        for one in kept:
            SubElement(one, "divisions").text = text_of(attributes, "divisions")
    transpose = attributes.find("transpose")
    if transpose is not None:
        for one in kept:
            _copy_transpose(transpose, one)
    for copy, one in zip(copies, kept, strict=True):
        if len(one):
            copy.append(one)
    time = attributes.find("time")
    return read_meter(time) if time is not None else None


def _copy_transpose(transpose: Element, copy: Element) -> None:
    found = SubElement(copy, "transpose")
    for tag in ("diatonic", "chromatic", "octave-change"):
        text = text_of(transpose, tag)
        if not text:
            continue
        is_number = text.lstrip("+-").isascii() and text.lstrip("+-").isdigit() and len(text) < 4
        if not is_number or int(text) not in _TRANSPOSE_RANGE:
            raise ScoreFileError("the file has an instrument transposed beyond all instruments")
        SubElement(found, tag).text = str(int(text))


def _copy_notes(
    group: Sequence[Element], copies: Sequence[Element], line: _Line, cursor: _Cursor
) -> None:
    """Copy a chord, a note or a rest: to its staff as notes, to the others as time passing."""
    head = group[0]
    beats = read_duration(head, line.divisions)
    for index, (copy, staff) in enumerate(zip(copies, line.staves, strict=True)):
        mine = [note for note in group if len(copies) == 1 or _staff_of(note, head) == index]
        pitched = [note for note in mine if _sounds(note)] if beats else []
        staff.has_unpitched |= any(note.find("unpitched") is not None for note in mine)
        staff.has_words |= any(note.find("lyric") is not None for note in pitched)
        staff.n_notes += len(pitched)
        for number, note in enumerate(pitched):
            release = read_release(note, line.divisions)
            copy.append(_copy_note(note, head, release, is_in_chord=number > 0))
        if beats and not pitched:
            _add_step(copy, "forward", head)
    cursor.step(beats)


def _staff_of(note: Element, head: Element) -> int:
    text = text_of(note, "staff") or text_of(head, "staff") or "1"
    return int(text) - 1 if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _sounds(note: Element) -> bool:
    return note.find("pitch") is not None and note.find("cue") is None


def _copy_note(
    note: Element, head: Element, release_beats: Fraction, *, is_in_chord: bool
) -> Element:
    copy = Element("note")
    if release_beats:  # music21 hands colours on, and no releases
        copy.set("color", str(release_beats))
    if is_in_chord:
        SubElement(copy, "chord")
    pitch = SubElement(copy, "pitch")
    step, alteration, octave = read_pitch(note)
    for tag, value in (("step", step), ("alter", alteration), ("octave", octave)):
        SubElement(pitch, tag).text = str(value)
    SubElement(copy, "duration").text = text_of(head, "duration")
    ties = note.findall("tie") or note.findall("notations/tied")
    for kind in {tie.get("type") for tie in ties} & {"start", "stop"}:
        SubElement(copy, "tie", type=str(kind))
    SubElement(copy, "voice").text = (text_of(note, "voice") or text_of(head, "voice") or "1")[:20]
    return copy


def _add_step(copy: Element, tag: str, timed: Element) -> None:
    SubElement(SubElement(copy, tag), "duration").text = text_of(timed, "duration")
