"""`Piece` <-> JSON values. Knows every field by its name; whatever does not fit is refused.

A note is a row: onset, pitch, length, velocity and, where something is written at it, the place of
that in the `marks` of its part. Values behind the notes are objects that leave out what is usual.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import MISSING, asdict, fields
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar

from composer.errors import OptionError
from composer.piece.bars import MeterChange
from composer.piece.marks import Grace, Lyric, Marks, Written, parse_written
from composer.piece.notes import Note, Part
from composer.piece.score import Piece
from composer.piece.signs import BEND, PROGRAM, Control, KeyChange, Marking, Repeat, TempoChange
from composer.theory import Instrument, Key, parse_key, parse_meter

_TEXTS = ("title", "composer", "form", "ensemble")
_MAX_TEXT = 200
_MAX_JSON_BARS = 100_000
_MAX_JSON_PARTS = 64
_MAX_JSON_ITEMS = 10**7
_MAX_TEMPO_BPM = 1_000.0
_FRACTION = re.compile(r"\d{1,15}(/[1-9]\d{0,14})?", re.ASCII)
_Read = Callable[[Any], Any]
_T = TypeVar("_T")


# --- Writing ------------------------------------------------------------------------------------
def piece_to_dict(piece: Piece) -> dict[str, Any]:
    """Return JSON values of a piece; see `Piece.to_dict`."""
    names = {name: getattr(piece, name) for name in _TEXTS}
    values = names | {
        "key": str(piece.key),
        "meters": [[str(change.onset_beats), str(change.meter)] for change in piece.meters],
        "n_bars": piece.n_bars,
        "tempo_bpm": piece.tempo_bpm,
        "parts": [_part_to_dict(part) for part in piece.parts],
    }
    return values | _more_than_usual(piece, _MORE_OF_PIECE)


def _part_to_dict(part: Part) -> dict[str, Any]:
    places: dict[Marks, int] = {}
    rows: list[list[Any]] = []
    for n in part.notes:
        row = [str(n.onset_beats), n.pitch, str(n.duration_beats), n.velocity]
        if n.marks is not None:
            row.append(places.setdefault(n.marks, len(places)))
        rows.append(row)
    values = {"instrument": asdict(part.instrument), "name": part.name, "notes": rows}
    if places:
        values["marks"] = [_plain(marks) for marks in places]
    return values | _more_than_usual(part, _MORE_OF_PART)


def _more_than_usual(value: Any, names: Sequence[str]) -> dict[str, Any]:
    defaults = _DEFAULTS[type(value)]
    found = {name: getattr(value, name) for name in names}
    return {name: _plain(one) for name, one in found.items() if one != defaults[name]}


def _plain(value: Any) -> Any:
    """Return a value behind the notes as JSON."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Control):
        return [str(value.onset_beats), value.kind, value.value]
    if isinstance(value, Part):
        return _part_to_dict(value)
    if type(value) in _RECORDS:
        return _more_than_usual(value, [one.name for one in fields(value)])
    return str(value) if isinstance(value, (Fraction, Key, Written)) else value


# --- Reading ------------------------------------------------------------------------------------
def read_piece(values: Any) -> Piece:
    """Build a piece from JSON values; see `Piece.from_dict`.

    Raises:
        OptionError: If the values are no piece.
    """
    names = ("key", "meters", "n_bars", "tempo_bpm", "parts", *_TEXTS)
    found = _fields(values, names, _MORE_OF_PIECE)
    key, meters, n_bars, tempo_bpm, parts, *texts = (found[name] for name in names)
    more: dict[str, Any] = dict(zip(_TEXTS, map(_text, texts), strict=True))
    more |= {name: _READERS[name](found[name]) for name in _MORE_OF_PIECE if name in found}
    piece = Piece(
        parts=tuple(_read_part(part) for part in _list(parts, 1, _MAX_JSON_PARTS)),
        meters=tuple(_read_change(change) for change in _list(meters, 1, _MAX_JSON_BARS)),
        key=parse_key(_text(key)),
        n_bars=_whole(n_bars, 1, _MAX_JSON_BARS),
        tempo_bpm=_tempo(tempo_bpm),
        **more,
    )
    onsets = [change.onset_beats for change in piece.meters]
    if any(later <= earlier for earlier, later in zip(onsets, onsets[1:], strict=False)):
        raise OptionError("a piece's meters stand in the order in which they begin")
    if len(piece.bars) < len(piece.meters):  # to walk them checks that meters begin at bar lines
        raise OptionError("a piece's meters each last a bar or more")
    for name in ("tempos", "keys"):
        _check_order(getattr(piece, name), name, is_strict=True)
    _check_order(piece.repeats, "repeats")
    return piece


def _read_change(values: Any) -> MeterChange:
    onset, meter = _list(values, 2, 2)
    return MeterChange(_beats(onset), parse_meter(_text(meter)))


def _read_part(values: Any) -> Part:
    names = ("instrument", "name", "notes")
    found = _fields(values, names, ("marks", *_MORE_OF_PART))
    wanted = ("name", "program", "low", "high")
    player = _fields(found["instrument"], wanted)
    instrument = Instrument(
        _text(player["name"]), *(_whole(player[name], 0, 127) for name in wanted[1:])
    )
    if instrument.low > instrument.high:
        raise OptionError("an instrument's lowest pitch lies above its highest")
    marks = tuple(_read_record(Marks, one) for one in _list(found.get("marks", []), 0, 10**6))
    notes = tuple(_read_note(row, marks) for row in _list(found["notes"], 0, _MAX_JSON_ITEMS))
    places = [(note.onset_beats, note.pitch) for note in notes]
    if any(later < earlier for earlier, later in zip(places, places[1:], strict=False)):
        raise OptionError("a part's notes are sorted by onset, then pitch")
    more = {name: _READERS[name](found[name]) for name in _MORE_OF_PART if name in found}
    part = Part(instrument, notes, _text(found["name"]), **more)
    _check_order(part.markings, "markings")
    _check_order(part.controls, "controls")
    return part


