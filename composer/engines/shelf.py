"""The shelf: which engines there are here, found by name and loaded when they are first asked for.

An engine is found in two ways:

- a checkpoint folder, whose config.json names its engine: {"engine": "transformer", ...}
- an installed package with an entry point of the group `composer.engines`; its name is what a
  config.json names, or, for an engine that needs no weights, its name on the shelf
"""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from composer import extras, places
from composer.engines.base import Engine
from composer.engines.capabilities import Capabilities
from composer.errors import CheckpointError, ComposerError, RequestError

log = logging.getLogger(__name__)
GROUP = "composer.engines"
# What `engine` in a config.json may be -> the module and the class.
OURS = {
    **dict.fromkeys(("transformer", "xlstm"), "composer.engines.events.engine:EventEngine"),
    "fractal": "composer.engines.roll.engine:RollEngine",
    # Published checkpoints say `model_type` in place of `engine`.
    **dict.fromkeys(("musicgen", "musicgen_melody"), "composer.engines.audio.musicgen:MusicGen"),
}
# Engines kept in memory. One that goes is freed when the last visitor who works with it is done.
MAX_LOADED = 2


def open_engine(folder: Path, device: str | None = None) -> Engine:
    """Load a checkpoint with the engine that it names.

    Args:
        folder: Of the checkpoint.
        device: Where it runs; what the environment names if not given.

    Raises:
        CheckpointError: In one clear line.
    """
    return _class_of(folder).load(folder, places.device() if device is None else device)


