"""Somebody's own style on the Compose page: files, licence, minutes; then an engine more to choose.

The engine is this tab's alone: its name cannot be guessed, and no other list of engines has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from composer.errors import RequestError
from composer.pipeline import OwnStyle, Progress
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import own_styles, wording
from composer.ui.shared.elements import FILE_TYPES, NAME_BUTTON, html
from composer.ui.shared.running import STOPPING, TabState
from composer.ui.shared.settings import OPEN
from composer.ui.shared.wiring import AT_ONCE, STATE_LIFE_S, UNCHECKED
from composer.ui.studio import Studio

SAY = (
    '<p class="label">A copy of the model goes on learning from MIDI or MusicXML files of one hand '
    "for some minutes, while you compose. Some of the music is held back to see what was learned, "
    "and candidates that repeat your pieces count as copies. The result is an engine for this tab "
    "only.</p>"
)
BEGINNING = "Reading your files"
LEARNING = "Learning"
NO_FILES = "choose MIDI or MusicXML files of one hand, 16 bars or more in all"
NO_LICENCE = "say under which licence the files may be used, such as my own work"
USUAL_MINUTES = 3.0
Said = tuple["Pupil", str, Any]


@dataclass(frozen=True, kw_only=True)
class Pupil(TabState):
    """What a tab holds of its styles.

    Args:
        engines: Those that were learned, by their names.
    """

    engines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fields:
    """The components.

    Args:
        files, licence, minutes: What is learned from, and for how long.
        learn, stop: The two buttons.
        status: A line.
    """

    files: gr.File
    licence: gr.Textbox
    minutes: gr.Slider
    learn: gr.Button
    stop: gr.Button
    status: gr.HTML


def build() -> Fields | None:
    """Place the components, folded; none where nothing is learned."""
    most = own_styles.most_minutes()
    if not most:
        return None
    with gr.Accordion("Your own style", open=False, elem_id="own-style-fold"):
        html(SAY, js_on_load=NAME_BUTTON)
        files = gr.File(
            file_count="multiple",
            file_types=FILE_TYPES,
            show_label=False,
            label="MIDI or MusicXML files of one hand",
            elem_id="own-style-files",
        )
        licence = gr.Textbox(
            label="Licence",
            info="under which they may be used",
            placeholder="my own work",
            max_lines=1,
            elem_id="own-style-licence",
        )
        minutes = gr.Slider(
            min(0.5, most),
            most,
            min(USUAL_MINUTES, most),
            step=0.5,
            label="Minutes",
            info="at most",
            elem_id="own-style-minutes",
        )
        with gr.Row(elem_classes=["actions"]):
            learn = gr.Button("Learn", elem_id="own-style-learn", scale=3)
            stop = gr.Button("Stop learning", elem_id="own-style-stop", scale=2, min_width=150)
        status = html(wording.status(""), elem_id="own-style-status")
    return Fields(files, licence, minutes, learn, stop, status)


def wire(placed: Fields, studio: Studio, choice: gr.Dropdown) -> None:
    """Let the button learn, and offer what was learned in the choice of who composes."""
    pupil = gr.State(Pupil(), time_to_live=STATE_LIFE_S)
    offered = list(choice.choices or ())

    def on_learn(pupil: Pupil, files: Any, licence: Any, minutes: Any) -> Iterator[Said]:
        for state, words, engine in learn(studio, pupil, files, licence, minutes):
            yield state, words, offer(offered, state, engine) if engine else gr.skip()

    def on_stop(pupil: Pupil) -> str:
        pupil.run.stop()
        return wording.status(STOPPING if pupil.run.is_under_way else "")

    placed.learn.click(
        on_learn,
        [pupil, placed.files, placed.licence, placed.minutes],
        [pupil, placed.status, choice],
        **UNCHECKED,
        concurrency_id="own-style",
        concurrency_limit=3,  # one learns, two wait for it
    )
    placed.stop.click(on_stop, pupil, placed.status, **AT_ONCE)


def offer(offered: Sequence[Any], pupil: Pupil, engine: str) -> Any:
    """Return what becomes of the choice of who composes: the styles of this tab are in it."""
    own = [(f"My style {n}", name) for n, name in enumerate(pupil.engines, start=1)]
    shown = offered if offered else [("The usual one", OPEN)]
    return gr.update(choices=[*shown, *own], value=engine, visible=True)


def learn(
    studio: Studio, pupil: Pupil, files: Any, licence: Any, minutes: Any
) -> Iterator[tuple[Pupil, str, str]]:
    """Learn a style; yield the state, the status line, and at last the name of the engine.

    Args:
        studio: Learns.
        pupil: Of the tab.
        files: As the browser sent them.
        licence: Under which they may be used.
        minutes: At most.

    Raises:
        gr.Error: If something is being learned already; all else is said in the status line.
    """
    with plain_errors():
        pupil = replace(pupil, run=pupil.run.next())
    yield pupil, wording.status(BEGINNING, 0.0), ""
    run = pupil.run
    try:
        with plain_errors():
            for step in _steps(studio, pupil, files, licence, minutes):
                if isinstance(step, Progress):
                    words = STOPPING if run.is_stopped() else LEARNING
                    yield pupil, wording.status(words, step.fraction), ""
                else:
                    pupil = replace(pupil, engines=(*pupil.engines, step.engine))
                    yield pupil, wording.status(told(step)), step.engine
    except gr.Error as error:
        yield pupil, wording.status(error.message), ""
    finally:
        run.end()


def _steps(
    studio: Studio, pupil: Pupil, files: Any, licence: Any, minutes: Any
) -> Iterator[Progress | OwnStyle]:
    if not isinstance(files, list) or not files:
        raise RequestError(NO_FILES)
    if not isinstance(licence, str) or not licence.strip():
        raise RequestError(NO_LICENCE)
    if isinstance(minutes, bool) or not isinstance(minutes, int | float):
        raise RequestError("`minutes` must be a number")
    own_styles.check_minutes(minutes)
    yield from studio.own_style_steps(
        own_styles.read_pieces(studio, files),
        licence=licence,
        minutes=minutes,
        should_stop=pupil.run.is_stopped,
    )


def told(found: OwnStyle) -> str:
    """Say what came of it."""
    better = 100 * (1 - found.after / found.before)
    return (
        f"Learned from {found.pieces} pieces in {found.minutes:.1f} minutes: what was held back is "
        f"predicted {better:.0f} % better. It is chosen as the engine now"
    )
