"""`Piece` -> performance: seconds and velocities at a constant tempo. Knows no file, no sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from composer.piece import Part, Piece
from composer.rendering.tempo import check_tempo
from composer.rendering.unisons import cut_unisons
from composer.theory import Key
from composer.units import MIDI_TICKS_PER_QUARTER, beats_to_seconds

if TYPE_CHECKING:
    import pretty_midi


def perform(piece: Piece, *, tempo_bpm: float | None = None) -> pretty_midi.PrettyMIDI:
    """Play a piece into a list of notes in seconds, an instrument a part.

    Args:
        piece: What to play.
        tempo_bpm: Quarters a minute; the piece's own tempo if left out.

    Raises:
        OptionError: If the tempo cannot be played.
    """
    # Here, not above: it looks for FluidSynth when imported, and files must not depend on that.
    import pretty_midi

    tempo_bpm = check_tempo(piece.tempo_bpm if tempo_bpm is None else tempo_bpm)
    performance = pretty_midi.PrettyMIDI(resolution=MIDI_TICKS_PER_QUARTER, initial_tempo=tempo_bpm)
    performance.key_signature_changes.append(pretty_midi.KeySignature(_key_number(piece.key), 0.0))
    for change in piece.meters:
        onset_s = beats_to_seconds(change.onset_beats, tempo_bpm)
        performance.time_signature_changes.append(
            pretty_midi.TimeSignature(change.meter.numerator, change.meter.denominator, onset_s)
        )
    performance.instruments.extend(_instrument(part, tempo_bpm) for part in piece.parts)
    return performance


def _instrument(part: Part, tempo_bpm: float) -> Any:
    import pretty_midi

    instrument = pretty_midi.Instrument(
        part.instrument.program, name=part.name or part.instrument.name
    )
    instrument.notes.extend(
        pretty_midi.Note(
            velocity=min(127, max(1, note.velocity)),
            pitch=note.pitch,
            start=beats_to_seconds(note.onset_beats, tempo_bpm),
            end=beats_to_seconds(note.end_beats, tempo_bpm),
        )
        for note in cut_unisons(part.notes)
    )
    return instrument


def _key_number(key: Key) -> int:
    """Number a key as pretty_midi does: 0-11 the major keys from C, 12-23 the minor ones."""
    return key.tonic_pitch_class + (12 if key.mode == "minor" else 0)
