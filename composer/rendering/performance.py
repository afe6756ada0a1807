"""`Piece` -> performance: notes in seconds with velocities. Knows no file and no sound.

Plain, it is the score as it is written, with its tempos, dynamics, articulations and pedals.
Expressive, it breathes with the phrases (`timing`), is shaded (`dynamics`), lifts repeated notes
off one another and closes with a ritardando.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from composer.piece import BEND, Control, Note, Part, Piece
from composer.rendering.dynamics import shaded_parts
from composer.rendering.phrases import Phrase, find_phrases
from composer.rendering.sounding import sounding
from composer.rendering.tempo import check_tempo
from composer.rendering.timing import Clock, expressive_clock, plain_clock
from composer.rendering.unisons import cut_unisons
from composer.theory import Key
from composer.units import MIDI_TICKS_PER_QUARTER

if TYPE_CHECKING:
    import pretty_midi

# A tone that is struck again is let go a little earlier, and so is the last one of a phrase: rules
# "repetition articulation" and "punctuation" of the KTH system (source in `timing`).
REPEAT_GAP_S = 0.06
BREATH_S = 0.08
MAX_GAP_SHARE = 0.25  # of a note, at most


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a piece is played.

    Args:
        clock: From score time to seconds.
        parts: With the velocities to play.
        percussion: The same.
        phrases: Empty where nothing is to be heard of them.
    """

    clock: Clock
    parts: tuple[Part, ...]
    percussion: tuple[Part, ...]
    phrases: tuple[Phrase, ...] = ()


def perform(
    piece: Piece, *, tempo_bpm: float | None = None, is_expressive: bool = True
) -> pretty_midi.PrettyMIDI:
    """Play a piece into a list of notes in seconds, an instrument a part, percussion last.

    Args:
        piece: What to play.
        tempo_bpm: Quarters a minute, at the beginning; the piece's own tempo if left out.
        is_expressive: Whether to shape tempo and velocities; if not, the score is played as it is
            written.

    Raises:
        OptionError: If the tempo cannot be played.
    """
    # Here, not above: it looks for FluidSynth when imported, and files must not depend on that.
    import pretty_midi

    tempo_bpm = check_tempo(piece.tempo_bpm if tempo_bpm is None else tempo_bpm)
    reading = _read(piece, tempo_bpm, is_expressive)
    performance = pretty_midi.PrettyMIDI(resolution=MIDI_TICKS_PER_QUARTER, initial_tempo=tempo_bpm)
    performance.key_signature_changes.append(pretty_midi.KeySignature(_key_number(piece.key), 0.0))
    for change in piece.meters:
        onset_s = reading.clock.time_s(change.onset_beats)
        performance.time_signature_changes.append(
            pretty_midi.TimeSignature(change.meter.numerator, change.meter.denominator, onset_s)
        )
    performance.instruments.extend(
        _instrument(part, reading, _controls(part, reading.parts)) for part in reading.parts
    )
    performance.instruments.extend(
        _instrument(part, reading, part.controls, is_drum=True) for part in reading.percussion
    )
    return performance


def _read(piece: Piece, tempo_bpm: float, is_expressive: bool) -> _Reading:
    if not is_expressive or piece.n_notes == 0:
        written = sounding(piece)
        return _Reading(plain_clock(piece, tempo_bpm), written.parts, written.percussion)
    phrases = find_phrases(piece)
    played = sounding(replace(piece, parts=shaded_parts(piece, phrases)))
    clock = expressive_clock(piece, tempo_bpm, phrases)
    return _Reading(clock, played.parts, played.percussion, phrases)


def _controls(part: Part, parts: Sequence[Part]) -> Sequence[Control]:
    """Return what is done while a part plays: also by others that share its channel."""
    if part.channel is None:
        return part.controls
    sharing = [one for other in parts if other.channel == part.channel for one in other.controls]
    return sorted(sharing, key=lambda one: one.onset_beats)


def _instrument(
    part: Part, reading: _Reading, controls: Sequence[Control], *, is_drum: bool = False
) -> Any:
    import pretty_midi

    instrument = pretty_midi.Instrument(
        (part.program or 0) if is_drum else part.instrument.program,
        is_drum=is_drum,
        name=part.name or part.instrument.name,
    )
    for control in controls:
        time_s = reading.clock.time_s(control.onset_beats)
        if control.kind == BEND:
            instrument.pitch_bends.append(pretty_midi.PitchBend(control.value, time_s))
        elif control.kind < BEND:
            change = pretty_midi.ControlChange(control.kind, control.value, time_s)
            instrument.control_changes.append(change)
    notes = cut_unisons(part.notes)
    for note, (start_s, end_s) in zip(notes, _spans_s(notes, reading), strict=True):
        velocity = min(127, max(1, note.velocity))
        instrument.notes.append(pretty_midi.Note(velocity, note.pitch, start_s, end_s))
    return instrument


def _spans_s(notes: Sequence[Note], reading: _Reading) -> Iterator[tuple[float, float]]:
    """Yield when notes begin and end.

    Args:
        notes: Sorted; no key is struck while it is held.
        reading: How they are played.
    """
    clock = reading.clock
    if not reading.phrases:
        yield from ((clock.time_s(n.onset_beats), clock.time_s(n.end_beats)) for n in notes)
        return
    struck_again = _struck_again(notes)
    breaths = {phrase.end_beats for phrase in reading.phrases[:-1]}
    for note in notes:
        start_s, end_s = clock.onset_s(note.onset_beats), clock.end_s(note)
        gap_s = BREATH_S if note.end_beats in breaths else 0.0
        if later := struck_again.get(note):
            end_s = min(end_s, clock.onset_s(later.onset_beats))
            gap_s = REPEAT_GAP_S if later.onset_beats == note.end_beats else gap_s
        yield start_s, end_s - min(gap_s, MAX_GAP_SHARE * (end_s - start_s))


def _struck_again(notes: Sequence[Note]) -> dict[Note, Note]:
    """Return the next note of the same pitch, where there is one."""
    by_pitch: dict[int, list[Note]] = defaultdict(list)
    for note in notes:
        by_pitch[note.pitch].append(note)
    return {note: later for line in by_pitch.values() for note, later in pairwise(line)}


def _key_number(key: Key) -> int:
    """Number a key as pretty_midi does: 0-11 the major keys from C, 12-23 the minor ones."""
    return key.tonic_pitch_class + (12 if key.mode == "minor" else 0)
