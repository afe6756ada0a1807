"""The public HTTP API: `compose` and `menu`, for gradio_client and for plain HTTP.

Annotations are not postponed here, because gradio reads them to describe the endpoints.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from composer.request import default_of
from composer.ui import handlers
from composer.ui.incidents import plain_errors
from composer.ui.studio import Studio
from composer.ui.visit import Visit

Files = tuple[FileData | None, FileData | None]


def build(studio: Studio, *, n_at_once: int) -> None:
    """Declare the endpoints; `compose` waits in the same queue as the page."""

    def compose(
        composer: str | None = None,
        form: str | None = None,
        key: str | None = None,
        meter: str | None = None,
        bars: int = default_of("bars"),
        tempo_bpm: float | None = None,
        temperature: float = default_of("temperature"),
        candidates: int = default_of("candidates"),
        seed: int | None = None,
        ensemble: str | None = None,
        parts: int | None = None,
        top_k: int = default_of("top_k"),
        top_p: float = default_of("top_p"),
        min_p: float = default_of("min_p"),
        guidance: float = default_of("guidance"),
    ) -> Iterator[Files]:
        """Compose; return the best candidate as a MIDI file, and composition.json.

        What is left out stays open; without a seed every call gives another piece.
        """
        # In the order of `wishes.WISHES`.
        values = (
            *(composer, form, key, meter, bars, tempo_bpm, temperature, candidates, seed),
            *(ensemble, parts, top_k, top_p, min_p, guidance),
        )
        with plain_errors():
            yield from _compose(studio, values)

    def menu() -> list[dict[str, Any]]:
        """Return the pairs of composer and form on offer, with the number of pieces of each."""
        with plain_errors():
            return [row.to_dict() for row in studio.menu()]

    # A generator, so that a caller who hangs up ends the run; the last answer is the two files.
    compose.__annotations__["return"] = tuple[FileData, FileData]
    gr.api(compose, api_name="compose", concurrency_id="model", concurrency_limit=n_at_once)
    gr.api(menu, api_name="menu", queue=False)


def _compose(studio: Studio, values: tuple[Any, ...]) -> Iterator[Files]:
    visit, values = handlers.begin(Visit(), values[handlers.SEED] is not None, values)
    for state, _ in handlers.draw(studio.compose_steps, visit, values):
        visit = state
        yield None, None
    shown = handlers.show(visit)
    yield _file(shown.midi), _file(shown.record)


def _file(path: Path) -> FileData:
    return FileData(path=str(path), orig_name=path.name)
