"""The public HTTP API for music that is given: `extend`, `infill`, `vary` and `harmonise`.

Each takes a MIDI or MusicXML file and returns the best candidate as MIDI, and composition.json.
Bars have the numbers that are printed: the first whole bar is 1, a pickup is 0. Parts are counted
from 1, the highest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from typing import Any

from gradio.data_classes import FileData

from composer.errors import OptionError
from composer.pipeline import prepare
from composer.plans import Chunking
from composer.ui.api.calling import (
    Files,
    Steps,
    endpoint,
    parameter,
    read_settings,
    setting_parameter,
)
from composer.ui.shared import uploads
from composer.ui.shared.settings import read_whole, setting
from composer.ui.studio import Studio

EXTEND = "Go on with a piece: more bars behind its end, the last of them a close."
INFILL = """Write some bars anew, of all parts or of some; all other notes stay.

Bars have the numbers that are printed: a pickup is 0, the first whole bar 1.
Edges: `keep` leaves notes that sound across them, `tie` ties new ones to them.
"""
VARY = """Write some bars again: a freedom of 0 keeps close to them, 1 rewrites them.

Bars have the numbers that are printed: a pickup is 0, the first whole bar 1.
"""
HARMONISE = "Write the other parts to a melody, or to one part of a piece; its notes stay."
_RUN = ("temperature", "candidates", "seed", "engine")
_FILE = parameter("file", FileData)
_PLACE = (parameter("first_bar", int), parameter("last_bar", int))
_PARTS = (parameter("parts", list[int] | None, None), parameter("edges", str, "keep"))


def endpoints(studio: Studio) -> list[Callable[..., Iterator[Files]]]:
    """Return the four endpoints."""
    named = [setting_parameter(name) for name in ("composer", "form")]
    run = [setting_parameter(name) for name in _RUN]
    kinds = {"overlap_bars": int | None}
    chunks = [parameter(c.name, kinds.get(c.name, int), c.default) for c in fields(Chunking)]
    complete, freedom = parameter("complete", bool, False), parameter("freedom", float, 0.5)
    ensemble = setting_parameter("ensemble")
    # What is varied keeps the temperature that suits its freedom, unless one is named.
    own_run = [parameter("temperature", float | None, None), *run[1:]]
    return [
        endpoint(
            "extend",
            EXTEND,
            [_FILE, setting_parameter("bars"), *chunks, *named, *run],
            partial(_extend, studio),
        ),
        endpoint(
            "infill",
            INFILL,
            [_FILE, *_PLACE, *_PARTS, complete, *named, *run],
            partial(_infill, studio),
        ),
        endpoint(
            "vary", VARY, [_FILE, *_PLACE, freedom, *_PARTS, *own_run], partial(_vary, studio)
        ),
        endpoint(
            "harmonise",
            HARMONISE,
            [_FILE, parameter("part", int, 1), *named, ensemble, *run],
            partial(_harmonise, studio),
        ),
    ]


def _extend(studio: Studio, *, file: Any, bars: Any, **values: Any) -> Steps:
    added = setting("bars").read(bars)
    names = [one.name for one in fields(Chunking)]
    chunks = {name: read_whole(f"`{name}`", values.pop(name)) for name in names}
    options = _told(chunks | read_settings(values))
    piece = uploads.read_piece(studio.read_score, file)
    piece = prepare(piece, parts=tuple(range(len(piece.parts))))
    return studio.extend_steps(piece, added, **options)


def _infill(studio: Studio, *, complete: Any, **values: Any) -> Steps:
    if not isinstance(complete, bool):
        raise OptionError("`complete` must be true or false")
    return _rewrite(studio, studio.infill_steps, {"complete": complete}, **values)


def _vary(studio: Studio, *, freedom: Any, **values: Any) -> Steps:
    return _rewrite(studio, studio.vary_steps, {"freedom": freedom}, **values)


def _rewrite(
    studio: Studio,
    steps: Callable[..., Steps],
    own: dict[str, Any],
    *,
    file: Any,
    first_bar: Any,
    last_bar: Any,
    parts: Any,
    edges: Any,
    **values: Any,
) -> Steps:
    """Write bars of parts anew; a part is an index from here on."""
    if parts is not None and not isinstance(parts, list):
        raise OptionError("`parts` must be a list of numbers such as [1, 2]; leave it out for all")
    place = {
        "first_bar": _read_number("first_bar", first_bar),
        "last_bar": _read_number("last_bar", last_bar),
        "parts": None if parts is None else [_read_number("parts", part) - 1 for part in parts],
    }
    options = _told({"edges": edges, **own, **read_settings(values)})
    return steps(uploads.read_piece(studio.read_score, file), **place, **options)


def _harmonise(studio: Studio, *, file: Any, part: Any, **values: Any) -> Steps:
    options = _told({"part": _read_number("part", part) - 1, **read_settings(values)})
    return studio.harmonise_steps(uploads.read_piece(studio.read_score, file), **options)


def _told(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that are not left open, and that nobody stops the run."""
    told = {name: value for name, value in options.items() if value is not None}
    return {**told, "should_stop": lambda: False}


def _read_number(name: str, value: Any) -> int:
    number = read_whole(f"`{name}`", value)
    if number is None:
        raise OptionError(f"`{name}` must be a whole number, got nothing")
    return number
