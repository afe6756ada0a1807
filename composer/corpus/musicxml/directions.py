"""What stands between the notes of a score: words, dynamics, spans, chord symbols, repeats, tempos.

Knows one element at a time and when it stands; `walking` says when that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from operator import attrgetter
from xml.etree.ElementTree import Element

from composer.chords import CHORD, CHORD_SUFFIXES
from composer.corpus.musicxml.signatures import KeyMark, TempoMark, metronome_mark, read_key_mark
from composer.corpus.musicxml.values import read_tempo, text_of
from composer.corpus.text import clean_text
from composer.piece import Marking, Repeat
from composer.piece.moving import fifths_of_interval, moved_marking
from composer.piece.signs import POINTS

_MAX_WORDS = 200
_ALTERATIONS = {"-2": "bb", "-1": "b", "1": "#", "2": "##", "0": "", "": ""}
_OCTAVE_LINES = {
    ("down", "8"): "8va", ("up", "8"): "8vb", ("down", "15"): "15ma", ("up", "15"): "15mb",
}  # fmt: skip
# What sends the player elsewhere, in the attributes of `sound` and in words.
_SOUND_REPEATS = {
    "dacapo": "da capo", "dalsegno": "dal segno", "fine": "fine", "tocoda": "to coda",
    "segno": "segno", "coda": "coda",
}  # fmt: skip
_WORD_REPEATS = (
    (re.compile(r"\s*(d\.?\s?c\.?|da capo)( |$)", re.IGNORECASE), "da capo"),
    (re.compile(r"\s*(d\.?\s?s\.?|dal segno)( |$)", re.IGNORECASE), "dal segno"),
    (re.compile(r"\s*to coda", re.IGNORECASE), "to coda"),
    (re.compile(r"\s*fine\s*$", re.IGNORECASE), "fine"),
)
_AT_END = ("da capo", "dal segno", "to coda", "fine")


@dataclass(slots=True)
class SignReader:
    """What is found in all parts of a score.

    Args:
        tempos, keys: As they stand; not sorted.
        repeats: Of the leading part.
        read: What had to be read somehow, in words.
        aside: What was set aside, in words.
    """

    tempos: list[TempoMark] = field(default_factory=list)
    keys: list[KeyMark] = field(default_factory=list)
    repeats: dict[tuple[Fraction, str], Repeat] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    aside: set[str] = field(default_factory=set)

    def line(self, n_staves: int, *, is_first: bool) -> LineSigns:
        """Return the reader of a part."""
        return LineSigns(self, n_staves, is_first=is_first)


class LineSigns:
    """Reads what stands between the notes of one part."""

    def __init__(self, score: SignReader, n_staves: int, *, is_first: bool) -> None:
        self.voices: list[dict[str, int]] = [{} for _ in range(n_staves)]
        self.transposition = 0  # in force, in semitones
        self.measure_repeats: list[tuple[int, int, int]] = []  # staff, measure, bars back
        self._score = score
        self._is_first = is_first
        self._markings: list[list[Marking]] = [[] for _ in range(n_staves)]
        # Spans that have begun: kind and number -> onset, staff, text, voice.
        self._open: dict[tuple[str, str], tuple[Fraction, int, str, int]] = {}
        self._ending: tuple[Fraction, tuple[int, ...]] | None = None
        self._repeated: dict[int, tuple[int, Fraction]] = {}  # staff -> bars back, since when
        self._begin = self._end = self._onset = Fraction(0)
        self._measure = -1
        self._place = (0, 0)  # staff and voice of the last note
        self._readers: dict[str, Callable[[Element, Fraction], None]] = {
            "attributes": self._take_attributes,
            "note": self._take_note,
            "direction": self._take_direction,
            "harmony": self._take_harmony,
            "barline": self._take_barline,
            "sound": self._take_lone_sound,
        }

    def begin(self, begin: Fraction, end: Fraction) -> None:
        """Begin a measure that lasts from one time to another."""
        self._measure += 1
        self._begin, self._end = begin, end
        for staff, (n_bars, _) in self._repeated.items():
            self.measure_repeats.append((staff, self._measure, n_bars))

    def take(self, element: Element, now: Fraction, divisions: Fraction) -> None:
        """Read an element of a measure that stands at a time."""
        offset = read_tempo_offset(element, divisions)
        reader = self._readers.get(element.tag)
        if reader is not None:
            reader(element, max(Fraction(0), now + offset))
        elif element.tag in ("figured-bass", "listening"):
            self._score.aside.add(element.tag.replace("-", " "))

    def finish(self) -> list[list[Marking]]:
        """Return the markings of every staff, sorted; what is still open ends here, but slurs."""
        for kind, number in list(self._open):
            if kind != "slur":
                self._close(kind, number, self._end)
        for staff in list(self._repeated):
            self._end_measure_repeat(staff, self._end)
        if self._ending:
            self._add_ending(self._end)
        order = attrgetter("onset_beats", "kind")
        return [sorted(found, key=order) for found in self._markings]

    # --- Notes ----------------------------------------------------------------------------------

    def _take_note(self, note: Element, now: Fraction) -> None:
        if note.find("chord") is None:
            self._onset = now
        staff = self._staff_of(note)
        name = text_of(note, "voice") or "1"
        voice = self.voices[staff].setdefault(name[:20], len(self.voices[staff]) + 1)
        self._place = staff, min(voice, 999)
        for notations in note.findall("notations"):
            self._take_spans(notations, note)
            for dynamics in notations.findall("dynamics"):
                self._add_dynamics(dynamics, self._onset, staff)

    def _take_spans(self, notations: Element, note: Element) -> None:
        for slur in notations.findall("slur"):
            self._span("slur", slur, self._onset)
        for tag in ("glissando", "slide"):
            for line in notations.findall(tag):
                self._span("glissando", line, self._onset)
        for line in notations.findall("ornaments/wavy-line"):
            self._span("trill", line, self._onset)

    def _span(self, kind: str, element: Element, now: Fraction, text: str = "") -> None:
        """Open or close a span by the type of its element."""
        number = element.get("number", "1")
        if element.get("type") == "start":
            self._close(kind, number, now)
            self._open[kind, number] = (now, self._place[0], text, self._place[1])
        elif element.get("type") == "stop":
            self._close(kind, number, now)

    def _close(self, kind: str, number: str, now: Fraction) -> None:
        begun = self._open.pop((kind, number), None)
        if begun is None:
            return
        onset, staff, text, voice = begun
        voice = voice if kind == "slur" else 0
        if now >= onset:
            self._markings[staff].append(Marking(onset, kind, text, now, voice))

    def _staff_of(self, element: Element) -> int:
        text = text_of(element, "staff") or "1"
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1
        return number - 1 if 1 <= number <= len(self._markings) else 0

    # --- Attributes -----------------------------------------------------------------------------

    def _take_attributes(self, attributes: Element, now: Fraction) -> None:
        for key in attributes.findall("key"):
            self._score.keys.append(read_key_mark(key, self.transposition, now, self._score.read))
        for clef in attributes.findall("clef"):
            self._take_clef(clef, now)
        for style in attributes.findall("measure-style"):
            number = _small(style.get("number", "1")) or 1
            staff = number - 1 if number <= len(self._markings) else 0
            for repeat in style.findall("measure-repeat"):
                self._take_measure_repeat(repeat, staff, now)

    def _take_clef(self, clef: Element, now: Fraction) -> None:
        number = _small(clef.get("number", "1")) or 1
        if not 1 <= number <= len(self._markings):
            return
        sign, line = text_of(clef, "sign"), text_of(clef, "line")
        octaves = text_of(clef, "clef-octave-change")
        known = sign in ("G", "F", "C") and line.isdigit() and len(line) == 1
        if known and octaves in ("", "-1", "1", "-2", "2", "0"):
            change = octaves if octaves not in ("", "0") else ""
            self._point("clef", f"{sign}{line}{change}", now, number - 1)

    def _take_measure_repeat(self, repeat: Element, staff: int, now: Fraction) -> None:
        if repeat.get("type") == "start":
            n_bars = _small((repeat.text or "").strip()) or 1
            self._repeated[staff] = (n_bars, now)
            self.measure_repeats.append((staff, self._measure, n_bars))
        elif staff in self._repeated:
            self.measure_repeats = [
                one for one in self.measure_repeats if one[:2] != (staff, self._measure)
            ]
            self._end_measure_repeat(staff, now)

    def _end_measure_repeat(self, staff: int, now: Fraction) -> None:
        n_bars, since = self._repeated.pop(staff)
        if now > since:
            self._markings[staff].append(Marking(since, "measure-repeat", str(n_bars), now))

    # --- Directions -----------------------------------------------------------------------------

    def _take_direction(self, direction: Element, now: Fraction) -> None:
        staff = self._staff_of(direction)
        self._place = staff, 0
        words: list[str] = []
        mark: TempoMark | None = None
        for element in (one for group in direction.findall("direction-type") for one in group):
            if element.tag == "words":
                words.append(element.text or "")
            elif element.tag == "metronome":
                mark = metronome_mark(element, now) or mark
            else:
                self._take_direction_type(element, now, staff)
        for sound in direction.findall("sound"):
            mark = self._take_sound(sound, now, mark)
        if mark is not None:
            self._score.tempos.append(mark)
        self._take_words(clean_text(" ".join(words), _MAX_WORDS), now, staff)

    def _take_direction_type(self, element: Element, now: Fraction, staff: int) -> None:
        tag = element.tag
        if tag == "dynamics":
            self._add_dynamics(element, now, staff)
        elif tag == "wedge":
            self._take_wedge(element, now)
        elif tag == "pedal":
            self._take_pedal(element, now)
        elif tag == "octave-shift":
            self._take_octave_line(element, now)
        elif tag == "dashes":
            self._span("dashes", element, now)
        elif tag == "rehearsal":
            self._point("rehearsal", element.text or "", now, staff)
        elif tag in ("segno", "coda"):
            self._add_repeat(tag)
        else:
            self._score.aside.add(tag.replace("-", " "))

    def _take_wedge(self, wedge: Element, now: Fraction) -> None:
        number = wedge.get("number", "1")
        for kind in ("crescendo", "diminuendo"):  # a stop does not say which
            if wedge.get("type") in (kind, "stop"):
                self._close(kind, number, now)
        if wedge.get("type") in ("crescendo", "diminuendo"):
            self._open[str(wedge.get("type")), number] = (now, self._place[0], "", 0)

    def _take_pedal(self, pedal: Element, now: Fraction) -> None:
        number = pedal.get("number", "1")
        if pedal.get("type") in ("stop", "change", "start"):
            self._close("pedal", number, now)
        if pedal.get("type") in ("start", "change"):
            self._open["pedal", number] = (now, self._place[0], "", 0)

    def _take_octave_line(self, shift: Element, now: Fraction) -> None:
        number = shift.get("number", "1")
        self._close("octave", number, now)
        text = _OCTAVE_LINES.get((shift.get("type", ""), shift.get("size", "8")))
        if text:
            self._open["octave", number] = (now, self._place[0], text, 0)

    def _add_dynamics(self, dynamics: Element, now: Fraction, staff: int) -> None:
        for mark in dynamics:
            text = (mark.text or "") if mark.tag == "other-dynamics" else mark.tag
            self._point("dynamic", text, now, staff)

    def _take_words(self, words: str, now: Fraction, staff: int) -> None:
        if not words:
            return
        kind = next((kind for pattern, kind in _WORD_REPEATS if pattern.match(words)), None)
        if kind is None:
            self._point("words", words, now, staff)
        else:
            self._add_repeat(kind, words)

    def _take_lone_sound(self, sound: Element, now: Fraction) -> None:
        mark = self._take_sound(sound, now, None)
        if mark is not None:
            self._score.tempos.append(mark)

    def _take_sound(
        self, sound: Element, now: Fraction, written: TempoMark | None
    ) -> TempoMark | None:
        """Read a sound; the tempo that it states beats a mark beside it, which keeps its value."""
        for name, kind in _SOUND_REPEATS.items():
            if sound.get(name, "no") != "no":
                self._add_repeat(kind)
        tempo_bpm = read_tempo(sound.get("tempo", ""))
        if tempo_bpm is None:
            return written
        return TempoMark(now, tempo_bpm, written.unit_beats if written else None)

    def _take_harmony(self, harmony: Element, now: Fraction) -> None:
        root, bass = _note_name(harmony, "root/root"), _note_name(harmony, "bass/bass")
        kind = harmony.find("kind")
        if root is None or kind is None:
            self._score.aside.add("chords without a root")
            return
        name = (kind.text or "").strip()
        suffix = CHORD_SUFFIXES.get(name)
        if suffix is None:
            suffix = clean_text(kind.get("text", "") or name).replace("/", "")
        degrees = "".join(map(_degree, harmony.findall("degree")))
        text = f"{root}{suffix}{degrees}" + (f"/{bass}" if bass else "")
        if CHORD.fullmatch(text):
            symbol = Marking(now, "chord", text)
            if self.transposition:
                symbol = moved_marking(symbol, fifths_of_interval(self.transposition))
            self._markings[self._staff_of(harmony)].append(symbol)

    def _point(self, kind: str, text: str, now: Fraction, staff: int) -> None:
        assert kind in POINTS
        text = clean_text(text, _MAX_WORDS)
        if text:
            self._markings[staff].append(Marking(now, kind, text))

    # --- Repeats --------------------------------------------------------------------------------

    def _take_barline(self, barline: Element, now: Fraction) -> None:
        for tag in ("segno", "coda"):
            if barline.find(tag) is not None:
                self._add_repeat(tag)
        for ending in barline.findall("ending"):
            self._take_ending(ending)
        for repeat in barline.findall("repeat"):
            if repeat.get("direction") == "forward":
                self._add_repeat("forward")
            elif repeat.get("direction") == "backward":
                self._add_repeat("backward", times=_small(repeat.get("times", "2")) or 2)

    def _take_ending(self, ending: Element) -> None:
        if ending.get("type") == "start":
            if self._ending:
                self._add_ending(self._begin)
            numbers = [int(one) for one in re.findall(r"\d{1,2}", ending.get("number", ""))]
            self._ending = self._begin, tuple(one for one in numbers[:20] if one)
        elif self._ending:
            self._add_ending(self._end)

    def _add_ending(self, end: Fraction) -> None:
        assert self._ending is not None
        begin, numbers = self._ending
        self._ending = None
        if self._is_first and end > begin:
            sign = Repeat(begin, "ending", end, numbers)
            self._score.repeats[begin, "ending"] = sign

    def _add_repeat(self, kind: str, text: str = "", times: int = 2) -> None:
        if not self._is_first:
            return
        onset = self._end if kind in (*_AT_END, "backward") else self._begin
        there = self._score.repeats.get((onset, kind))
        if there is None or text:
            self._score.repeats[onset, kind] = Repeat(onset, kind, times=times, text=text)


def read_tempo_offset(element: Element, divisions: Fraction) -> Fraction:
    """Return by how much a direction stands off its place in the file, in quarters."""
    text = text_of(element, "offset")
    is_whole = text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) < 8
    return int(text) / divisions if is_whole else Fraction(0)


def _note_name(harmony: Element, path: str) -> str | None:
    step = text_of(harmony, f"{path}-step")
    sign = _ALTERATIONS.get(text_of(harmony, f"{path}-alter").removesuffix(".0"))
    return f"{step}{sign}" if len(step) == 1 and step in "ABCDEFG" and sign is not None else None


def _degree(degree: Element) -> str:
    value = text_of(degree, "degree-value")[:2]
    sign = _ALTERATIONS.get(text_of(degree, "degree-alter"), "")
    kind = {"add": "add", "subtract": "no"}.get(text_of(degree, "degree-type"), "")
    return f"({kind}{sign}{value})" if value.isdigit() else ""


def _small(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 3 else None
