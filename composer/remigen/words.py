"""What REMIGEN words mean: their ids, and the tables behind them. Knows no order of words.

Units: a twelfth is the twelfth part of a quarter note.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from typing import TypeAlias

from composer.errors import OptionError, ScoreFileError

Signature: TypeAlias = tuple[int, int]  # numerator and denominator, such as (6, 8)

VARIANTS = ("REMIGEN", "REMIGEN2")
TWELFTHS_PER_WHOLE = 48
DRUMS = 128  # the id of percussion, and what is added to its pitches
END_OF_BAR = "b-1"
TEMPO_RANGE_BPM = (16, 256)
_IDS_PER_OCTAVE = 12  # of tempos, and of lengths
_LONGEST_BAR_WHOLES = 2
_LARGEST_DENOMINATOR = 64

# By rising denominator, each with all numerators up to two whole notes: 4/4 is number 9.
SIGNATURES: tuple[Signature, ...] = tuple(
    (numerator, 2**power)
    for power in range(7)
    for numerator in range(1, _LONGEST_BAR_WHOLES * 2**power + 1)
)
SIGNATURE_IDS = {signature: number for number, signature in enumerate(SIGNATURES)}
COMMON_TIME: Signature = (4, 4)

# Eight octaves of twelve lengths; the steps double from one octave to the next: 0, 1, ... 11, then
# 12, 14, ... 34, then 36, 40, ... 80, and so on to 2,932 twelfths.
_LENGTHS: tuple[int, ...] = tuple(
    12 * ((1 << octave) - 1) + (step << octave) for octave in range(8) for step in range(12)
)

# Kind -> its number of ids, and how a person calls it.
KINDS = {
    "s": (len(SIGNATURES), "time signature"),
    "o": (_LONGEST_BAR_WHOLES * TWELFTHS_PER_WHOLE, "onset"),
    "t": (49, "tempo"),
    "i": (DRUMS + 1, "instrument"),
    "p": (2 * DRUMS, "pitch"),
    "d": (len(_LENGTHS), "length"),
    "v": (32, "velocity"),
    "b": (256, "bar"),
}
_WORD = re.compile(r"([sotipdvb])-([0-9]{1,9})", re.ASCII)


def parse_word(word: str) -> tuple[str, int] | None:
    """Return kind and id of a word, whatever the id; None if it is no such word."""
    match = _WORD.fullmatch(word)
    return (match[1], int(match[2])) if match else None


def bar_twelfths(signature: Signature) -> int:
    """Return the length of a bar; a part of a twelfth is lost, as in 1/32."""
    return TWELFTHS_PER_WHOLE * signature[0] // signature[1]


def reduced(signature: Signature) -> Signature:
    """Return a time signature that has a word: at most two whole notes, no part under a 64th.

    A larger numerator is divided by its smallest divisor until it fits: 9/4 becomes 3/4.

    Raises:
        ScoreFileError: If there is none, as for 5/128.
    """
    numerator, denominator = signature
    while denominator > _LARGEST_DENOMINATOR and numerator % 2 == denominator % 2 == 0:
        numerator, denominator = numerator // 2, denominator // 2
    while numerator > _LONGEST_BAR_WHOLES * denominator > 0:
        numerator //= next(n for n in range(2, numerator + 1) if numerator % n == 0)
    if (numerator, denominator) not in SIGNATURE_IDS:
        raise ScoreFileError(
            f"REMIGEN has no word for a time signature of {signature[0]}/{signature[1]}"
        )
    return numerator, denominator


def tempo_id(tempo_bpm: float) -> int:
    """Return the nearest tempo id; tempos beyond 16 to 256 bpm become the nearest end."""
    low, high = TEMPO_RANGE_BPM
    return round(_IDS_PER_OCTAVE * math.log2(min(high, max(low, tempo_bpm)) / low))


def tempo_bpm(number: int) -> float:
    """Return the tempo of an id: 121 bpm for 35."""
    return float(TEMPO_RANGE_BPM[0] * 2 ** (number / _IDS_PER_OCTAVE))


def length_id(length_twelfths: int) -> int:
    """Return the id of the longest length that is not longer; 2,932 twelfths at most."""
    return bisect_right(_LENGTHS, length_twelfths) - 1


def length_twelfths(number: int) -> int:
    """Return the length of an id; 0 would be silent, and is read as 1."""
    return max(1, _LENGTHS[number])


def check_variant(variant: str) -> None:
    """Raise `OptionError` unless this is a variant of the format."""
    if variant not in VARIANTS:
        raise OptionError(f"`variant` must be {' or '.join(VARIANTS)}, got {variant[:40]!r}")
