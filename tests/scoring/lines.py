"""Small pieces for examples: a line of text a part, the highest first."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from composer.piece import MeterChange, Piece
from composer.scorecard import Place
from composer.scoring import measure
from composer.theory import INSTRUMENTS, KEYS, Meter, parse_key
from tests.conftest import part_of

VOICES = {
    1: ("soprano",),
    2: ("soprano", "bass"),
    3: ("soprano", "alto", "bass"),
    4: ("soprano", "alto", "tenor", "bass"),
}


def piece_of(*lines: str, key: str = "C major") -> Piece:
    """Build a piece for voices from lines such as `C4 D4:1/2 -`."""
    parts = tuple(
        part_of(INSTRUMENTS[voice], line)
        for voice, line in zip(VOICES[len(lines)], lines, strict=True)
    )
    return Piece(parts, (MeterChange(Fraction(0), Meter(4, 4)),), parse_key(key))


def value_of(name: str, *lines: str, key: str = "C major") -> float:
    """Measure one rule in a piece for voices."""
    return measure(piece_of(*lines, key=key))[name].value


def places_of(name: str, *lines: str, key: str = "C major") -> tuple[Place, ...]:
    """Return where one rule found something in a piece for voices."""
    return measure(piece_of(*lines, key=key))[name].places


def moved(piece: Piece, semitones: int) -> Piece:
    """Transpose a piece and its key, spelled in the usual way."""
    tonic = (piece.key.tonic_pitch_class + semitones) % 12
    key = next(k for k in KEYS if (k.tonic_pitch_class, k.mode) == (tonic, piece.key.mode))
    return replace(piece.transposed(semitones), key=key)
