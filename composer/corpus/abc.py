"""A line of notes typed as text -> `Piece`: a small part of ABC. Knows no file.

    M:3/4 L:1/8 K:Dm d2 A2 FG | [Ac]4 z2 |

Read after C. Walshaw, The ABC Music Standard 2.1 (2011), sections 3.1.6 to 4.17: the fields M, L
and K, notes with accidentals, octave marks and lengths, rests, chords, ties and bar lines. What is
beyond (voices, repeats, tuplets, ornaments) is refused by name, not skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from composer.errors import OptionError, ScoreFileError
from composer.piece import MeterChange, Note, Part, Piece
from composer.theory import (
    INSTRUMENTS,
    LETTER_PITCH_CLASSES,
    LINE_OF_FIFTHS,
    Key,
    Meter,
    parse_key,
    parse_meter,
)

MAX_CHARACTERS = 20_000
MAX_LENGTH = 64  # of a note, in units
_FIELDS = re.compile(r"([A-Za-z]): *([^ |\[\]]*(?: (?:major|minor|maj|min)\b)?) *")
_NOTE = r"(?P<accidental>\^\^|\^|__|_|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)"
_LENGTH = r"(?P<length>\d{0,3}(?:/+\d{0,3})?)"
_TOKEN = re.compile(
    rf"(?P<bar>:?\|[\]|:]?|\|\]|\[\|)|\[(?P<chord>(?:[\^_=]*[A-Ga-g][,']*)+)\]|"
    rf"(?P<rest>[zx])|{_NOTE}"
)
_AFTER = re.compile(rf"{_LENGTH}(?P<tie>-?)")
_SIGNS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
_MIDDLE_C = 60


@dataclass
class _Line:
    """A line as it is read.

    Args:
        meter, unit_beats, key: As the fields say.
    """

    meter: Meter = field(default_factory=lambda: Meter(4, 4))
    unit_beats: Fraction = Fraction(1, 2)
    key: Key = field(default_factory=lambda: Key("C", "major"))
    onset_beats: Fraction = Fraction(0)
    notes: list[Note] = field(default_factory=list)
    signs: dict[tuple[str, int], int] = field(default_factory=dict)  # of this bar
    tied: frozenset[int] = frozenset()

    def pitch(self, sign: str | None, letter: str, marks: str) -> int:
        """Return a pitch; an accidental holds to the end of the bar."""
        octave = marks.count("'") - marks.count(",") + letter.islower()
        place = (letter.upper(), octave)
        if sign:
            self.signs[place] = _SIGNS[sign]
        shift = self.signs.get(place, _signature(self.key).get(letter.upper(), 0))
        return _MIDDLE_C + LETTER_PITCH_CLASSES[letter.upper()] + 12 * octave + shift

    def sound(self, pitches: list[int], units: Fraction, ties_on: bool) -> None:
        """Add a note, a chord or (without pitches) a rest."""
        length = units * self.unit_beats
        for pitch in pitches:
            if pitch in self.tied:
                self._lengthen(pitch, length)
            else:
                self.notes.append(Note(self.onset_beats, pitch, length))
        self.tied = frozenset(pitches) if ties_on else frozenset()
        self.onset_beats += length

    def _lengthen(self, pitch: int, length: Fraction) -> None:
        place = max(i for i, note in enumerate(self.notes) if note.pitch == pitch)
        old = self.notes[place]
        self.notes[place] = Note(old.onset_beats, pitch, old.duration_beats + length)


def read_abc(text: str, *, key: Key | None = None, meter: Meter | None = None) -> Piece:
    """Read a typed line as a piece of one part.

    Args:
        text: Such as `M:3/4 L:1/8 K:G D2 | G2 A2 B2 | c6 |`.
        key: Instead of C major, where the text has no field K.
        meter: Instead of 4/4, where the text has no field M.

    Raises:
        ScoreFileError: At the first thing that cannot be read, with what it is.
    """
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        raise ScoreFileError(f"a typed theme has up to {MAX_CHARACTERS:,} characters")
    line = _Line()
    line.key, line.meter = key or line.key, meter or line.meter
    music = _read_fields(line, " ".join(text.split()))
    _read_music(line, music)
    if not line.notes:
        raise ScoreFileError("the typed theme has no note; write some, such as `C D E F | G4 |`")
    parts = (Part(INSTRUMENTS["piano"], tuple(sorted(line.notes))),)
    n_bars = max(1, -(-line.onset_beats // line.meter.length_beats))
    return Piece(parts, (MeterChange(Fraction(0), line.meter),), line.key, n_bars=int(n_bars))


def _read_fields(line: _Line, text: str) -> str:
    """Read the fields in front; return the music behind them."""
    has_unit = False
    while match := _FIELDS.match(text):
        name, value = match.groups()
        try:
            if name == "M":
                line.meter = parse_meter(value)
            elif name == "L":
                line.unit_beats, has_unit = 4 * _fraction(value), True
            elif name == "K":
                line.key = parse_key(value)
            elif name not in "XTC":
                raise ScoreFileError(f"the field {name}: of ABC is not read here; use M, L and K")
        except OptionError as error:
            raise ScoreFileError(
                f"the field {name}: of the theme cannot be read: {error}"
            ) from error
        text = text[match.end() :]
    if not has_unit and line.meter.length_beats / 4 < Fraction(3, 4):
        line.unit_beats = Fraction(1, 4)  # section 3.1.7: short meters count in sixteenths
    return text


def _read_music(line: _Line, text: str) -> None:
    place = 0
    while place < len(text):
        if text[place] in " \\":
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            raise ScoreFileError(
                f"the theme cannot be read at {text[place : place + 12]!r}; it may hold notes "
                "A-G and a-g with ^ _ = , ' and lengths, rests z, chords [CEG], ties - and bars |"
            )
        place = match.end()
        if match["bar"]:
            if ":" in match["bar"]:
                raise ScoreFileError("repeats of ABC are not read here; write the bars out")
            line.signs.clear()
            continue
        after = _AFTER.match(text, place)
        assert after is not None  # an empty length is one
        place = after.end()
        line.sound(_pitches(line, match), _units(after["length"]), bool(after["tie"]))


def _pitches(line: _Line, match: re.Match[str]) -> list[int]:
    names = re.finditer(_NOTE, match["chord"] or (match[0] if match["letter"] else ""))
    pitches = sorted({line.pitch(n["accidental"], n["letter"], n["octave"]) for n in names})
    if any(not 0 <= pitch <= 127 for pitch in pitches):
        raise ScoreFileError(f"the note {match[0][:12]!r} lies outside of what can be played")
    return pitches


def _units(text: str) -> Fraction:
    """Read a length: `3`, `3/2`, `/`, `//`, `/4`; empty is 1."""
    above, slash, below = text.partition("/")
    halvings = 1 + below.count("/") if slash else 0
    number = below.replace("/", "")
    units = Fraction(int(above or 1), int(number or 2**halvings) or 1)
    if not 0 < units <= MAX_LENGTH:
        raise ScoreFileError(f"a note of the theme has the length {text!r}; give 1/64 to 64 units")
    return units


def _fraction(text: str) -> Fraction:
    match = re.fullmatch(r"1/(1|2|4|8|16|32|64)", text)
    if not match:
        raise ScoreFileError(f"the field L: must be like 1/8, got {text[:20]!r}")
    return Fraction(1, int(match[1]))


def _signature(key: Key) -> dict[str, int]:
    """Return what the key signature sharpens (1) or flattens (-1)."""
    sharps = [name[0] for name in LINE_OF_FIFTHS if name.endswith("#") and len(name) == 2]
    if key.fifths >= 0:
        return dict.fromkeys(sharps[: key.fifths], 1)
    return dict.fromkeys(sharps[::-1][: -key.fifths], -1)
