"""How a call of the public HTTP API runs: named values in, at last a MIDI file and its record.

An endpoint is declared by its parameters; those that are settings of a request are derived from it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

from gradio.data_classes import FileData

from composer.composition import Composition
from composer.pipeline import Progress
from composer.rendering import write_midi
from composer.ui.server.incidents import plain_errors
from composer.ui.shared.running import STATUS_EVERY_S, TabState
from composer.ui.shared.settings import new_seed, setting

Files = tuple[FileData | None, FileData | None]
Steps = Iterator[Progress | Composition]


def endpoint(
    name: str, text: str, parameters: Sequence[Parameter], run: Callable[..., Steps]
) -> Callable[..., Iterator[Files]]:
    """Return a function as gradio describes and calls it.

    Args:
        name: Of the endpoint.
        text: What it does, for its users.
        parameters: In their order.
        run: Takes their values by name.
    """

    def call(*values: Any) -> Iterator[Files]:
        with plain_errors():
            named = {one.name: value for one, value in zip(parameters, values, strict=True)}
            yield from _last_of(run(**named))

    # A generator, so that a caller who hangs up ends the run; the last answer is the two files.
    answer = tuple[FileData, FileData]
    call.__name__, call.__doc__ = name, text
    signature = Signature(list(parameters), return_annotation=answer)
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": answer}
    return call


def parameter(name: str, kind: Any, default: Any = Parameter.empty) -> Parameter:
    """Return a parameter of an endpoint; one without a default must be given."""
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=kind)


def setting_parameter(name: str) -> Parameter:
    """Return a setting of a request as a parameter."""
    one = setting(name)
    kind: Any = str if one.is_text else int if one.is_whole else float
    # Without a seed each call throws the dice; None leaves any other setting to the model.
    default = None if name == "seed" else one.default
    return parameter(name, kind if default is not None else kind | None, default)


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
            yield _write(step)
        elif time.monotonic() - last_s >= STATUS_EVERY_S:
            last_s = time.monotonic()
            yield None, None


def _write(composition: Composition) -> Files:
    place, stem = TabState(folder=secrets.token_hex(16)), composition.file_stem()
    record = place.path(f"{stem}.json")
    record.write_text(composition.to_json(), encoding="utf-8")
    midi = write_midi(composition.piece, place.path(f"{stem}.mid"))
    return _file_of(midi), _file_of(record)


def _file_of(path: Path) -> FileData:
    """Return a file as gradio hands it out."""
    return FileData(path=str(path), orig_name=path.name)
