"""The settings of a request as page and API offer them: derived from the fields of `Request`.

A setting more is one field of `Request` with its label: the controls of the page, the parameters
of the API and links follow from here. Every check that gradio leaves out is here, too.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from typing import Any

from composer.errors import OptionError
from composer.pipeline import sort_long_options
from composer.plans import NOT_BY_SECTIONS, Outline
from composer.request import Request

OPEN = "open"
# The order of page and API; what is not named here follows in the order of the request.
_FIRST = (
    *("composer", "form", "key", "meter", "bars", "tempo_bpm", "temperature"),
    *("candidates", "seed", "ensemble", "parts"),
)


@dataclass(frozen=True)
class Setting:
    """One setting of a request.

    Args:
        name: Of the field.
        label: As people read it.
        help: What it does, in a phrase.
        default: None leaves the choice to the model.
        low, high: The range of a number, both ends included; None for text.
        most: Characters of a text.
        is_whole: Whether a number is a whole one.
        choices: All values of a text, where it has only some.
    """

    name: str
    label: str
    help: str
    default: Any
    low: float | None
    high: float | None
    is_whole: bool
    most: int = 0
    choices: tuple[str, ...] = ()

    @classmethod
    def of(cls, option: Field[Any]) -> Setting:
        """Describe a field of the request."""
        told = option.metadata
        return cls(
            option.name,
            told["label"],
            told["help"],
            option.default,
            told.get("low"),
            told.get("high"),
            is_whole="int" in str(option.type),
            most=told.get("most", 0),
            choices=told.get("choices", ()),
        )

    @property
    def is_text(self) -> bool:
        """Whether it is a name rather than a number."""
        return self.low is None

    def read(self, value: Any) -> Any:
        """Read a value as far as its kind goes; its range is for the request.

        Raises:
            OptionError: If it is of a wrong type.
        """
        if self.is_text:
            return self._read_text(value)
        if isinstance(value, str):
            value = _read_number(value.strip())
        if value is None and self.default is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or _is_endless(value):
            kind = "a whole number" if self.is_whole else "a number"
            span = f"from {self.low:.10g} to {self.high:.10g}"
            raise OptionError(f"`{self.name}` must be {kind} {span}, got {_shown(value)}")
        # A browser knows no whole numbers: it may send 16.0 for 16.
        is_integer = isinstance(value, float) and value.is_integer()
        return int(value) if self.is_whole and is_integer else value

    def _read_text(self, value: Any) -> str | None:
        if value is None or value in ("", OPEN):
            return None
        if (
            not isinstance(value, str)
            or (
                len(value) > self.most and not self.choices
            )  # a wrong choice is named by the request
            or not value.replace("\n", " ").isprintable()
        ):
            raise OptionError(
                f"`{self.name}` must be a text of at most {self.most} characters that can be "
                "shown; leave it out to keep it open"
            )
        return value


def settings() -> dict[str, Setting]:
    """Return all settings by name, in the order of page and API."""
    found = {option.name: Setting.of(option) for option in fields(Request)}
    return {name: found.pop(name) for name in _FIRST} | found


def setting(name: str) -> Setting:
    """Return one setting."""
    return settings()[name]


def long_settings() -> dict[str, Setting]:
    """Return by name what a piece that is composed section by section can be asked."""
    outline = {option.name: Setting.of(option) for option in fields(Outline)}
    rest = {name: one for name, one in settings().items() if name not in NOT_BY_SECTIONS}
    return outline | rest


def read_long(values: Mapping[str, Any]) -> dict[str, Any]:
    """Read the options of `pipeline.compose_long_steps`; what is open is left out.

    Without a seed the dice are thrown.

    Raises:
        OptionError: If a value will not do.
    """
    known = settings() | long_settings()
    read = {name: known[name].read(value) for name, value in values.items() if value is not None}
    told = {"seed": new_seed()} | {name: one for name, one in read.items() if one is not None}
    sort_long_options(told)
    return told


def read_request(values: Mapping[str, Any]) -> Request:
    """Build a request from named values; what is not named is as usual.

    Raises:
        OptionError: If a value is out of its range or of a wrong type.
    """
    known = settings()
    return Request(**{name: known[name].read(value) for name, value in values.items()})


def read_whole(name: str, value: Any) -> int | None:
    """Read a whole number that is no setting of a request; None if the field is empty.

    Raises:
        OptionError: If it is something else.
    """
    if isinstance(value, str):
        value = value.strip()
        value = int(value) if value.isdecimal() and len(value) < 12 else value
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise OptionError(f"{name} must be a whole number, got {_shown(value)}")
    return int(value)


def new_seed() -> int:
    """Throw the dice."""
    return secrets.randbelow(int(setting("seed").high or 0) + 1)


def _is_endless(value: float) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _shown(value: Any) -> str:
    """Say in words what came in place of a number."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return repr(value[:20]) if value.isprintable() else "a text that cannot be shown"
    if isinstance(value, float):
        if math.isfinite(value):
            return f"{value:g}"
        return "no number" if math.isnan(value) else "a number without end"
    return {bool: "yes or no", list: "a list", dict: "several values"}.get(type(value), "no number")


def _read_number(text: str) -> Any:
    """Read a number; an empty text is an open setting, any other is left for the request."""
    if text in ("", OPEN):
        return None
    try:
        return float(text)
    except ValueError:
        return text