class Shelf:
    """Engines by name, each loaded once.

    Args:
        folders: Name -> checkpoint folder, the usual one first.
        max_loaded: How many are kept in memory.
    """

    def __init__(self, folders: Mapping[str, Path], max_loaded: int = MAX_LOADED) -> None:
        self._folders = dict(folders)
        self._unlisted: set[str] = set()
        self._max_loaded = max_loaded
        self._loaded: OrderedDict[str, Engine] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all engines that are on offer to everybody, the usual one first."""
        weightless = (name for name, kind in _installed().items() if kind.weightless)
        listed = (name for name in self._folders.copy() if name not in self._unlisted)
        return tuple(dict.fromkeys([*listed, *weightless]))

    def folder_of(self, name: str) -> Path | None:
        """Return the checkpoint folder of an engine; None of one that has none."""
        return self._folders.get(name)

    def add(self, name: str, folder: Path, *, is_listed: bool = True) -> None:
        """Offer one engine more.

        Args:
            name: Of the engine; another one of that name is replaced.
            folder: Of its checkpoint.
            is_listed: Whether everybody sees it; else only who knows its name finds it.
        """
        with self._lock:
            self._loaded.pop(name, None)
            if not is_listed:
                self._unlisted.add(name)
            self._folders[name] = folder

    def remove(self, name: str) -> None:
        """Offer an engine no longer."""
        with self._lock:
            self.release(name)
            self._folders.pop(name, None)
            self._unlisted.discard(name)

    def describe(self, name: str | None = None) -> Capabilities:
        """Return what an engine can do, without loading its weights; of the usual one if unnamed.

        Raises:
            RequestError: If there is no such engine.
            CheckpointError: If its folder names none.
        """
        name = self._checked(name)
        folder = self._folders.get(name)
        return (_class_of(folder) if folder else _installed()[name]).capabilities

    def get(self, name: str | None = None) -> Engine:
        """Return an engine, the usual one if none is named; loaded if it is not yet.

        Raises:
            RequestError: If there is no such engine.
            CheckpointError: If it cannot be loaded, in one clear line.
        """
        name = self._checked(name)
        with self._lock:
            if name not in self._loaded:
                folder = self._folders.get(name)
                if folder:
                    self._loaded[name] = open_engine(folder)
                else:
                    self._loaded[name] = _installed()[name].load(None, places.device())
            self._loaded.move_to_end(name)
            while len(self._loaded) > self._max_loaded:
                self._loaded.popitem(last=False)
            return self._loaded[name]

    def release(self, name: str) -> None:
        """Keep an engine no longer; its memory is free when nobody works with it any more."""
        with self._lock:
            self._loaded.pop(name, None)

    def _checked(self, name: str | None) -> str:
        names = self.names
        if name is not None and name not in names and name not in self._unlisted:
            raise RequestError(
                f"there is no engine {str(name)[:40]!r}; there are {', '.join(names)}"
            )
        return names[0] if name is None else name


def open_sound(named: str | None = None) -> Engine:
    """Return an engine that makes recordings.

    Args:
        named: An engine of the shelf, the folder of a model, or its name on the hub; left out, the
            first one of the shelf that can, else the one that the setting `audio.model` names.

    Raises:
        RequestError: If there is none, or the named one makes none.
        CheckpointError: If it cannot be loaded, in one clear line.
        MissingTool: If a library is not installed.
    """
    shelf, name = open_shelf(), named or _usual_sound()
    found = shelf.get(name) if name in shelf.names else _open_model(name, places.device())
    if not found.capabilities.serves("Sound"):
        raise RequestError(found.capabilities.refusal("Sound"))
    return found


def sound_model() -> tuple[str, str]:
    """Return what keeps this program from making recordings, and the licence of the weights.

    Returns:
        One sentence that says what to do, and ""; "" and the licence where nothing is missing.
    """
    try:
        name = _usual_sound()
    except ComposerError as problem:
        return str(problem), ""
    if find_spec("transformers") is None:
        return extras.words_of("transformers"), ""
    folder: Path | str = open_shelf().folder_of(name) or name
    licence: str = import_module("composer.engines.audio.licence").licence_of(folder)
    return "", licence


def _usual_sound() -> str:
    """Return the name of what makes recordings where nothing else is named.

    Raises:
        RequestError: If there is nothing.
    """
    shelf = open_shelf()
    can = [name for name in shelf.names if shelf.describe(name).serves("Sound")]
    name = next(iter(can), None) or places.audio().model
    if not name:
        raise RequestError(
            "no engine here makes recordings; name the folder of a MusicGen model in audio.model "
            "(COMPOSER_AUDIO_MODEL)"
        )
    return name


@lru_cache(maxsize=1)
def _open_model(name: str, device: str) -> Engine:
    """Return a model of sound that is on no shelf, kept until another one is asked for."""
    with extras.named():
        module, _, kind = OURS["musicgen"].partition(":")
        found: Engine = getattr(import_module(module), kind).load(Path(name), device)
        return found


@lru_cache(maxsize=1)
def open_shelf() -> Shelf:
    """Return the shelf of this program: the checkpoints that `places` names."""
    return Shelf(places.checkpoint_folders())


def upgrade_document(values: dict[str, Any]) -> dict[str, Any]:
    """Return a composition.json of format 1 as one of format 2; what is none raises any error."""
    upgraded: dict[str, Any] = _format_1().upgrade_document(values)
    return upgraded


def upgrade_tree(values: dict[str, Any]) -> dict[str, Any]:
    """Return a tree of format 1 as one of format 2; what is none raises any error."""
    upgraded: dict[str, Any] = _format_1().upgrade_tree(values)
    return upgraded


def _format_1() -> Any:
    return import_module("composer.engines.events.format_1")


def _class_of(folder: Path) -> type[Engine]:
    """Return the class that a checkpoint names.

    Raises:
        CheckpointError: If it names none that is here.
    """
    try:
        values = json.loads((folder / "config.json").read_text("utf-8"))
        name = values["engine"] if "engine" in values else values["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"the checkpoint has no readable config.json in {folder.name}"
        ) from error
    if name in OURS:
        module, _, kind = OURS[name].partition(":")
        found: type[Engine] = getattr(import_module(module), kind)
        return found
    installed = _installed()
    if name not in installed:
        known = ", ".join(sorted({*OURS, *installed}))
        raise CheckpointError(
            f"the checkpoint {folder.name} is of the engine {str(name)[:40]!r}, which is not "
            f"installed; there are {known}"
        )
    return installed[name]


def _installed() -> dict[str, type[Engine]]:
    """Return the engines of installed packages; one that cannot be loaded is passed over."""
    found: dict[str, type[Engine]] = {}
    for point in entry_points(group=GROUP):
        try:
            kind = point.load()
        except (ImportError, AttributeError, ComposerError) as error:
            log.warning("the engine %s cannot be loaded: %s", point.name, error)
            continue
        if isinstance(kind, type) and issubclass(kind, Engine):
            found[point.name] = kind
        else:
            log.warning("the entry point %s names no engine", point.name)
    return found
