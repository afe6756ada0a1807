"""The public HTTP API for music that is given.

There are `extend`, `infill`, `vary`, `paint`, `harmonise` and `plan`. Each takes a MIDI or MusicXML
file and returns the best candidate as MIDI, and composition.json. Bars have the numbers that are
printed: the first whole bar is 1, a pickup is 0. Parts are counted from 1, the highest first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import Any

from gradio.data_classes import FileData

from composer.cells import read_area
from composer.errors import OptionError
from composer.piece import Piece
from composer.pipeline import prepare
from composer.plans import Chunking, Plan, build_plan
from composer.ui.api.abilities import Ability, Steps, Value, setting_value
from composer.ui.api.calling import read_settings
from composer.ui.shared import uploads
from composer.ui.shared.settings import read_whole, setting
from composer.ui.studio import Studio

Stop = Callable[[], bool]
EXTEND = "Go on with a piece: more bars behind its end, the last of them a close."
INFILL = """Write some bars anew, of all parts or of some; all other notes stay.

Bars have the numbers that are printed: a pickup is 0, the first whole bar 1.
Edges: `keep` leaves notes that sound across them, `tie` ties new ones to them.
"""
VARY = """Write some bars again: a freedom of 0 keeps close to them, 1 rewrites them.

Bars have the numbers that are printed: a pickup is 0, the first whole bar 1.
"""
PAINT = """Write areas of pitch and time anew; all notes outside of them stay.

An area is text: bars as printed and pitches, such as `5-8:C4-C6`; `5-8` is all pitches, and
`5-8:C4-C6:1,2` lies in the parts 1 and 2 only. With `velocities_only` the notes there stay, and
are as loud as the engine finds.
"""
HARMONISE = "Write the other parts to a melody, or to one part of a piece; its notes stay."
FILE = Value("file", FileData, help="a MIDI or MusicXML file")
PLAN = """Compose a whole form section by section: drawn, repeated or varied as its plan says.

