"""The public HTTP API for music that is given: `extend`, `infill`, `vary` and `harmonise`.

Each takes a MIDI or MusicXML file and returns the best candidate as MIDI, and composition.json.
Bars have the numbers that are printed: the first whole bar is 1, a pickup is 0. Parts are counted
from 1, the highest first.

Annotations are not postponed here, because gradio reads them to describe the endpoints.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from composer.composition import Composition
from composer.errors import OptionError
from composer.pipeline import Progress, prepare
from composer.plans import Chunking
from composer.rendering import write_midi
from composer.request import default_of
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import uploads
from composer.ui.shared.running import STATUS_EVERY_S, TabState
from composer.ui.shared.settings import new_seed, read_whole, setting
from composer.ui.studio import Studio

Files = tuple[FileData | None, FileData | None]
_CHUNKING = Chunking()


def build(studio: Studio, *, n_at_once: int) -> None:
    """Declare the endpoints; they wait in the same queue as the page."""
    for endpoint in (_extend(studio), _infill(studio), _vary(studio), _harmonise(studio)):
        # Generators, so that a caller who hangs up ends the run; the last answer is the two files.
        endpoint.__annotations__["return"] = tuple[FileData, FileData]
        name = endpoint.__name__
        gr.api(endpoint, api_name=name, concurrency_id="model", concurrency_limit=n_at_once)


def _extend(studio: Studio) -> Callable[..., Iterator[Files]]:
    def extend(
        file: FileData,
        bars: int = default_of("bars"),
        chunk_bars: int = _CHUNKING.chunk_bars,
        overlap_bars: int | None = _CHUNKING.overlap_bars,
        theme_bars: int = _CHUNKING.theme_bars,
        composer: str | None = None,
        form: str | None = None,
        temperature: float = default_of("temperature"),
        candidates: int = default_of("candidates"),
        seed: int | None = None,
        engine: str | None = None,
    ) -> Iterator[Files]:
        """Go on with a piece: more bars behind its end, the last of them a close."""
        chunks = {"chunk_bars": chunk_bars, "overlap_bars": overlap_bars, "theme_bars": theme_bars}
        with plain_errors():
            added = setting("bars").read(bars)
            options = {name: read_whole(f"`{name}`", n) for name, n in chunks.items()}
            options |= _read(
                composer=composer,
                form=form,
                temperature=temperature,
                candidates=candidates,
                seed=seed,
                engine=engine,
            )
            piece = uploads.read_piece(studio.read_score, file)
            piece = prepare(piece, parts=tuple(range(len(piece.parts))))
            yield from last_of(studio.extend_steps(piece, added, **_told(options)))

    return extend


def _infill(studio: Studio) -> Callable[..., Iterator[Files]]:
    def infill(
        file: FileData,
        first_bar: int,
        last_bar: int,
        parts: list[int] | None = None,
        edges: str = "keep",
        complete: bool = False,
        composer: str | None = None,
        form: str | None = None,
        temperature: float = default_of("temperature"),
        candidates: int = default_of("candidates"),
        seed: int | None = None,
        engine: str | None = None,
    ) -> Iterator[Files]:
        """Write some bars anew, of all parts or of some; all other notes stay.

        Bars have the numbers that are printed: a pickup is 0, the first whole bar 1.
        Edges: `keep` leaves notes that sound across them, `tie` ties new ones to them.
        """
        with plain_errors():
            if not isinstance(complete, bool):
                raise OptionError("`complete` must be true or false")
            place = _read_place(first_bar, last_bar, parts)
            options = {"edges": edges, "complete": complete}
            options |= _read(
                composer=composer,
                form=form,
                temperature=temperature,
                candidates=candidates,
                seed=seed,
                engine=engine,
            )
            piece = uploads.read_piece(studio.read_score, file)
            yield from last_of(studio.infill_steps(piece, **place, **_told(options)))

    return infill


def _vary(studio: Studio) -> Callable[..., Iterator[Files]]:
    def vary(
        file: FileData,
        first_bar: int,
        last_bar: int,
        freedom: float = 0.5,
        parts: list[int] | None = None,
        edges: str = "keep",
        temperature: float | None = None,
        candidates: int = default_of("candidates"),
        seed: int | None = None,
        engine: str | None = None,
    ) -> Iterator[Files]:
        """Write some bars again in their own manner, from 0, faithful, to 1, free.

        Bars have the numbers that are printed: a pickup is 0, the first whole bar 1.
        """
        with plain_errors():
            place = _read_place(first_bar, last_bar, parts)
            options = {"freedom": freedom, "edges": edges}
            options |= _read(
                temperature=temperature, candidates=candidates, seed=seed, engine=engine
            )
            piece = uploads.read_piece(studio.read_score, file)
            yield from last_of(studio.vary_steps(piece, **place, **_told(options)))

    return vary


def _harmonise(studio: Studio) -> Callable[..., Iterator[Files]]:
    def harmonise(
        file: FileData,
        part: int = 1,
        composer: str | None = None,
        form: str | None = None,
        ensemble: str | None = None,
        temperature: float = default_of("temperature"),
        candidates: int = default_of("candidates"),
        seed: int | None = None,
        engine: str | None = None,
    ) -> Iterator[Files]:
        """Write the other parts to a melody, or to one part of a piece; its notes stay."""
        with plain_errors():
            options = _read(
                composer=composer,
                form=form,
                ensemble=ensemble,
                temperature=temperature,
                candidates=candidates,
                seed=seed,
                engine=engine,
            )
            options |= {"part": _read_number("part", part) - 1}
            piece = uploads.read_piece(studio.read_score, file)
            yield from last_of(studio.harmonise_steps(piece, **_told(options)))

    return harmonise


def with_seed(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with a new seed where none is given."""
    return values | ({"seed": new_seed()} if values["seed"] is None else {})


def _read(**values: Any) -> dict[str, Any]:
    """Read settings by name; a setting of None is left to the pipeline, a seed is drawn."""
    told = {name: value for name, value in with_seed(values).items() if value is not None}
    return {name: setting(name).read(value) for name, value in told.items()}


def _told(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that are not left open, and that nobody stops the run."""
    told = {name: value for name, value in options.items() if value is not None}
    return {**told, "should_stop": lambda: False}


def _read_place(first_bar: Any, last_bar: Any, parts: Any) -> dict[str, Any]:
    """Read which bars of which parts; a part is an index from here on."""
    if parts is not None and not isinstance(parts, list):
        raise OptionError("`parts` must be a list of numbers such as [1, 2]; leave it out for all")
    chosen = None if parts is None else [_read_number("parts", part) - 1 for part in parts]
    return {
        "first_bar": _read_number("first_bar", first_bar),
        "last_bar": _read_number("last_bar", last_bar),
        "parts": chosen,
    }


def _read_number(name: str, value: Any) -> int:
    number = read_whole(f"`{name}`", value)
    if number is None:
        raise OptionError(f"`{name}` must be a whole number, got nothing")
    return number


def last_of(steps: Iterator[Progress | Composition]) -> Iterator[Files]:
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
