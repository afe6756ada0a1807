"""Somebody's own style for a server: learned in a process that can be killed, kept on the shelf.

The process has one thread and the lowest priority, so that whoever composes meanwhile hardly
notices; it ends with the server. What is learned is an engine of whoever asked, found by a name
that nobody can guess, or one of this installation, which everybody sees.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from composer import places
from composer.engines import open_shelf
from composer.errors import OptionError, RequestError, WorkerError
from composer.piece import Piece
from composer.pipeline.ranking import Progress

MAX_PIECES, MAX_NOTES = 100, 200_000
START_S, STOP_S = 120.0, 60.0  # to import and index; to keep the best after a stop
LOOK_EVERY_S = 0.2
MAX_PRIVATE, PRIVATE_LIFE_S = 8, 6 * 3600.0
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class OwnStyle:
    """A style that was learned.

    Args:
        engine: Its name on the shelf.
        before, after: Nats a note of the music that was held back.
        pieces: That were read.
        minutes: That it took.
        stopped: Whether somebody stopped it; what is kept is the best until then.
    """

    engine: str
    before: float
    after: float
    pieces: int
    minutes: float
    stopped: bool


def own_style_steps(
    pieces: Sequence[Piece],
    *,
    licence: str,
    minutes: float,
    name: str = "",
    seed: int = 0,
    base: Path | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Progress | OwnStyle]:
    """Learn a style from pieces; yield how far it is, then what came of it.

    Args:
        pieces: Of one hand.
        licence: Under which they may be used.
        minutes: At most.
        name: Makes it an engine of this installation; left out, only who knows its name finds it.
        seed: Of the order in which they are read.
        base: Checkpoint that is copied; the usual one if None.
        should_stop: Asked five times a second; when true, the best so far is kept.

    Raises:
        RequestError: If there is too little music or too much, or nothing was learned.
        OptionError: If no licence is named, or the name will not do.
        WorkerError: If the process died or took too long.
    """
    _check(pieces, licence, name)
    engine = name or f"mine-{secrets.token_hex(8)}"
    out = _new_private(engine) if not name else _unfinished()
    given = {
        "base": base or places.checkpoint_folder(),
        "minutes": minutes, "licence": licence, "seed": seed,
    }  # fmt: skip
    is_kept = False
    try:
        for step in _hear(engine, tuple(pieces), out, given, should_stop):
            if isinstance(step, OwnStyle):
                out = out.rename(places.styles_folder() / name) if name else out
                open_shelf().add(engine, out, is_listed=bool(name))
                is_kept = True
            yield step
    finally:
        if not is_kept:
            _drop(engine)
            shutil.rmtree(out, ignore_errors=True)


def _check(pieces: Sequence[Piece], licence: str, name: str) -> None:
    if not licence.strip():
        raise OptionError("say under which licence the pieces may be used, such as `my own work`")
    if len(pieces) > MAX_PIECES or sum(piece.n_notes for piece in pieces) > MAX_NOTES:
        raise RequestError(
            f"a style is learned from {MAX_PIECES} pieces with {MAX_NOTES} notes at most; "
            "leave some out"
        )
    if name and not NAME.fullmatch(name):
        raise OptionError(
            "`name` must be small letters, digits and hyphens, 40 at most, such as `my-waltzes`"
        )
    if name and (name in open_shelf().names or (places.styles_folder() / name).exists()):
        raise OptionError(f"there is an engine {name!r} already; give another `name`")


def _hear(
    engine: str,
    pieces: tuple[Piece, ...],
    out: Path,
    given: dict[str, Any],
    should_stop: Callable[[], bool],
) -> Iterator[Progress | OwnStyle]:
    """Run the process; yield what it tells; kill it if it is not over in time."""
    began_s = time.monotonic()
    ends_s, is_stopped = began_s + 60 * given["minutes"] + START_S, False
    yield Progress(0, 0, 0.0, None, 0.0)
    with _process(pieces, out, given) as told:
        while time.monotonic() < ends_s:
            if not is_stopped and should_stop():
                is_stopped, ends_s = True, time.monotonic() + STOP_S
                with suppress(OSError):
                    told.send("stop")
            if not told.poll(LOOK_EVERY_S):
                continue
            try:
                found = told.recv()
            except EOFError:
                raise WorkerError("learning broke and was given up", "crash") from None
            if isinstance(found, RequestError):
                raise found
            if isinstance(found, dict):
                yield OwnStyle(engine, **found, stopped=is_stopped)
                return
            yield Progress.since(began_s, 0, 0, found)
    raise WorkerError("learning took longer than it may and was stopped", "time")


@contextmanager
def _process(pieces: tuple[Piece, ...], out: Path, given: dict[str, Any]) -> Iterator[Connection]:
    """Start the process; yield our end of its line; nothing of it is left afterwards."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, pieces, out, given), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(1.0)
        if process.is_alive():
            process.kill()
            process.join()


def _work(line: Connection, pieces: tuple[Piece, ...], out: Path, given: dict[str, Any]) -> None:
    """Learn, in the process; a word from the other end, or its end, is a stop.

    Told are shares of the time, 0..1, and at last what came of it, or an error for a person: only
    numbers and words, so that the server needs no library of training.
    """
    os.environ["OMP_NUM_THREADS"] = "1"
    os.nice(19)
    from composer.own_style import Look, learn_own_style

    def tell(found: float | dict[str, Any] | RequestError) -> None:
        with suppress(OSError):
            line.send(found)

    def tell_look(look: Look) -> None:
        tell(look.share)

    try:
        found = learn_own_style(pieces, out, on_look=tell_look, should_stop=line.poll, **given)
    except RequestError as error:
        tell(error)
        return
    names = ("before", "after", "pieces", "minutes")
    tell({name: getattr(found, name) for name in names})


def _unfinished() -> Path:
    """Return a folder beside the styles of this installation, to be renamed when it is whole."""
    places.styles_folder().mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".", dir=places.styles_folder()))
    folder.chmod(0o755)
    return folder


_private: dict[str, tuple[Path, float]] = {}
_lock = threading.Lock()


def _new_private(engine: str) -> Path:
    """Return the folder of a style that only its owner knows; the oldest of too many go."""
    with _lock:
        now_s = time.monotonic()
        old = [name for name, (_, made_s) in _private.items() if now_s - made_s > PRIVATE_LIFE_S]
        n_too_many = len(_private) - len(old) - MAX_PRIVATE + 1
        others = [name for name in _private if name not in old]
    for name in (*old, *others[: max(0, n_too_many)]):
        _drop(name)
    folder = Path(tempfile.mkdtemp(prefix="composer-style-"))
    with _lock:
        _private[engine] = (folder, now_s)
    return folder


def _drop(engine: str) -> None:
    """Forget a style of somebody, and take it off the shelf."""
    with _lock:
        found = _private.pop(engine, None)
    if found:
        open_shelf().remove(engine)
        shutil.rmtree(found[0], ignore_errors=True)


@atexit.register
def forget_private() -> None:
    """Forget the styles of all visitors; for the end of the server."""
    for engine in list(_private):
        _drop(engine)
