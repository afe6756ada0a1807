"""How a call of the public HTTP API runs: named values in, at last a MIDI file and its record."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from inspect import Signature
from pathlib import Path
from typing import Any

from gradio.data_classes import FileData

from composer.composition import Composition
from composer.rendering import write_midi
from composer.ui.api.abilities import Ability, Steps
from composer.ui.server.incidents import plain_errors
from composer.ui.shared.running import STATUS_EVERY_S, TabState
from composer.ui.shared.settings import new_seed, setting

Files = tuple[FileData | None, FileData | None]


def endpoint(ability: Ability) -> Callable[..., Iterator[Files]]:
    """Return an ability as a function as gradio describes and calls it."""

    def call(*values: Any) -> Iterator[Files]:
        with plain_errors():
            named = {one.name: value for one, value in zip(ability.values, values, strict=True)}
            # Gradio closes the steps of a caller who hangs up; nobody else stops them.
            yield from _last_of(ability.run(**named, should_stop=lambda: False))

    # A generator, so that a caller who hangs up ends the run; the last answer is the two files.
    answer = tuple[FileData, FileData]
    call.__name__, call.__doc__ = ability.name, ability.text
    parameters = [one.as_parameter() for one in ability.values]
    signature = Signature(parameters, return_annotation=answer)
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.kind for one in ability.values} | {"return": answer}
    return call


def with_seed(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with a new seed where none is given."""
    return values | ({"seed": new_seed()} if values["seed"] is None else {})


def read_settings(values: dict[str, Any]) -> dict[str, Any]:
    """Read settings by name: None is left out, a seed of None is drawn.

    Raises:
        OptionError: If a value is of a wrong type.
    """
    told = {name: value for name, value in with_seed(values).items() if value is not None}
    return {name: setting(name).read(value) for name, value in told.items()}


def _last_of(steps: Steps) -> Iterator[Files]:
    """Yield nothing in steady time, at last the two files."""
    last_s = time.monotonic()
    for step in steps:
        if isinstance(step, Composition):
            midi, record = write(step)
            yield _file_of(midi), _file_of(record)
        elif time.monotonic() - last_s >= STATUS_EVERY_S:
            last_s = time.monotonic()
            yield None, None


def write(composition: Composition) -> tuple[Path, Path]:
    """Write the best candidate as MIDI, and composition.json, where visitors may fetch them."""
    place, stem = TabState(folder=secrets.token_hex(16)), composition.file_stem()
    record = place.path(f"{stem}.json")
    record.write_text(composition.to_json(), encoding="utf-8")
    return write_midi(composition.piece, place.path(f"{stem}.mid")), record


def _file_of(path: Path) -> FileData:
    """Return a file as gradio hands it out."""
    return FileData(path=str(path), orig_name=path.name)
