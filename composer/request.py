"""`Request`: the settings for a piece, checked and frozen. Knows ranges, not the model's menu.

The page, the command line and the API all build this one, and take their defaults, ranges and help
texts from its fields.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from composer.chords import Progression, parse_progression
from composer.errors import OptionError
from composer.theory import MODES, STYLES, Key, Meter, parse_key, parse_meter
from composer.units import TEMPO_RANGE_BPM

MAX_BARS = 512
MAX_CANDIDATES = 256
MAX_NAME = 100  # characters
# Where a value may lie beside those of real pieces of the form: the lower third of their band, the
# upper, the middle, or all but one of these.
LEVELS = ("low", "not high", "medium", "not low", "high")
LOUDNESSES = ("pp", "p", "mp", "mf", "f", "ff", "p<f", "f>p", "p<f>p")
MAX_LENGTH_S = 1800.0
EXAMPLES = {"key": "G minor", "meter": "3/4", "chords": "G | D7 G"}


def number_setting(label: str, default: Any, low: float, high: float, help_text: str) -> Any:
    """Declare a numeric setting: label, default, range (both ends included) and help text."""
    told = {"label": label, "low": low, "high": high, "help": help_text}
    return field(default=default, metadata=told)


def _text(label: str, help_text: str, most: int = MAX_NAME) -> Any:
    return field(default=None, metadata={"label": label, "help": help_text, "most": most})


def _choice(label: str, choices: tuple[str, ...], help_text: str) -> Any:
    told = {"label": label, "choices": choices, "help": help_text}
    return field(default=None, metadata=told)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person asks for; `None` leaves the choice to the model.

    `key`, `meter` and `chords` may be given as text; they are kept as `Key`, `Meter` and
    `Progression`. `engine_options` may be given as a mapping; it is kept as text, such as
    "passes=8, heat=1.2".

    Raises:
        OptionError: If a value is out of its range or of a wrong type.
    """

    composer: str | None = _text("Composer", "the composer in whose style to write")
    form: str | None = _text("Form", "kind of piece, such as chorale or mazurka")
    ensemble: str | None = _text("Ensemble", "who plays: keyboard, choir, string quartet ...")
    key: Key | None = _text("Key", "tonic and mode, such as 'G minor'")
    meter: Meter | None = _text("Meter", "time signature, such as '3/4'")
    parts: int | None = number_setting("Parts", None, 1, 8, "number of voices or staves")
    bars: int = number_setting("Bars", 16, 1, MAX_BARS, "length in bars, counting a pickup bar")
    tempo_bpm: float | None = number_setting(
        "Tempo",
        None,
        *TEMPO_RANGE_BPM,
        "tempo in quarter notes per minute; left out, what is usual for the form",
    )
    temperature: float = number_setting(
        "Temperature", 1.0, 0.1, 2.0, "below 1 safer, above 1 bolder"
    )
    top_k: int = number_setting(
        "Top-k", 0, 0, 1000, "sample only among the k likeliest values of a field; 0 takes all"
    )
    top_p: float = number_setting(
        "Top-p",
        1.0,
        0.01,
        1.0,
        "sample only among the likeliest values that together have probability p; 1 takes all",
    )
    min_p: float = number_setting(
        "Min-p",
        0.02,
        0.0,
        0.9,
        "leave out values less likely than this share of the likeliest; 0 takes all",
    )
    guidance: float = number_setting(
        "Guidance", 1.0, 1.0, 4.0, "how strongly to enforce the settings; 1 is the model as trained"
    )
    part_writing: float = number_setting(
        "Part-writing",
        1.0,
        0.0,
        1.0,
        "how strongly to avoid parallel fifths and octaves (most where real pieces of the form "
        "avoid them), to close on the tonic, to let every part come in and to let bars come again "
        "as in a real piece; 0 leaves all of this to the model",
    )
    candidates: int = number_setting(
        "Candidates", 16, 1, MAX_CANDIDATES, "how many pieces are composed and ranked"
    )
    prune: float = number_setting(
        "Prune",
        0.0,
        0.0,
        50.0,
        "give up candidates of 8 bars or more whose first half scores less than this; 0 gives "
        "up none",
    )
    seed: int = number_setting(
        "Seed",
        0,
        0,
        2**31 - 1,
        "the same seed gives the same piece with the same version, checkpoint and runtime",
    )
    engine: str | None = _text("Engine", "which engine composes; the usual one if left out")
    engine_options: str | None = _text(
        "Engine options",
        "values of options that only the chosen engine has, such as 'passes=8, heat=1.2'",
        most=400,
    )
    style: str | None = _text(
        "Style",
        "the style of a period: Renaissance, Baroque, Classical, Romantic or later (from about "
        "1890 on); where no composer is named, one of that period is chosen",
    )
    mode: str | None = _choice("Mode", MODES, "major or minor, where no key is given")
    length_s: float | None = number_setting(
        *("Length in seconds", None, 1.0, MAX_LENGTH_S),
        "decides the number of bars by tempo and meter, and closes the piece there",
    )
    density: str | None = _choice("Density", LEVELS, "few or many notes, beside real pieces")
    register: str | None = _choice("Register", LEVELS, "low or high notes, beside real pieces")
    chromaticity: str | None = _choice(
        "Chromaticity", LEVELS, "few or many notes outside the key, beside real pieces"
    )
    liveliness: str | None = _choice(
        "Liveliness", LEVELS, "how varied rhythm, motifs and parts are, beside real pieces"
    )
    loudness: str | None = _choice(
        "Loudness", LOUDNESSES, "one dynamic for all, or how it grows and fades: p<f, f>p, p<f>p"
    )
    avoid: str | None = _text(
        "Avoid",
        "composers, styles, forms, ensembles, keys or meters that are not wanted, by commas",
        most=400,
    )
    chords: Progression | None = _text(
        "Chords",
        "chord symbols that the music leans to, with | between bars and . for one that is held: "
        "'G | D7 G | Em . C D7'; fewer bars than the piece has begin again",
        most=4000,
    )

    layout: str | None = _text(
        "Layout",
        "what each bar is to the bars before it, a word a bar: . is new, =4 repeats the bar four "
        "before, ~4+2 takes up its line two semitones higher, n4, r4 and c4 keep some of its "
        "notes, its rhythm or its contour; left out, that of a real piece of the form",
        most=4000,
    )

    def __post_init__(self) -> None:
        """Parse texts and check every range."""
        object.__setattr__(self, "key", _parsed("key", self.key, parse_key, Key))
        object.__setattr__(self, "style", _style(self.style))
        object.__setattr__(self, "meter", _parsed("meter", self.meter, parse_meter, Meter))
        own = self.engine_options
        own = options_to_text(own) if isinstance(own, Mapping) else own
        object.__setattr__(self, "engine_options", own or None)
        chords = _parsed("chords", self.chords, parse_progression, Progression)
        object.__setattr__(self, "chords", chords)
        for option in fields(self):
            value = getattr(self, option.name)
            if "low" in option.metadata:
                _check_number(
                    option.name, value, option.metadata, is_integer="int" in str(option.type)
                )
            elif "choices" in option.metadata:
                _check_choice(option.name, value, option.metadata["choices"])
            elif "str" in str(option.type):
                _check_text(option.name, value, option.metadata["most"])
        object.__setattr__(self, "engine_options", options_to_text(self.own_options) or None)

    @property
    def own_options(self) -> dict[str, float]:
        """Options that only the chosen engine has, as far as they were given, by name."""
        return parse_options(self.engine_options or "")

    @property
    def avoided(self) -> frozenset[str]:
        """What is not wanted, each name by itself."""
        return frozenset(name.strip() for name in (self.avoid or "").split(",")) - {""}

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        values = {option.name: getattr(self, option.name) for option in fields(self)}
        parsed = ("key", "meter", "chords")
        return values | {name: values[name] and str(values[name]) for name in parsed}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Request:
        """Build a request from JSON values.

        Raises:
            OptionError: If a name is unknown or a value out of range.
        """
        known = {option.name for option in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise OptionError(
                f"a request has no {unknown[0][:40]!r}; it has {', '.join(sorted(known))}"
            )
        return cls(**values)


def _parsed(name: str, value: Any, parse: Callable[[str], Any], kind: type) -> Any:
    """Return a key or a meter that may have been given as text; empty text is none."""
    if isinstance(value, str):
        return parse(value) if value.strip() else None
    if value is not None and not isinstance(value, kind):
        raise OptionError(f"`{name}` must be text such as {EXAMPLES[name]!r}, got {_shown(value)}")
    return value


def _style(value: Any) -> str | None:
    """Return the name of a style as the table has it, whatever its case; `modern` is `later`."""
    if value is None or value == "":
        return None
    wanted = value.strip().casefold() if isinstance(value, str) else ""
    known = {style.casefold(): style for style in STYLES} | {"modern": STYLES[-1]}
    if wanted not in known:
        raise OptionError(f"`style` must be one of {', '.join(STYLES)}, got {_shown(value)}")
    return known[wanted]


def parse_options(text: str) -> dict[str, float]:
    """Read text such as "passes=8, heat=1.2"; whole numbers come as such.

    Raises:
        OptionError: If it is none.
    """
    found: dict[str, float] = {}
    for one in filter(None, map(str.strip, text.split(","))):
        name, _, value = map(str.strip, one.partition("="))
        number = _number_of(value)
        if not name or number is None:
            raise OptionError(
                "`engine_options` must be names and numbers such as 'passes=8, heat=1.2', "
                f"got {one[:40]!r}"
            )
        found[name] = number
    return found


def options_to_text(values: Mapping[str, Any]) -> str:
    """Return options as text, by name; `parse_options` reads it back exactly."""
    return ", ".join(f"{name}={values[name]}" for name in sorted(values))


def _number_of(text: str) -> float | None:
    """Return a finite number; None if the text is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _check_text(name: str, value: Any, most: int) -> None:
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= most):
        raise OptionError(
            f"`{name}` must be a text of at most {most} characters; leave it out to keep it open"
        )


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise OptionError(f"`{name}` must be one of {', '.join(choices)}, got {_shown(value)}")


def _check_number(name: str, value: Any, limits: Any, is_integer: bool) -> None:
    if value is None and default_of(name) is None:
        return
    kinds = (int,) if is_integer else (int, float)
    low, high = limits["low"], limits["high"]
    span = f"from {low:.10g} to {high:.10g}"
    if isinstance(value, bool) or not isinstance(value, kinds) or value != value:
        kind = "a whole number" if is_integer else "a number"
        raise OptionError(f"`{name}` must be {kind} {span}, got {_shown(value)}")
    if not low <= value <= high:
        raise OptionError(f"`{name}` must be {span}, got {_shown(value)}")


def _shown(value: Any) -> str:
    """Return a few characters of a value; numbers may have more digits than can be written."""
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a very large number" if value > 0 else "a very small number"
    return repr(value)[:40]


def default_of(name: str) -> Any:
    """Return the default of one setting."""
    return next(option.default for option in fields(Request) if option.name == name)
