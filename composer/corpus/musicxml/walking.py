"""A score's XML -> the notes of its staves, as they stand and sound. Knows XML, and no bar.

Every value is checked. Words, hairpins and other signs between the notes go to `directions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from composer.corpus.midi import MAX_NOTES
from composer.corpus.musicxml.directions import SignReader
from composer.corpus.musicxml.lines import RawNote
from composer.corpus.musicxml.measuring import Clock, is_grace, is_in_chord
from composer.corpus.musicxml.percussion import DrumMap
from composer.corpus.musicxml.values import read_duration, read_pitch, read_touch, text_of
from composer.corpus.musicxml.written import (
    read_grace,
    read_lyrics,
    read_signs,
    read_written,
    spelling_of,
    unique,
)
from composer.errors import ScoreFileError
from composer.piece import Grace, Marking, Marks
from composer.piece.moving import fifths_of_interval, moved_spelling
from composer.theory import LETTER_PITCH_CLASSES

_MAX_STAVES = 4
_TRANSPOSE_RANGE = range(-48, 49)
_DRUM_CHANNEL = "10"


@dataclass(slots=True)
class Staff:
    """A staff of a part of the file.

    Args:
        name: Of the part, as shown.
        instrument: Its name; empty if unknown.
        sound: Its name among MusicXML's standard sounds; empty if unknown.
        program: General MIDI program, 0-127; None if unknown.
        is_percussion: Whether the file says so, whatever its notes are.
        has_words: Whether it is sung.
        transposition: Semitones by which it sounds above what is written.
        notes: As they stand; those without pitch have keys of the drum map.
        drums: The same of percussion.
        markings: Sorted by onset.
        voices: Numbers of the voices by their names in the file.
    """

    name: str = ""
    instrument: str = ""
    sound: str = ""
    program: int | None = None
    is_percussion: bool = False
    has_words: bool = False
    transposition: int = 0
    notes: list[RawNote] = field(default_factory=list)
    drums: list[RawNote] = field(default_factory=list)
    markings: list[Marking] = field(default_factory=list)
    voices: dict[str, int] = field(default_factory=dict)

    @property
    def holds_drums(self) -> bool:
        """Whether it is percussion, by its notes or, without any, by what the file says."""
        return bool(self.drums) or self.is_percussion


def walk_score(
    root: Element, onsets_beats: Sequence[Fraction], signs: SignReader
) -> tuple[Staff, ...]:
    """Return the staves of a score, in its order.

    Args:
        root: `score-partwise`.
        onsets_beats: Where measures begin, and where the last one ends, in quarters from bar 1.
        signs: Gets what stands between the notes, and what is set aside.

    Raises:
        ScoreFileError: If a value is none that music has, or there is too much.
    """
    listed = {one.get("id"): one for one in root.iter("score-part")}
    staves: list[Staff] = []
    for number, part in enumerate(root.findall("part")):
        found = _Part(part, listed.get(part.get("id")), onsets_beats, signs)
        staves += found.walk(is_first=number == 0)
        n_notes = sum(len(staff.notes) + len(staff.drums) for staff in staves)
        if n_notes > MAX_NOTES:
            raise ScoreFileError(
                f"the file has {n_notes:,} notes; at most {MAX_NOTES:,} can be read"
            )
    return tuple(staves)


def _count_staves(part: Element) -> int:
    texts = [(one.text or "").strip() for one in part.iter("staves")]
    numbers = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 4]
    n_staves = max(numbers, default=1)
    if n_staves > _MAX_STAVES:
        raise ScoreFileError(
            f"the file has a part of {n_staves} staves; at most {_MAX_STAVES} can be read"
        )
    return max(1, n_staves)


def _new_staff(listed: Element | None) -> Staff:
    if listed is None:
        return Staff()
    program = text_of(listed, "midi-instrument/midi-program")
    is_number = program.isascii() and program.isdigit() and 0 < len(program) < 4
    number = int(program) - 1 if is_number else -1
    return Staff(
        name=text_of(listed, "part-name"),
        instrument=text_of(listed, "score-instrument/instrument-name"),
        sound=text_of(listed, "score-instrument/instrument-sound"),
        program=number if 0 <= number < 128 else None,
        is_percussion=text_of(listed, "midi-instrument/midi-channel") == _DRUM_CHANNEL,
    )


class _Part:
    """A part of the file while it is walked."""

    def __init__(
        self,
        part: Element,
        listed: Element | None,
        onsets_beats: Sequence[Fraction],
        signs: SignReader,
    ) -> None:
        self.staves = [_new_staff(listed) for _ in range(_count_staves(part))]
        self._measures = part.findall("measure")
        self._onsets = onsets_beats
        self._signs = signs
        self._drums = DrumMap(listed)
        self._clock = Clock()
        self._chord_onset = Fraction(0)  # of the last note, for those in a chord with it
        self._head: Element | None = None
        # Grace notes that wait for their note, by staff and voice.
        self._graces: dict[tuple[int, str], list[Grace]] = {}
        self._last: dict[tuple[int, str], int] = {}  # the last note of a voice, by its place

    def walk(self, *, is_first: bool) -> list[Staff]:
        """Return the staves.

        Args:
            is_first: Whether the part leads the score: repeats are read from it alone.
        """
        line = self._signs.line(len(self.staves), is_first=is_first)
        for index, measure in enumerate(self._measures):
            self._clock.begin()
            begin, end = self._onsets[index], self._onsets[index + 1]
            line.begin(begin, end)
            for element in measure:
                now = begin + self._clock.beats
                if element.tag == "attributes":
                    self._clock.take_attributes(element)
                    self._take_transposition(element)
                    line.transposition = self.staves[0].transposition
                elif element.tag == "note":
                    self._take_note(element, index)
                elif element.tag in ("backup", "forward"):
                    sign = -1 if element.tag == "backup" else 1
                    self._clock.step(sign * read_duration(element, self._clock.divisions))
                line.take(element, now, self._clock.divisions)
            self._drop_loose_graces()
        for number, markings in enumerate(line.finish()):
            self.staves[number].markings = markings
            self.staves[number].voices = line.voices[number]
        for number, place, n_bars in line.measure_repeats:
            self._repeat_measure(self.staves[number], place, n_bars)
        return self.staves

    def _repeat_measure(self, staff: Staff, measure: int, n_bars: int) -> None:
        """Write out a measure that stands as a sign for one before it."""
        source = measure - n_bars
        if source < 0 or any(note.measure == measure for note in staff.notes):
            return
        by = self._onsets[measure] - self._onsets[source]
        staff.notes += [
            replace(
                note,
                onset_beats=note.onset_beats + by,
                end_beats=note.end_beats + by,
                measure=measure,
            )
            for note in staff.notes
            if note.measure == source
        ]

    def _take_transposition(self, attributes: Element) -> None:
        for transpose in attributes.findall("transpose"):
            semitones = _whole(text_of(transpose, "chromatic")) + 12 * _whole(
                text_of(transpose, "octave-change")
            )
            if semitones not in _TRANSPOSE_RANGE:
                raise ScoreFileError("the file has an instrument transposed beyond all instruments")
            for staff in self.staves:
                staff.transposition = semitones

    def _take_note(self, note: Element, measure: int) -> None:
        clock = self._clock
        in_chord = is_in_chord(note)
        if not in_chord:
            self._head = note
            self._chord_onset = clock.beats
        number = self._staff_of(note)
        if is_grace(note):
            self._take_grace(note, number, is_chord=in_chord)
            return
        length = clock.length_of(note)
        if length and self._sounds(note):
            onset = self._onsets[measure] + self._chord_onset
            self._add(note, number, measure, (onset, onset + length))
        if not in_chord:
            clock.step(length)

    def _staff_of(self, note: Element) -> int:
        head = self._head if self._head is not None else note
        text = text_of(note, "staff") or text_of(head, "staff") or "1"
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1
        return number - 1 if 1 <= number <= len(self.staves) else 0

    def _voice_of(self, note: Element) -> str:
        head = self._head if self._head is not None else note
        return (text_of(note, "voice") or text_of(head, "voice") or "1")[:20]

    def _sounds(self, note: Element) -> bool:
        if note.find("cue") is not None:
            self._signs.aside.add("cue notes")
            return False
        return note.find("pitch") is not None or note.find("unpitched") is not None

    def _take_grace(self, note: Element, number: int, *, is_chord: bool) -> None:
        if note.find("pitch") is None or note.find("cue") is not None:
            return
        pitch, spelling = self._pitch(note, self.staves[number])
        found = read_grace(note, pitch, spelling, is_chord=is_chord)
        place = self._last.get((number, self._voice_of(note)))
        if found.is_after and place is not None:
            self._add_after(number, place, [found])
            return
        self._graces.setdefault((number, self._voice_of(note)), []).append(found)

    def _drop_loose_graces(self) -> None:
        """Give grace notes at the end of a measure to the note before them."""
        for (number, voice), graces in self._graces.items():
            place = self._last.get((number, voice))
            if place is None or not graces:
                continue
            self._add_after(number, place, graces)
        self._graces.clear()

    def _add_after(self, number: int, place: int, graces: Sequence[Grace]) -> None:
        notes = self.staves[number].notes
        marks = notes[place].marks
        behind = tuple(replace(grace, is_after=True) for grace in graces)
        notes[place] = replace(notes[place], marks=replace(marks, graces=(*marks.graces, *behind)))

    def _pitch(self, note: Element, staff: Staff) -> tuple[int, str]:
        """Return the pitch and the name of a note as it sounds."""
        step, alteration, octave = read_pitch(note)
        written = 12 * (octave + 1) + LETTER_PITCH_CLASSES[step] + alteration
        spelling = spelling_of(note)
        if staff.transposition and spelling:
            spelling = moved_spelling(spelling, fifths_of_interval(staff.transposition))
        return written + staff.transposition, spelling

    def _add(
        self, note: Element, number: int, measure: int, span: tuple[Fraction, Fraction]
    ) -> None:
        staff = self.staves[number]
        voice = self._voice_of(note)
        ties = {tie.get("type") for tie in note.findall("tie") or note.findall("notations/tied")}
        onset, end = span
        attack, release = (
            read_touch(note, name, self._clock.divisions) for name in ("attack", "release")
        )
        if "start" in ties or ("stop" not in ties and end + release <= onset):
            release = Fraction(0)
        is_drum = note.find("unpitched") is not None
        pitch, spelling = (self._drums.key_of(note), "") if is_drum else self._pitch(note, staff)
        written = read_written(note)
        lyrics = read_lyrics(note)
        staff.has_words |= bool(lyrics)
        raw = RawNote(
            onset,
            end + release,
            pitch=pitch,
            voice=voice,
            measure=measure,
            is_continued="start" in ties,
            continues="stop" in ties,
            attack_beats=attack,
            marks=Marks(
                spelling=spelling,
                written=(written,) if written else (),
                signs=unique(read_signs(note, self._signs.aside)),
                graces=tuple(self._graces.pop((number, voice), ())),
                lyrics=lyrics,
            ),
        )
        if is_drum:
            staff.drums.append(raw)
        else:
            self._last[number, voice] = len(staff.notes)
            staff.notes.append(raw)


def _whole(text: str) -> int:
    """Return a whole number, 0 if there is none."""
    if not text:
        return 0
    digits = text.lstrip("+-").removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 4):
        raise ScoreFileError("the file has an instrument transposed beyond all instruments")
    return -int(digits) if text.startswith("-") else int(digits)
