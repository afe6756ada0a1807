"""What the pages that show music wire alike: values in order, a run in the queue, the sheet behind.

A page brings its components, its state and its handlers; here is in which order gradio calls them,
and what becomes of an error. Knows no page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, TypeVar

import gradio as gr

from composer.ui.server.incidents import plain_errors
from composer.ui.shared import wording
from composer.ui.shared.running import FULL, STOPPING, Run

# Values reach the handlers as the browser sent them: the handlers check them, with better words.
UNCHECKED: dict[str, Any] = {
    "preprocess": False,
    "show_progress": "hidden",
    "api_visibility": "private",
}
# Quick events do not wait in the queue, so that no run of another visitor delays them. Gradio shows
# no errors of such events: they belong into the status line.
AT_ONCE: dict[str, Any] = {**UNCHECKED, "queue": False}


class HasRun(Protocol):
    """The state of a tab of which one run may be under way."""

    @property
    def run(self) -> Run:
        """The last one."""


State = TypeVar("State", bound=HasRun)
Values = tuple[Any, ...]


@dataclass(frozen=True)
class Slots:
    """Components that are filled together, in the order of the fields."""

    def in_order(self) -> list[Any]:
        """All components."""
        return [getattr(self, entry.name) for entry in fields(self)]

    @classmethod
    def untouched(cls) -> Values:
        """Return values that leave all components as they are."""
        return tuple(gr.skip() for _ in fields(cls))


@dataclass(frozen=True)
class Runs:
    """What begins and stops the runs of a page.

    Args:
        state: Of the tab; its value has a `run`.
        status: Where the status line is.
        begin: The buttons that begin a run.
        stop: The button that stops it.
        n_at_once: How many runs share the model, of all visitors.
    """

    state: gr.State
    status: gr.HTML
    begin: Sequence[gr.Button]
    stop: gr.Button
    n_at_once: int

    @property
    def buttons(self) -> list[gr.Button]:
        """All of them, in the order of `updates`."""
        return [*self.begin, self.stop]

    def updates(self, *, is_running: bool) -> Values:
        """Return what the buttons are while something runs, or nothing does."""
        begin = (gr.update(interactive=not is_running) for _ in self.begin)
        return *begin, gr.update(interactive=is_running)


def changing(
    change: Callable[..., State], show: Callable[[State], Values], untouched: Values
) -> Callable[..., Values]:
    """Return an event that changes the state and shows it; a refusal becomes the status line.

    Args:
        change: State and values in, state out; raises what a person may read.
        show: What a state puts on show.
        untouched: In its place where nothing changed.
    """

    def on_event(state: State, *values: Any) -> Values:
        try:
            with plain_errors():
                changed = change(state, *values)
                return changed, wording.status(""), *show(changed)
        except gr.Error as error:
            return state, wording.status(error.message), *untouched

    return on_event


def wire_run(
    runs: Runs, begun: Any, draw: Callable[..., Iterator[Values]], inputs: Sequence[Any]
) -> Any:
    """Draw in the queue once a run has begun; return the event of the drawing.

    Args:
        runs: Of the page.
        begun: The event that began the run.
        draw: State and values in; yields state and status line.
        inputs: Components of those values.
    """

    def on_draw(state: State, *values: Any) -> Iterator[Values]:
        try:
            with plain_errors():
                yield from draw(state, *values)
        except gr.Error as error:
            yield state, wording.status(error.message)
            raise
        finally:
            state.run.end()

    def on_end(state: State) -> Values:
        was_refused = state.run.is_under_way  # a run that drew has ended by itself
        state.run.end()
        status = wording.status(FULL) if was_refused else gr.skip()
        return status, *runs.updates(is_running=False)

    drawn = begun.success(
        on_draw,
        [runs.state, *inputs],
        [runs.state, runs.status],
        concurrency_id="model",
        concurrency_limit=runs.n_at_once,
        **UNCHECKED,
    )
    for ended in (drawn.success, drawn.failure):  # gradio's `then` passes over failures
        ended(on_end, runs.state, [runs.status, *runs.buttons], **AT_ONCE)
    return drawn


def wire_stop(runs: Runs) -> None:
    """Let Stop stop what this tab draws, and nothing else."""

    def on_stop(state: State) -> str:
        state.run.stop()
        return wording.status(STOPPING, 1.0)

    runs.stop.click(on_stop, runs.state, runs.status, **AT_ONCE)


def wire_sheet(
    shown: Any,
    show_sheet: Callable[[Any, Any], str],
    inputs: Sequence[Any],
    sheet: gr.HTML,
) -> Any:
    """Engrave what is on show, after it is on show; return the event of the engraving.

    Args:
        shown: The event that put it on show.
        show_sheet: State and width of the window in px, HTML out.
        inputs: Components of state and width.
        sheet: Where the sheet is.
    """

    def on_shown(state: Any, window_px: Any) -> str:
        with plain_errors():
            return show_sheet(state, window_px)

    return shown.success(
        on_shown, list(inputs), sheet, concurrency_id="sheet", concurrency_limit=1, **UNCHECKED
    )
