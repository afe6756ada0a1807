"""What happens on the Compose page: plain functions, values in and values out.

Each takes what the visitor's tab holds; none knows where on the page its values go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from composer.composition import Composition
from composer.errors import RequestError
from composer.pipeline import Progress
from composer.rendering import write_midi
from composer.ui.compose import answers
from composer.ui.compose.visit import Visit
from composer.ui.shared import downloads, score_view, sheets, wording
from composer.ui.shared.running import BEGINNING, STATUS_EVERY_S, STOPPING
from composer.ui.shared.settings import WISHES, new_seed, read_wishes
from composer.ui.studio import ComposeSteps

SEED = WISHES.index("seed")


@dataclass(frozen=True)
class Shown:
    """One candidate, ready to be put on the page.

    Args:
        heading: Name, score and reasons, HTML.
        score: What the score view shows.
        scorecard: Its values, HTML.
        ranking: All candidates, this one marked, HTML.
        reason: Why it stands there, HTML.
        asked: Every wish and what came of it, HTML.
        again: How to get the same once more, HTML.
        history: The results of this visit, HTML.
        rejected: The rejected ones, HTML.
        midi: The MIDI file.
        record: `composition.json` of the whole run.
    """

    heading: str
    score: str
    scorecard: str
    ranking: str
    reason: str
    asked: str
    again: str
    history: str
    rejected: str
    midi: Path
    record: Path


def begin(visit: Visit, keeps_seed: bool, values: tuple[Any, ...]) -> tuple[Visit, tuple[Any, ...]]:
    """Check the wishes before they wait in the queue; return a fresh state and all values.

    Args:
        visit: As the last run left it.
        keeps_seed: Whether the given seed stays; a new one takes its place if not.
        values: In the order of `WISHES`.

    Raises:
        RequestError: If a wish will not do, or the last run is still under way.
    """
    if visit.run.is_under_way:
        raise RequestError("the last run is still under way; wait for it or press Stop")
    if not keeps_seed:
        values = (*values[:SEED], new_seed(), *values[SEED + 1 :])
    read_wishes(values)
    return visit.begin(), values


def draw(
    compose_steps: ComposeSteps, visit: Visit, values: tuple[Any, ...]
) -> Iterator[tuple[Visit, str]]:
    """Compose; yield the state and the status line, at last with the composition.

    Raises:
        RequestError: If the run was stopped before it began.
    """
    request = read_wishes(values)
    if visit.run.is_stopped():
        raise RequestError("stopped before anything was drawn; press Compose to begin again")
    yield visit, wording.status(BEGINNING, 0.0)
    last_s = time.monotonic()
    for step in compose_steps(request, should_stop=visit.run.is_stopped):
        if isinstance(step, Composition):
            yield visit.finish(step), wording.status(wording.result_words(step))
        elif time.monotonic() - last_s >= STATUS_EVERY_S:
            last_s = time.monotonic()
            yield visit, _progress_status(visit, step)


def _progress_status(visit: Visit, progress: Progress) -> str:
    words = STOPPING if visit.run.is_stopped() else wording.progress_words(progress)
    return wording.status(words, progress.fraction)


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


def show(visit: Visit) -> Shown:
    """Draw the candidate on show, and write its files except the sound.

    Raises:
        RequestError: If nothing was composed yet.
    """
    candidate = visit.candidate()
    if candidate is None or visit.composition is None:
        raise RequestError("there is nothing to show yet; press Compose")
    return Shown(
        heading=wording.heading(candidate, len(visit.composition.ranked)),
        score=score_view.show(candidate.piece, candidate.scorecard),
        scorecard=wording.scorecard(candidate.scorecard),
        ranking=wording.ranking(visit.composition, visit.shown),
        reason=answers.ranking_reason(visit.composition, visit.shown),
        asked=answers.asked_and_got(visit.composition.request, candidate),
        again=answers.make_again(visit.composition),
        history=answers.history(visit.past, visit.folder),
        rejected=wording.rejections(visit.composition.rejected),
        midi=write_midi(candidate.piece, visit.path(".mid")),
        record=_write_record(visit),
    )


def _write_record(visit: Visit) -> Path:
    assert visit.composition
    record = visit.path(".json")
    if not record.exists():
        record.write_text(visit.composition.to_json(), encoding="utf-8")
    return record


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


def show_sheet(visit: Visit, window_px: Any) -> str:
    """Engrave the candidate on show for a window of a width; return HTML."""
    candidate = visit.candidate()
    return sheets.show_sheet(candidate.piece, window_px) if candidate else ""


def show_nearest(visit: Visit) -> str:
    """Name the training piece that is nearest to the candidate on show; return HTML."""
    candidate = visit.candidate()
    return answers.nearest(candidate) if candidate else ""


def make_file(
    render_audio: Callable[..., Path], kind: str, visit: Visit, is_expressive: Any = True
) -> Path:
    """Write the candidate on show in a format, once; `zip` is all of them.

    Raises:
        RequestError: If nothing was composed yet, or it cannot be written so.
        MissingTool: If a tool is absent.
    """
    candidate = visit.candidate()
    if candidate is None:
        raise RequestError("there is nothing to download yet; press Compose")
    make = downloads.make_bundle if kind == "zip" else downloads.make_file
    made = make(
        candidate.piece,
        visit.path(f".{kind}"),
        is_expressive=is_expressive is not False,
        render_audio=render_audio,
    )
    if kind == "zip":
        downloads.add_to_bundle(made, _write_record(visit))
    return made
