"""`Studio`: the few functions that the page calls, as one value, so that a test can fake them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Protocol

from composer import pipeline, rendering
from composer.cells import Area, Blank
from composer.composition import Composition
from composer.corpus.uploads import read_score_bytes
from composer.engines import Capabilities, MenuEntry, Suggestion, sound_model
from composer.piece import Piece
from composer.pipeline import (
    Extension,
    Filled,
    Orchestration,
    OwnStyle,
    Progress,
    orchestrate_steps,
)
from composer.plans import Outline, Plan
from composer.request import Request
from composer.scorecard import Scorecard
from composer.scoring import score
from composer.transcription import is_sound, transcribe_bytes
from composer.ui.server.accelerator import DrawnBars, on_accelerator
from composer.ui.server.turns import Turns

_USUAL_BAR_MINUTES = 4 / 100  # four beats at 100 a minute


class ReadScore(Protocol):
    """Read the bytes of a file as music."""

    def __call__(self, data: bytes, *, title: str) -> Piece:
        """Return the piece, or raise `ScoreFileError` with one plain sentence."""


def read_music(data: bytes, *, title: str) -> Piece:
    """Read a file of a score, or write down a recording.

    Raises:
        ScoreFileError: If it is neither, in one plain sentence.
    """
    if is_sound(data):
        return transcribe_bytes(data, title=title).piece
    return read_score_bytes(data, title=title)


class ScorePiece(Protocol):
    """Score a piece beside real ones."""

    def __call__(self, piece: Piece, *, form: str | None = None) -> Scorecard:
        """Return its scorecard."""


class ComposeSteps(Protocol):
    """Compose step by step; the last step is the composition."""

    def __call__(
        self, request: Request, *, should_stop: Callable[[], bool]
    ) -> Iterator[Progress | Composition]:
        """Yield progress, then the composition."""


@dataclass(frozen=True)
class Studio:
    """What the page needs from the rest of the house.

    Args:
        menu: The pairs of composer and form on offer, of the usual engine or of a named one.
        suggestions: How pieces of a form are best drawn, by form; none by default.
        engines: What every engine can do, by name, the usual one first.
        compose_steps: As `pipeline.compose_steps`.
        load: Loads what composes; raises `CheckpointError` if that cannot be.
        render_audio: As `rendering.render_audio`.
        sound_problem: One line that says how to get sound; None if there is sound.
        read_score: As `read_music`.
        judge: As `pipeline.hear`; without a model, by the notes alone.
        extend_steps: As `pipeline.extend_steps`.
        plan_steps: As `pipeline.compose_plan_steps`.
        long_steps: As `pipeline.compose_long_steps`.
        infill_steps: As `pipeline.infill_steps`.
        vary_steps: As `pipeline.vary_steps`.
        harmonise_steps: As `pipeline.harmonise_steps`.
        orchestrate_steps: As `pipeline.orchestrate_steps`.
        sound_model: As `engines.sound_model`.
        paint_steps: As `pipeline.paint_steps`.
        own_style_steps: As `pipeline.own_style_steps`.
    """

    menu: Callable[..., tuple[MenuEntry, ...]]
    compose_steps: ComposeSteps
    load: Callable[[], object]
    render_audio: Callable[..., Path]
    sound_problem: Callable[[], str | None]
    read_score: ReadScore = read_music
    judge: ScorePiece = score
    suggestions: Callable[[], Mapping[str, Suggestion]] = dict
    engines: Callable[[], Mapping[str, Capabilities]] = pipeline.engines
    extend_steps: Callable[..., Iterator[Progress | Extension]] = pipeline.extend_steps
    plan_steps: Callable[..., Iterator[Progress | Extension]] = pipeline.compose_plan_steps
    long_steps: Callable[..., Iterator[Progress | Extension]] = pipeline.compose_long_steps
    infill_steps: Callable[..., Iterator[Progress | Filled]] = pipeline.infill_steps
    vary_steps: Callable[..., Iterator[Progress | Filled]] = pipeline.vary_steps
    harmonise_steps: Callable[..., Iterator[Progress | Filled]] = pipeline.harmonise_steps
    orchestrate_steps: Callable[..., Iterator[Progress | Orchestration]] = orchestrate_steps
    sound_model: Callable[[], tuple[str, str]] = sound_model
    paint_steps: Callable[..., Iterator[Progress | Filled]] = pipeline.paint_steps
    own_style_steps: Callable[..., Iterator[Progress | OwnStyle]] = pipeline.own_style_steps

    def in_turn(self, turns: Turns) -> Studio:
        """Return the same studio, in which every run waits for its turn.

        What learns for minutes stands in a line of its own, so that nobody who composes waits.
        """
        steps = {one.name: getattr(self, one.name) for one in fields(self)}
        lines = {"own_style_steps": Turns(1, turns.tally)}
        queued: dict[str, Any] = {
            name: lines.get(name, turns).queued(name.removesuffix("_steps"), made)
            for name, made in steps.items()
            if name.endswith("_steps")
        }
        return replace(self, **queued)


def default_studio() -> Studio:
    """Return the studio with the bundled checkpoint."""
    return Studio(
        menu=pipeline.menu,
        compose_steps=on_accelerator(pipeline.compose_steps),
        load=pipeline.default_engine,
        render_audio=rendering.render_audio,
        sound_problem=rendering.sound_problem,
        judge=pipeline.hear,
        suggestions=pipeline.suggestions,
        extend_steps=on_accelerator(pipeline.extend_steps, _extension),
        plan_steps=on_accelerator(pipeline.compose_plan_steps, _planned),
        long_steps=on_accelerator(pipeline.compose_long_steps, _long),
        infill_steps=on_accelerator(pipeline.infill_steps, _marked),
        vary_steps=on_accelerator(pipeline.vary_steps, _marked),
        harmonise_steps=on_accelerator(pipeline.harmonise_steps, _whole),
        paint_steps=on_accelerator(pipeline.paint_steps, _painted),
    )


def _extension(start: object, bars: int, **options: Any) -> DrawnBars:
    return DrawnBars.of(bars, options)


def _planned(plan: Plan, start: object = None, **options: Any) -> DrawnBars:
    return DrawnBars.of(sum(row.bars for row in plan.rows), options)


def _long(**options: Any) -> DrawnBars:
    return DrawnBars.of(Outline.among(options).bars_of(_USUAL_BAR_MINUTES), options)


def _marked(piece: Piece, first_bar: int, last_bar: int, **options: Any) -> DrawnBars:
    return DrawnBars.of(last_bar - first_bar + 1, options)


def _painted(piece: Piece, areas: Sequence[Area], **options: Any) -> DrawnBars:
    blank = Blank.of(piece, areas)
    return DrawnBars.of(blank.last - blank.first, options)


def _whole(piece: Piece, **options: Any) -> DrawnBars:
    return DrawnBars.of(piece.n_bars, options)
