"""Numbers with units: bars, minutes, beats a minute, voices; and meters, which are two numbers."""

from __future__ import annotations

from dataclasses import replace

from composer.errors import OptionError
from composer.prompts.lexicon import MAX_PARTS
from composer.prompts.line import Line, Span
from composer.request import MAX_BARS
from composer.theory import Meter
from composer.units import TEMPO_RANGE_BPM

SECONDS = {"minutes": 60.0, "seconds": 1.0, "hours": 3600.0}
MAX_LENGTH_S = 1800.0
_EQUALS = (
    *("=", ":", "is", "of", "at", "um", "a", "ca", "about", "von", "equals", "gleich", "ist"),
    *("egale", "igual", "uguale", "de", "di"),
)
_CLOCK_SIGNS = (":", "'", "’", "′", "m", "min", "mn")
# Quarters in the note whose beats a tempo counts.
PULSES = {"bpm": 1.0, "half_bpm": 2.0, "eighth_bpm": 0.5, "dotted_bpm": 1.5}
_TIME_WORDS = ("time", "meter", "metre", "takt", "signature", "beat")


def read_quantity(line: Line, index: int) -> Span | None:
    """Return the meter, length, tempo or number of parts that begins at a token."""
    for read in (_read_meter, _read_signature, _read_clock, _read_named, _read_counted):
        found = read(line, index)
        if found:
            return found
    return None


# --- meters -----------------------------------------------------------------------------------


def _read_meter(line: Line, index: int) -> Span | None:
    first = _count(line, index)
    if not first or not 1 <= first[0] <= 64 or first[0] % 1:
        return None
    number, end = int(first[0]), first[1]
    if line.word(end) in ("/", "⁄") and end + 1 < len(line.tokens):
        below = line.tokens[end + 1]
        if below.is_number:
            return _meter(line, index, end + 2, number, below.text)
    lower = line.role("meter_lower", end)
    if not lower or number < 2:
        return None
    words = line.words(end, lower[1] - end)
    is_joined = line.tokens[end].is_joined and not line.role("unit", lower[1])
    is_said = line.word(lower[1]) in _TIME_WORDS or (
        line.is_end(lower[1]) and line.role_before("key_before", index) is not None
    )
    if is_joined or is_said or words[0] in ("por", "quarti", "ottavi", "mezzi"):
        return _meter(line, index, lower[1], number, lower[0])
    return None


def _meter(line: Line, index: int, end: int, upper: int, lower: str) -> Span | None:
    if line.word(end) in _TIME_WORDS:
        end += 1
    try:
        return Span(index, end, "meter", Meter(upper, int(lower[:4])))
    except (OptionError, ValueError):
        return Span(index, end, "meter", None, "not available", "no score has this meter")


def _read_signature(line: Line, index: int) -> Span | None:
    """Read `two sharps`, `mit drei Kreuzen`: the key that has them, major or minor."""
    number = _count(line, index) if line.word(index) not in ("a", "an") else None
    signs = line.role("signature", number[1]) if number else None
    if not number or not signs or number[0] not in range(1, 8):
        return None
    fifths = int(number[0]) if signs[0] == "sharps" else -int(number[0])
    return Span(index, signs[1], "signature", fifths, "guessed", "the key that has them")


# --- lengths and numbers ----------------------------------------------------------------------


def _read_clock(line: Line, index: int) -> Span | None:
    """Read `1:30`, `2'30`, `1m30`."""
    token = line.tokens[index]
    if not token.is_number or line.word(index + 1) not in _CLOCK_SIGNS:
        return None
    if not line.tokens[index + 1].is_glued:
        return None
    after = line.tokens[index + 2] if index + 2 < len(line.tokens) else None
    if after is None or not (after.is_number and after.is_glued and len(after.text) == 2):
        return None
    end = index + 3 + (line.word(index + 3) in ('"', "″", "”", "s", "sec"))
    return _length(index, end, 60.0 * float(token.text.replace(",", ".")) + float(after.text))


def _read_named(line: Line, index: int) -> Span | None:
    """Read a number behind its name: `tempo 84`, `quarter = 72`, `bars: 16`, `tempo 80 to 96`."""
    named = line.role("before_number", index)
    if not named:
        return None
    unit, end = named
    while line.word(end) in _EQUALS:
        end += 1
    limit, end = _limit(line, end)
    number = _amount(line, end, is_named=True)
    if not number:
        return None
    stop = number[1]
    following = line.role("unit", stop)
    if following:
        if unit not in PULSES or following[0] != "bpm":
            return None
        stop = following[1]
    if unit != "bpm" and not line.tokens[number[1] - 1].is_number:
        return None
    low, high = _limited(limit, number[0], number[2])
    pulse = PULSES.get(unit, 1.0)
    unit = "bpm" if unit in PULSES else unit
    return _of_unit(line, index, stop, unit, low * pulse, high and high * pulse)


def _limit(line: Line, index: int) -> tuple[str, int]:
    """Return which side of a number is open, if a phrase that begins here says so, and its end."""
    for role in ("at_most", "at_least", "between"):
        end = _number_role(line, role, index)
        if end:
            return role, end
    return "", index


def _limited(limit: str, low: float, high: float | None) -> tuple[float, float | None]:
    """Return the range of a tempo that has one bound."""
    lowest, highest = TEMPO_RANGE_BPM
    if high is None and limit == "at_least" and low < highest:
        return low, highest
    return (lowest, low) if high is None and limit == "at_most" and low > lowest else (low, high)