Without a file, `key` names the key of the piece; a file brings its own.
"""
NEEDS_KEY = "`key` is needed where no file gives one, such as 'G major'"
_CHUNK_FACTS = ("help", "low", "high")
_RUN = ("temperature", "candidates", "seed", "engine", "engine_options", "style")
_PLAYERS = ("ensemble", "meter", "parts")
_PLACE = (
    Value("first_bar", int, help="first bar to write, as printed: a pickup is 0"),
    Value("last_bar", int, help="last bar to write"),
)
_PARTS = (
    Value("parts", list[int] | None, None, "which parts, from 1, the highest first; all if none"),
    Value("edges", str, "keep", "`keep` or `tie` what sounds across the edges"),
)
_EDGES = _PARTS[1]
_AREAS = Value("areas", list[str], help="bars and pitches such as 5-8:C4-C6, one area at least")
_VELOCITIES_ONLY = Value(
    "velocities_only", bool, False, "whether the notes stay and only their velocities are new"
)
_COMPLETE = Value("complete", bool, False, "whether the parts that are not named come in, too")
_FREEDOM = Value("freedom", float, 0.5, "0 keeps close, 1 rewrites", 0.0, 1.0)
_PLAN = Value("plan", str | dict[str, Any], help="name of a form, or a plan with its sections")
_FIRST_SECTION = Value("file", FileData | None, None, "music that becomes the first section")
_PART = Value("part", int, 1, "the part that stays, from 1, the highest first")


def abilities(studio: Studio) -> tuple[Ability, ...]:
    """Return the abilities."""
    named, run, chords = (_named(*names) for names in (("composer", "form"), _RUN, ("chords",)))
    # What is varied keeps the temperature that suits its freedom, unless one is named.
    own_run = (replace(run[0], kind=float | None, default=None), *run[1:])
    few = {"candidates": 2, "seed": 1}
    some_bars = {"first_bar": 1, "last_bar": 2}
    return (
        Ability(
            "extend",
            EXTEND,
            (FILE, setting_value("bars"), *_chunks(), *named, *run, *chords),
            partial(_extend, studio),
            {"bars": 4} | few,
        ),
        Ability(
            "infill",
            INFILL,
            (FILE, *_PLACE, *_PARTS, _COMPLETE, *named, *run, *chords),
            partial(_infill, studio),
            some_bars | {"parts": [2, 3]} | few,
        ),
        Ability(
            "vary",
            VARY,
            (FILE, *_PLACE, _FREEDOM, *_PARTS, *own_run, *chords),
            partial(_vary, studio),
            some_bars | {"freedom": 0.3} | few,
        ),
        Ability(
            "paint",
            PAINT,
            (FILE, _AREAS, _VELOCITIES_ONLY, _EDGES, *named, *run),
            partial(_paint, studio),
            {"areas": ["1-2:C4-C6"]} | few,
        ),
        Ability(
            "harmonise",
            HARMONISE,
            (FILE, _PART, *named, setting_value("ensemble"), *run, *chords),
            partial(_harmonise, studio),
            {"composer": "Bach", "form": "chorale"} | few,
        ),
        Ability(
            "plan",
            PLAN,
            (
                _PLAN,
                _FIRST_SECTION,
                *_named("key"),
                *_chunks(),
                *named,
                *_named(*_PLAYERS),
                *run,
                *chords,
            ),
            partial(_plan, studio),
            {"plan": "AABA", "key": "G major", "composer": "Mozart", "form": "minuet"} | few,
        ),
    )


def _named(*names: str) -> tuple[Value, ...]:
    return tuple(setting_value(name) for name in names)


def _chunks() -> tuple[Value, ...]:
    kinds: dict[str, Any] = {"overlap_bars": int | None}
    return tuple(
        Value(c.name, kinds.get(c.name, int), c.default, *(c.metadata[x] for x in _CHUNK_FACTS))
        for c in fields(Chunking)
    )


def _extend(studio: Studio, *, file: Any, bars: Any, should_stop: Stop, **values: Any) -> Steps:
    added = setting("bars").read(bars)
    names = [one.name for one in fields(Chunking)]
    chunks = {name: read_whole(f"`{name}`", values.pop(name)) for name in names}
    options = _told(chunks | read_settings(values))
    piece = uploads.read_piece(studio.read_score, file)
    piece = prepare(piece, parts=tuple(range(len(piece.parts))))
    return studio.extend_steps(piece, added, should_stop=should_stop, **options)


def _infill(studio: Studio, *, complete: Any, **values: Any) -> Steps:
    if not isinstance(complete, bool):
        raise OptionError("`complete` must be true or false")
    return _rewrite(studio, studio.infill_steps, {"complete": complete}, **values)


def _vary(studio: Studio, *, freedom: Any, **values: Any) -> Steps:
    return _rewrite(studio, studio.vary_steps, {"freedom": freedom}, **values)


def _paint(
    studio: Studio,
    *,
    file: Any,
    areas: Any,
    velocities_only: Any,
    edges: Any,
    should_stop: Stop,
    **values: Any,
) -> Steps:
    if not isinstance(areas, list) or not areas or not all(isinstance(a, str) for a in areas):
        raise OptionError("`areas` must be a list of texts such as '5-8:C4-C6'")
    if not isinstance(velocities_only, bool):
        raise OptionError("`velocities_only` must be true or false")
    options = _told({"edges": edges, **read_settings(values)})
    piece = uploads.read_piece(studio.read_score, file)
    places = [read_area(text, piece) for text in areas]
    return studio.paint_steps(
        piece, places, velocities_only=velocities_only, should_stop=should_stop, **options
    )


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
    should_stop: Stop,
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
    piece = uploads.read_piece(studio.read_score, file)
    return steps(piece, **place, should_stop=should_stop, **options)


def _harmonise(studio: Studio, *, file: Any, part: Any, should_stop: Stop, **values: Any) -> Steps:
    options = _told({"part": _read_number("part", part) - 1, **read_settings(values)})
    piece = uploads.read_piece(studio.read_score, file)
    return studio.harmonise_steps(piece, should_stop=should_stop, **options)


def _plan(
    studio: Studio, *, plan: Any, file: Any, key: Any, should_stop: Stop, **values: Any
) -> Steps:
    names = [one.name for one in fields(Chunking)]
    chunks = {name: read_whole(f"`{name}`", values.pop(name)) for name in names}
    options = _told(chunks | read_settings(values))
    start = None
    if file is not None:
        start = uploads.read_piece(studio.read_score, file)
        start = prepare(start, parts=tuple(range(len(start.parts))), key=setting("key").read(key))
    laid = _read_plan(plan, start, setting("key").read(key))
    return studio.plan_steps(laid, start, should_stop=should_stop, **options)


def _read_plan(plan: Any, start: Piece | None, key: str | None) -> Plan:
    """Return a plan that was named or written out.

    Raises:
        OptionError: If it is none, or nobody knows its key.
    """
    if isinstance(plan, dict):
        return Plan.from_dict(plan)
    if start is None and key is None:
        raise OptionError(NEEDS_KEY)
    n_bars = start.n_bars if start else None
    return build_plan(plan, start.key if start else key or "", first_bars=n_bars)


def _told(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that are not left open."""
    return {name: value for name, value in options.items() if value is not None}


def _read_number(name: str, value: Any) -> int:
    number = read_whole(f"`{name}`", value)
    if number is None:
        raise OptionError(f"`{name}` must be a whole number, got nothing")
    return number
