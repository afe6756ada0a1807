"""The score view as a component for any page: what it shows, and what comes back from it.

The view itself runs in the browser (assets/ui/score-view.js): roll, cursor, sound, selection and
painting. Here a piece becomes its JSON, and what a visitor selected or painted becomes bars, parts
and notes again, checked. Knows no page.

    view = score_view.build("edit", paints=True)
    button.click(fill, [state, view.selection, view.edits], [view.view, view.sheet])

A handler gets `selection`, `edits` and `caret` raw (`preprocess=False`) and reads them with
`read_selection`, `read_edits` and `read_caret`; it returns `show(piece, card)` for `view.view`,
`sheets.show_sheet(piece, width)` for `view.sheet`, and `judged(piece, card)` for
`view.judged` while something is painted. The view also has events `select` and `edit`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

import gradio as gr

from composer.errors import RequestError
from composer.piece import Note, Piece
from composer.plots.style import PART_COLOURS
from composer.rendering.audio.soundfonts import stand_in
from composer.rendering.audio.synth import is_recorded_close, seats
from composer.rendering.dynamics import shaded_parts
from composer.rendering.phrases import find_phrases
from composer.rendering.timing import expressive_clock
from composer.scorecard import Scorecard
from composer.theory import name_parts, pitch_name
from composer.ui.shared import wording

MODULE = "composer-assets/ui/score-view.js"
_IMPORT = f"import(new URL('{MODULE}', document.baseURI))"
_DRAFT = "import(new URL('composer-assets/ui/draft.js', document.baseURI))"
# Half a quarter: between two knots the tempo of a performance hardly changes.
_KNOT_BEATS = Fraction(1, 2)
_MAX_KNOTS = 20_000
_MAX_NAME = 40
_MAX_PLACES = 500  # of one kind
_UNREADABLE = "the painted notes cannot be read; reload the page and paint again"


@dataclass(frozen=True)
class ScoreView:
    """The components of a score view.

    Args:
        view: Roll and controls; its value is what `show` returns.
        sheet: Takes HTML of `sheets`.
        selection: What is selected: read it with `read_selection`.
        edits: What was painted: read it with `read_edits`.
        caret: The note at the caret of painting: read it with `read_caret`.
        judged: Takes what `judged` returns.
    """

    view: gr.HTML
    sheet: gr.HTML
    selection: gr.HTML
    edits: gr.HTML
    caret: gr.HTML
    judged: gr.HTML


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


def build(name: str, *, paints: bool = False, sheet_id: str | None = None) -> ScoreView:
    """Place a score view.

    Args:
        name: Of the view; its elements are `NAME-score`, `NAME-sheet`, `NAME-selection`,
            `NAME-edits`, `NAME-caret` and `NAME-judged`.
        paints: Whether notes may be painted.
        sheet_id: Another name for the sheet's element.
    """
    with gr.Column(elem_classes=["score-pair"]):
        view = _html(
            html_template=f'<div class="score-view" data-view="{name}" '
            f'data-paints="{str(paints).lower()}"></div>',
            js_on_load=f"{_IMPORT}.then((m) => m.mount(element, props, watch, trigger));"
            " /* 'select', 'edit' */",
            elem_id=f"{name}-score",
        )
        sheet = _html(
            js_on_load=f"{_IMPORT}.then((m) => m.follow(element, watch, '{name}'));",
            elem_id=sheet_id or f"{name}-sheet",
            elem_classes=["score-sheet"],
        )
        told = (_build_store(name, kind) for kind in ("selection", "edits", "caret"))
        selection, edits, caret = told
        judged = _html(
            html_template="",
            js_on_load=f"{_IMPORT}.then((m) => m.judge(props, watch, '{name}'));",
            elem_id=f"{name}-judged",
            elem_classes=["sv-store"],
        )
    return ScoreView(view, sheet, selection, edits, caret, judged)


def _html(**options: Any) -> gr.HTML:
    return gr.HTML(apply_default_css=False, **options)


def _build_store(name: str, kind: str) -> gr.HTML:
    """Place a hidden component that keeps a JSON value for handlers."""
    return _html(
        html_template="",
        js_on_load=f"{_IMPORT}.then((m) => m.keep(props, '{name}', '{kind}'));",
        elem_id=f"{name}-{kind}",
        elem_classes=["sv-store"],
    )


def point_at(name: str) -> str:
    """Return the `js_on_load` of HTML whose buttons with `data-onset` point into a view."""
    return f"{_IMPORT}.then((m) => m.point(element, '{name}'));"


# Stops whatever plays; for the `js` of an event.
HUSH = f"() => {{ {_IMPORT}.then((m) => m.hushAll()); }}"


def show(
    piece: Piece,
    card: Scorecard | None = None,
    *,
    selected: Selection | None = None,
    turn: int = 0,
) -> str:
    """Return the value of a view: a piece as JSON text.

    Args:
        piece: What to show; any.
        card: Whose findings are marked.
        selected: What is selected from the beginning.
        turn: Another number shows the same piece anew, without what was painted meanwhile.
    """
    return json.dumps(
        {
            "id": fingerprint(piece),
            "title": wording.title(piece),
            "tempo_bpm": round(piece.tempo_bpm, 3),
            "length_beats": float(piece.length_beats),
            "pitch_names": [
                pitch_name(60 + step, piece.key).rstrip("0123456789") for step in range(12)
            ],
            "bars": _bars(piece),
            "first_number": piece.bar_numbers[0],
            "colours": PART_COLOURS,
            "knots": _knots(piece),
            "parts": _parts(piece),
            "findings": _findings(card) if card else [],
            "selected": selected and asdict(selected),
            "turn": turn,
        },
        separators=(",", ":"),
    )


def sketch(piece: Piece, n_bars: int = 0) -> str:
    """Return the value of a roll that only draws: notes and bars, nothing to play by.

    Args:
        piece: The music so far.
        n_bars: Of the whole; those behind the music so far are still to come, and greyed.
    """
    bars, ahead_beats = _bars(piece), float(piece.length_beats)
    last = piece.bars[-1].meter
    for number in range(max(0, n_bars - piece.n_bars)):
        onset = piece.length_beats + number * last.length_beats
        bars.append([_plain(onset), str(last), _plain(last.pulse_beats)])
    n_ahead = len(bars) - piece.n_bars
    return json.dumps(
        {
            "id": "sketch",
            "title": wording.title(piece),
            "tempo_bpm": round(piece.tempo_bpm, 3),
            "length_beats": ahead_beats + float(n_ahead * last.length_beats),
            "ahead_beats": ahead_beats,
            "pitch_names": [],
            "bars": bars,
            "first_number": piece.bar_numbers[0],
            "colours": PART_COLOURS,
            "knots": [],
            "parts": [{"notes": part["notes"]} for part in piece.to_dict()["parts"]],
            "findings": [],
        },
        separators=(",", ":"),
    )


def build_draft(page: str) -> gr.HTML:
    """Place the roll on which notes appear while a run is under way; it is hidden otherwise."""
    return _html(
        html_template='<div class="sv-draft" hidden></div>',
        js_on_load=f"{_DRAFT}.then((m) => m.mount(element, props, watch));",
        elem_id=f"{page}-draft",
    )


def fingerprint(piece: Piece) -> str:
    """Return a short text that only the notes and their frame decide."""
    return hashlib.sha256(json.dumps(piece.to_dict()).encode()).hexdigest()[:16]


def _bars(piece: Piece) -> list[list[Any]]:
    """Return bar line, meter and length of a pulse in quarters."""
    return [
        [_plain(bar.onset_beats), str(bar.meter), _plain(bar.meter.pulse_beats)]
        for bar in piece.bars
    ]


def _plain(value: Fraction | float) -> float:
    return round(float(value), 5)


def _knots(piece: Piece) -> list[list[float]]:
    """Return moments of an expressive performance: quarters, seconds."""
    if piece.n_notes == 0:
        return []
    clock = expressive_clock(piece, piece.tempo_bpm, find_phrases(piece))
    end = max(piece.length_beats, piece.end_of_notes_beats)
    n_steps = min(_MAX_KNOTS, int(end / _KNOT_BEATS))
    beats = [*(_KNOT_BEATS * step for step in range(n_steps)), end]
    return [[_plain(beat), round(clock.time_s(beat), 4)] for beat in beats]


def _parts(piece: Piece) -> list[dict[str, Any]]:
    shaded = shaded_parts(piece, find_phrases(piece)) if piece.n_notes else piece.parts
    written = piece.to_dict()["parts"]
    return [
        seat
        | {
            "notes": row["notes"],
            "spellings": [marks.get("spelling", "") for marks in row.get("marks", ())],
            "loudness": [note.velocity for note in played.notes],
        }
        for seat, row, played in zip(seated(piece), written, shaded, strict=True)
    ]


def seated(piece: Piece) -> list[dict[str, Any]]:
    """Return of every part its name, its sound and where it sits, as the synthesiser wants it."""
    programs = [part.instrument.program for part in piece.parts]
    return [
        {
            "name": name,
            "program": program,
            "stand_in": stand_in(program),
            "pan": pan,
            "is_close": is_recorded_close(program),
        }
        for name, program, pan in zip(part_names(piece), programs, seats(programs), strict=True)
    ]


def part_names(piece: Piece) -> list[str]:
    """Name the parts, so that no two are called alike."""
    names = (
        " ".join("".join(c for c in part.name if c.isprintable()).split())[:_MAX_NAME]
        for part in piece.parts
    )
    players = (part.instrument for part in piece.parts)
    return name_parts(list(zip(names, players, strict=True)))


def _findings(card: Scorecard) -> list[dict[str, Any]]:
    """Return where something was found that real pieces have less of, or more."""
    return [
        {
            "onset": _plain(place.onset_beats),
            "parts": place.parts,
            "words": f"{wording.label(score)}: {place.note}",
            "isInside": score.is_inside_band,
        }
        for score in card.scores
        for place in score.places[:_MAX_PLACES]
    ]


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


def renumbered(place: Selection, before: Piece, piece: Piece) -> Selection:
    """Return the same bars in a version of a piece whose upbeat may have come or gone."""
    shift = piece.bar_numbers[0] - before.bar_numbers[0]
    return replace(place, first_bar=place.first_bar + shift, last_bar=place.last_bar + shift)


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


def judged(shown: Piece, card: Scorecard) -> str:
    """Return where something was found in what was painted, as JSON text.

    Args:
        shown: What was painted on.
        card: Of what came of it.
    """
    return json.dumps({"id": fingerprint(shown), "findings": _findings(card)})
