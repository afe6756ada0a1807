"""Read all settings at once, say where each value comes from, and refuse what will not do."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError

from composer.errors import OptionError
from composer.settings import sources
from composer.settings.sections import LATER, Leaf, Settings, table

T = TypeVar("T", bound=Settings)
# `training.rate=1e-3`, and `config=gpu`.
_OVERRIDE = re.compile(r"(config|[a-z_]+(?:\.[a-z_]+)+)=(.*)", re.DOTALL)
# What decides defaults, besides what the table of settings names.
_HOSTS = ("SPACE_ID", "SPACES_ZERO_GPU", sources.CONFIG_VARIABLE)


@dataclass(frozen=True)
class Effective:
    """A setting as it is in force.

    Args:
        path: Such as `page.port`.
        value: Checked.
        origin: `default`, or where it was found.
        text: What it is for.
    """

    path: str
    value: Any
    origin: str
    text: str


def read() -> Settings:
    """Return the settings that are in force, without those of training.

    Raises:
        OptionError: If a name is unknown or a value out of its range; in one sentence.
    """
    return read_as(Settings)


def read_as(settings: type[T]) -> T:
    """Return the settings that are in force, with those of rooms further up.

    Args:
        settings: The class that has them all.

    Raises:
        OptionError: As `read`.
    """
    variables = sorted({*_HOSTS, *(leaf.variable for leaf in table(settings).values())})
    environment = tuple((name, os.environ.get(name, "")) for name in variables)
    files = [path for path in (*sources.named_files(), sources.FILE) if path.is_file()]
    stamps = tuple((str(path.resolve()), path.stat().st_mtime_ns) for path in files)
    found = _read(settings, environment, stamps, tuple(sources.given.items()))
    assert isinstance(found, settings)
    return found


@lru_cache(maxsize=16)
def _read(settings: type[Settings], *_: Any) -> Settings:
    known = table(settings)
    origins = _origins(settings, known)
    try:
        return settings()
    except ValidationError as error:
        raise OptionError(_sentence(error, known, origins)) from error


def effective(settings: type[Settings] = Settings) -> list[Effective]:
    """Return every setting with its value and where that comes from, section by section.

    Raises:
        OptionError: As `read`.
    """
    values = read_as(settings)
    known = table(settings)
    origins = _origins(settings, known)
    return [
        Effective(path, _at(values, path), origins.get(path, "default"), leaf.text)
        for path, leaf in known.items()
    ]


def _at(values: Any, path: str) -> Any:
    for name in path.split("."):
        values = getattr(values, name)
    return values


def _origins(settings: type[Settings], known: Mapping[str, Leaf]) -> dict[str, str]:
    """Return where the values come from that are no defaults.

    Raises:
        OptionError: If a source names a setting that is none.
    """
    found: dict[str, str] = {}
    for origin, source in sources.layers(settings):
        for path, _ in sources.flat(source(), frozenset(known)):
            if path not in known:
                raise OptionError(_unknown(path, origin, known))
            name = f"{origin} {known[path].variable}" if origin == "environment" else origin
            found.setdefault(path, name)
    return found


def _unknown(path: str, origin: str, known: Mapping[str, Leaf]) -> str:
    """Say that there is no such setting, and which one is nearest."""
    hint = nearest(path, known)
    where = "" if origin == "command line" else f" in {origin}"
    meant = f"did you mean `{hint}`?" if hint else "`composer config` lists all settings"
    return f"there is no setting `{path[:80]}`{where}; {meant}"


def nearest(path: str, known: Iterable[str]) -> str:
    """Return the setting that is most like a name, or an empty text.

    Sections count before names, and a name that is right in another section is found, too.
    """
    known = list(known)
    sections = sorted({name.split(".")[0] for name in known} | {*LATER})
    section, _, rest = path.partition(".")
    found = difflib.get_close_matches(section, sections, n=1, cutoff=0.75)
    if found and found[0] in LATER and found[0] != section:
        return f"{found[0]}.{rest}"
    by_name = {name.split(".")[-1]: name for name in known}
    if path.split(".")[-1] in by_name:
        return by_name[path.split(".")[-1]]
    likely = difflib.get_close_matches(path, known, n=1, cutoff=0.6)
    likely += difflib.get_close_matches(path.split(".")[-1], by_name, n=1, cutoff=0.6)
    return by_name.get(likely[0], likely[0]) if likely else ""


def stray_variables() -> dict[str, str]:
    """Return variables that are no settings and nearly have the name of one: name -> the setting's.

    Others are left alone: PHP's Composer has variables that begin likewise.
    """
    known = [leaf.variable for leaf in table(Settings).values()]
    strange = [name for name in os.environ if name.startswith("COMPOSER_") and name not in known]
    found = {name: difflib.get_close_matches(name, known, n=1, cutoff=0.85) for name in strange}
    return {name: near[0] for name, near in found.items() if near}


def _sentence(error: ValidationError, known: Mapping[str, Leaf], origins: Mapping[str, str]) -> str:
    """Say what was asked of a setting, and what came."""
    fault = error.errors()[0]
    names = [str(name) for name in fault["loc"]]
    path = next(
        (p for n in range(len(names), 0, -1) if (p := ".".join(names[:n])) in known),
        ".".join(names),
    )
    origin = origins.get(path, "")
    if origin.startswith("environment "):
        name = origin.partition(" ")[2]
    else:
        name = f"`{path}`" + (f" in {origin}" if origin not in ("", "command line") else "")
    wanted = _wanted(known[path]) if path in known else "a section with settings of its own"
    return f"{name} must be {wanted}, got {str(fault['input'])[:20]!r}"


def _wanted(leaf: Leaf) -> str:
    words = {int: "a whole number", float: "a number", bool: "0 or 1"}
    options = getattr(leaf.kind, "__args__", (leaf.kind,))
    kind = next((words[option] for option in options if option in words), "a text or a list")
    bounds = "" if leaf.low is None else f" from {leaf.low} to {leaf.high}"
    return kind + bounds


def split_overrides(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Tell `section.name=value` and `config=name` from the other arguments of a command.

    Returns:
        The other arguments, and the values by path.
    """
    matches = [(argument, _OVERRIDE.fullmatch(argument)) for argument in arguments]
    rest = [argument for argument, match in matches if match is None]
    return rest, {match[1]: match[2] for _, match in matches if match}


@contextmanager
def overridden(values: Mapping[str, str]) -> Iterator[None]:
    """Let values of the command line win over all others in this process, within the block."""
    before = dict(sources.given)
    sources.given.update(values)
    try:
        yield
    finally:
        sources.given.clear()
        sources.given.update(before)


def as_environment() -> dict[str, str]:
    """Return what files and the command line set, as variables for a process of our own.

    It need not find the files, and knows no command line.
    """
    known = table(Settings)
    kept = (one for one in effective() if one.origin != "default")
    return {known[one.path].variable: plain(one.value) for one in kept}


def plain(value: Any) -> str:
    """Return a value as a variable of the environment has it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(int(value)) if isinstance(value, bool) else str(value)
