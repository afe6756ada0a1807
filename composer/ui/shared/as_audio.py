"""A piece as a recording by a model of sound: a fold below the downloads of a page.

Under the recording stands how it agrees with the score, bar by bar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from composer.piece import Piece
from composer.pipeline import Orchestration, Progress
from composer.rendering.recordings import write_recording
from composer.request import MAX_CANDIDATES
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import wording
from composer.ui.shared.elements import html
from composer.ui.shared.running import BEGINNING, STOPPED, STOPPING, Run, TabState
from composer.ui.shared.settings import new_seed, read_whole
from composer.ui.shared.wiring import AT_ONCE, UNCHECKED, Values
from composer.ui.studio import Studio

USUAL_CANDIDATES = 2
INTRO = "A model of sound makes a recording that follows the notes; it may stray from them."


@dataclass(frozen=True)
class AsAudio:
    """The components of a page.

    Args:
        text: What it is to sound like.
        candidates: How many recordings.
        make, stop: The buttons.
        status: What is under way.
        sound: What can be heard, the best in the end.
        told: How all of them agree with the score.
        run: The run under way, of the tab.
    """

    text: gr.Textbox
    candidates: gr.Number
    make: gr.Button
    stop: gr.Button
    status: gr.HTML
    sound: gr.Audio
    told: gr.HTML
    run: gr.State


def build(page: str, studio: Studio) -> AsAudio:
    """Place the fold; where no model can be used it says in one sentence what to do.

    Args:
        page: Begins the names of the elements.
        studio: What makes recordings.
    """
    problem, licence = studio.sound_model()
    with gr.Accordion("As audio …", open=False, elem_id=f"{page}-as-audio"):
        html(f'<p class="label">{escape(problem or INTRO)}</p>')
        with gr.Column(visible=not problem):
            html(f'<p class="label">Licence of the weights: {escape(licence)}</p>')
            text = gr.Textbox(
                label="How it is to sound",
                placeholder="warm church organ, in a large hall",
                max_lines=2,
                elem_id=f"{page}-as-audio-text",
            )
            candidates = gr.Number(
                USUAL_CANDIDATES,
                label="Recordings",
                info="the one that follows the score best comes first",
                minimum=1,
                maximum=MAX_CANDIDATES,
                precision=0,
                elem_id=f"{page}-as-audio-candidates",
            )
            with gr.Row():
                make = gr.Button("Make recordings", elem_id=f"{page}-as-audio-make")
                stop = gr.Button("Stop", interactive=False, elem_id=f"{page}-as-audio-stop")
            status = html(wording.status(""), elem_id=f"{page}-as-audio-status")
            sound = gr.Audio(label="Recording", interactive=False, elem_id=f"{page}-as-audio-sound")
            told = html(elem_id=f"{page}-as-audio-told")
    run = gr.State(None)
    return AsAudio(text, candidates, make, stop, status, sound, told, run)


def wire(
    placed: AsAudio, studio: Studio, state: gr.State, piece_of: Callable[[Any], Piece]
) -> None:
    """Let the button make recordings of the piece on show, and the other one stop it.

    Args:
        placed: The components.
        studio: What makes recordings.
        state: Of the page.
        piece_of: State in, the piece on show out; raises what a person may read.
    """
    outputs = [placed.run, placed.status, placed.sound, placed.told, placed.make, placed.stop]

    def on_make(state: Any, text: Any, candidates: Any) -> Iterator[Values]:
        run = Run(is_under_way=True)
        yield run, wording.status(BEGINNING, 0.0), None, "", *_buttons(is_running=True)
        try:
            with plain_errors():
                for said in make(studio, run, piece_of(state), text, candidates):
                    yield run, *said, gr.skip(), gr.skip()
        except gr.Error as error:
            words = STOPPED if run.is_stopped() else error.message
            yield run, wording.status(words), gr.skip(), gr.skip(), *_buttons(is_running=False)
            return
        yield run, gr.skip(), gr.skip(), gr.skip(), *_buttons(is_running=False)

    def on_stop(run: Run | None) -> str:
        if run is not None:
            run.stop()
        return wording.status(STOPPING)

    inputs = [state, placed.text, placed.candidates]
    options = {"concurrency_id": "sound", "concurrency_limit": 1, **UNCHECKED}
    placed.make.click(on_make, inputs, outputs, **options)
    placed.stop.click(on_stop, placed.run, placed.status, **AT_ONCE)


def make(
    studio: Studio, run: Run, piece: Piece, text: Any, candidates: Any
) -> Iterator[tuple[str, Any, Any]]:
    """Make recordings; yield the status line, the sound that is there, and how it agrees.

    Raises:
        ComposerError: In one sentence.
    """
    count = read_whole("the number of recordings", candidates) or USUAL_CANDIDATES
    folder = TabState(run=run, folder=run.key)
    words = text if isinstance(text, str) else ""
    steps = studio.orchestrate_steps(
        piece, words, candidates=count, seed=new_seed(), should_stop=run.is_stopped
    )
    n_heard = 0
    for step in steps:
        if isinstance(step, Orchestration):
            path = write_recording(step.ranked[0].recording, folder.path("recording.wav"))
            yield wording.status(_result_words(step)), str(path), agreement_table(step)
        elif isinstance(step, Progress):
            heard: Any = gr.skip()
            if step.sound is not None:
                n_heard += 1
                heard = str(write_recording(step.sound, folder.path(f"heard-{n_heard}.wav")))
            said = STOPPING if run.is_stopped() else wording.progress_words(step)
            yield wording.status(said, step.fraction), heard, gr.skip()


def _buttons(*, is_running: bool) -> Values:
    return gr.update(interactive=not is_running), gr.update(interactive=is_running)


def _result_words(found: Orchestration) -> str:
    count = wording.count(len(found.ranked), "recording")
    return f"{count} in {found.elapsed_s:.0f} s{', stopped early' if found.stopped else ''}"


def agreement_table(found: Orchestration) -> str:
    """Return a row for each recording: its agreement with the score, and that of every bar."""
    assert found.piece is not None
    numbers, rows = found.piece.bar_numbers, []
    for one in found.ranked:
        assert one.agreement is not None
        cells = "".join(
            _cell(number, value) for number, value in zip(numbers, one.agreement.bars, strict=True)
        )
        rows.append(
            f"<tr><th>{one.rank}</th><td>{one.agreement.whole:.2f}</td>"
            f'<td class="bars-agree">{cells}</td></tr>'
        )
    head = "<tr><th>Rank</th><th>Agreement</th><th>Bar by bar</th></tr>"
    note = "Pitch classes heard against those written: 1 is the same, 0 is chance."
    licence = f" Licence of the weights: {escape(found.licence)}." if found.licence else ""
    return f'<table class="agreement">{head}{"".join(rows)}</table><p>{note}{licence}</p>'


def _cell(number: int, value: float | None) -> str:
    """Return a bar as a column, as high as it agrees; one that rests is empty."""
    words = "rests" if value is None else f"{value:.2f}"
    height = 0 if value is None else round(100 * min(max(value, 0.0), 1.0))
    label = f"bar {number}: {words}"
    return f'<i title="{label}" aria-label="{label}" style="--agrees: {height}%"></i>'
