"""`Piece` -> MusicXML, by music21. Knows parts, bars and their signs, and no file that is read.

Every bar is laid out by us, note by note, and music21 only puts it into words: its own guesses of
notation would move notes, and take several times as long.

Times on the grid of 24 positions a quarter and those of tuplets of 5, 7 and 9 are exact; others are
drawn to the nearest of these (`rhythm.snap`), so that they can be read. Notes that are played
spread, detached or held over are written plainly (`onsets`, `lengths`); by how much they begin and
end elsewhere stands in MusicXML's attributes `attack` and `release`, in divisions. Velocities are
not written.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, tostring

from music21 import bar as bar_lines
from music21 import clef, defaults, instrument, layout, metadata, stream, tempo
from music21 import key as keys
from music21 import meter as meters
from music21.duration import Duration
from music21.musicxml.m21ToXml import ScoreExporter
from music21.stream.enums import ShowNumber

from composer.piece import Bar, Marking, Note, Part, Piece
from composer.rendering.annotations import annotate
from composer.rendering.lengths import Written, write_lengths
from composer.rendering.markings import Anchors, put_points, put_spans
from composer.rendering.notation import TOUCH_MARK, Staff, fill_bar, offset_of
from composer.rendering.percussion import write_as_percussion
from composer.rendering.rhythm import VALUES, snap_span, tuplet_tile
from composer.rendering.spelling import Spelling, spell
from composer.rendering.staves import StaffGroup, choose_clef, staff_groups
from composer.rendering.tempo import check_tempo
from composer.rendering.voices import split_voices
from composer.theory import PERCUSSION, Key, name_parts, spelling_to_pitch_class

MAX_TEXT_CHARACTERS = 200
_VOICES_OF_A_HAND = 4  # the second staff's voices count from 5, as editors expect
_DRUM_CHANNEL, _N_CHANNELS = 9, 16
_PICKUP_GRID = Fraction(1, 8)
_CLEFS: dict[str, Any] = {
    "treble": clef.TrebleClef,
    "bass": clef.BassClef,
    "alto": clef.AltoClef,
    "treble8vb": clef.Treble8vbClef,
    "bass8vb": clef.Bass8vbClef,
}
_HEADER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC'
    ' "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def musicxml_bytes(piece: Piece) -> bytes:
    """Return a piece as uncompressed MusicXML 4.0.

    Raises:
        OptionError: If the piece's tempo cannot be written.
    """
    for tempo_bpm in (piece.tempo_bpm, *(change.tempo_bpm for change in piece.tempos)):
        check_tempo(tempo_bpm)
    n_drums = len(piece.percussion)
    written = write_lengths(_snapped(_with_percussion(piece)))
    first = piece.bar_numbers[0]
    numbers = range(first, first + written.piece.n_bars)
    root = _Exporter(_score(written, numbers)).parse()
    annotate(root, written.piece, _layout(written.piece))
    for part in root.findall("part")[len(root.findall("part")) - n_drums :] if n_drums else ():
        write_as_percussion(root, part)
    return (_HEADER + tostring(root, encoding="unicode") + "\n").encode()


def _with_percussion(piece: Piece) -> Piece:
    """Return a piece with its percussion below its other parts, as long as those sound at all."""
    if not piece.percussion:
        return piece
    pitched = piece.parts if piece.n_notes else ()
    drums = (replace(part, instrument=PERCUSSION) for part in piece.percussion)
    return replace(piece, parts=(*pitched, *drums), percussion=())


def _layout(piece: Piece) -> list[tuple[int, ...]]:
    """Return the parts of the piece in every part of the file: two for the hands of a keyboard."""
    lower_by_upper = {g.first: g.last for g in staff_groups(piece) if g.is_grand_staff}
    lower = set(lower_by_upper.values())
    return [
        (index, lower_by_upper[index]) if index in lower_by_upper else (index,)
        for index in range(len(piece.parts))
        if index not in lower
    ]


def write_musicxml(piece: Piece, path: Path) -> Path:
    """Write a piece as uncompressed MusicXML 4.0 and return the path.

    Raises:
        OptionError: If the piece's tempo cannot be written.
    """
    path = Path(path)
    path.write_bytes(musicxml_bytes(piece))
    return path


class _Exporter(ScoreExporter):
    """music21's writer without the names and dates that it makes up."""

    def __init__(self, score: stream.Score) -> None:
        super().__init__(score, makeNotation=False)

    def parse(self) -> Element:
        """Return the root of the file, without comments, with attacks and releases."""
        root = super().parse()
        _write_touches(root)
        _join_tempo_words(root)
        for place in (root, *root.iter("part")):
            comments = [child for child in place if not isinstance(child.tag, str)]
            for comment in comments:
                place.remove(comment)
        return root

    def setTitles(self) -> None:
        """Write a title where there is one."""
        if self.stream.metadata.title:
            super().setTitles()

    def setIdentification(self) -> Any:
        """Write a composer where there is one, and no date: the same piece gives the same file."""
        identification = super().setIdentification()
        if not self.stream.metadata.composer:
            _remove(identification, "creator")
        for encoding in identification.iter("encoding"):
            _remove(encoding, "encoding-date")
        return identification


