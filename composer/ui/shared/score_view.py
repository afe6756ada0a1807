"""The score view as a component for any page: what it shows, and what comes back from it.

The view itself runs in the browser (assets/ui/score-view.js): roll, cursor, sound, selection and
painting. Here a piece becomes its JSON. Knows no page.

    view = score_view.build("edit", paints=True)
    button.click(fill, [state, view.selection, view.edits], [view.view, view.sheet])

A handler gets `selection`, `edits`, `caret` and `areas` raw (`preprocess=False`) and reads them
with `marked`; it returns `show(piece, card)` for `view.view`,
`sheets.show_sheet(piece, width)` for `view.sheet`, and `judged(piece, card)` for
`view.judged` while something is painted. The view also has events `select` and `edit`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import gradio as gr

from composer.cells import Area
from composer.piece import Piece
from composer.plots.style import PART_COLOURS
from composer.rendering.audio.soundfonts import stand_in
from composer.rendering.audio.synth import is_recorded_close, seats
from composer.rendering.dynamics import shaded_parts
from composer.rendering.phrases import find_phrases
from composer.rendering.timing import expressive_clock
from composer.scorecard import Scorecard
from composer.theory import name_parts, pitch_name
from composer.ui.shared import wording
from composer.ui.shared.marked import Selection, fingerprint

MODULE = "composer-assets/ui/score-view.js"
_IMPORT = f"import(new URL('{MODULE}', document.baseURI))"
_DRAFT = "import(new URL('composer-assets/ui/draft.js', document.baseURI))"
# Half a quarter: between two knots the tempo of a performance hardly changes.
_KNOT_BEATS = Fraction(1, 2)
_MAX_KNOTS = 20_000
_MAX_NAME = 40
_MAX_PLACES = 500  # of one kind


@dataclass(frozen=True)
class ScoreView:
    """The components of a score view.

    Args:
        view: Roll and controls; its value is what `show` returns.
        sheet: Takes HTML of `sheets`.
        selection: What is selected: `marked.read_selection` reads it.
        edits: What was painted: `marked.read_edits` reads it.
        caret: The note at the caret of painting: `marked.read_caret` reads it.
        areas: What is marked to be made anew: `marked.read_areas` reads it.
        judged: Takes what `judged` returns.
    """

    view: gr.HTML
    sheet: gr.HTML
    selection: gr.HTML
    edits: gr.HTML
    caret: gr.HTML
    areas: gr.HTML
    judged: gr.HTML


def build(name: str, *, paints: bool = False, sheet_id: str | None = None) -> ScoreView:
    """Place a score view.

    Args:
        name: Of the view; its elements are `NAME-score`, `NAME-sheet`, `NAME-selection`,
            `NAME-edits`, `NAME-caret`, `NAME-areas` and `NAME-judged`.
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
        told = (_build_store(name, kind) for kind in ("selection", "edits", "caret", "areas"))
        selection, edits, caret, areas = told
        judged = _html(
            html_template="",
            js_on_load=f"{_IMPORT}.then((m) => m.judge(props, watch, '{name}'));",
            elem_id=f"{name}-judged",
            elem_classes=["sv-store"],
        )
    return ScoreView(view, sheet, selection, edits, caret, areas, judged)


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


def paint(name: str) -> str:
    """Return the `js` of an event that lets a view be painted on."""
    return f"() => {{ {_IMPORT}.then((m) => m.paint('{name}')); }}"


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
            "fifths": piece.key.fifths,
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


def sketch(piece: Piece, n_bars: int = 0, unmade: Sequence[Area] = ()) -> str:
    """Return the value of a roll that only draws: notes and bars, nothing to play by.

    Args:
        piece: The music so far.
        n_bars: Of the whole; those behind the music so far are still to come, and greyed.
        unmade: What is still open in it, and hatched.
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
            "fifths": 0,
            "pitch_names": [],
            "bars": bars,
            "first_number": piece.bar_numbers[0],
            "colours": PART_COLOURS,
            "knots": [],
            "parts": [{"notes": part["notes"]} for part in piece.to_dict()["parts"]],
            "findings": [],
            "unmade": [
                [_plain(one.begin_beats), _plain(one.end_beats), one.low, one.high]
                for one in unmade
            ],
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


def judged(shown: Piece, card: Scorecard) -> str:
    """Return where something was found in what was painted, as JSON text.

    Args:
        shown: What was painted on.
        card: Of what came of it.
    """
    return json.dumps({"id": fingerprint(shown), "findings": _findings(card)})
