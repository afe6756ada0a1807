"""Sound -> notes -> bars: what was sung or played, as it was played and as it is written.

sound.py        a file of sound -> samples, within limits
voices.py       samples -> notes of several voices, by the network of Basic Pitch
line.py         samples -> notes of one line, by SwiftF0 and a hidden Markov model
hearing.py      both: a file -> played notes, or one sentence; runs in a worker
profiles.py     where notes begin in the bars of real music
grid.py         when notes begin -> tempo, meter, bar lines
quantising.py   ... -> places in the bar
writing.py      played notes -> a `Piece`
transcribing.py all of it, from outside of the worker
"""

from composer.transcription.grid import Grid
from composer.transcription.hearing import KINDS
from composer.transcription.played import PlayedNote
from composer.transcription.sound import MAX_SOUND_BYTES, MAX_SOUND_S, is_sound
from composer.transcription.transcribing import Transcription, transcribe, transcribe_bytes
from composer.transcription.writing import Frame, write

__all__ = [
    "KINDS",
    "MAX_SOUND_BYTES",
    "MAX_SOUND_S",
    "Frame",
    "Grid",
    "PlayedNote",
    "Transcription",
    "is_sound",
    "transcribe",
    "transcribe_bytes",
    "write",
]
