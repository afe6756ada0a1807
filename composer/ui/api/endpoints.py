"""The public HTTP API: `compose`, `inspect`, `menu`, `engines`; for gradio_client and plain HTTP.

What takes music in and writes more is in `given`. The parameters of `compose` are the settings of a
request: a setting more is a parameter more.

Annotations are not postponed here, because gradio reads them to describe the endpoints.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from composer.engines import menu_values
from composer.piece import MeterChange, Part, Piece
from composer.scoring import score
from composer.ui.api import given, prompting
from composer.ui.api.abilities import Ability, Steps, setting_value, value_of
from composer.ui.api.calling import endpoint, with_seed
from composer.ui.api.orchestrating import orchestrate_endpoint
from composer.ui.inspect import handlers as inspect_handlers
from composer.ui.inspect import views as inspect_views
from composer.ui.server.incidents import plain_errors
from composer.ui.shared.settings import (
    OPEN,
    long_settings,
    read_long,
    read_request,
    setting,
    settings,
)
from composer.ui.studio import ScorePiece, Studio

INSPECT_AT_ONCE = 2
COMPOSE = """Compose; return the best candidate as a MIDI file, and composition.json.

What is left out stays open; without a seed every call gives another piece.
"""
LONG = """Compose a long piece from nothing, section by section, each the best of many candidates.

Its length is given as `chunks` of `chunk_bars` bars, as `bars` or as `minutes`.
"""


def build(studio: Studio, *, n_at_once: int) -> None:
    """Declare the endpoints; what makes music waits in the same queue as the page."""

    def menu(engine: str | None = None) -> list[dict[str, Any]]:
        """Return the pairs of composer and form on offer, with the number of pieces of each.

        Of an engine that is named, or of the usual one. `suggested` says which temperature, min_p
        and guidance suit the form, where it was measured.
        """
        with plain_errors():
            name = setting("engine").read(engine)
            return menu_values(studio.menu(name) if name else studio.menu(), studio.suggestions())

    def engines() -> dict[str, Any]:
        """Return what every engine can do, by name: what it can be asked, its options and lists."""
        return {name: one.to_dict() for name, one in studio.engines().items()}

    def inspect_file(file: FileData, form: str | None = None) -> dict[str, Any]:
        """Read a MIDI or MusicXML file; return what was found in it, and its scorecard.

        Without a form it is compared with real pieces of the form that its name speaks of.
        """
        with plain_errors():
            return inspect(studio, file, form)

    def read_prompt(prompt: str) -> dict[str, Any]:
        """Return the settings that a prompt asks for, and what became of each of its words."""
        with plain_errors():
            return prompting.read(studio, prompt).to_dict()

    for ability in abilities(studio):
        in_model = {"concurrency_id": "model", "concurrency_limit": n_at_once}
        gr.api(endpoint(ability), api_name=ability.name, **in_model)
    sound = {"concurrency_id": "sound", "concurrency_limit": 1}
    gr.api(orchestrate_endpoint(studio), api_name="orchestrate", **sound)
    # In a line of its own: who reads a file waits for nobody who composes.
    gr.api(
        inspect_file,
        api_name="inspect",
        concurrency_id="inspect",
        concurrency_limit=INSPECT_AT_ONCE,
    )
    gr.api(menu, api_name="menu", queue=False)
    gr.api(engines, api_name="engines", queue=False)
    gr.api(read_prompt, api_name="prompt", queue=False)


def abilities(studio: Studio) -> tuple[Ability, ...]:
    """Return all that makes music: the one list from which every endpoint is made."""
    return (
        compose_ability(studio),
        long_ability(studio),
        prompting.generate_ability(studio),
        *given.abilities(studio),
    )


def compose_ability(studio: Studio) -> Ability:
    """Return `compose`, whose values are the settings of a request."""

    def run(*, should_stop: Callable[[], bool], **values: Any) -> Steps:
        request = read_request(with_seed(values))
        return studio.compose_steps(request, should_stop=should_stop)

    example = {"composer": "Bach", "form": "chorale", "key": "G minor", "bars": 8, "seed": 7}
    values = tuple(setting_value(name) for name in settings())
    return Ability("compose", COMPOSE, values, run, example | {"candidates": 2})


def long_ability(studio: Studio) -> Ability:
    """Return `compose_long`, whose values are those of the command."""

    def run(*, should_stop: Callable[[], bool], **values: Any) -> Steps:
        return studio.long_steps(should_stop=should_stop, **read_long(values))

    example = {"composer": "Mozart", "form": "minuet", "key": "G major", "chunks": 2, "seed": 7}
    values = tuple(value_of(one) for one in long_settings().values())
    return Ability("compose_long", LONG, values, run, example | {"chunk_bars": 4, "candidates": 2})


def inspect(studio: Studio, file: Any, form: Any) -> dict[str, Any]:
    """Return what is found in a file that a caller sent, and its scorecard.

    Args:
        studio: Reads and scores it.
        file: As gradio or REST hands it on; see `uploads.read_piece`.
        form: Whose real pieces it is compared with; None for the one that its name speaks of.

    Raises:
        RequestError: If it is no music, or there is no such form.
    """
    found = inspect_handlers.read_upload(studio.read_score, file)
    if form is not None and form not in ("", OPEN):
        found = inspect_handlers.choose_form(found, form)
    return describe(found.read_piece(), found.form, studio.judge)


def describe(piece: Piece, form: str, judge: ScorePiece = score) -> dict[str, Any]:
    """Return what was found in a piece, as JSON values.

    Args:
        piece: Any.
        form: Whose real pieces it is compared with; `all` for all.
        judge: As `Studio.judge`.
    """
    own = "" if form == inspect_handlers.ALL_FORMS else form
    compared = piece if own else replace(piece, ensemble="")
    estimated = inspect_views.estimated_key(piece)
    return {
        "title": piece.title,
        "composer": piece.composer,
        "ensemble": piece.ensemble,
        "parts": [_part(part) for part in piece.parts],
        "bars": piece.n_bars,
        "notes": piece.n_notes,
        "meters": [_meter(change) for change in piece.meters],
        "key": str(piece.key),
        "estimated_key": estimated and str(estimated),
        "tempo_bpm": round(piece.tempo_bpm, 3),
        "length_beats": float(piece.length_beats),
        "length_s": round(piece.length_s, 3),
        "remarks": piece.remarks_in_a_line,
        "form": form,
        "scorecard": judge(compared, form=own).to_dict(),
    }


def _part(part: Part) -> dict[str, Any]:
    pitches = [note.pitch for note in part.notes]
    return {
        "name": part.name,
        "instrument": part.instrument.name,
        "program": part.instrument.program,
        "notes": len(pitches),
        "lowest": min(pitches, default=None),
        "highest": max(pitches, default=None),
    }


def _meter(change: MeterChange) -> dict[str, Any]:
    return {"onset_beats": float(change.onset_beats), "meter": str(change.meter)}
