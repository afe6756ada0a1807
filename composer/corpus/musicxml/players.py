"""Who plays a staff: instruments by the names and programs that a file states. Knows no note."""

from __future__ import annotations

import re
from collections.abc import Sequence

from composer.corpus.general_midi import CHOIR_PROGRAM, programs_to_instruments
from composer.corpus.musicxml.cleaning import StaffFacts
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
    "horn": "horn", "corno": "horn", "guitar": "guitar",
}  # fmt: skip
_LETTERS = re.compile(r"[^\W\d_]+")
_VOICES = frozenset(("soprano", "alto", "tenor", "bass", "solo voice"))
_VOICE_PROGRAMS = frozenset(INSTRUMENTS[name].program for name in _VOICES)


def staff_instruments(staves: Sequence[StaffFacts]) -> tuple[Instrument, ...]:
    """Return the instrument of every staff: by its exact name, its program, or words in its name.

    Choirs of which only programs are known get their voices by their order; a staff of which
    nothing is known is sung if it has words, else played on a piano.
    """
    programs = [_program(staff) for staff in staves]
    by_program = programs_to_instruments(programs)
    return tuple(
        _exact(staff) or instrument for staff, instrument in zip(staves, by_program, strict=True)
    )


def holds_several_singers(staff: StaffFacts, instrument: Instrument) -> bool:
    """Whether a staff may be that of two voices of a choir: it is sung, and by nobody named."""
    is_sung = staff.has_words or instrument.program in _VOICE_PROGRAMS
    return is_sung and not (_voice_named(staff.instrument) or _voice_named(staff.name))


def part_name(staff: StaffFacts, instrument: Instrument) -> str:
    """Return the name of a part; empty if it only repeats its instrument's."""
    return own_name(staff.name, instrument.name)


def _exact(staff: StaffFacts) -> Instrument | None:
    return INSTRUMENTS.get(staff.instrument.lower()) or (
        None if staff.program is not None else _by_words(staff)
    )


def _program(staff: StaffFacts) -> int:
    if staff.program is not None:
        return staff.program
    return CHOIR_PROGRAM if staff.has_words else INSTRUMENTS["piano"].program


def _by_words(staff: StaffFacts) -> Instrument | None:
    words = _LETTERS.findall(f"{staff.instrument} {staff.name}".lower())
    return next((INSTRUMENTS[_WORDS[word]] for word in words if word in _WORDS), None)


def _voice_named(text: str) -> bool:
    """Whether a name is that of exactly one voice."""
    found = {_WORDS[word] for word in _LETTERS.findall(text.lower()) if word in _WORDS}
    return len(found) == 1 and found <= _VOICES
