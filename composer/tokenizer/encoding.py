"""Piece <-> events. Knows MidiTok through `folding`, and no file.

MidiTok writes what is encoded; decoding reads the rows themselves, and a test holds that their REMI
tokens (`folding.unfold`) spell the same notes.

The canonical encoding of a piece: its conditions, every bar (BAR, then its notes by position, part,
pitch and length) and END. Pitches are written with the tonic on C.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from symusic import Note as TickNote
from symusic import Score, TimeSignature, Track

from composer.errors import TokenError
from composer.piece import Bar, MeterChange, Note, Part, Piece
from composer.theory import Key, Meter, ensemble_instruments, usual_parts
from composer.tokenizer import vocab
from composer.tokenizer.conditions import (
    Conditions,
    conditions_of,
    decode_conditions,
    encode_conditions,
    meter_id,
    meter_of,
)
from composer.tokenizer.folding import fold, score_to_tokens, unit_of
from composer.tokenizer.layout_rows import without_layout
from composer.tokenizer.sections import section_ids, section_names
from composer.tokenizer.vocab import (
    BAR,
    DURATION,
    END,
    MAX_DURATION,
    MAX_PARTS,
    PART,
    PITCH,
    POSITION,
    TIED,
    TIME,
    Events,
    Vocabulary,
)
from composer.units import POSITIONS_PER_QUARTER, beats_to_positions, positions_to_beats


@dataclass(frozen=True, slots=True)
class GridNote:
    """A note on the grid, in the piece's own key: positions from the beginning."""

    onset: int
    length: int
    part: int
    pitch: int


def quantise(piece: Piece) -> Piece:
    """Move every onset and end to the nearest of 24 positions a quarter.

    No note gets shorter than one. A note that is moved to the closing bar line begins another bar.
    """
    parts = tuple(
        replace(part, notes=tuple(sorted(_grid_note(note) for note in part.notes)))
        for part in piece.parts
    )
    last_onset = max((part.notes[-1].onset_beats for part in parts if part.notes), default=0)
    is_at_end = last_onset == piece.length_beats
    return replace(piece, parts=parts, n_bars=piece.n_bars + is_at_end)


def encode(piece: Piece, vocabulary: Vocabulary) -> Events:
    """Return the canonical events of a piece, [8 conditions + bars + notes + 1, 4].

    Notes off the grid are moved to it, as `quantise` does.

    Raises:
        TokenError: If a meter, the number of parts or a pitch has no id.
    """
    piece = quantise(piece)
    conditions = encode_conditions(conditions_of(piece), vocabulary)
    return np.concatenate([conditions, _encode_grid(piece), vocab.row(END)])


def encode_bars(piece: Piece) -> Events:
    """Return the bars of a piece without conditions and END; see `encode`."""
    return _encode_grid(quantise(piece))


def decode(events: Events, vocabulary: Vocabulary, *, key: Key | None = None) -> Piece:
    """Return the piece that events spell. Total: any rows give a piece or a `TokenError`.

    Args:
        events: Conditions, bars and END, [N, 4]; conditions and END may be missing.
        vocabulary: The names of the conditions.
        key: Overrides the key that the conditions name, for its spelling.
    """
    n_conditions = int(np.isin(events[:, TIME], list(vocab.CONDITION.values())).sum())
    conditions = decode_conditions(events[:n_conditions], vocabulary)
    return decode_bars(events[n_conditions:], conditions, key=key, offset=n_conditions)


def decode_bars(
    events: Events, conditions: Conditions, *, key: Key | None = None, offset: int = 0
) -> Piece:
    """Return the piece that bars spell; see `decode`.

    Args:
        events: Bars and END, [N, 4]; END may be missing.
        conditions: Of the piece; its names need no vocabulary.
        key: Overrides the key that the conditions name, for its spelling.
        offset: Added to positions in errors.
    """
    music = _checked_music(events, offset)
    key = key or conditions.key
    notes = _merge_tied(_grid_notes(music, key.shift))
    if not notes:
        raise TokenError("there is no note", offset)
    ensemble = conditions.ensemble or ""
    n_parts = max(conditions.parts or usual_parts(ensemble), 1 + max(note.part for note in notes))
    return Piece(
        parts=_parts(notes, conditions, ensemble, n_parts),
        meters=_meter_changes(music),
        key=key,
        n_bars=int((music[:, TIME] == BAR).sum()),
        composer=conditions.composer or "",
        form=conditions.form or "",
        ensemble=ensemble,
    )


def _encode_grid(piece: Piece) -> Events:
    """Return the bars of a quantised piece."""
    bars = piece.bars
    meters = [meter_id(bar.meter) for bar in bars]
    score = _tick_score(piece, bars)
    rows = fold(score_to_tokens(score), score.ticks_per_quarter)
    n_found = int((rows[:, TIME] == BAR).sum())
    if n_found > len(bars):
        raise TokenError(f"a note begins or goes on after the last of {len(bars)} bars")
    rows = np.concatenate([rows, *[vocab.row(BAR)] * (len(bars) - n_found)])
    is_bar = rows[:, TIME] == BAR
    rows[is_bar, DURATION] = meters
    rows[is_bar, PITCH] = [vocab.bars_left_id(len(bars) - 1 - bar.index) for bar in bars]
    rows[is_bar, PART] = section_ids(section_names(rows))
    return rows


def _grid_note(note: Note) -> Note:
    onset = beats_to_positions(note.onset_beats)
    length = max(1, beats_to_positions(note.end_beats) - onset)
    return replace(
        note, onset_beats=positions_to_beats(onset), duration_beats=positions_to_beats(length)
    )


