"""Where values come from: the command line, the environment, named files, `composer.toml`.

An earlier one wins. A named file lies in `configs/` (`gpu` is configs/gpu.toml) or anywhere
(`mine.toml`); several are separated by commas, and the last one wins.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    TomlConfigSettingsSource,
)

from composer.bundled import CONFIGS
from composer.errors import OptionError

FILE = Path("composer.toml")
CONFIG_VARIABLE = "COMPOSER_CONFIG"
# What the command line of this process gave, by path; see `reading.overridden`.
given: dict[str, str] = {}
Layers = list[tuple[str, PydanticBaseSettingsSource]]


def layers(settings: type[BaseSettings]) -> Layers:
    """Return the sources with what to call them, the strongest first.

    Raises:
        OptionError: If a named file is missing or no TOML.
    """
    found: Layers = [
        ("command line", InitSettingsSource(settings, nested(own(settings, given)))),
        ("environment", Environment(settings)),
    ]
    for path in reversed(named_files()):
        name = f"configs/{path.name}" if path.parent == CONFIGS else str(path)
        found.append((name, File(settings, path)))
    if FILE.is_file():
        found.append((str(FILE), File(settings, FILE)))
    return found


def named_files() -> list[Path]:
    """Return the files that `config=` or COMPOSER_CONFIG names.

    Raises:
        OptionError: If one is missing.
    """
    text = given.get("config") or os.environ.get(CONFIG_VARIABLE) or ""
    return [_find(name.strip()) for name in text.split(",") if name.strip()]


def _find(name: str) -> Path:
    for path in (Path(name), CONFIGS / f"{name}.toml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in CONFIGS.glob("*.toml")))
    raise OptionError(f"`config` must be a TOML file or one of {known}, got {name[:80]!r}")


class Environment(PydanticBaseSettingsSource):
    """Variables, each under the name that its setting has; an empty one counts as none."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the values of a section."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return all that is set, by sections."""
        from composer.settings.sections import Settings, table

        assert issubclass(self.settings_cls, Settings)
        found = {p: os.environ.get(leaf.variable) for p, leaf in table(self.settings_cls).items()}
        return nested({path: text for path, text in found.items() if text})


class File(TomlConfigSettingsSource):
    """A TOML file, without the sections that are not read here."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        try:
            super().__init__(settings_cls, path)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise OptionError(f"{path} cannot be read as TOML: {error}") from error

    def __call__(self) -> dict[str, Any]:
        """Return what the file says."""
        return own(self.settings_cls, super().__call__())


def own(settings: type[BaseSettings], values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out `config` and the sections of rooms further up, if this is not one of theirs."""
    from composer.settings.sections import LATER

    left_out = {"config", *LATER} - set(settings.model_fields)
    return {name: value for name, value in values.items() if name.split(".")[0] not in left_out}


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return `{"page": {"port": 1}}` for `{"page.port": 1}`."""
    found: dict[str, Any] = {}
    for path, value in flat.items():
        *sections, name = path.split(".")
        place = found
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    return found


def flat(
    values: Mapping[str, Any], known: frozenset[str], path: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield the paths of nested values; a value that is itself a table stays whole."""
    for name, value in values.items():
        below = f"{path}.{name}" if path else name
        if isinstance(value, Mapping) and below not in known:
            yield from flat(value, known, below)
        else:
            yield below, value
