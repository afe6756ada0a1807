"""From a `Piece` to files: MIDI, MusicXML, sheets and audio. Knows no model, no scores, no page.

MusicXML and sheets are in `rendering.musicxml` and `rendering.sheet`; `write_files` writes all.
"""

from composer.rendering.audio import render_audio, sound_problem
from composer.rendering.files import FORMATS, write_files
from composer.rendering.interpretation import interpret
from composer.rendering.midi import midi_bytes, write_midi
from composer.rendering.performance import perform
from composer.rendering.shaping import loudness_of, shape_loudness
from composer.rendering.tempo import suggested_tempo_bpm

__all__ = [
    "FORMATS",
    "interpret",
    "loudness_of",
    "midi_bytes",
    "perform",
    "render_audio",
    "shape_loudness",
    "sound_problem",
    "suggested_tempo_bpm",
    "write_files",
    "write_midi",
]