def _remove(element: Element, tag: str) -> None:
    for child in element.findall(tag):
        element.remove(child)


def _write_touches(root: Element) -> None:
    """Put attacks and releases, in divisions, in place of the ids that stand for them."""
    marked = (note for note in root.iter("note") if note.get("id", "").startswith(TOUCH_MARK))
    for note in marked:
        both = note.attrib.pop("id").removeprefix(TOUCH_MARK).replace(".", "/").split("_")
        for name, beats in zip(("attack", "release"), both, strict=True):
            if beats != "0":
                note.set(name, str(round(Fraction(beats) * defaults.divisionsPerQuarter)))


def _join_tempo_words(root: Element) -> None:
    """Put the words at the beginning and the first metronome mark into one direction."""
    measure = root.find("part/measure")
    directions = [] if measure is None else measure.findall("direction")
    marks = [one for one in directions if one.find("direction-type/metronome") is not None]
    words = [one for one in directions if one.find("direction-type/words") is not None]
    if measure is None or not marks or not words:
        return
    elements = list(measure)
    first_note = next((i for i, one in enumerate(elements) if one.tag == "note"), len(elements))
    if elements.index(words[0]) > first_note:
        return
    measure.remove(words[0])
    marks[0].insert(0, words[0][0])
    marks[0].set("placement", "above")


# --- Times --------------------------------------------------------------------------------------


def _snapped(piece: Piece) -> Piece:
    """Draw the times of all notes to where they can be written; each keeps a length."""
    parts = tuple(
        replace(part, notes=tuple(sorted(_snapped_note(note) for note in part.notes)))
        for part in piece.parts
    )
    return replace(piece, parts=parts)


def _snapped_note(note: Note) -> Note:
    onset, end = snap_span(note.onset_beats, note.end_beats)
    return Note(onset, note.pitch, end - onset, note.velocity, note.marks)


def _pickup_start(piece: Piece) -> Fraction:
    """Return where the written part of an upbeat begins: with its note, or before its tuplet."""
    first = min((p.notes[0].onset_beats for p in piece.parts if p.notes), default=Fraction(0))
    is_plain = (first / _PICKUP_GRID).denominator == 1
    grid = _PICKUP_GRID if is_plain else min(Fraction(1), tuplet_tile(piece.meter))
    return first // grid * grid