def _read_counted(line: Line, index: int) -> Span | None:
    """Read a number before its unit: `between 16 and 20 bars`, `a minute and a half`."""
    limit, begin = _limit(line, index)
    number = _amount(line, begin)
    if not number:
        return _read_and_a_half(line, index)
    low, end, high = number[0], number[1], number[2]
    is_negative = index > 0 and line.word(index - 1) in ("-", "−", "–") and begin == index
    unit = line.role("unit", end)
    if not unit:
        return None
    if unit[0] == "seconds" and line.word(end) == "s" and not line.tokens[end - 1].is_number:
        return None
    if unit[0] == "bpm":
        low, high = _limited(limit, low, high)
    span = _of_unit(line, index, unit[1], unit[0], -low if is_negative else low, high)
    return _with_seconds(line, span, unit[0]) if span else None


def _read_and_a_half(line: Line, index: int) -> Span | None:
    """Read `minuto y medio`: one, without a number."""
    unit = line.role("unit", index)
    half = _number_role(line, "and_a_half", unit[1]) if unit else None
    if not unit or not half or unit[0] not in SECONDS:
        return None
    return _length(index, half, 1.5 * SECONDS[unit[0]])


def _with_seconds(line: Line, span: Span, unit: str) -> Span:
    """Add what follows: `and a half`, `20 s`."""
    if unit not in SECONDS or span.value is None:
        return span
    half = _number_role(line, "and_a_half", span.end)
    if half:
        return replace(span, end=half, value=span.value + SECONDS[unit] / 2)
    begin = span.end + (line.word(span.end) in ("and", "und", "et", "y", "e"))
    rest = _amount(line, begin)
    below = rest and line.role("unit", rest[1])
    if unit == "minutes" and rest and below and below[0] == "seconds":
        return replace(span, end=below[1], value=span.value + rest[0])
    if unit == "minutes" and rest and _is_rest_of_clock(line, rest):
        return replace(span, end=rest[1], value=span.value + rest[0])
    return span


def _is_rest_of_clock(line: Line, rest: tuple[float, int, float | None]) -> bool:
    """Whether a number behind minutes are the seconds, as in `2 min 30`, `une minute trente`."""
    seconds, end, high = rest
    is_more = line.role("unit", end) or line.word(end) in ("/", "⁄", "-") or line.is_joined(end)
    return high is None and seconds % 1 == 0 and 10 <= seconds < 60 and not is_more


def _amount(
    line: Line, index: int, *, is_named: bool = False
) -> tuple[float, int, float | None] | None:
    """Return a number, or two as a range, and where they end: `8`, `8-12`, `half a`.

    Args:
        line: The prompt.
        index: Where it begins.
        is_named: Whether its name stood before it, so that no unit need stand behind it.
    """
    low = _count(line, index)
    if not low:
        return None
    number, end = low
    joined = line.is_joined(end)
    link = _number_role(line, "to", end)
    if joined or link or line.word(end) in ("-", "–", "—"):
        high = _count(line, link or (end if joined else end + 1))
        if high and high[0] > number and (is_named or line.role("unit", high[1])):
            return number, high[1], high[0]
    return number, end, None


def _count(line: Line, index: int) -> tuple[float, int] | None:
    """Return one number and its end."""
    if not 0 <= index < len(line.tokens):
        return None
    for role, value in (("one_and_a_half", 1.5), ("half", 0.5), ("dozen", 12.0)):
        end = _number_role(line, role, index)
        if end and (role != "half" or line.role("unit", end)):
            return value, end
    token = line.tokens[index]
    if token.is_number and len(token.text) < 8:
        number, end = float(token.text.replace(",", ".")), index + 1
    elif found := line.role("number_word", index):
        number, end = float(found[0]), found[1]
    elif token.folded in ("a", "an") and line.language == "en":
        number, end = 1.0, index + 1
    else:
        return None
    if dozen := _number_role(line, "dozen", end):
        return number * 12, dozen
    half = _number_role(line, "and_a_half", end)
    return (number + 0.5, half) if half and line.role("unit", half) else (number, end)


def _number_role(line: Line, name: str, index: int) -> int | None:
    """Return the end of a phrase that belongs to numbers, such as `and a half`."""
    for count in range(line.most_words("number", index), 0, -1):
        found = line.lexicon.roles["number"].get(line.words(index, count), ())
        if any(value == name for value, _ in found):
            return index + count
    return None


# --- what a number with a unit says -------------------------------------------------------------


def _of_unit(
    line: Line, first: int, end: int, unit: str, low: float, high: float | None
) -> Span | None:
    middle = low if high is None else (low + high) / 2
    if unit in SECONDS:
        return _length(first, end, middle * SECONDS[unit])
    if unit == "bpm":
        lowest, highest = TEMPO_RANGE_BPM
        if not lowest <= low <= (high or low) <= highest:
            note = f"a tempo is from {lowest:g} to {highest:g} quarters a minute"
            return Span(first, end, "tempo_bpm", None, "not available", note)
        return Span(first, end, "tempo_bpm", (low, high or low))
    most = MAX_BARS if unit == "bars" else MAX_PARTS
    if not 1 <= middle <= most or low % 1:
        note = f"{unit} are whole numbers from 1 to {most}"
        return Span(first, end, unit, None, "not available", note)
    if unit == "parts" and middle == 1 and not line.tokens[first].is_number and end - first < 2:
        return None
    return Span(first, end, unit, round(middle))


def _length(first: int, end: int, length_s: float) -> Span:
    if not 1.0 <= length_s <= MAX_LENGTH_S:
        note = f"a length is from 1 to {MAX_LENGTH_S:g} seconds"
        return Span(first, end, "length_s", None, "not available", note)
    return Span(first, end, "length_s", length_s)
