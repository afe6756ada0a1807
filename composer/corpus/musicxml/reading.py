"""A score file -> `Piece`. Knows what a score says in words; its notes come from `resolving`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from composer.corpus.midi import MAX_PARTS, read_file_start
from composer.corpus.musicxml.bars import lay_measures
from composer.corpus.musicxml.cleaning import StaffFacts, clean_score
from composer.corpus.musicxml.document import MAX_XML_BYTES, open_score
from composer.corpus.musicxml.heading import read_composer, read_key, read_tempo_bpm, read_title
from composer.corpus.musicxml.lines import RawNote, merge_ties, split_voices_of_singers
from composer.corpus.musicxml.players import holds_several_singers, part_name, staff_instruments
from composer.corpus.text import clean_text
from composer.errors import OptionError, ScoreFileError
from composer.piece import Note, Part, Piece
from composer.theory import INSTRUMENTS, Instrument


def read_musicxml(path: Path) -> Piece:
    """Read a MusicXML file (.musicxml, .xml or .mxl); it is named by itself, or by its file.

    Raises:
        ScoreFileError: If the file cannot be read as music.
    """
    return read_musicxml_bytes(read_file_start(path, MAX_XML_BYTES), title=path.stem)


def read_musicxml_bytes(data: bytes, *, title: str = "") -> Piece:
    """Read the content of a MusicXML file.

    Every staff is a part, in score order; a vocal staff that holds two voices throughout becomes
    two. Grace notes, cue notes and percussion are left out, repeats are not unfolded, transposing
    instruments come as they sound, and a pickup is pushed right in bar 1. Times are exact.

    Args:
        data: The whole file: XML, or a zip file (.mxl) that holds it.
        title: Given to the piece if the file states none.

    Raises:
        ScoreFileError: If the data cannot be read as music.
    """
    root = open_score(data)
    clean = clean_score(root)
    layout = lay_measures(clean.measures)
    # Here, not above: it takes a third of a second to import, and MIDI can do without.
    from composer.corpus.musicxml.resolving import resolve_notes

    lines = resolve_notes(clean, layout.onsets_beats)
    try:
        parts = _parts(clean.staves, lines)
        return Piece(
            parts=parts,
            meters=layout.meters,
            key=read_key(root, parts),
            n_bars=layout.n_bars,
            title=read_title(root) or clean_text(title),
            composer=read_composer(root),
            tempo_bpm=read_tempo_bpm(root),
        )
    except OptionError as error:
        raise ScoreFileError("the file has notes with impossible times or pitches") from error


def _parts(staves: Sequence[StaffFacts], lines: Sequence[Sequence[RawNote]]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for staff, instrument, notes in zip(staves, staff_instruments(staves), lines, strict=True):
        voices = [merge_ties(notes)]
        if holds_several_singers(staff, instrument):
            voices = split_voices_of_singers(voices[0])
        singers = _singers(voices) if len(voices) > 1 else (instrument,)
        for singer, voice in zip(singers, voices, strict=True):
            name = part_name(staff, instrument) if len(voices) == 1 else ""
            parts.append(Part(singer, _notes(voice), name))
    if len(parts) > MAX_PARTS:
        raise ScoreFileError(f"the file has {len(parts)} parts; at most {MAX_PARTS} can be read")
    return tuple(parts)


def _notes(raw: Sequence[RawNote]) -> tuple[Note, ...]:
    return tuple(
        sorted(Note(one.onset_beats, one.pitch, one.end_beats - one.onset_beats) for one in raw)
    )


def _singers(voices: Sequence[Sequence[RawNote]]) -> tuple[Instrument, Instrument]:
    """Return who sings the two voices of a staff: women above middle C, men below."""
    pitches = [note.pitch for voice in voices for note in voice]
    is_high = sum(pitches) / len(pitches) >= 60
    upper, lower = ("soprano", "alto") if is_high else ("tenor", "bass")
    return INSTRUMENTS[upper], INSTRUMENTS[lower]
