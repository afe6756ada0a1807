"""`Piece` -> MIDI file: a track a part, score time at 480 ticks a quarter. Knows no seconds.

A pickup stays where it is, pushed right in bar 1, because the time signature counts from tick 0.
"""

from __future__ import annotations

import unicodedata
from fractions import Fraction
from pathlib import Path

from symusic.core import (
    KeySignatureTick,
    NoteTick,
    ScoreTick,
    TempoTick,
    TextMetaTick,
    TimeSignatureTick,
    TrackTick,
)

from composer.piece import Note, Part, Piece
from composer.rendering.tempo import check_tempo
from composer.rendering.unisons import cut_unisons
from composer.units import MIDI_TICKS_PER_QUARTER

MAX_TEXT_CHARACTERS = 80


def midi_bytes(piece: Piece) -> bytes:
    """Return a piece as a standard MIDI file (format 1).

    Times on the grid of 24 positions a quarter are exact, others are rounded to the nearest tick. A
    note ends, at the latest, where its part strikes the same pitch again.

    Raises:
        OptionError: If the piece's tempo cannot be written.
    """
    score = ScoreTick(MIDI_TICKS_PER_QUARTER)
    score.tempos.append(TempoTick(0, check_tempo(piece.tempo_bpm)))
    score.key_signatures.append(
        KeySignatureTick(0, piece.key.fifths, int(piece.key.mode == "minor"))
    )
    for change in piece.meters:
        meter = change.meter
        score.time_signatures.append(
            TimeSignatureTick(
                _beats_to_tick(change.onset_beats), meter.numerator, meter.denominator
            )
        )
    if title := _plain_text(piece.title):
        score.markers.append(TextMetaTick(0, title))
    for part in piece.parts:
        score.tracks.append(_track(part))
    return score.dumps_midi()


def write_midi(piece: Piece, path: Path) -> Path:
    """Write a piece as a standard MIDI file and return the path.

    Raises:
        OptionError: If the piece's tempo cannot be written.
    """
    path = Path(path)
    path.write_bytes(midi_bytes(piece))
    return path


def _track(part: Part) -> TrackTick:
    track = TrackTick(
        _plain_text(part.name or part.instrument.name), part.instrument.program, False
    )
    # Rounding first: two onsets that meet on one tick are a unison, too.
    for note in cut_unisons(_snapped(note) for note in part.notes):
        track.notes.append(_tick_note(note))
    return track


def _tick_note(note: Note) -> NoteTick:
    onset_tick, end_tick = _beats_to_tick(note.onset_beats), _beats_to_tick(note.end_beats)
    # Velocity 0 would mean the end of a note.
    return NoteTick(onset_tick, end_tick - onset_tick, note.pitch, min(127, max(1, note.velocity)))


def _snapped(note: Note) -> Note:
    """Move a note to whole ticks; it keeps at least one."""
    onset_tick = _beats_to_tick(note.onset_beats)
    end_tick = max(onset_tick + 1, _beats_to_tick(note.end_beats))
    return Note(
        Fraction(onset_tick, MIDI_TICKS_PER_QUARTER),
        note.pitch,
        Fraction(end_tick - onset_tick, MIDI_TICKS_PER_QUARTER),
        note.velocity,
    )


def _beats_to_tick(beats: Fraction) -> int:
    return round(beats * MIDI_TICKS_PER_QUARTER)


def _plain_text(text: str) -> str:
    """Keep what can be read: no control characters, no invisible direction marks, one line."""
    readable = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(readable.split())[:MAX_TEXT_CHARACTERS].rstrip()
