"""Songs as pieces that engines read, and what engines write as notes of a song.

A `Song` has programs, a `Piece` has parts: two hands for a keyboard (one among many instruments),
four voices for a choir alone, one part for every other program. Percussion stays in the words; no
part has it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby, pairwise
from statistics import fmean

from composer.corpus.detect import ensemble_of_piece
from composer.corpus.general_midi import CHOIR_PROGRAM, programs_to_instruments
from composer.engines import MenuEntry, decide
from composer.piece import MeterChange, Note, Part, Piece
from composer.remigen.song import Song, SongNote
from composer.remigen.words import (
    DRUMS,
    Signature,
    bar_twelfths,
    length_id,
    length_twelfths,
    tempo_bpm,
)
from composer.rendering import suggested_tempo_bpm
from composer.request import Request
from composer.stitching import silent
from composer.theory import (
    KEYBOARD_PROGRAMS,
    Instrument,
    Key,
    Meter,
    ensemble_instruments,
    estimate_key,
    usual_parts,
)

_MIDDLE_C = 60
_VELOCITY_STEP = 4
_FEW_PROGRAMS = 3  # among which a keyboard has two hands


def beginning(
    programs: Sequence[int],
    notes: Sequence[SongNote],
    meter: Meter,
    menu: Sequence[MenuEntry],
    seed: int,
) -> Piece:
    """Return who plays, without a note; what is left open is decided as for any request.

    Args:
        programs: That were named, percussion among them.
        notes: That there are; they tell the key.
        meter: Of the bars.
        menu: Of the engine; composer and form are chosen from it for who plays.
        seed: Decides.
    """
    pitched = [program for program in programs if program != DRUMS]
    named = players_of(pitched, notes, meter) if pitched else None
    rows = [row for row in menu if named is None or row.ensemble == named.ensemble]
    usual = [row for row in rows if str(meter) in row.meters]
    decided = decide(Request(seed=seed), usual or rows or menu)
    if named is None:
        ensemble = decided.ensemble or "keyboard"
        n_parts = decided.parts or usual_parts(ensemble)
        named = _silent(ensemble_instruments(ensemble, n_parts, decided.composer), meter)
        named = replace(named, ensemble=ensemble)
    return replace(
        named,
        key=_key_of(notes) or decided.key or named.key,
        composer=decided.composer or "",
        form=decided.form or "",
        tempo_bpm=suggested_tempo_bpm(decided.form, meter),
    )


def _key_of(notes: Iterable[SongNote]) -> Key | None:
    """Return the key that notes sound in; None if there are none with a pitch."""
    durations = [0.0] * 12
    for note in notes:
        if note.program != DRUMS:
            durations[note.pitch % 12] += length_twelfths(note.length)
    return estimate_key(durations)[0] if any(durations) else None


def players_of(programs: Sequence[int], notes: Sequence[SongNote], meter: Meter) -> Piece:
    """Return who plays, without a note: the highest part first.

    Args:
        programs: Without percussion, at least one.
        notes: Tell which programs are high.
        meter: Of the bars.
    """
    found = sorted(programs, key=lambda program: _height(program, notes), reverse=True)
    parts = [program for program in found for _ in range(_n_parts(program, len(found)))]
    players = _silent(programs_to_instruments(parts), meter)
    return replace(players, ensemble=ensemble_of_piece(players))


def _silent(instruments: Iterable[Instrument], meter: Meter) -> Piece:
    parts = tuple(Part(instrument, ()) for instrument in instruments)
    return Piece(parts, (MeterChange(Fraction(0), meter),), Key("C", "major"), n_bars=1)


def silenced(piece: Piece, signature: Signature) -> Piece:
    """Return who plays a piece, without a note, under one meter."""
    meters = (MeterChange(Fraction(0), Meter(*signature)),)
    return replace(silent(piece), meters=meters)


def _n_parts(program: int, n_programs: int) -> int:
    if program in KEYBOARD_PROGRAMS and n_programs <= _FEW_PROGRAMS:
        return 2
    return 4 if program == CHOIR_PROGRAM and n_programs == 1 else 1


def _height(program: int, notes: Sequence[SongNote]) -> float:
    """Return how high a program plays; the middle of its range where it has no notes."""
    pitches = [note.pitch for note in notes if note.program == program]
    (instrument,) = programs_to_instruments([program])
    return fmean(pitches) if pitches else (instrument.low + instrument.high) / 2


def bars_of_song(song: Song, first: int, end: int, players: Piece) -> Piece:
    """Return some bars of a song, of one meter, as a piece.

    Args:
        song: Any.
        first: Index of the first bar.
        end: Index of the bar behind the last one.
        players: Who plays them.
    """
    starts = song.bar_starts_twelfths
    lines: list[list[Note]] = [[] for _ in players.parts]
    inside = [note for note in song.notes if first <= note.bar < end and note.program != DRUMS]
    for onset, together in groupby(inside, key=lambda note: (note.bar, note.onset_twelfths)):
        at = Fraction(starts[onset[0]] + onset[1] - starts[first], 12)
        for part, note in _dealt(list(together), players):
            lines[part].append(_note(note, at))
    parts = tuple(
        replace(part, notes=tuple(sorted(line)))
        for part, line in zip(players.parts, lines, strict=True)
    )
    tempo = [mark.tempo for mark in song.tempos if mark.bar < end][-1]
    return replace(players, parts=parts, n_bars=end - first, tempo_bpm=tempo_bpm(tempo))


def _note(note: SongNote, onset_beats: Fraction) -> Note:
    length = Fraction(length_twelfths(note.length), 12)
    velocity = _VELOCITY_STEP * note.velocity + _VELOCITY_STEP // 2
    return Note(onset_beats, note.pitch, length, velocity)


def _dealt(together: Sequence[SongNote], players: Piece) -> Iterator[tuple[int, SongNote]]:
    """Yield the part of every note that begins at one moment.

    Of two hands the right one has middle C and all above, of a choir every voice has its note.
    """
    programs = [part.instrument.program for part in players.parts]
    for program, ours in groupby(together, key=lambda note: note.program):
        places = [index for index, one in enumerate(programs) if one == program]
        for rank, note in enumerate(ours):
            if program in KEYBOARD_PROGRAMS:
                rank = int(note.pitch < _MIDDLE_C)
            yield places[min(rank, len(places) - 1)], note


def notes_of_bars(music: Piece, signature: Signature, velocity: int | None) -> list[SongNote]:
    """Return the notes of bars on the grid of REMIGEN; a key that two parts strike is struck once.

    Args:
        music: Bars of one meter, from its beginning.
        signature: Of these bars.
        velocity: Id of the velocity of all notes; their own if None.
    """
    bar_lines = [bar.onset_beats for bar in music.bars]
    last = bar_twelfths(signature) - 1
    found: dict[tuple[int, int, int, int], SongNote] = {}
    for part in music.parts:
        for note in part.notes:
            bar = bisect_right(bar_lines, note.onset_beats) - 1
            onset = round((note.onset_beats - bar_lines[bar]) * 12)
            end = round((note.end_beats - bar_lines[bar]) * 12)
            place = (bar, min(onset, last), part.instrument.program, note.pitch)
            loud = note.velocity // _VELOCITY_STEP if velocity is None else velocity
            new = SongNote(*place, length_id(max(1, end - onset)), loud)
            found[place] = max(new, found.get(place, new), key=lambda one: one.length)
    return sorted(found.values(), key=lambda note: note.order)


def same_meter_since(signatures: Sequence[Signature]) -> int:
    """Return the index of the first of the last bars that have one meter."""
    changes = [index for index, (a, b) in enumerate(pairwise(signatures), start=1) if a != b]
    return changes[-1] if changes else 0
