"""MIDI programs as instruments. Knows the names of General MIDI, and no file."""

from __future__ import annotations

from composer.theory import INSTRUMENTS, Instrument, ensemble_instruments

CHOIR_PROGRAM = INSTRUMENTS["soprano"].program

# General MIDI 1 Sound Set (MIDI Manufacturers Association, 1991), program 0 first.
# fmt: off
GENERAL_MIDI_NAMES = (
    # 0-7: piano
    "piano", "bright piano", "electric grand piano", "honky-tonk piano", "electric piano",
    "chorused electric piano", "harpsichord", "clavinet",
    # 8-15: chromatic percussion
    "celesta", "glockenspiel", "music box", "vibraphone", "marimba", "xylophone",
    "tubular bells", "dulcimer",
    # 16-23: organ
    "drawbar organ", "percussive organ", "rock organ", "organ", "reed organ", "accordion",
    "harmonica", "bandoneon",
    # 24-31: guitar
    "guitar", "steel-string guitar", "jazz guitar", "electric guitar", "muted guitar",
    "overdriven guitar", "distorted guitar", "guitar harmonics",
    # 32-39: bass
    "bass guitar", "fingered bass guitar", "picked bass guitar", "fretless bass guitar",
    "slap bass", "popped bass", "synthetic bass", "second synthetic bass",
    # 40-47: strings
    "violin", "viola", "cello", "contrabass", "tremolo strings", "plucked strings", "harp",
    "timpani",
    # 48-55: ensemble
    "strings", "slow strings", "synthetic strings", "second synthetic strings", "choir",
    "solo voice", "synthetic voice", "orchestra hit",
    # 56-63: brass
    "trumpet", "trombone", "tuba", "muted trumpet", "horn", "brass", "synthetic brass",
    "second synthetic brass",
    # 64-71: reed
    "soprano saxophone", "alto saxophone", "tenor saxophone", "baritone saxophone", "oboe",
    "cor anglais", "bassoon", "clarinet",
    # 72-79: pipe
    "piccolo", "flute", "recorder", "pan flute", "blown bottle", "shakuhachi", "whistle",
    "ocarina",
    # 80-87: synthetic lead
    "square lead", "sawtooth lead", "calliope lead", "chiff lead", "charang lead",
    "voice lead", "fifths lead", "bass lead",
    # 88-95: synthetic pad
    "new age pad", "warm pad", "polysynth pad", "choir pad", "bowed pad", "metallic pad",
    "halo pad", "sweep pad",
    # 96-103: synthetic effects
    "rain", "soundtrack", "crystal", "atmosphere", "brightness", "goblins", "echoes",
    "science fiction",
    # 104-111: folk
    "sitar", "banjo", "shamisen", "koto", "kalimba", "bagpipe", "fiddle", "shanai",
    # 112-119: percussive
    "tinkle bell", "agogo", "steel drums", "woodblock", "taiko drum", "melodic tom",
    "synthetic drum", "reverse cymbal",
    # 120-127: sound effects
    "fret noise", "breath noise", "seashore", "bird", "telephone", "helicopter", "applause",
    "gunshot",
)
# fmt: on
_INSTRUMENT_BY_PROGRAM = {
    program: Instrument(name, program, 0, 127) for program, name in enumerate(GENERAL_MIDI_NAMES)
} | {instrument.program: instrument for instrument in reversed(INSTRUMENTS.values())}

assert len(GENERAL_MIDI_NAMES) == 128


def programs_to_instruments(programs: list[int]) -> tuple[Instrument, ...]:
    """Return the instrument of every part; the voices of a choir are told apart by their order.

    Args:
        programs: General MIDI programs, 0-127, the highest part first.
    """
    voices = iter(ensemble_instruments("choir", programs.count(CHOIR_PROGRAM)))
    return tuple(
        next(voices) if program == CHOIR_PROGRAM else _INSTRUMENT_BY_PROGRAM[program]
        for program in programs
    )
