"""A MIDI file -> `Piece`. Knows parts and who plays them; notes come from `lines`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from composer.corpus.general_midi import programs_to_instruments
from composer.corpus.midi.events import Song, walk_midi
from composer.corpus.midi.heading import NoteSpan, TicksToBeats, read_heading
from composer.corpus.midi.limits import MAX_FILE_BYTES, MAX_PARTS
from composer.corpus.midi.lines import Line, TickNote, song_lines, song_markers
from composer.corpus.text import clean_text, own_name
from composer.errors import OptionError, ScoreFileError
from composer.piece import Control, Lyric, Marking, Marks, Note, Part, Piece
from composer.piece.cutting import moved
from composer.theory import PERCUSSION, Instrument, Key, estimate_key


def read_midi(path: Path) -> Piece:
    """Read a MIDI file; its title is the name of the file.

    Raises:
        ScoreFileError: If the file cannot be read as music.
    """
    return read_midi_bytes(read_file_start(path), title=path.stem)


def read_file_start(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a file, of a too large one a byte more than may be read.

    Raises:
        ScoreFileError: If there is no such file, or it cannot be opened.
    """
    try:
        if not path.is_file():
            raise ScoreFileError(f"there is no file {path.name[:80]!r} to read")
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise ScoreFileError(f"the file {path.name[:80]!r} cannot be opened for reading") from error


def read_midi_bytes(data: bytes, *, title: str = "", song: int = 1) -> Piece:
    """Read the content of a MIDI file.

    Every channel of a track with notes is a part, in the order of the file; channel 10 is
    percussion. Times are exact. Notes without an end are held to the end of their track, notes
    without length are left out. Of a file with percussion only, the one pitched part is silent.

    Args:
        data: The whole file.
        title: Given to the piece.
        song: Which one, from 1, of a file that holds several (format 2).

    Raises:
        ScoreFileError: If the data cannot be read as music.
    """
    found = walk_midi(data, song)
    lines = song_lines(found)
    if not lines:
        raise ScoreFileError("no notes found in the file; each needs a beginning and an end")
    if len(lines) > MAX_PARTS:
        raise ScoreFileError(f"the file has {len(lines)} parts; at most {MAX_PARTS} can be read")
    clock = _clock(found.ticks_per_quarter)
    first_ticks = min(line.notes[0].onset_ticks for line in lines)
    last_ticks = max(line.notes[-1].onset_ticks for line in lines)
    end_ticks = max(n.onset_ticks + n.duration_ticks for line in lines for n in line.notes)
    span = NoteSpan(clock(first_ticks), clock(last_ticks), clock(end_ticks))
    heading = read_heading(found, clock, span)
    pitched = [line for line in lines if not line.is_percussion]
    percussion = [line for line in lines if line.is_percussion]
    later = _shifted_clock(clock, heading.shift_beats)
    try:
        parts = _parts(pitched, later) or (Part(PERCUSSION, ()),)
        drums = tuple(_part(line, PERCUSSION, later) for line in percussion)
    except OptionError as error:
        raise ScoreFileError("the file has notes with impossible times or pitches") from error
    keys = heading.keys
    return Piece(
        parts=(_with_markers(parts[0], found, later), *parts[1:]),
        meters=heading.meters,
        key=keys[0].key if keys else _estimated_key([line.notes for line in pitched]),
        n_bars=heading.n_bars,
        title=clean_text(title),
        tempo_bpm=heading.tempo_bpm,
        tempos=moved(heading.tempos, heading.shift_beats),
        keys=moved(keys[1:], heading.shift_beats),
        percussion=drums,
        remarks=(*heading.remarks, *_remarks(found, song, lines)),
    )


def _clock(ticks_per_quarter: Fraction) -> TicksToBeats:
    """Return the exact way from ticks to quarters; notes share their onsets, so it remembers."""
    if ticks_per_quarter.denominator == 1:
        whole = ticks_per_quarter.numerator
        return lru_cache(maxsize=None)(lambda ticks: Fraction(ticks, whole))
    return lru_cache(maxsize=None)(lambda ticks: ticks / ticks_per_quarter)


def _shifted_clock(clock: TicksToBeats, shift_beats: Fraction) -> TicksToBeats:
    return (
        lru_cache(maxsize=None)(lambda ticks: clock(ticks) + shift_beats) if shift_beats else clock
    )


def _parts(lines: Sequence[Line], clock: TicksToBeats) -> tuple[Part, ...]:
    instruments = programs_to_instruments([line.program for line in lines])
    return tuple(
        _part(line, instrument, clock) for line, instrument in zip(lines, instruments, strict=True)
    )


def _part(line: Line, instrument: Instrument, clock: TicksToBeats) -> Part:
    syllables = {clock(tick): Marks(lyrics=(Lyric(text),)) for tick, text in line.lyrics.items()}
    return Part(
        instrument,
        _notes(line, clock, syllables),
        own_name(line.name, instrument.name),
        controls=tuple(Control(clock(tick), kind, value) for tick, kind, value in line.controls),
        channel=line.channel,
        program=line.program or None if line.is_percussion else None,
    )


def _notes(line: Line, clock: TicksToBeats, syllables: dict[Fraction, Marks]) -> tuple[Note, ...]:
    """Return a line's notes; the onset, not the shift, makes a duration, so that it stays exact."""
    start = clock(0)
    notes = [
        Note(clock(onset), pitch, clock(duration) - start, velocity)
        for onset, pitch, duration, velocity in line.notes
    ]
    sung: set[Fraction] = set()
    for index in reversed(range(len(notes))) if syllables else ():  # the highest of a chord sings
        onset = notes[index].onset_beats
        if onset in syllables and onset not in sung:
            notes[index] = replace(notes[index], marks=syllables[onset])
            sung.add(onset)
    return tuple(notes)


def _with_markers(part: Part, song: Song, clock: TicksToBeats) -> Part:
    markings = (Marking(clock(tick), "rehearsal", text) for tick, text in song_markers(song))
    return replace(part, markings=tuple(markings))


def _estimated_key(notes_by_part: list[list[TickNote]]) -> Key:
    durations = [0.0] * 12
    for note in (note for part in notes_by_part for note in part):
        durations[note.pitch % 12] += note.duration_ticks
    if not notes_by_part:
        return estimate_key(durations)[0]
    last_onset_ticks = max(part[-1].onset_ticks for part in notes_by_part)
    last_bass = min(
        note.pitch
        for part in notes_by_part
        for note in part
        if note.onset_ticks + note.duration_ticks > last_onset_ticks
    )
    return estimate_key(durations, last_bass % 12)[0]


def _remarks(song: Song, number: int, lines: Sequence[Line]) -> list[str]:
    found = []
    n_held = sum(line.n_held for line in lines)
    if n_held:
        found.append(f"read: {n_held} notes without an end, held to the end of their track")
    if song.n_songs > 1:
        found.append(f"read: song {number} of the {song.n_songs} that the file holds")
    return found
