"""`Piece` -> MusicXML, by music21. Knows parts, bars and their signs, and no file that is read.

Every bar is laid out by us, note by note, and music21 only puts it into words: its own guesses of
notation would move notes, and take several times as long.

Times on the grid of 24 positions a quarter and those of tuplets of 5, 7 and 9 are exact; others are
drawn to the nearest of these (`rhythm.snap`), so that they can be read. Notes that are played
spread, detached or held over are written plainly (`onsets`, `lengths`); by how much they begin and
end elsewhere stands in MusicXML's attributes `attack` and `release`, in divisions, so that nothing
of their times is lost. Notes that came with written values and voices keep both. Velocities are not
written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import tostring

from music21 import bar as bar_lines
from music21 import clef, instrument, layout, metadata, stream, tempo
from music21 import key as keys
from music21 import meter as meters
from music21.duration import Duration
from music21.stream.enums import ShowNumber

from composer.piece import Note, Part, Piece
from composer.piece.moving import fifths_of_interval, moved_key
from composer.rendering.annotations import annotate
from composer.rendering.exporting import export
from composer.rendering.lengths import Touch, write_lengths
from composer.rendering.lengths import Written as Lengths
from composer.rendering.measures import Measure, lay_measures
from composer.rendering.notation import Staff, fill_measure, offset_of
from composer.rendering.percussion import write_as_percussion
from composer.rendering.rhythm import VALUES
from composer.rendering.spelling import Spelling, spell
from composer.rendering.staves import StaffGroup, choose_clef, staff_groups
from composer.rendering.tempo import check_tempo
from composer.rendering.transposing import as_written
from composer.rendering.voices import split_voices
from composer.theory import PERCUSSION, Key, name_parts, spelling_to_pitch_class

MAX_TEXT_CHARACTERS = 200
_VOICES_OF_A_HAND = 4  # the second staff's voices count from 5, as editors expect
_DRUM_CHANNEL, _N_CHANNELS = 9, 16
_CLEFS = {"treble": "G2", "bass": "F4", "alto": "C3", "treble8vb": "G2-1", "bass8vb": "F4-1"}
_HEADER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC'
    ' "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def musicxml_bytes(piece: Piece, *, tells_notes: bool = False) -> bytes:
    """Return a piece as uncompressed MusicXML 4.0.

    Args:
        piece: Any.
        tells_notes: Whether notes have ids of their sounds (`exporting.SOUND_MARK`).

    Raises:
        OptionError: If the piece's tempo cannot be written.
    """
    for tempo_bpm in (piece.tempo_bpm, *(change.tempo_bpm for change in piece.tempos)):
        check_tempo(tempo_bpm)
    n_drums = len(piece.percussion)
    lengths = write_lengths(_with_percussion(piece))
    first = piece.bar_numbers[0]
    numbers = range(first, first + lengths.piece.n_bars)
    groups = staff_groups(lengths.piece)
    places = _places(lengths) if tells_notes else [()] * len(lengths.piece.parts)
    written = _Written(*_named(lengths.piece, groups), lengths.touches, places, groups)
    root = export(_score(written, numbers), written.times())
    annotate(root, written.piece, _layout(written))
    for part in root.findall("part")[len(root.findall("part")) - n_drums :] if n_drums else ():
        write_as_percussion(root, part)
    return (_HEADER + tostring(root, encoding="unicode") + "\n").encode()


def _places(lengths: Lengths) -> list[tuple[str, ...]]:
    """Return what tells the notes of every part by their sounds: part, onset and pitch."""
    return [
        tuple(
            f"{index}_{note.onset_beats + touch.attack_beats}_{note.pitch}"
            for note, touch in zip(part.notes, touches, strict=True)
        )
        for index, (part, touches) in enumerate(
            zip(lengths.piece.parts, lengths.touches, strict=True)
        )
    ]


def _with_percussion(piece: Piece) -> Piece:
    """Return a piece with its percussion below its other parts, as long as those sound at all."""
    if not piece.percussion:
        return piece
    pitched = piece.parts if piece.n_notes else ()
    drums = (replace(part, instrument=PERCUSSION) for part in piece.percussion)
    return replace(piece, parts=(*pitched, *drums), percussion=())


@dataclass(frozen=True, slots=True)
class _Written:
    """A piece as it stands in the file.

    Args:
        piece: With the times and pitches that are written.
        names: Of the notes of every part.
        touches: How they sound beside how they are written.
        places: What tells them by their sounds; see `Staff.places`.
        groups: Parts joined by a brace or bracket.
    """

    piece: Piece
    names: Sequence[tuple[Spelling, ...]]
    touches: Sequence[tuple[Touch, ...]]
    places: Sequence[tuple[str, ...]]
    groups: Sequence[StaffGroup]

    def times(self) -> Iterator[Fraction]:
        """Yield all times that the file states, in quarters."""
        yield from (change.onset_beats for change in self.piece.keys)
        yield from (change.onset_beats for change in self.piece.tempos)
        for marking in (one for part in self.piece.parts for one in part.markings):
            yield marking.onset_beats
            yield marking.onset_beats if marking.end_beats is None else marking.end_beats
        for part, touches in zip(self.piece.parts, self.touches, strict=True):
            for note, touch in zip(part.notes, touches, strict=True):
                yield from (note.onset_beats, note.duration_beats)
                yield from (touch.attack_beats, touch.release_beats)

    @property
    def lower_by_upper(self) -> dict[int, int]:
        """The left hand of every right one, by the indices of their parts."""
        return {group.first: group.last for group in self.groups if group.is_grand_staff}


def _named(
    piece: Piece, groups: Sequence[StaffGroup]
) -> tuple[Piece, Sequence[tuple[Spelling, ...]]]:
    """Return a piece as its parts are written, with the names of their notes."""
    names = [
        tuple(map(_given_spelling, part.notes, chosen))
        for part, chosen in zip(piece.parts, spell(piece), strict=True)
    ]
    return as_written(piece, names, [(g.first, g.last) for g in groups if g.is_grand_staff])


def _layout(written: _Written) -> list[tuple[int, ...]]:
    """Return the parts of the piece in every part of the file: two for the hands of a keyboard."""
    lower_by_upper = written.lower_by_upper
    lower = set(lower_by_upper.values())
    return [
        (index, lower_by_upper[index]) if index in lower_by_upper else (index,)
        for index in range(len(written.piece.parts))
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


# --- Score --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all parts share.

    Args:
        piece: With times that can be written.
        numbers: Of the bars.
        measures: Of the file.
        meters: Bars with a new time signature.
    """

    piece: Piece
    numbers: range
    measures: Sequence[Measure]
    meters: frozenset[Fraction]


