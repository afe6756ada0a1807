"""The public HTTP API of recordings: `orchestrate`.

Annotations are not postponed here, because gradio reads them to describe the endpoint.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gradio.data_classes import FileData

from composer.pipeline import Orchestration, Progress
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import uploads
from composer.ui.shared.running import STATUS_EVERY_S, TabState
from composer.ui.shared.settings import new_seed, read_whole, setting
from composer.ui.studio import Studio

Files = tuple[FileData | None, FileData | None]


def orchestrate_endpoint(studio: Studio) -> Callable[..., Iterator[Files]]:
    """Return the endpoint."""

    def orchestrate(
        file: FileData | None = None,
        text: str = "",
        length_s: float | None = None,
        candidates: int | None = None,
        seed: int | None = None,
        engine_options: str | None = None,
        format: str = "wav",
    ) -> Iterator[tuple[FileData, FileData]]:
        """Make recordings of a score, of a text, or of both; return the best, and its JSON.

        The JSON names the licence of the weights, and how well each bar follows the score.
        """
        with plain_errors():
            steps = begin(
                *(studio, file, text, length_s),
                candidates=candidates,
                seed=seed,
                engine_options=engine_options,
            )
            yield from _last_of(steps, format)  # type: ignore[misc]

    return orchestrate


def begin(
    studio: Studio,
    file: uploads.Sent | FileData | None,
    text: str,
    length_s: float | None,
    *,
    candidates: int | None,
    seed: int | None,
    engine_options: str | None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Progress | Orchestration]:
    """Return the steps of recordings; what will not do is said at once.

    Raises:
        RequestError: If the file is no music, or a value will not do.
    """
    options = {
        "candidates": read_whole("`candidates`", candidates),
        "engine_options": setting("engine_options").read(engine_options),
    }
    piece = None if file is None else uploads.read_piece(studio.read_score, file)
    return studio.orchestrate_steps(
        piece,
        text,
        length_s=length_s,
        seed=new_seed() if seed is None else read_whole("`seed`", seed),
        should_stop=should_stop,
        **{name: value for name, value in options.items() if value is not None},
    )


def _last_of(steps: Iterator[object], ending: str) -> Iterator[Files]:
    """Yield nothing in steady time, at last the two files."""
    last_s = time.monotonic()
    for step in steps:
        if isinstance(step, Orchestration):
            yield _write(step, ending)
        elif time.monotonic() - last_s >= STATUS_EVERY_S:
            last_s = time.monotonic()
            yield None, None


def _write(found: Orchestration, ending: str) -> tuple[FileData, FileData]:
    _, *paths = write(found, ending)
    sound, told = (FileData(path=str(path), orig_name=path.name) for path in paths)
    return sound, told


def write(found: Orchestration, ending: str) -> tuple[dict[str, Any], Path, Path]:
    """Write the best recording and its JSON; return the values of the JSON and both paths."""
    place = TabState(folder=secrets.token_hex(16))
    record = place.path("composition.json")
    written = found.write(record.parent, ending)
    values = found.to_dict({rank: path.name for rank, path in written.items()})
    record.write_text(json.dumps(values, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    return values, written[1], record
