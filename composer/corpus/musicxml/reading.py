"""A score file -> `Piece`. Knows what a score says in words; its notes come from `walking`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

from composer.corpus.midi import MAX_PARTS, read_file_start
from composer.corpus.musicxml.bars import Layout, lay_measures
from composer.corpus.musicxml.directions import SignReader
from composer.corpus.musicxml.document import MAX_XML_BYTES, open_score
from composer.corpus.musicxml.heading import (
    read_composer,
    read_first_number,
    read_keys,
    read_title,
)
from composer.corpus.musicxml.lines import RawNote, merge_ties, split_voices_of_singers
from composer.corpus.musicxml.measuring import check_counts, measure_score
from composer.corpus.musicxml.players import holds_several_singers, part_name, staff_instruments
from composer.corpus.musicxml.signatures import lay_tempos
from composer.corpus.musicxml.walking import Staff, walk_score
from composer.corpus.text import clean_text, own_name
from composer.errors import OptionError, ScoreFileError
from composer.piece import STYLE_CREDIT, Marks, Note, Part, Piece
from composer.piece.signs import MAX_VOICE
from composer.theory import INSTRUMENTS, PERCUSSION, Instrument


def read_musicxml(path: Path) -> Piece:
    """Read a MusicXML file (.musicxml, .xml or .mxl); it is named by itself, or by its file.

    Raises:
        ScoreFileError: If the file cannot be read as music.
    """
    return read_musicxml_bytes(read_file_start(path, MAX_XML_BYTES), title=path.stem)


def read_musicxml_bytes(data: bytes, *, title: str = "") -> Piece:
    """Read the content of a MusicXML file.

    Every staff is a part, in score order; a vocal staff that holds two voices throughout becomes
    two, and notes without pitch are percussion. Bars stand in written order, transposing
    instruments come as they sound, and a pickup is pushed right in bar 1. Times are exact.

    Args:
        data: The whole file: XML, or a zip file (.mxl) that holds it.
        title: Given to the piece if the file states none.

    Raises:
        ScoreFileError: If the data cannot be read as music.
    """
    root = open_score(data)
    check_counts(root)
    layout = lay_measures(measure_score(root))
    signs = SignReader()
    try:
        staves = walk_score(root, _edges(layout), signs)
        parts = _parts([staff for staff in staves if staff.notes or not staff.holds_drums])
        percussion = tuple(_percussion(staff) for staff in staves if staff.drums)
        if not any(part.notes for part in (*parts, *percussion)):
            raise ScoreFileError("no notes found in the file")
        if len(parts) + len(percussion) > MAX_PARTS:
            raise ScoreFileError(
                f"the file has {len(parts)} parts; at most {MAX_PARTS} can be read"
            )
        return _piece(root, layout, parts, percussion, signs, title)
    except OptionError as error:
        raise ScoreFileError("the file has notes with impossible times or pitches") from error


def _edges(layout: Layout) -> tuple[Fraction, ...]:
    """Return where measures begin, and where the last one ends."""
    return (*layout.onsets_beats, layout.end_beats)


def _piece(
    root: Element,
    layout: Layout,
    parts: tuple[Part, ...],
    percussion: tuple[Part, ...],
    signs: SignReader,
    title: str,
) -> Piece:
    lines = parts or (Part(PERCUSSION, ()),)
    keys = read_keys(signs.keys, lines)
    credit = read_composer(root)
    first = layout.meters[0].meter
    at_head = [one for one in lines[0].markings if one.onset_beats < first.length_beats]
    words = [one.text for one in at_head if one.kind == "words"]
    tempo_bpm, tempos = lay_tempos(signs.tempos, words, first)
    remarks = [f"read: {one}" for one in sorted(signs.read)]
    if signs.aside:
        remarks.append(f"set aside: {', '.join(sorted(signs.aside))}"[:160])
    piece = Piece(
        parts=lines,
        meters=layout.meters,
        key=keys[0].key,
        n_bars=layout.n_bars,
        title=read_title(root) or clean_text(title),
        composer="" if credit.startswith(STYLE_CREDIT) else credit,
        credit=credit if credit.startswith(STYLE_CREDIT) else "",
        tempo_bpm=tempo_bpm,
        tempos=tempos,
        keys=keys[1:],
        repeats=tuple(sorted(signs.repeats.values(), key=lambda one: one.onset_beats)),
        percussion=percussion,
        remarks=tuple(remarks),
    )
    number = read_first_number(root, has_pickup=bool(piece.pickup_beats))
    return replace(piece, first_bar_number=number)


def _parts(staves: Sequence[Staff]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for staff, instrument in zip(staves, staff_instruments(staves), strict=True):
        voices = [merge_ties(staff.notes)]
        if holds_several_singers(staff, instrument):
            voices = split_voices_of_singers(voices[0])
        is_one = len(voices) == 1
        players = (instrument,) if is_one else _singers(voices)
        for number, (player, voice) in enumerate(zip(players, voices, strict=True)):
            has_program = staff.program not in (None, player.program)
            part = Part(
                player,
                _notes(voice, staff.voices),
                part_name(staff, instrument) if is_one else "",
                markings=tuple(staff.markings) if number == 0 else (),
                program=staff.program if has_program else None,
                transposition=staff.transposition,
            )
            parts.append(_with_plain_voices(part, staff.voices))
    return tuple(parts)


def _percussion(staff: Staff) -> Part:
    markings = () if staff.notes else tuple(staff.markings)
    name = own_name(staff.name or staff.instrument, PERCUSSION.name)
    return _with_plain_voices(
        Part(PERCUSSION, _notes(merge_ties(staff.drums), staff.voices), name, markings),
        staff.voices,
    )


def _notes(raw: Sequence[RawNote], voices: Mapping[str, int]) -> tuple[Note, ...]:
    shared: dict[Marks, Marks] = {}
    notes = []
    for one in raw:
        marks = replace(one.marks, voice=voices.get(one.voice, 0))
        notes.append(
            Note(
                one.onset_beats,
                one.pitch,
                one.end_beats - one.onset_beats,
                marks=shared.setdefault(marks, marks),
            )
        )
    return tuple(sorted(notes))


def _with_plain_voices(part: Part, names: Mapping[str, int]) -> Part:
    """Number the voices that sound by the order of their names; leave out that of a single one.

    Args:
        part: Its voices numbered as they appear in the file.
        names: These numbers by the names of the voices.
    """
    used = {note.marks.voice for note in part.notes if note.marks is not None}
    ordered = sorted(used, key=lambda voice: _order_of_voice(voice, names))
    number = {voice: place for place, voice in enumerate(ordered, start=1)}
    if len(ordered) == 1:
        number = dict.fromkeys(ordered, 0)
    plain = {
        marks: replace(marks, voice=number[marks.voice]) for n in part.notes if (marks := n.marks)
    }
    return replace(
        part,
        notes=tuple(replace(n, marks=plain[n.marks] if n.marks else None) for n in part.notes),
        markings=tuple(replace(one, voice=number.get(one.voice, 0)) for one in part.markings),
    )


def _order_of_voice(voice: int, names: Mapping[str, int]) -> tuple[int, int]:
    numbers = [int(name) for name, n in names.items() if n == voice and name.isdecimal()]
    return min(numbers, default=MAX_VOICE), voice


def _singers(voices: Sequence[Sequence[RawNote]]) -> tuple[Instrument, Instrument]:
    """Return who sings the two voices of a staff: women above middle C, men below."""
    pitches = [note.pitch for voice in voices for note in voice]
    is_high = sum(pitches) / len(pitches) >= 60
    upper, lower = ("soprano", "alto") if is_high else ("tenor", "bass")
    return INSTRUMENTS[upper], INSTRUMENTS[lower]
