"""From a `Piece` to files: MIDI and audio. Knows no model, no score and no page."""

from composer.rendering.audio import render_audio, sound_problem
from composer.rendering.midi import midi_bytes, write_midi
from composer.rendering.performance import perform
from composer.rendering.tempo import suggested_tempo_bpm

__all__ = [
    "midi_bytes",
    "perform",
    "render_audio",
    "sound_problem",
    "suggested_tempo_bpm",
    "write_midi",
]
