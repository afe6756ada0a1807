"""What happens on the Compose page: plain functions, values in and values out.

Each takes what the visitor's tab holds; none knows where on the page its values go.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from composer import pipeline
from composer.composition import Composition, Ranked, read_composition
from composer.errors import RequestError
from composer.piece import Piece
from composer.rendering import interpret, write_midi
from composer.ui.compose import answers
from composer.ui.compose.links import to_query
from composer.ui.shared import downloads, keeping, score_view, sheets, tables, wording
from composer.ui.shared.running import follow
from composer.ui.shared.settings import new_seed, read_request
from composer.ui.shared.visit import Visit
from composer.ui.studio import ComposeSteps

MAX_KEPT = 16  # candidates that the library of a browser keeps of a piece
MAX_READ = 64  # candidates that are read of one


def begin(visit: Visit, keeps_seed: Any, values: Mapping[str, Any]) -> Visit:
    """Check the request before it waits in the queue; return a fresh state.

    Args:
        visit: As the last run left it.
        keeps_seed: Whether the given seed stays; a new one takes its place if not.
        values: Of the settings, by name.

    Raises:
        RequestError: If a setting will not do, or the last run is still under way.
    """
    seed = {} if keeps_seed else {"seed": new_seed()}
    return visit.begin(read_request({**values, **seed}))


def draw(compose_steps: ComposeSteps, visit: Visit) -> Iterator[tuple[Visit, str, str]]:
    """Compose; yield the state, the status line and a draft, at last with the composition.

    Raises:
        RequestError: If no run was begun.
    """
    if visit.request is None:
        raise RequestError("there is nothing to compose yet; press Compose")

    def finish(composition: Composition) -> tuple[Visit, str]:
        return visit.finish(composition), wording.result_words(composition)

    steps = compose_steps(visit.request, should_stop=visit.run.is_stopped)
    return follow(visit, steps, finish)


def pick(visit: Visit, rank: Any) -> Visit:
    """Put another candidate on show.

    Raises:
        RequestError: If there is no such candidate.
    """
    n_candidates = len(visit.composition.ranked) if visit.composition else 0
    if not isinstance(rank, int) or not 1 <= rank <= n_candidates:
        raise RequestError(
            f"there is no candidate of rank {str(rank)[:20]!r}; compose, then pick a row"
        )
    return replace(visit, shown=rank)


def reopen(visit: Visit, number: Any) -> Visit:
    """Put an earlier result of this visit on show.

    Raises:
        RequestError: If there is none of that number.
    """
    if isinstance(number, bool) or not isinstance(number, int):
        number = -1
    if not 0 <= number < len(visit.past):
        raise RequestError("this result is gone; compose it again with its link")
    past = visit.past[number]
    return replace(visit, folder=past.folder, composition=past.composition, shown=1)


def show(visit: Visit) -> dict[str, Any]:
    """Return the candidate on show as values of `Results`, and write its files except the sound.

    Raises:
        RequestError: If nothing was composed yet.
    """
    candidate, composition = _on_show(visit)
    return {
        "heading": tables.heading(candidate, len(composition.ranked)),
        "score": score_view.show(candidate.piece, candidate.scorecard),
        "why": tables.why(candidate),
        "scorecard": tables.scorecard(candidate.scorecard),
        "ranking": tables.ranking(composition, visit.shown),
        "reason": tables.ranking_reason(composition, visit.shown),
        "asked": answers.asked_and_got(composition.request, candidate),
        "again": answers.make_again(composition),
        "history": answers.history(visit.past, visit.folder),
        "saved": _saved(visit),
        "rejected": tables.rejections(composition.rejected),
        "midi": write_midi(interpret(candidate.piece), visit.file(".mid")),
        "record": _write_record(visit),
    }


def piece_on_show(visit: Visit) -> Piece:
    """Return the piece of the candidate on show.

    Raises:
        RequestError: If nothing was composed yet.
    """
    return _on_show(visit)[0].piece


def _on_show(visit: Visit) -> tuple[Ranked, Composition]:
    candidate = visit.candidate()
    if candidate is None or visit.composition is None:
        raise RequestError("there is nothing to show yet; press Compose")
    return candidate, visit.composition


def _write_record(visit: Visit) -> Path:
    assert visit.composition
    record = visit.file(".json")
    if not record.exists():
        record.write_text(visit.composition.to_json(), encoding="utf-8")
    return record


def _saved(visit: Visit) -> str:
    """Write what the library of the browser keeps: the request, and the best with their notes."""
    composition = visit.composition
    assert composition
    n_kept = max(MAX_KEPT, visit.shown)
    document = replace(composition, ranked=composition.ranked[:n_kept]).to_dict()
    for one in document["candidates"]:
        del one["scorecard"]  # four fifths of the file; it is made again from the notes
    path = visit.file("-kept.json")
    path.write_text(json.dumps(document | {"shown": visit.shown}), encoding="utf-8")
    return keeping.saved(
        key=visit.folder,
        title=wording.title(composition.piece),
        facts=answers.facts(composition),
        path=path,
        query=to_query(composition.request),
    )


def open_kept(visit: Visit, path: Any, key: Any) -> Visit:
    """Put a piece of the browser's library on show: exactly its notes.

    Raises:
        RequestError: If it is none.
    """
    text = keeping.read_kept(path)
    composition = read_composition(text, MAX_READ)
    shown = keeping.read_json(text).get("shown")
    if not isinstance(shown, int) or not 1 <= shown <= len(composition.ranked):
        shown = 1
    return replace(
        visit,
        folder=keeping.checked_key(key, secrets.token_hex(16)),
        request=composition.request,
        composition=composition,
        shown=shown,
    )


def show_sheet(visit: Visit, window_px: Any) -> str:
    """Engrave the candidate on show for a window of a width; return HTML."""
    candidate = visit.candidate()
    return sheets.show_sheet(candidate.piece, window_px) if candidate else ""


def show_nearest(visit: Visit) -> str:
    """Name the training piece that is nearest to the candidate on show; return HTML."""
    candidate, composition = visit.candidate(), visit.composition
    if candidate is None or composition is None:
        return ""
    found = pipeline.find_nearest(candidate.piece, engine=composition.request.engine)
    return answers.nearest(found)


def make_file(
    render_audio: Callable[..., Path], kind: str, visit: Visit, is_expressive: Any = True
) -> Path:
    """Write the candidate on show in a format, once; `zip` is all of them.

    Raises:
        RequestError: If nothing was composed yet, or it cannot be written so.
        MissingTool: If a tool is absent.
    """
    candidate, _ = _on_show(visit)
    made = downloads.make_file(
        candidate.piece,
        visit.file(f".{kind}"),
        is_expressive=is_expressive is not False,
        render_audio=render_audio,
    )
    if kind == "zip":
        downloads.add_to_bundle(made, _write_record(visit))
    return made
