"""The table of settings: a section a class, a setting a field with its range and its variable."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from composer.settings import sources

# Sections that rooms further up add; here their names are known, and no more.
LATER = ("model", "training")


def _setting(default: Any, text: str, variable: str, **options: Any) -> Any:
    """Return a field; a callable default is asked when the value is read."""
    how = {"default_factory": default} if callable(default) else {"default": default}
    extra: Any = {"variable": variable}
    return Field(**how, description=text, json_schema_extra=extra, **options)


def _usual_device() -> str:
    return "cuda" if os.environ.get("SPACES_ZERO_GPU") else "cpu"


def _usable_cores() -> int:
    """Return the cores that this process may use, where the system tells; else all; at most 64."""
    if hasattr(os, "sched_getaffinity"):
        return min(64, len(os.sched_getaffinity(0)))
    return min(64, os.cpu_count() or 1)


def _usual_host() -> str:
    return "0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1"


class Section(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Engine(Section):
    """What composes, and where it runs."""

    checkpoint: Path | None = _setting(
        None,
        "folder of another checkpoint than the bundled one, or several, as PATH lists folders",
        "COMPOSER_CHECKPOINT",
    )
    device: str = _setting(_usual_device, "torch's name of a device", "COMPOSER_DEVICE")
    runtime: str = _setting(
        "auto", "onnx, onnx-graph, onnx-fp32 or torch; auto suits the device", "COMPOSER_RUNTIME"
    )
    workers: int = _setting(
        _usable_cores, "groups of candidates drawn side by side", "COMPOSER_WORKERS", ge=1, le=64
    )


class Sound(Section):
    """What plays."""

    soundfont: Path | None = _setting(
        None, "another SF2 or SF3 file than the bundled one", "COMPOSER_SOUNDFONT"
    )


class Audio(Section):
    """The model that makes recordings."""

    model: str = _setting(
        "", "folder of a MusicGen model, or its name on the hub", "COMPOSER_AUDIO_MODEL"
    )
    dtype: str = _setting(
        "float32", "float32, bfloat16 or float16; how it computes", "COMPOSER_AUDIO_DTYPE"
    )
    download: bool = _setting(
        False, "whether weights may be fetched from the hub", "COMPOSER_AUDIO_DOWNLOAD"
    )
    compile: bool = _setting(
        False,
        "whether torch compiles it: slow to begin, faster from then on",
        "COMPOSER_AUDIO_COMPILE",
    )


class Page(Section):
    """How the page is served."""

    host: str = _setting(_usual_host, "address to listen on", "HOST")
    port: int = _setting(7860, "port to listen on", "PORT", ge=1, le=65535)
    concurrency: int = _setting(
        1, "requests that use the model at once", "COMPOSER_CONCURRENCY", ge=1, le=64
    )
    calls_per_minute: int = _setting(
        240, "calls of one address, 0 for no limit", "COMPOSER_CALLS_PER_MINUTE", ge=0, le=100_000
    )
    files_mb: int = _setting(
        2000, "megabytes for the files of all visitors", "COMPOSER_FILES_MB", ge=1, le=1_000_000
    )
    pwa: bool = _setting(False, "offer the page as an app", "COMPOSER_PWA")
    mcp: bool = _setting(False, "offer its functions as MCP tools", "COMPOSER_MCP")


class Service(Section):
    """How REST answers, and how the server is watched and ended."""

    keys: SecretStr = _setting(
        SecretStr(""),
        "who may call REST: name:key:calls a minute, separated by commas; empty lets all in",
        "COMPOSER_API_KEYS",
    )
    origins: str = _setting(
        "",
        "web pages that may call REST from a browser, separated by commas",
        "COMPOSER_API_ORIGINS",
    )
    link_life_s: int = _setting(
        900, "seconds that a link to a file is valid", "COMPOSER_LINK_LIFE_S", ge=10, le=86_400
    )
    metrics: bool = _setting(False, "answer with metrics for Prometheus", "COMPOSER_METRICS")
    grace_s: int = _setting(
        8, "seconds that running work may take at the end", "COMPOSER_GRACE_S", ge=0, le=600
    )
    style_minutes: float = _setting(
        10.0,
        "minutes that learning somebody's own style may take, 0 for never",
        "COMPOSER_STYLE_MINUTES",
        ge=0,
        le=600,
    )


class Studies(Section):
    """Listening tests on the page."""

    folder: Path | None = _setting(None, "folder of the tests", "COMPOSER_STUDIES")
    key: SecretStr = _setting(SecretStr(""), "opens the results over HTTP", "COMPOSER_STUDY_KEY")


class Settings(BaseSettings):
    """All settings but those of training.

    Values come from `sources.layers`, the first one that has a name.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    engine: Engine = Field(default_factory=Engine)
    sound: Sound = Field(default_factory=Sound)
    audio: Audio = Field(default_factory=Audio)
    page: Page = Field(default_factory=Page)
    service: Service = Field(default_factory=Service)
    studies: Studies = Field(default_factory=Studies)

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read from our own sources only."""
        return tuple(source for _, source in sources.layers(settings_cls))


@dataclass(frozen=True)
class Leaf:
    """One setting.

    Args:
        path: Such as `page.port`.
        variable: Of the environment.
        kind: Its type.
        low, high: Bounds, both inclusive; None where there are none.
        text: What it is for; empty where another document says it.
    """

    path: str
    variable: str
    kind: Any
    low: float | None = None
    high: float | None = None
    text: str = ""


@cache
def table(settings: type[Settings]) -> Mapping[str, Leaf]:
    """Return all settings by their paths."""
    return MappingProxyType({leaf.path: leaf for leaf in leaves(settings)})


def leaves(section: Any, path: str = "") -> Iterator[Leaf]:
    """Yield the settings of a model or dataclass with those of its sections."""
    kinds = get_type_hints(section)
    if issubclass(section, BaseModel):
        names = list(section.model_fields)
    else:  # a field of a dataclass may be filled from other settings
        names = [one.name for one in fields(section) if one.metadata.get("is_setting", True)]
    for name in names:
        below = f"{path}.{name}" if path else name
        kind = kinds[name]
        if isinstance(kind, type) and (issubclass(kind, BaseModel) or is_dataclass(kind)):
            yield from leaves(kind, below)
        else:
            yield _leaf(section, name, below, kind)


def _leaf(section: Any, name: str, path: str, kind: Any) -> Leaf:
    variable = "COMPOSER_" + path.replace(".", "_").upper()
    if not issubclass(section, BaseModel):
        return Leaf(path, variable, kind)
    field = section.model_fields[name]
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    bounds = {k: getattr(m, k) for m in field.metadata for k in ("ge", "le") if hasattr(m, k)}
    return Leaf(
        path,
        str(extra.get("variable", variable)),
        kind,
        bounds.get("ge"),
        bounds.get("le"),
        field.description or "",
    )
