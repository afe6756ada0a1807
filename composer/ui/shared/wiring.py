"""What the pages that show music wire alike: a change, a run in the queue, the sheet behind it.

A page brings its components, its state and its handlers; `Stage` says in which order gradio calls
them, and what becomes of an error. Knows no page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from composer.ui.server.incidents import plain_errors
from composer.ui.shared import downloads, keeping, score_view, wording
from composer.ui.shared.downloads import Downloads
from composer.ui.shared.keeping import Keeper
from composer.ui.shared.running import FULL, STOPPING, HasRun
from composer.ui.shared.underway import Works

# Values reach the handlers as the browser sent them: the handlers check them, with better words.
UNCHECKED: dict[str, Any] = {
    "preprocess": False,
    "show_progress": "hidden",
    "api_visibility": "private",
}
# Quick events do not wait in the queue, so that no run of another visitor delays them. Gradio shows
# no errors of such events: they belong into the status line.
AT_ONCE: dict[str, Any] = {**UNCHECKED, "queue": False}
# Reading a file waits for nobody who composes.
READING: dict[str, Any] = {**UNCHECKED, "concurrency_id": "inspect"}
STATE_LIFE_S = 3600
GONE = "the file was taken away; what is on show still came from it"

Values = tuple[Any, ...]
Change = Callable[..., Any]
Draw = Callable[[Any], Iterator[Values]]


# What is on show no longer belongs to the settings; the next status line takes this away.
SETTINGS_CHANGED = """() => {
    const line = document.querySelector('#status .status');
    if (!document.querySelector('#heading h2') || !line.querySelector('.bar.idle')) return;
    line.classList.add('is-stale');
    line.firstElementChild.textContent = 'The settings have changed; press Compose for a new piece';
}"""


def make_room(status_id: str) -> str:
    """Return the `js` of what begins a run: silence, and its line in sight on a narrow window."""
    return f"""() => {{
        ({score_view.HUSH})();
        const line = document.querySelector('#{status_id}');
        if (window.innerWidth < 760) line.scrollIntoView({{behavior: 'smooth', block: 'start'}});
    }}"""


def _say_stopping(status_id: str) -> str:
    """Return the `js` that says that a run is being stopped, while one is under way.

    The page says it by itself: an answer of the server can arrive after the run's last words, and
    would then stand in their place.
    """
    return f"""() => {{
        const line = document.querySelector('#{status_id} .status');
        if (!line.querySelector('.bar.idle')) line.firstElementChild.textContent = {STOPPING!r};
    }}"""


def open_page(name: str) -> str:
    """Return the `js` that goes to a page, as its tab does."""
    return f"() => {{ location.hash = '{name}'; window.scrollTo({{top: 0}}); }}"


@dataclass(frozen=True)
class Slots:
    """Components that are filled together, in the order of the fields."""

    def in_order(self) -> list[Any]:
        """All components."""
        return [getattr(self, entry.name) for entry in fields(self)]

    @classmethod
    def fill(cls, **values: Any) -> Values:
        """Return named values in order; what is not named stays as it is."""
        filled = tuple(values.pop(entry.name, gr.skip()) for entry in fields(cls))
        assert not values, f"no slots for {', '.join(values)}"
        return filled


def wire_sheet(
    shown: Any, show_sheet: Callable[..., str], inputs: Sequence[Any], sheet: gr.HTML
) -> Any:
    """Engrave what is on show, after it is on show; return the event of the engraving.

    Args:
        shown: The event that put it on show.
        show_sheet: State, width of the window in px and perhaps more in, HTML out.
        inputs: Components of state, width and what comes besides.
        sheet: Where the sheet is.
    """

    def on_shown(*values: Any) -> str:
        with plain_errors():
            return show_sheet(*values)

    options = {"concurrency_id": "sheet", "concurrency_limit": 1, **UNCHECKED}
    return shown.success(on_shown, list(inputs), sheet, **options)


@dataclass(frozen=True)
class Stage:
    """Where a page shows what its tab holds.

    Args:
        state: Of the tab; its value has a `run`.
        status: Where the status line is.
        slots: What the state fills.
        show: From a state to the values of the slots.
        sheet: Where its sheet is.
        show_sheet: State and width of the window in px in, HTML out.
        window_px: Holds that width.
    """

    state: gr.State
    status: gr.HTML
    slots: Slots
    show: Callable[[Any], Values]
    sheet: gr.HTML
    show_sheet: Callable[[Any, Any], str]
    window_px: gr.Number

    @property
    def outputs(self) -> list[Any]:
        """What an event changes that puts something on show."""
        return [self.state, self.status, *self.slots.in_order()]

    def wire(self, trigger: Any, change: Change, inputs: Sequence[Any] = (), **options: Any) -> Any:
        """Let a trigger change the state and show it; a refusal becomes the status line.

        What was on show stays after a refusal, dimmed: it is not what was asked for.

        Args:
            trigger: Of a component.
            change: State and values in, state out; raises what a person may read.
            inputs: Components of the values.
            options: Of gradio's event; at once if left out.
        """

        def on_event(state: HasRun, *values: Any) -> Values:
            return self._changed(state, lambda: change(state, *values))

        inputs = [self.state, *inputs]
        return self.engrave(trigger(on_event, inputs, self.outputs, **(options or AT_ONCE)))

    def wire_pick(
        self, trigger: Any, change: Change, names: Sequence[str], inputs: Sequence[Any] = ()
    ) -> Any:
        """Let an event of ours change the state; `names` are what it carries."""

        def on_event(state: HasRun, event: gr.EventData, *values: Any) -> Values:
            told = [getattr(event, name, None) for name in names]
            return self._changed(state, lambda: change(state, *values, *told))

        inputs = [self.state, *inputs]
        return self.engrave(trigger(on_event, inputs, self.outputs, **AT_ONCE))

    def _changed(self, state: HasRun, change: Callable[[], Any]) -> Values:
        try:
            with plain_errors():
                state.run.check_idle()
                changed = change()
                return changed, wording.status(""), *self.show(changed)
        except gr.Error as error:
            return state, wording.status(error.message, is_stale=True), *self.slots.fill()

    def engrave(self, shown: Any) -> Any:
        """Engrave what is on show, after it is on show; return the event of the engraving."""
        return wire_sheet(shown, self.show_sheet, [self.state, self.window_px], self.sheet)

    def wire_gone(self, upload: gr.File) -> None:
        """Dim what is on show once the file that it came from is taken away."""
        status = wording.status(GONE, is_stale=True)
        upload.clear(lambda: status, None, self.status, **AT_ONCE)

    def wire_files(self, made: Downloads, make: Callable[..., Path], *inputs: Any) -> None:
        """Make files when they are asked for: format, state and values in, path out."""
        downloads.wire(made, make, inputs=[self.state, *inputs], status=self.status, **UNCHECKED)


def _as_said(error: gr.Error) -> gr.Error:
    """Return an error in the words of a page, where the API names parameters."""
    return gr.Error(wording.as_said(error.message), title=error.title, print_exception=False)


@dataclass(frozen=True)
class Runs:
    """What begins and stops the runs of a page.

    Args:
        stage: Where their results are shown.
        begin: The buttons that begin a run.
        stop: The button that stops it.
        works: All runs of the server.
        keeper: Where the browser learns of a run, and asks for one that it began.
        draft: Where the music so far is drawn.
        told: Components that show a value of the state once a run has begun.
        query: Of the address that asks for the same, for pages that have one.
    """

    stage: Stage
    begin: Sequence[gr.Button]
    stop: gr.Button
    works: Works
    keeper: Keeper
    draft: gr.HTML
    told: Mapping[Any, Callable[[Any], Any]] = field(default_factory=dict)
    query: Callable[[Any], str] = lambda state: ""

    def _updates(self, *, is_running: bool) -> Values:
        """Return what the buttons are while something runs, or nothing does."""
        begin = (gr.update(interactive=not is_running) for _ in self.begin)
        return *begin, gr.update(interactive=is_running)

    def wire(self, trigger: Any, begin: Change, draw: Draw, inputs: Sequence[Any] = ()) -> Any:
        """Begin at once, draw in the queue, show, engrave; return the event of the engraving.

        Args:
            trigger: Of a component, or what followed it.
            begin: State and values in, state out; raises what a person may read.
            draw: State in; yields state, status line and draft.
            inputs: Components of the values.
        """

        def on_begin(state: HasRun, *values: Any) -> Iterator[Values]:
            try:
                with plain_errors():
                    begun = begin(state, *values)
            except gr.Error as error:
                skipped = (gr.skip() for _ in self._outputs[2:])
                yield state, wording.status(error.message), *skipped
                raise _as_said(error) from error
            self.works.add(begun, partial(draw, begun))
            yield self._begun(begun)

        inputs = [self.stage.state, *inputs]
        options = {"concurrency_limit": None, **UNCHECKED}
        begun = trigger(on_begin, inputs, self._outputs, **options)
        return self._wire_drawing(
            begun, {"concurrency_id": "model", "concurrency_limit": self.works.n_at_once}
        )

    def wire_join(self) -> Any:
        """Let the browser come back to a run that it began, under way or over.

        It waits for no place in the queue: a run that is under way has its own.
        """

        def on_join(state: HasRun, event: gr.EventData) -> Values:
            key = getattr(event, "key", None)
            work = self.works.find(key)
            if work is not None:
                return self._begun(work.state)
            skipped = [gr.skip() for _ in self._outputs[3:]]
            return state, gr.skip(), keeping.lost(key), *skipped

        options = {"concurrency_limit": None, **UNCHECKED}
        joined = self.keeper.run.join(on_join, self.stage.state, self._outputs, **options)
        return self._wire_drawing(joined, {"concurrency_id": "joined", "concurrency_limit": None})

    @property
    def _outputs(self) -> list[Any]:
        stage = self.stage
        return [stage.state, stage.status, self.keeper.run, *self.told, *self.begin, self.stop]

    def _begun(self, state: HasRun) -> Values:
        """Return the values of `_outputs` once a run has begun."""
        told = [read(state) for read in self.told.values()]
        note = keeping.begun(state.run.key, self.query(state))
        status = wording.status(wording.WAITING, 0.0)
        return state, status, note, *told, *self._updates(is_running=True)

    def _wire_drawing(self, begun: Any, queue: dict[str, Any]) -> Any:
        """Hear what is drawn, show what came, engrave; return the event of the engraving."""
        stage, buttons = self.stage, [*self.begin, self.stop]

        def on_draw(state: HasRun) -> Iterator[Values]:
            work = self.works.find(state.run.key)
            if work is None:  # there was nothing to join
                yield state, gr.skip(), ""
                return
            try:
                with plain_errors():
                    yield from work.hear()
            except gr.Error as error:
                yield state, wording.status(error.message), ""
                raise _as_said(error) from error

        def on_end(state: HasRun) -> Values:
            was_refused = state.run.is_under_way  # a run that drew has ended by itself
            if was_refused:
                state.run.end()
                self.works.drop(state)
            status = wording.status(FULL) if was_refused else gr.skip()
            return status, "", *self._updates(is_running=False)

        def on_shown(state: HasRun) -> Values:
            try:
                with plain_errors():
                    return stage.show(state)
            except gr.Error:  # nothing was drawn, which has been said
                return stage.slots.fill()

        outputs = [stage.state, stage.status, self.draft]
        drawn = begun.success(on_draw, stage.state, outputs, **queue, **UNCHECKED)
        engraved = None
        for ended in (drawn.failure, drawn.success):  # gradio's `then` passes over failures
            ended(on_end, stage.state, [stage.status, self.draft, *buttons], **AT_ONCE)
            engraved = stage.engrave(
                ended(on_shown, stage.state, stage.slots.in_order(), **AT_ONCE)
            )
        return engraved

    def wire_stop(self, status_id: str) -> None:
        """Let Stop stop what this tab draws, and nothing else; the status line says so at once."""
        self.stop.click(None, None, None, js=_say_stopping(status_id))
        self.stop.click(lambda state: state.run.stop(), self.stage.state, None, **AT_ONCE)
