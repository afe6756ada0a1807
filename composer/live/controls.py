"""What a person may turn while music plays: names, values, and when each takes effect.

A control is announced with the bar from which it will be heard, and can be taken back until then.
Knows values and sentences; what they do to the music is in `conductor` and `streams`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from composer.errors import OptionError
from composer.live.clock import check_live_tempo
from composer.request import Request
from composer.theory import MODES, parse_key

MOMENTS = ("beat", "bar", "period")
MAX_TRANSPOSITION = 24
MAX_WAITING = 32  # controls that were announced and are not heard yet


@dataclass(frozen=True)
class Knob:
    """One thing that can be turned.

    Args:
        name: As in files and requests.
        at: When it takes effect unless asked otherwise, of `MOMENTS`.
        read: Text or a JSON value -> a value that will do.
        help: What it does, in half a sentence.
        is_heard_at_once: Whether it changes what is played rather than what is composed.
    """

    name: str
    at: str
    read: Callable[[Any], Any]
    help: str
    is_heard_at_once: bool = False


@dataclass(frozen=True, kw_only=True)
class Control:
    """A knob that was turned.

    Args:
        id: Its number in the stream, from 1.
        name: Of the knob.
        value: Checked; None of those without.
        acts_at: Number of the first bar that heeds it.
        text: What happens and when, in a sentence.
    """

    id: int
    name: str
    value: Any
    acts_at: int
    text: str = ""


def _number(name: str, low: float, high: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not low <= number <= high:
            raise OptionError(f"`{name}` must be from {low:g} to {high:g}, got {str(value)[:40]!r}")
        return number

    return read


def _setting(name: str) -> Callable[[Any], float]:
    limits = next(one.metadata for one in fields(Request) if one.name == name)
    return _number(name, limits["low"], limits["high"])


def _tempo(value: Any) -> float:
    return check_live_tempo(_number("tempo", 20, 300)(value))


def _semitones(value: Any) -> int:
    number = _number("transpose", -MAX_TRANSPOSITION, MAX_TRANSPOSITION)(value)
    if number != int(number):
        raise OptionError(f"`transpose` must be whole semitones, got {str(value)[:40]!r}")
    return int(number)


def _name(kind: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not 0 < len(value.strip()) <= 100:
            raise OptionError(f"`{kind}` must be a name, got {str(value)[:40]!r}")
        return value.strip()

    return read


def _key(value: Any) -> str:
    return str(parse_key(value if isinstance(value, str) else str(value)[:40]))


def _mode(value: Any) -> str:
    if value not in MODES:
        raise OptionError(f"`mode` must be {' or '.join(MODES)}, got {str(value)[:40]!r}")
    return str(value)


def _parts(name: str) -> Callable[[Any], tuple[int, ...]]:
    def read(value: Any) -> tuple[int, ...]:
        """Read numbers of parts from 1, as a list or as `1,3`; `none` is no part."""
        if isinstance(value, str):
            words = [] if value.strip().lower() in ("", "none") else value.split(",")
            value = [int(word) if word.strip().isdecimal() else 0 for word in words]
        if not isinstance(value, list | tuple) or not all(
            isinstance(one, int) and not isinstance(one, bool) and 1 <= one <= 16 for one in value
        ):
            raise OptionError(
                f"`{name}` must be numbers of parts such as 1,3, or none; got {str(value)[:40]!r}"
            )
        return tuple(sorted(set(value)))

    return read


def _nothing(value: Any) -> None:
    if value not in (None, "", True):
        raise OptionError(f"this control takes no value, got {str(value)[:40]!r}")


KNOBS = {
    knob.name: knob
    for knob in (
        Knob("temperature", "bar", _setting("temperature"), "below 1 safer, above 1 bolder"),
        Knob("guidance", "bar", _setting("guidance"), "how strongly the settings are enforced"),
        Knob("composer", "bar", _name("composer"), "in whose style the music goes on"),
        Knob("style", "bar", _name("style"), "the style of a time: Baroque, Classical ..."),
        Knob("form", "bar", _name("form"), "the kind of piece that it goes on as"),
        Knob("key", "bar", _key, "modulate to another key, such as 'G minor'"),
        Knob("mode", "bar", _mode, "major or minor, on the same tonic"),
        Knob("liveliness", "bar", _number("liveliness", -1, 1), "-1 calm, 1 lively"),
        Knob("tempo", "beat", _tempo, "quarters a minute", True),
        Knob("transpose", "beat", _semitones, "semitones up or down, at once", True),
        Knob("mute", "beat", _parts("mute"), "parts that are silent, such as 1,3, or none", True),
        Knob("solo", "beat", _parts("solo"), "the only parts that are heard, or none", True),
        Knob("again", "period", _nothing, "the last four bars become the theme"),
        Knob("turn", "bar", _nothing, "drop the plan and choose anew"),
        Knob("close", "bar", _nothing, "end with a cadence within a few bars"),
        Knob("panic", "beat", _nothing, "silence at once, then begin again", True),
    )
}


def read_control(name: Any, value: Any) -> tuple[Knob, Any]:
    """Check a control; return its knob and its value.

    Raises:
        OptionError: If there is no such control, or the value will not do.
    """
    knob = KNOBS.get(name) if isinstance(name, str) else None
    if knob is None:
        raise OptionError(f"there is no control {str(name)[:40]!r}; there are {', '.join(KNOBS)}")
    return knob, knob.read(value)


def announced(number: int, name: str, value: Any, acts_at: int) -> Control:
    """Return a control with the sentence that announces it.

    Args:
        number: Its id.
        name: Of a knob.
        value: Checked; one that is no value of the knob is not shown.
        acts_at: Number of the first bar that heeds it.
    """
    is_shown = isinstance(value, str | int | float | tuple)
    shown = f" {value_text(value)}" if is_shown else ""
    when = "now" if KNOBS[name].is_heard_at_once else f"from bar {acts_at} on"
    text = f"{name}{shown}, {when}"
    return Control(id=number, name=name, value=value, acts_at=acts_at, text=text)


@dataclass(frozen=True)
class Cue:
    """A control that is turned when a bar comes.

    Args:
        bar: Its number, from 1.
        name: Of the knob.
        value: As for `read_control`.
    """

    bar: int
    name: str
    value: Any = None


def read_cues(text: str) -> tuple[Cue, ...]:
    """Read a file of controls: a bar, a name and a value a line; `#` begins a remark.

        5  key  G minor
        9  tempo  96
        17 close

    Raises:
        OptionError: With the number of the line that will not do.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = _without_remark(line).split(None, 2)
        if not words:
            continue
        try:
            found.append(_cue(words))
        except OptionError as error:
            raise OptionError(f"line {number} of the controls: {error}") from error
    return tuple(sorted(found, key=lambda cue: cue.bar))


def _without_remark(line: str) -> str:
    """Leave out what follows ` #`; the sharp of a key touches its letter."""
    return re.split(r"(?:^|\s)#", line)[0]


def _cue(words: Sequence[str]) -> Cue:
    if not words[0].isdecimal() or not 1 <= int(words[0][:9]) <= 1_000_000 or len(words) < 2:
        raise OptionError("give a bar from 1 to 1000000, a name and a value, such as '9 tempo 96'")
    value = words[2].strip() if len(words) > 2 else None
    _, read = read_control(words[1], value)
    return Cue(int(words[0]), words[1], read)


def check_cues(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """Check controls that somebody gives as values; return them by their bars.

    Raises:
        OptionError: If one will not do.
    """
    found = tuple(Cue(cue.bar, cue.name, read_control(cue.name, cue.value)[1]) for cue in cues)
    return tuple(sorted(found, key=lambda cue: cue.bar))


def value_text(value: Any) -> str:
    """Return a value as a person reads it."""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