def _read_note(row: Any, marks: Sequence[Marks]) -> Note:
    onset, pitch, duration, velocity, *place = _list(row, 4, 5)
    written = marks[_whole(place[0], 0, len(marks) - 1)] if place else None
    return Note(
        _beats(onset), _whole(pitch, 0, 127), _beats(duration), _whole(velocity, 1, 127), written
    )


def _read_control(row: Any) -> Control:
    onset, kind, value = _list(row, 3, 3)
    low, high = (-8192, 8191) if kind == BEND else (0, 127)
    return Control(_beats(onset), _whole(kind, 0, PROGRAM), _whole(value, low, high))


def _read_record(kind: type[_T], values: Any) -> _T:
    defaults = _DEFAULTS[kind]
    needed = [name for name, usual in defaults.items() if usual is MISSING]
    found = _fields(values, needed, [name for name in defaults if name not in needed])
    return kind(**{name: _READERS[name](value) for name, value in found.items()})


def _check_order(found: Sequence[Any], what: str, *, is_strict: bool = False) -> None:
    onsets = [one.onset_beats for one in found]
    pairs = zip(onsets, onsets[1:], strict=False)
    if any(later < earlier or (is_strict and later == earlier) for earlier, later in pairs):
        raise OptionError(f"a piece's {what} stand in the order in which they begin")


def _fields(values: Any, names: Sequence[str], more: Sequence[str] = ()) -> dict[str, Any]:
    """Return a JSON object that has these names, and perhaps some of the others."""
    if not isinstance(values, dict) or not set(names) <= set(values) <= {*names, *more}:
        besides = " and what a piece may have besides" if more else ""
        raise OptionError(f"a piece's JSON has objects with exactly {', '.join(names)}{besides}")
    return values


def _list(values: Any, low: int, high: int) -> list[Any]:
    if not isinstance(values, list) or not low <= len(values) <= high:
        raise OptionError(f"a piece's JSON needs a list of {low} to {high:,} values here")
    return values


def _tuple(values: Any, read: _Read) -> tuple[Any, ...]:
    return tuple(read(one) for one in _list(values, 0, _MAX_JSON_ITEMS))


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise OptionError(f"a piece's names are texts of at most {_MAX_TEXT} characters")
    return value


def _whole(value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise OptionError(f"a piece's JSON needs a whole number from {low} to {high:,} here")
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise OptionError("a piece's JSON needs true or false here")
    return value


def _beats(value: Any) -> Fraction:
    if not isinstance(value, str) or not _FRACTION.fullmatch(value):
        raise OptionError("a piece's times are fractions of quarters as text, such as '7/24'")
    return Fraction(value)


def _tempo(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise OptionError("a piece's tempo is a number")
    if not 0 < value <= _MAX_TEMPO_BPM:
        raise OptionError(f"a piece's tempo lies above 0 and up to {_MAX_TEMPO_BPM:.0f}")
    return float(value)


def _number(low: int, high: int) -> _Read:
    return partial(_whole, low=low, high=high)


def _many(read: _Read) -> _Read:
    return partial(_tuple, read=read)


def _record(kind: type) -> _Read:
    return partial(_read_record, kind)


# How every value behind the notes is read, by the name of its field; names mean the same in all.
_READERS: dict[str, _Read] = {
    "onset_beats": _beats,
    "end_beats": _beats,
    "unit_beats": _beats,
    "tempo_bpm": _tempo,
    "is_ramp": _bool,
    "key": lambda value: parse_key(_text(value)),
    "kind": _text,
    "text": _text,
    "numbers": _many(_number(1, 99)),
    "times": _number(1, 99),
    "voice": _number(0, 999),
    "spelling": _text,
    "written": _many(lambda value: parse_written(_text(value))),
    "signs": _many(_text),
    "graces": _many(_record(Grace)),
    "lyrics": _many(_record(Lyric)),
    "pitch": _number(0, 127),
    "is_slashed": _bool,
    "is_after": _bool,
    "is_chord": _bool,
    "verse": _number(1, 99),
    "syllabic": _text,
    "is_extended": _bool,
    "markings": _many(_record(Marking)),
    "controls": _many(_read_control),
    "channel": _number(0, 15),
    "program": _number(0, 127),
    "transposition": _number(-127, 127),
    "tempos": _many(_record(TempoChange)),
    "keys": _many(_record(KeyChange)),
    "repeats": _many(_record(Repeat)),
    "percussion": _many(_read_part),
    "first_bar_number": _number(-_MAX_JSON_BARS, _MAX_JSON_BARS),
    "credit": _text,
    "remarks": _many(_text),
}
_RECORDS: tuple[Any, ...] = (Marks, Grace, Lyric, Marking, TempoChange, KeyChange, Repeat)
# The usual value of every field; one that must be given has none.
_DEFAULTS: dict[type, dict[str, Any]] = {
    kind: {one.name: one.default for one in fields(kind)} for kind in (Piece, Part, *_RECORDS)
}
_MORE_OF_PART = ("markings", "controls", "channel", "program", "transposition")
_MORE_OF_PIECE = (
    "tempos", "keys", "repeats", "percussion", "first_bar_number", "credit", "remarks",
)  # fmt: skip
