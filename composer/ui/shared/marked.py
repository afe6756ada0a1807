"""What a visitor selected or painted on a score view, read as bars, parts and notes, and checked.

Values come as the browser sent them: anything. Knows no component.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from composer.cells import Area
from composer.errors import OptionError, RequestError
from composer.piece import Note, Piece

MAX_AREAS = 200  # as many as the browser keeps
_UNREADABLE = "the painted notes cannot be read; reload the page and paint again"


def fingerprint(piece: Piece) -> str:
    """Return a short text that only the notes and their frame decide."""
    return hashlib.sha256(json.dumps(piece.to_dict()).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Selection:
    """Bars and parts that a visitor selected.

    Args:
        first_bar, last_bar: Their numbers as printed, a pickup is 0; both included.
        parts: Indices, 0 the highest.
    """

    first_bar: int
    last_bar: int
    parts: tuple[int, ...]


def read_selection(value: Any, piece: Piece) -> Selection | None:
    """Read what is selected; None if nothing is.

    Args:
        value: As the browser sent it: anything.
        piece: What is on show.

    Raises:
        RequestError: If the piece has no such bars or parts.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, dict):
        raise RequestError("the selection cannot be read; select bars on the roll again")
    first, last = (_whole(value.get(name)) for name in ("first_bar", "last_bar"))
    parts = value.get("parts")
    numbers = piece.bar_numbers
    if not (first in numbers and last in numbers and first <= last):
        raise RequestError(f"the piece has bars {numbers[0]} to {numbers[-1]}; select some of them")
    if not isinstance(parts, list) or not parts:
        raise RequestError("no part is chosen; tick one beside the roll")
    chosen = tuple(sorted({_whole(part) for part in parts}))
    if not 0 <= chosen[0] <= chosen[-1] < len(piece.parts):
        raise RequestError("the piece has no such part; select bars on the roll again")
    return Selection(first, last, chosen)


def read_areas(value: Any, piece: Piece, parts: tuple[int, ...] | None) -> tuple[Area, ...]:
    """Read which areas of pitch and time are marked; none if none is.

    Args:
        value: As the browser sent it: anything.
        piece: What is on show.
        parts: Indices of the parts that they lie in; None means all.

    Raises:
        RequestError: If they cannot be read, or lie behind the end.
    """
    rows = value if isinstance(value, list) else []
    try:
        found = tuple(
            Area(
                begin_beats=_beats(begin),
                end_beats=min(_beats(end), piece.length_beats),
                low=_whole(low),
                high=_whole(high),
                parts=parts,
            )
            for begin, end, low, high in rows[:MAX_AREAS]
        )
    except (TypeError, ValueError, OverflowError, OptionError) as error:
        raise RequestError("the marked areas cannot be read; mark them again") from error
    return found


def renumbered(place: Selection, before: Piece, piece: Piece) -> Selection:
    """Return the same bars in a version of a piece whose upbeat may have come or gone."""
    shift = piece.bar_numbers[0] - before.bar_numbers[0]
    return replace(place, first_bar=place.first_bar + shift, last_bar=place.last_bar + shift)


def _beats(value: Any) -> Fraction:
    """Return quarters that came as a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return Fraction(value)


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def read_edits(value: Any, piece: Piece) -> Piece:
    """Return the piece with what was painted; the same piece if nothing was.

    Args:
        value: As the browser sent it: anything.
        piece: What is on show.

    Raises:
        RequestError: If it is no painting of this piece.
        OptionError: If notes cannot be.
    """
    if value is None or value == "":
        return piece
    rows = value.get("parts") if isinstance(value, dict) else None
    if not isinstance(rows, list) or len(rows) != len(piece.parts):
        raise RequestError(_UNREADABLE)
    if value.get("id") != fingerprint(piece):
        raise RequestError("the painted notes belong to another piece; paint on this one")
    document = piece.to_dict()
    for part, notes in zip(document["parts"], rows, strict=True):
        _write_notes(part, notes)
    painted = Piece.from_dict(document)
    if painted.end_of_notes_beats > max(piece.length_beats, piece.end_of_notes_beats):
        raise RequestError("a painted note sounds beyond the end of the piece")
    return painted


def _write_notes(part: dict[str, Any], rows: Any) -> None:
    """Put painted notes into the JSON values of a part, with what is written at them.

    Args:
        part: Its notes are replaced; marks that come about are added.
        rows: Onset, pitch, length, velocity, and perhaps the place of the note's marks, and the
            spelling that takes the place of theirs: anything.

    Raises:
        RequestError: If a row is none.
    """
    marks = part.get("marks", [])
    given = {(row[0], row[2], row[4]) for row in part["notes"] if len(row) > 4}
    places = {json.dumps(one, sort_keys=True): place for place, one in enumerate(marks)}
    notes = []
    for row in rows if isinstance(rows, list) else [rows]:
        if not isinstance(row, list) or not 4 <= len(row) <= 6:
            raise RequestError(_UNREADABLE)
        mark, spelling = [*row[4:], None, None][:2]
        if not (mark is None or 0 <= _whole(mark) < len(part.get("marks", []))):
            raise RequestError(_UNREADABLE)
        at_note = {} if mark is None else dict(marks[mark])
        if spelling is not None:
            at_note["spelling"] = spelling
        if (str(row[0]), str(row[2]), mark) not in given:  # the value that was written has changed
            at_note.pop("written", None)
        at_note = {name: value for name, value in at_note.items() if value != ""}
        if not at_note:
            notes.append(row[:4])
            continue
        content = json.dumps(at_note, sort_keys=True)
        if content not in places:
            places[content] = len(marks)
            marks = [*marks, at_note]
        notes.append([*row[:4], places[content]])
    part["notes"] = notes
    if marks:
        part["marks"] = marks


def read_caret(value: Any, piece: Piece) -> tuple[int, Note] | None:
    """Read which note is at the caret: its part and itself; None if none is.

    Args:
        value: As the browser sent it: anything.
        piece: What is on show, with what was painted.
    """
    if not isinstance(value, dict) or not isinstance(value.get("row"), list):
        return None
    part, told = _whole(value.get("part")), value["row"][:2]
    if not 0 <= part < len(piece.parts) or len(told) < 2:
        return None
    try:
        onset_beats = Fraction(str(told[0])[:40])
    except (ValueError, ZeroDivisionError):
        return None
    notes = piece.parts[part].notes
    found = (note for note in notes if (note.onset_beats, note.pitch) == (onset_beats, told[1]))
    note = next(found, None)
    return None if note is None else (part, note)
