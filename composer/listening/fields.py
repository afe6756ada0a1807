"""Fields of a plan: default, range and help text in one place, checked in plain sentences.

Knows no study: `plan` declares its values with these, and reads them from foreign tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, field, fields
from difflib import get_close_matches
from typing import Any, TypeVar

from composer.errors import OptionError

T = TypeVar("T")
_KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "whole number": (int,),
    "number": (int, float),
    "true or false": (bool,),
    "list of texts": (list, tuple),
}


def text(help_text: str, default: Any = "", *, most: int = 200) -> Any:
    """Declare a text of at most `most` characters."""
    return _field("text", help_text, default, low=0, high=most)


def whole(help_text: str, default: Any, low: int, high: int) -> Any:
    """Declare a whole number with its range, both ends included."""
    return _field("whole number", help_text, default, low=low, high=high)


def number(help_text: str, default: Any, low: float, high: float) -> Any:
    """Declare a number with its range, both ends included."""
    return _field("number", help_text, default, low=low, high=high)


def flag(help_text: str, default: bool) -> Any:
    """Declare a switch."""
    return _field("true or false", help_text, default, low=0, high=1)


def texts(help_text: str, default: Any = (), *, most: int = 1000) -> Any:
    """Declare a list of at most `most` short texts."""
    return _field("list of texts", help_text, default, low=0, high=most)


def _field(kind: str, help_text: str, default: Any, **limits: Any) -> Any:
    return field(default=default, metadata={"kind": kind, "help": help_text, **limits})


def build(kind: type[T], values: Any, where: str) -> T:
    """Build a dataclass from a table of a file.

    Args:
        kind: Whose fields were declared with this module.
        values: As TOML or JSON gave them.
        where: What the table is, for the sentence.

    Raises:
        OptionError: If it is no table, or a name is unknown or missing.
    """
    if not isinstance(values, Mapping):
        raise OptionError(f"{where} must be a table of names and values")
    known = {option.name: option for option in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = (
                f"perhaps {close[0]!r} is meant" if close else "an example shows what it may have"
            )
            raise OptionError(f"{where} has no {name[:40]!r}; {hint}")
    for name, option in known.items():
        if name not in values and option.default is MISSING:
            raise OptionError(f"{where} needs `{name}`: {option.metadata.get('help', name)}")
    return kind(**values)


def check(value: Any, where: str) -> None:
    """Check every declared field of a dataclass; lists of texts become tuples.

    Raises:
        OptionError: In one sentence, if one will not do.
    """
    for option in fields(value):
        if "kind" in option.metadata:
            _check_field(f"`{option.name}` of {where}", getattr(value, option.name), option)
        if option.metadata.get("kind") == "list of texts":
            object.__setattr__(value, option.name, tuple(getattr(value, option.name)))


def _check_field(name: str, found: Any, option: Any) -> None:
    kind, low, high = (option.metadata[key] for key in ("kind", "low", "high"))
    is_stray_flag = isinstance(found, bool) and kind != "true or false"
    if not isinstance(found, _KINDS[kind]) or is_stray_flag or found != found:
        raise OptionError(f"{name} must be a {kind}, got {str(found)[:40]!r}")
    if isinstance(found, (list, tuple)):
        _check_texts(name, found, high)
    elif isinstance(found, str):
        if len(found) > high or "\0" in found:
            raise OptionError(f"{name} must be a text of at most {high} characters")
    elif not low <= found <= high:
        raise OptionError(f"{name} must be from {low:g} to {high:g}, got {str(found)[:20]}")


def _check_texts(name: str, found: Any, most: int) -> None:
    if len(found) > most or not all(isinstance(one, str) and 0 < len(one) <= 200 for one in found):
        raise OptionError(f"{name} must be a list of at most {most} texts of 1 to 200 characters")


def to_toml(values: Mapping[str, Any], tables: Sequence[str]) -> str:
    """Return the text of a file that says this; empty texts and what is open are left out.

    Args:
        values: As JSON has them.
        tables: Names of those that are lists of tables; they stand last.
    """
    lines = _lines({name: value for name, value in values.items() if name not in tables})
    for name in tables:
        for row in values.get(name, ()):
            lines += ["", f"[[{name}]]", *_lines(row)]
    return "\n".join(lines) + "\n"


def _lines(values: Mapping[str, Any]) -> list[str]:
    told = {name: value for name, value in values.items() if value not in ("", None)}
    return [f"{name} = {_toml(value)}" for name, value in told.items()]


def _toml(value: Any) -> str:
    """Return a value of JSON as TOML; only their texts could differ, in the character 127."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
