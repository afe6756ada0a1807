"""Who plays a staff: instruments by the names and programs that a file states. Knows no note."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import combining, normalize

from composer.corpus.general_midi import (
    CHOIR_PROGRAM,
    GENERAL_MIDI_NAMES,
    programs_to_instruments,
)
from composer.corpus.musicxml.walking import Staff
from composer.corpus.text import own_name
from composer.theory import INSTRUMENTS, Instrument

# Words in names of parts -> instruments; the first that is found counts.
_WORDS = {
    "soprano": "soprano", "sopran": "soprano", "cantus": "soprano", "superius": "soprano",
    "alto": "alto", "altus": "alto", "alt": "alto", "tenor": "tenor", "tenore": "tenor",
    "bassus": "bass", "basso": "bass", "bass": "bass", "voice": "solo voice",
    "singstimme": "solo voice", "gesang": "solo voice", "canto": "solo voice",
    "violins": "violin", "violin": "violin", "violino": "violin", "violine": "violin",
    "viola": "viola", "bratsche": "viola", "violoncello": "cello", "cello": "cello",
    "contrabass": "contrabass", "kontrabass": "contrabass", "violone": "contrabass",
    "piano": "piano", "klavier": "piano", "pianoforte": "piano", "organ": "organ",
    "organo": "organ", "orgel": "organ", "harpsichord": "harpsichord", "cembalo": "harpsichord",
    "clavecin": "harpsichord", "flute": "flute", "flauto": "flute", "oboe": "oboe",
    "clarinet": "clarinet", "klarinette": "clarinet", "bassoon": "bassoon", "fagott": "bassoon",
    "horn": "horn", "corno": "horn", "guitar": "guitar", "cor": "horn", "corni": "horn",
    "violon": "violin", "violons": "violin", "violini": "violin", "violinen": "violin",
    "viole": "viola", "violas": "viola", "alti": "viola", "bratschen": "viola",
    "violoncelle": "cello", "violoncelles": "cello", "violoncelli": "cello", "celli": "cello",
    "cellos": "cello", "contrebasse": "contrabass", "contrebasses": "contrabass",
    "contrabbasso": "contrabass", "contrabassi": "contrabass", "orgue": "organ",
    "fortepiano": "piano", "flauti": "flute", "flutes": "flute", "hautbois": "oboe",
    "clarinetto": "clarinet", "clarinette": "clarinet", "clarinetti": "clarinet",
    "bassons": "bassoon", "basson": "bassoon", "fagotto": "bassoon", "fagotti": "bassoon",
    "horns": "horn", "gitarre": "guitar", "guitare": "guitar", "chitarra": "guitar",
    "oboi": "oboe", "oboes": "oboe", "oboen": "oboe", "voix": "solo voice", "voce": "solo voice",
    "stimme": "solo voice",
    # Spanish, and letters with signs taken off as `_plain` does
    "flauta": "flute", "flote": "flute", "floten": "flute", "clarinete": "clarinet",
    "fagot": "bassoon", "trompa": "horn", "violonchelo": "cello",
    "contrabajo": "contrabass", "guitarra": "guitar",
    "voz": "solo voice",
}  # fmt: skip
_DEFAULT_PROGRAM = INSTRUMENTS["piano"].program
_LETTERS = re.compile(r"[^\W\d_]+")
_GM_WORDS = frozenset(GENERAL_MIDI_NAMES)
_VOICES = frozenset(("soprano", "alto", "tenor", "bass", "solo voice"))
_VOICE_PROGRAMS = frozenset(INSTRUMENTS[name].program for name in _VOICES)


def staff_instruments(staves: Sequence[Staff]) -> tuple[Instrument, ...]:
    """Return who plays every staff: by its exact name, standard sound, words, or program.

    A program that is the usual one, the piano's, says less than a word in the part's name: programs
    of notation write it where they were told nothing. Choirs of which only programs are known get
    their voices by their order; a staff of which nothing is known is sung if it has words, else
    played on a piano.
    """
    programs = [_program(staff) for staff in staves]
    by_program = programs_to_instruments(programs)
    return tuple(
        _exact(staff) or instrument for staff, instrument in zip(staves, by_program, strict=True)
    )


def holds_several_singers(staff: Staff, instrument: Instrument) -> bool:
    """Whether a staff may be that of two voices of a choir: it is sung, and by nobody named."""
    has_player = staff.program not in (None, _DEFAULT_PROGRAM) or _by_words(staff) is not None
    is_sung = instrument.program in _VOICE_PROGRAMS or (staff.has_words and not has_player)
    return is_sung and not (_voice_named(staff.instrument) or _voice_named(staff.name))


def part_name(staff: Staff, instrument: Instrument) -> str:
    """Return the name of a part; empty if it only repeats its instrument's."""
    return own_name(staff.name, instrument.name)


def _exact(staff: Staff) -> Instrument | None:
    exact = INSTRUMENTS.get(staff.instrument.lower())
    if exact is not None:
        return exact
    if staff.program not in (None, _DEFAULT_PROGRAM):
        return None
    return _by_words(staff) or _by_sound(staff)


def _program(staff: Staff) -> int:
    if staff.program is not None:
        return staff.program
    return CHOIR_PROGRAM if staff.has_words else _DEFAULT_PROGRAM


def _by_sound(staff: Staff) -> Instrument | None:
    """Return who plays by a standard sound of MusicXML, such as `wind.flutes.flute`."""
    words = _LETTERS.findall(staff.sound.lower())
    known = next((_WORDS[word] for word in reversed(words) if word in _WORDS), None)
    if known is not None:
        return INSTRUMENTS[known]
    return _by_general_midi(words)


def _by_general_midi(words: Sequence[str]) -> Instrument | None:
    program = next((GENERAL_MIDI_NAMES.index(one) for one in words if one in _GM_WORDS), None)
    return None if program is None else programs_to_instruments([program])[0]


def _plain(text: str) -> str:
    """Return lower-case letters without signs over them."""
    return "".join(c for c in normalize("NFKD", text.lower()) if not combining(c))


def _by_words(staff: Staff) -> Instrument | None:
    words = _LETTERS.findall(_plain(f"{staff.name} {staff.instrument}"))
    known = next((INSTRUMENTS[_WORDS[word]] for word in words if word in _WORDS), None)
    return known or _by_general_midi(words)


def _voice_named(text: str) -> bool:
    """Whether a name is that of exactly one voice."""
    found = {_WORDS[word] for word in _LETTERS.findall(_plain(text)) if word in _WORDS}
    return len(found) == 1 and found <= _VOICES