# --- Score --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all parts share.

    Args:
        piece: With times that can be written.
        numbers: Of the bars.
        pickup_start: Where the written part of the first bar begins, in quarters.
        meters: Bars with a new time signature.
    """

    piece: Piece
    numbers: range
    pickup_start: Fraction
    meters: frozenset[Fraction]


def _score(written: Written, numbers: range) -> stream.Score:
    piece = written.piece
    start = _pickup_start(piece) if piece.pickup_beats else Fraction(0)
    frame = _Frame(piece, numbers, start, frozenset(m.onset_beats for m in piece.meters))
    groups = staff_groups(piece)
    lower_by_upper = {group.first: group.last for group in groups if group.is_grand_staff}
    hands = {*lower_by_upper, *lower_by_upper.values()}
    score = stream.Score()
    score.insert(0, _metadata(piece))
    lines = []
    names = name_parts([(_plain_text(part.name), part.instrument) for part in piece.parts])
    for index, staff in enumerate(_staves(written, lower_by_upper)):
        line = stream.PartStaff() if index in hands else stream.Part()
        part = piece.parts[index]
        # A brace joins the hands of one player, who has one name.
        name = _plain_text(part.name) or part.instrument.name if index in hands else names[index]
        _name(line, part, index, name[0].upper() + name[1:])
        _fill_line(line, frame, staff, part.markings, is_first=index == 0)
        score.insert(0, line)
        lines.append(line)
    for group in groups:
        score.insert(0, _group(group, lines))
    return score


def _staves(written: Written, lower_by_upper: Mapping[int, int]) -> Iterator[Staff]:
    piece = written.piece
    names = spell(piece)
    onsets = [bar.onset_beats for bar in piece.bars]
    n_voices = 0
    for index, part in enumerate(piece.parts):
        is_lower = index in lower_by_upper.values()
        voices = split_voices(part.notes, onsets)
        yield Staff(
            names=tuple(map(_given_spelling, part.notes, names[index])),
            touches=written.touches[index],
            marks=tuple(note.marks for note in part.notes),
            anchors=Anchors(),
            voices=voices,
            first_voice=max(_VOICES_OF_A_HAND, n_voices) + 1 if is_lower else 1,
            has_numbers=is_lower or index in lower_by_upper or len(voices) > 1,
            key=piece.key,
            clef=choose_clef(part, default="bass" if is_lower else "treble"),
        )
        n_voices = len(voices)


def _given_spelling(note: Note, chosen: Spelling) -> Spelling:
    """Return the name that a note came with, or else the chosen one."""
    name = note.marks.spelling if note.marks else ""
    if not name or spelling_to_pitch_class(name) != note.pitch % 12:
        return chosen
    alteration = name.count("#") - name.count("b")
    return Spelling(name[0], alteration, (note.pitch - alteration) // 12 - 1)


def _fill_line(
    line: stream.Part,
    frame: _Frame,
    staff: Staff,
    markings: Sequence[Marking],
    *,
    is_first: bool,
) -> None:
    """Write all bars of a part."""
    piece = frame.piece
    key_at = _key_by_bar(piece)
    for bar in piece.bars:
        measure = stream.Measure(number=frame.numbers[bar.index])
        start = Fraction(0)
        if bar.index == 0:
            start = frame.pickup_start
            _open(measure, piece, staff, with_tempo=is_first)
            if piece.pickup_beats:
                measure.showNumber = ShowNumber.NEVER
        if bar.onset_beats in frame.meters:
            measure.coreInsert(0.0, meters.TimeSignature(str(bar.meter)))
        if bar.index == piece.n_bars - 1:
            measure.rightBarline = bar_lines.Barline("final")
        if bar.onset_beats in key_at:
            measure.coreInsert(0.0, _key(key_at[bar.onset_beats]))
            staff = replace(staff, key=key_at[bar.onset_beats])
        put_points(
            measure,
            _of_bar(markings, bar),
            lambda time, at=bar.onset_beats + start: offset_of(max(Fraction(0), time - at)),
        )
        fill_bar(measure, staff, bar, start)
        line.coreInsert(offset_of(max(Fraction(0), bar.onset_beats - frame.pickup_start)), measure)
    put_spans(line, markings, staff.anchors)
    line.coreElementsChanged()


def _key_by_bar(piece: Piece) -> dict[Fraction, Key]:
    """Return new keys by the bar line where they are written: the next one, if within a bar."""
    lines = [bar.onset_beats for bar in piece.bars]
    places = {change: bisect_left(lines, change.onset_beats) for change in piece.keys}
    return {lines[at]: change.key for change, at in places.items() if 0 < at < len(lines)}


def _key(key: Key) -> keys.Key:
    return keys.Key(key.tonic.replace("b", "-"), key.mode)


def _of_bar(markings: Sequence[Marking], bar: Bar) -> list[Marking]:
    return [one for one in markings if bar.onset_beats <= one.onset_beats < bar.end_beats]


def _open(measure: stream.Measure, piece: Piece, staff: Staff, *, with_tempo: bool) -> None:
    """Write what stands at the beginning of a part."""
    measure.coreInsert(0.0, _CLEFS[staff.clef]())
    measure.coreInsert(0.0, _key(piece.key))
    if with_tempo:
        measure.coreInsert(0.0, _tempo_mark(piece))


def _tempo_mark(piece: Piece) -> tempo.MetronomeMark:
    """Return the tempo, shown to two digits behind the point, and exact as it sounds."""
    first = piece.tempos[0] if piece.tempos and not piece.tempos[0].onset_beats else None
    stated = first.unit_beats if first and first.unit_beats else piece.meter.pulse_beats
    pulse = stated if stated in VALUES else Fraction(1)
    kind, dots = VALUES[pulse]
    shown = round(piece.tempo_bpm / float(pulse), 2)
    return tempo.MetronomeMark(
        number=int(shown) if shown.is_integer() else shown,
        referent=Duration(type=kind, dots=dots),
        numberSounding=piece.tempo_bpm / float(pulse),
    )


def _metadata(piece: Piece) -> metadata.Metadata:
    found = metadata.Metadata()
    if title := _plain_text(piece.title):
        found.title = title
    if composer := _plain_text(piece.credit or piece.composer):
        found.composer = composer
    return found


class _Player(instrument.Instrument):
    """An instrument that keeps the channel it was given."""

    def autoAssignMidiChannel(self, usedChannels: list[int], maxMidi: Any = 16) -> Any:
        """Return the channel: parts may share one where there are more parts than channels."""
        return self.midiChannel


def _name(line: stream.Part, part: Part, index: int, name: str) -> None:
    """Name a part and say who plays it."""
    channel = index % (_N_CHANNELS - 1)
    line.partName = name
    player = _Player(part.instrument.name)
    player.partName = name
    player.partId = f"P{index + 1}"
    player.instrumentId = f"P{index + 1}-I1"
    player.midiProgram = part.instrument.program
    player.midiChannel = channel + (channel >= _DRUM_CHANNEL)
    line.coreInsert(0.0, player)


def _group(group: StaffGroup, lines: Sequence[stream.Part]) -> layout.StaffGroup:
    symbol: Any = "brace" if group.is_keyboard else "bracket"
    found = layout.StaffGroup(list(lines[group.first : group.last + 1]), symbol=symbol)
    found.barTogether = True
    return found


def _plain_text(text: str) -> str:
    """Keep what can be read: no control characters, no invisible direction marks, one line."""
    readable = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return shortened(" ".join(readable.split()), MAX_TEXT_CHARACTERS)


def shortened(text: str, max_characters: int) -> str:
    """Return a text of at most so many characters, cut between words, with an ellipsis."""
    if len(text) <= max_characters:
        return text
    words, _, rest = text[:max_characters].rpartition(" ")
    return f"{(words or rest)[: max_characters - 1].rstrip(' ,;:.-')}…"
