"""REMIGEN and REMIGEN2: music as words, in the way of MidiProcessor and of models trained on it.

    s-9 o-0 t-35 i-0 p-60 d-12 v-20 p-48 d-24 v-20 o-24 t-35 i-128 p-170 d-0 v-25 b-1

    s-   time signature, at the beginning of every bar   s-9 is 4/4
    o-   onset in the bar, in twelfths of a quarter      o-24 is the third quarter
    t-   tempo: 16 * 2 ** (id / 12) bpm                  t-35 is 121 bpm
    i-   General MIDI program; 128 is percussion
    p-   pitch; of percussion, 128 more than its key     p-170 is key 42, a closed hi-hat
    d-   length: exact to 11 twelfths, coarser above     d-12 is a quarter
    v-   velocity: 4 * id + 2                            v-20 is 82
    b-1  the end of a bar, and not its number

In REMIGEN the tempo stands behind every onset, in REMIGEN2 behind every time signature.

    words.py      what each word means
    song.py       `Song`: music on this grid
    encoding.py   `Song` -> words; transposition to C major or A minor
    decoding.py   words -> `Song`; what is wrong with them, word by word
    midi.py       MIDI files <-> `Song`
    prompt.py     what words say that music begins with, and what can follow them
    players.py    `Song` <-> pieces as engines read them
    growing.py    words that grow behind a prompt, by an engine
    generating.py `MusicGenerator`, `MIDIConverter` and `generate_music`

Source:
    B. Yu et al., Museformer, NeurIPS 35 (2022), and its tool MidiProcessor 0.1.5, to which the
    words are equal; written anew from a description of the format.
"""

from composer.remigen.decoding import Problem, WordError, decode, decode_leniently
from composer.remigen.encoding import encode, normalised
from composer.remigen.generating import MIDIConverter, MusicGenerator, generate_music
from composer.remigen.midi import midi_to_song, read_song, song_to_midi, write_song
from composer.remigen.song import Song, SongNote, TempoMark
from composer.remigen.words import VARIANTS

__all__ = [
    "VARIANTS",
    "MIDIConverter",
    "MusicGenerator",
    "Problem",
    "Song",
    "SongNote",
    "TempoMark",
    "WordError",
    "decode",
    "decode_leniently",
    "encode",
    "generate_music",
    "midi_to_song",
    "normalised",
    "read_song",
    "song_to_midi",
    "write_song",
]
