"""What a run on the Edit page is to do, read from the values of the page and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from composer.cells import Area
from composer.errors import RequestError
from composer.piece import Note, Part, Piece
from composer.ui.edit import views
from composer.ui.shared import marked, score_view, wording
from composer.ui.shared.marked import Selection
from composer.ui.shared.settings import new_seed, read_whole, setting

NO_AREA = "no area is marked yet; press `mark areas` and drag over the notes, then try again"
NOT_CHOSEN = "no note is chosen yet; click a note of the sheet, then try again"
NOT_MARKED = "no bars are marked yet; drag along the ruler above the notes, then try again"


@dataclass(frozen=True)
class Job:
    """What a run is to do, checked.

    Args:
        kind: `infill`, `paint`, `vary` or `harmonise`.
        words: What becomes of the piece.
        place: Bars and parts that are written anew; None for whole parts.
        arguments, options: Of the steps.
    """

    kind: str
    words: str
    place: Selection | None
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]


def infill_job(
    piece: Piece, selection: Any, complete: Any, edges: Any, numbers: Mapping[str, Any]
) -> Job:
    """Read that marked bars are to be written anew.

    Raises:
        RequestError: If nothing is marked, or a value will not do.
    """
    place = _marked(piece, selection)
    options = {"complete": complete is True, **_read_numbers(numbers)}
    verb = "completed" if complete is True else "rewritten"
    return _place_job(piece, "infill", verb, place, edges, options)


def remake_job(
    piece: Piece, caret: Any, numbers: Mapping[str, Any], *, whole_chord: bool = False
) -> Job:
    """Read that the note at the caret is to be written anew, or all that begin with it.

    A note of a chord keeps its place in the chord: the new one lies between its neighbours.

    Args:
        piece: With what was painted.
        caret: As the browser sent it.
        numbers: Settings by name.
        whole_chord: Whether all parts are written anew while the note sounds.

    Raises:
        RequestError: If no note is chosen, or a value will not do.
    """
    found = marked.read_caret(caret, piece)
    if found is None:
        raise RequestError(NOT_CHOSEN)
    part, note = found
    parts = tuple(range(len(piece.parts))) if whole_chord else (part,)
    low, high = (0, 127) if whole_chord else _between_neighbours(piece.parts[part], note)
    area = Area(
        begin_beats=note.onset_beats, end_beats=note.end_beats, low=low, high=high, parts=parts
    )
    bar = next(bar for bar in reversed(piece.bars) if bar.onset_beats <= note.onset_beats)
    number = piece.bar_numbers[bar.index]
    place = Selection(number, number, parts)
    what = "chord" if whole_chord else f"note of the {score_view.part_names(piece)[part]}"
    words = f"{what} in bar {number} remade"
    return Job("paint", words, place, (piece, (area,)), _read_numbers(numbers))


def area_job(piece: Piece, areas: Any, selection: Any, numbers: Mapping[str, Any]) -> Job:
    """Read that marked areas of pitch and time are to be written anew, in the ticked parts.

    Args:
        piece: With what was painted.
        areas: As the browser sent them.
        selection: Whose parts count.
        numbers: Settings by name.

    Raises:
        RequestError: If nothing is marked, or a value will not do.
    """
    chosen = marked.read_selection(selection, piece)
    parts = chosen.parts if chosen else tuple(range(len(piece.parts)))
    found = marked.read_areas(areas, piece, parts)
    if not found:
        raise RequestError(NO_AREA)
    begin, end = min(one.begin_beats for one in found), max(one.end_beats for one in found)
    bars = [
        piece.bar_numbers[bar.index]
        for bar in piece.bars
        if bar.onset_beats < end and bar.end_beats > begin
    ]
    place = Selection(bars[0], bars[-1], parts)
    words = f"{wording.count(len(found), 'area')} of {views.place_words(place, piece)} remade"
    return Job("paint", words, place, (piece, found), _read_numbers(numbers))


def _between_neighbours(part: Part, note: Note) -> tuple[int, int]:
    """Return the pitches between the notes of a part that sound with one of its notes."""
    others = [
        one.pitch
        for one in part.notes
        if one is not note and one.onset_beats < note.end_beats and one.end_beats > note.onset_beats
    ]
    below = [pitch for pitch in others if pitch < note.pitch]
    above = [pitch for pitch in others if pitch > note.pitch]
    return max(below, default=-1) + 1, min(above, default=128) - 1


def vary_job(
    piece: Piece, selection: Any, freedom: Any, edges: Any, numbers: Mapping[str, Any]
) -> Job:
    """Read that marked bars are to be varied.

    Raises:
        RequestError: If nothing is marked, or a value will not do.
    """
    place = _marked(piece, selection)
    options = {"freedom": freedom, **_read_numbers(numbers)}
    return _place_job(piece, "vary", "varied", place, edges, options)


def harmonise_job(
    piece: Piece, part: Any, composer: Any, form: Any, numbers: Mapping[str, Any]
) -> Job:
    """Read that other parts are to be written to a given one.

    Raises:
        RequestError: If a value will not do.
    """
    given = read_whole("the given part", part) or 0
    if not 0 <= given < len(piece.parts):
        raise RequestError("the piece has no such part; choose the one that is given again")
    names = {"composer": setting("composer").read(composer), "form": setting("form").read(form)}
    told = {name: text for name, text in names.items() if text is not None}
    name = score_view.part_names(piece)[given]
    options = {"part": given, **told, **_read_numbers(numbers)}
    return Job("harmonise", f"new parts to the {name}", None, (piece,), options)


def _marked(piece: Piece, selection: Any) -> Selection:
    place = marked.read_selection(selection, piece)
    if place is None:
        raise RequestError(NOT_MARKED)
    return place


def _place_job(
    piece: Piece, kind: str, verb: str, place: Selection, edges: Any, options: dict[str, Any]
) -> Job:
    words = f"{views.place_words(place, piece)} {verb}"
    options = {"parts": place.parts, "edges": edges, **options}
    return Job(kind, words, place, (piece, place.first_bar, place.last_bar), options)


def _read_numbers(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Read settings by name; an empty one is left to the pipeline, an empty seed is drawn."""
    read = {name: setting(name).read(n) for name, n in numbers.items() if n not in (None, "")}
    return {"seed": new_seed(), **read}
