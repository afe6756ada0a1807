"""`Piece`: the one value that every room of the house passes on. Knows no file format and no token.

All values are frozen. Times are `Fraction`s of a quarter, counted from the beginning of bar 1.

What sounds stands in few, light values that every room reads; what a file says besides stands
beside them, empty in most pieces, so that rooms which do not need it pass it on unseen:

    Piece
    ├── parts              pitched lines, the highest first: `Part`
    │   ├── notes          `Note`: onset, pitch, length, velocity
    │   │   └── marks      None, or `Marks`: spelling, written values and ties, voice, signs
    │   │                  (articulations, ornaments, fermatas), grace notes, lyrics
    │   ├── markings       `Marking`: dynamics, words, chord symbols, clefs at a moment; slurs,
    │   │                  hairpins, octave lines, trills over a stretch
    │   ├── controls       `Control`: pedals, volume, bends and the like, as MIDI numbers them
    │   └── channel, program, transposition
    │                      what the file had, where it differs from what the instrument says
    ├── percussion         parts whose pitches are keys of the General MIDI drum map
    ├── meters             `MeterChange`, the first at 0
    ├── key, keys          the key at the beginning, and every `KeyChange` behind it
    ├── tempo_bpm, tempos  the tempo at the beginning, and every `TempoChange` behind it
    ├── repeats            `Repeat`: repeat signs, endings, D.C., D.S., Fine, Coda. Bars lie in
    │                      written order; `stitching.unfold` returns them as they are played
    ├── first_bar_number   the number printed at the first whole bar
    ├── title, composer, form, ensemble, credit
    └── remarks            sentences on what a reader had to set aside; no part of the music

A measure of two staccato quarters under a slur, at 100 and then 80 quarters a minute:

    >>> from fractions import Fraction
    >>> from composer.theory import INSTRUMENTS, Key, Meter
    >>> short = Marks(spelling="C", signs=("staccato",))
    >>> notes = (
    ...     Note(Fraction(0), 60, Fraction(1), marks=short),
    ...     Note(Fraction(1), 62, Fraction(1)),
    ... )
    >>> slur = Marking(Fraction(0), "slur", end_beats=Fraction(1))
    >>> piece = Piece(
    ...     parts=(Part(INSTRUMENTS["piano"], notes, markings=(slur,)),),
    ...     meters=(MeterChange(Fraction(0), Meter(2, 4)),),
    ...     key=Key("C", "major"),
    ...     tempo_bpm=100.0,
    ...     tempos=(TempoChange(Fraction(1), 80.0),),
    ... )
    >>> Piece.from_dict(piece.to_dict()) == piece
    True
    >>> piece.tempo_at(Fraction(3, 2)), piece.bare().parts[0].notes[0].marks
    (80.0, None)
"""

from composer.piece.bars import Bar, MeterChange, walk_bars
from composer.piece.lead_sheets import chords_kept, progression_of, tell_chords
from composer.piece.marks import SIGNS, Grace, Lyric, Marks, Written
from composer.piece.notes import Note, Part
from composer.piece.score import STYLE_CREDIT, Piece
from composer.piece.signs import (
    BEND,
    PRESSURE,
    PROGRAM,
    Control,
    KeyChange,
    Marking,
    Repeat,
    TempoChange,
)

__all__ = [
    "BEND",
    "PRESSURE",
    "PROGRAM",
    "SIGNS",
    "STYLE_CREDIT",
    "Bar",
    "Control",
    "Grace",
    "KeyChange",
    "Lyric",
    "Marking",
    "Marks",
    "MeterChange",
    "Note",
    "Part",
    "Piece",
    "Repeat",
    "TempoChange",
    "Written",
    "chords_kept",
    "progression_of",
    "tell_chords",
    "walk_bars",
]