def _tick_score(piece: Piece, bars: tuple[Bar, ...]) -> Score:
    """Return a quantised piece at one tick a position, a quarter being a unit of `folding`."""
    lengths = [int(bar.meter.length_beats * POSITIONS_PER_QUARTER) for bar in bars]
    unit = unit_of(lengths)
    score = Score(unit)
    tracks = [Track(program=program) for program in range(2 * MAX_PARTS)]
    for index, part in enumerate(piece.parts):
        for note in part.notes:
            pitch = note.pitch - piece.key.shift
            if not 0 <= pitch <= 127:
                raise TokenError(f"pitch {note.pitch} leaves 0-127 when the tonic is moved to C")
            for onset, length, tied in _pieces_of(note):
                tracks[index + tied].notes.append(TickNote(onset, length, pitch, note.velocity))
    score.tracks.extend(track for track in tracks if len(track.notes))
    for index, (bar, length) in enumerate(zip(bars, lengths, strict=True)):
        if index == 0 or length != lengths[index - 1]:
            onset = beats_to_positions(bar.onset_beats)
            score.time_signatures.append(TimeSignature(onset, length // unit, 4))
    return score


def _pieces_of(note: Note) -> Iterator[tuple[int, int, int]]:
    """Cut a note longer than MAX_DURATION; yield (onset, length, 0 or TIED)."""
    onset, length = (
        int(note.onset_beats * POSITIONS_PER_QUARTER),
        int(note.duration_beats * POSITIONS_PER_QUARTER),
    )
    tied = 0
    while length > 0:
        yield onset, min(length, MAX_DURATION), tied
        onset, length, tied = onset + MAX_DURATION, length - MAX_DURATION, TIED


def _checked_music(music: Events, offset: int) -> Events:
    """Return the rows before END and without a layout, or raise at the first out of place."""
    music = without_layout(music)
    if not len(music) or music[0, TIME] != BAR:
        raise TokenError("the music must begin with a bar line", offset)
    bar_length = position = 0
    for index, (time, part, pitch, duration) in enumerate(music.tolist()):
        if time == END:
            return music[:index]
        if time == BAR:
            if not vocab.METER <= duration < vocab.METER_OPEN:
                raise TokenError("a bar line carries no meter", offset + index)
            bar_length, position = int(vocab.BAR_POSITIONS[duration - vocab.METER]), 0
            continue
        written = POSITION <= time < vocab.N_TIME_WRITTEN
        if not (
            written
            and 0 <= part < 2 * MAX_PARTS
            and 0 <= pitch < 128
            and 0 <= duration < MAX_DURATION
        ):
            raise TokenError("the row is neither note, bar line nor end", offset + index)
        if not position <= time - POSITION < bar_length:
            raise TokenError("the note lies before the last one or after its bar", offset + index)
        position = time - POSITION
    return music


def _grid_notes(music: Events, shift: int) -> Iterator[GridNote]:
    """Read the notes of checked rows."""
    bar_onset = bar_length = 0
    for time, part, pitch, duration in music.tolist():
        if time == BAR:
            bar_onset += bar_length
            bar_length = int(vocab.BAR_POSITIONS[duration - vocab.METER])
            continue
        if not 0 <= pitch + shift <= 127:
            raise TokenError(f"pitch {pitch + shift} leaves 0-127 in the asked key")
        yield GridNote(bar_onset + time - POSITION, duration + 1, part, pitch + shift)


def _merge_tied(notes: Iterator[GridNote]) -> list[GridNote]:
    """Join tied continuations to what they continue; one without a beginning is a note itself."""
    plain: list[GridNote] = []
    open_ends: dict[tuple[int, int, int], list[int]] = {}
    for note in sorted(notes, key=lambda n: (n.onset, n.part, n.pitch, n.length)):
        part = note.part % MAX_PARTS
        begun = open_ends.get((part, note.pitch, note.onset)) if note.part >= TIED else None
        if begun:
            index = begun.pop(0)
            plain[index] = replace(plain[index], length=plain[index].length + note.length)
        else:
            index = len(plain)
            plain.append(note if note.part == part else replace(note, part=part))
        if note.length == MAX_DURATION:
            open_ends.setdefault((part, note.pitch, note.onset + MAX_DURATION), []).append(index)
    return plain


def _parts(
    notes: list[GridNote], conditions: Conditions, ensemble: str, n_parts: int
) -> tuple[Part, ...]:
    """Sort notes into parts with the ensemble's instruments."""
    by_part: list[list[Note]] = [[] for _ in range(n_parts)]
    # Sorted as notes are, but by whole numbers.
    for note in sorted(notes, key=lambda n: (n.onset, n.pitch, n.length)):
        onset, length = positions_to_beats(note.onset), positions_to_beats(note.length)
        by_part[note.part].append(Note(onset, note.pitch, length))
    instruments = ensemble_instruments(ensemble, n_parts, conditions.composer)
    return tuple(
        Part(instrument, tuple(found))
        for instrument, found in zip(instruments, by_part, strict=True)
    )


def _meter_changes(music: Events) -> tuple[MeterChange, ...]:
    """Return the written meters where they change."""
    changes: list[MeterChange] = []
    onset, last = Fraction(0), None
    for duration in music[music[:, TIME] == BAR, DURATION].tolist():
        meter: Meter = meter_of(duration)
        if meter != last:
            changes.append(MeterChange(onset, meter))
        onset, last = onset + meter.length_beats, meter
    return tuple(changes)