def _score(written: _Written, numbers: range) -> stream.Score:
    piece = written.piece
    meter_changes = frozenset(change.onset_beats for change in piece.meters)
    frame = _Frame(piece, numbers, lay_measures(piece), meter_changes)
    lower_by_upper = written.lower_by_upper
    hands = {*lower_by_upper, *lower_by_upper.values()}
    score = stream.Score()
    score.insert(0, _metadata(piece))
    lines = []
    names = name_parts([(_plain_text(part.name), part.instrument) for part in piece.parts])
    for index, staff in enumerate(_staves(written)):
        line = stream.PartStaff() if index in hands else stream.Part()
        part = piece.parts[index]
        # A brace joins the hands of one player, who has one name.
        name = part.instrument.name if index in hands else names[index]
        _name(line, part, index, _plain_text(part.name) or name[0].upper() + name[1:])
        _fill_line(line, frame, staff, part, is_first=index == 0)
        score.insert(0, line)
        lines.append(line)
    for group in written.groups:
        score.insert(0, _group(group, lines))
    return score


def _staves(written: _Written) -> Iterator[Staff]:
    piece, lower_by_upper = written.piece, written.lower_by_upper
    onsets = [bar.onset_beats for bar in piece.bars]
    n_voices = 0
    for index, part in enumerate(piece.parts):
        is_lower = index in lower_by_upper.values()
        voices = split_voices(part.notes, onsets)
        yield Staff(
            names=written.names[index],
            spans=tuple((note.onset_beats, note.end_beats) for note in part.notes),
            touches=written.touches[index],
            marks=tuple(note.marks for note in part.notes),
            places=written.places[index],
            voices=voices,
            first_voice=max(_VOICES_OF_A_HAND, n_voices) + 1 if is_lower else 1,
            has_numbers=is_lower or index in lower_by_upper or len(voices) > 1,
            key=_written_key(piece.key, part),
            clef=_first_clef(part, default="bass" if is_lower else "treble"),
        )
        n_voices = len(voices)


def _written_key(key: Key, part: Part) -> Key:
    """Return a key as a transposing part has it."""
    return moved_key(key, -fifths_of_interval(part.transposition)) if part.transposition else key


def _first_clef(part: Part, default: str) -> str:
    """Return the clef that a part came with, or the one that fits it best."""
    first = part.markings[0].onset_beats if part.markings else None
    given = (one.text for one in part.markings if one.kind == "clef" and one.onset_beats == first)
    begin = part.notes[0].onset_beats if part.notes else Fraction(0)
    is_first = first is not None and first <= begin
    return (next(given, "") if is_first else "") or _CLEFS[choose_clef(part, default=default)]


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
    part: Part,
    *,
    is_first: bool,
) -> None:
    """Write all measures of a part."""
    piece, last = frame.piece, frame.measures[-1]
    key_at = {one.onset_beats: one.key for one in piece.keys}  # those within a bar are annotated
    for one in frame.measures:
        bar, begin = one.bar, one.begin_beats
        measure = _numbered(frame.numbers[bar.index], one)
        if one is frame.measures[0]:
            _open(measure, piece, staff, with_tempo=is_first)
            if piece.pickup_beats:
                measure.showNumber = ShowNumber.NEVER
        if bar.onset_beats in frame.meters and not one.is_second:
            measure.coreInsert(0.0, meters.TimeSignature(str(bar.meter)))
        if one is last:
            measure.rightBarline = bar_lines.Barline("final")
        if begin in key_at:
            staff = replace(staff, key=_written_key(key_at[begin], part))
            measure.coreInsert(0.0, _key(staff.key))
        fill_measure(measure, staff, bar, one.span)
        line.coreInsert(offset_of(begin - frame.measures[0].begin_beats), measure)
    line.coreElementsChanged()


def _numbered(number: int, one: Measure) -> stream.Measure:
    """Return a measure without notes; what follows a repeat within a bar is not counted."""
    if not one.is_second:
        return stream.Measure(number=number)
    measure = stream.Measure(number=number)
    measure.numberSuffix = "X1"
    measure.showNumber = ShowNumber.NEVER
    return measure


def _key(key: Key) -> keys.Key:
    return keys.Key(key.tonic.replace("b", "-"), key.mode)


def _open(measure: stream.Measure, piece: Piece, staff: Staff, *, with_tempo: bool) -> None:
    """Write what stands at the beginning of a part."""
    measure.coreInsert(0.0, clef.clefFromString(staff.clef[:2], int(staff.clef[2:] or 0)))
    measure.coreInsert(0.0, _key(staff.key))
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
    player.midiProgram = part.instrument.program if part.program is None else part.program
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
