"""What happens on the Edit page: plain functions, values in and values out.

A tab holds versions of a piece, one on the bench, and the candidates of the last run. A candidate
is on show until it is kept; whatever was painted becomes a version of its own as soon as something
else is done, so that nothing is lost and everything can be undone.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from composer.composition import Composition
from composer.corpus.abc import read_abc
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline import Progress
from composer.scoring import score
from composer.ui.compose.visit import Visit
from composer.ui.edit import views
from composer.ui.edit.jobs import Job
from composer.ui.inspect import handlers as inspect_handlers
from composer.ui.shared import downloads, score_view, sheets, wording
from composer.ui.shared.running import BEGINNING, STATUS_EVERY_S, STOPPING, Run
from composer.ui.studio import ReadScore

MAX_VERSIONS = 50
MAX_THEME = 10_000  # characters
NO_PIECE = "there is no music yet; give a file, a melody or a composed piece"
Steps = Iterator[Progress | Composition]


@dataclass(frozen=True)
class Version:
    """A piece as it once was.

    Args:
        piece: With all its notes.
        words: How it came to be.
        record: The composition.json of the run that wrote it, if one did.
    """

    piece: Piece
    words: str
    record: str = ""


@dataclass(frozen=True)
class Editing:
    """What the Edit page of one tab holds.

    Args:
        run: The last one; Stop reaches it here.
        folder: Name of a folder that cannot be guessed.
        versions: The first one as it came.
        at: Index of the one on the bench.
        job: What the last run was to do.
        filled: What came of it.
        shown: Rank of the candidate on show; 0 is the piece on the bench.
        turn: Counts what was put on show.
    """

    run: Run = field(default_factory=Run)
    folder: str = ""
    versions: tuple[Version, ...] = ()
    at: int = 0
    job: Job | None = None
    filled: Composition | None = None
    shown: int = 0
    turn: int = 0

    @property
    def version(self) -> Version:
        """The version on the bench.

        Raises:
            RequestError: If there is no piece yet.
        """
        if not self.versions:
            raise RequestError(NO_PIECE)
        return self.versions[self.at]

    @property
    def piece(self) -> Piece:
        """What is on show: a candidate, or the piece on the bench."""
        if self.filled and self.shown:
            return self.filled.ranked[self.shown - 1].piece
        return self.version.piece

    def with_version(self, version: Version) -> Editing:
        """Return the state with a new version on the bench; those behind it are gone."""
        versions = (*self.versions[: self.at + 1], version)[-MAX_VERSIONS:]
        at = len(versions) - 1
        return replace(self, versions=versions, at=at, shown=0, turn=self.turn + 1)

    def check_idle(self) -> None:
        """Check that no run is under way.

        Raises:
            RequestError: If one is.
        """
        if self.run.is_under_way:
            raise RequestError("the last run is still under way; wait for it or press Stop")

    def path(self, name: str) -> Path:
        """Return where a file of this name belongs."""
        folder = Path(get_upload_folder()) / self.folder  # gradio deletes what lies there in time
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name


@dataclass(frozen=True)
class Shown:
    """What is on show, ready to be put on the page; HTML but for the record.

    Args:
        heading: What it is.
        score: What the score view shows.
        ranking: The candidates of the last run.
        scorecard: The values of the whole piece.
        record: The composition.json of what is on show, if a run wrote it.
    """

    heading: str
    score: str
    ranking: str
    scorecard: str
    record: Path | None


def take_upload(read_score: ReadScore, upload: Any) -> Editing:
    """Begin with a file.

    Raises:
        RequestError: If it is no file of ours, or no music.
    """
    return _begin_with(inspect_handlers.read_upload(read_score, upload).read_piece(), "as read")


def take_composed(visit: Visit) -> Editing:
    """Begin with what is on show on the Compose page.

    Raises:
        RequestError: If nothing is.
    """
    candidate = visit.candidate()
    if candidate is None:
        raise RequestError("nothing is composed yet; press Compose on the first page")
    return _begin_with(candidate.piece, "as composed")


def take_melody(text: Any) -> Editing:
    """Begin with a melody that was typed as ABC.

    Raises:
        RequestError: If it cannot be read.
    """
    if not isinstance(text, str) or not text.strip():
        raise RequestError("no melody is written yet; write some notes, such as `C D E F | G4`")
    return _begin_with(read_abc(text[:MAX_THEME]), "as written")


def _begin_with(piece: Piece, words: str) -> Editing:
    return Editing(folder=secrets.token_hex(16), versions=(Version(piece, words),))


def take_edits(state: Editing, edits: Any) -> Editing:
    """Return the state with what was painted as a version; the same state if nothing was.

    Raises:
        RequestError: If there is no piece, or it is no painting of what is on show.
    """
    on_show = state.piece
    painted = score_view.read_edits(edits, on_show)
    if painted is on_show:
        return state
    return state.with_version(Version(painted, views.painted_words(_words(state))))


def _words(state: Editing) -> str:
    return state.job.words if state.job and state.shown else state.version.words


def begin(
    state: Editing, edits: Any, read_job: Callable[..., Job], values: tuple[Any, ...]
) -> Editing:
    """Read what is wished and mark a run as under way, before it waits in the queue.

    It works on what is on show: what was painted there, or a candidate, is kept.

    Args:
        state: Of the tab.
        edits: What was painted.
        read_job: One of `edit_jobs`.
        values: What it reads.

    Raises:
        RequestError: If a run is under way, or a value will not do.
    """
    state.check_idle()
    painted = take_edits(state, edits)
    job = read_job(painted.piece, *values)
    on_bench = keep(painted) if painted.shown else painted
    return replace(on_bench, run=Run(is_under_way=True), job=job)


def draw(makers: Mapping[str, Callable[..., Steps]], state: Editing) -> Iterator[tuple[Any, str]]:
    """Write; yield the state and the status line, at last with the candidates.

    Args:
        makers: Of steps, by the kind of a job.
        state: Of the tab, with the job.

    Raises:
        RequestError: If a value will not do, or it was stopped before anything was drawn.
    """
    if state.job is None:
        raise RequestError(NO_PIECE)
    if state.run.is_stopped():
        raise RequestError("stopped before anything was drawn; press the button to begin again")
    yield state, wording.status(BEGINNING, 0.0)
    steps = makers[state.job.kind](
        *state.job.arguments, should_stop=state.run.is_stopped, **state.job.options
    )
    last_s = time.monotonic()
    for step in steps:
        if isinstance(step, Composition):
            ended = replace(state, filled=step, shown=1, turn=state.turn + 1)
            yield ended, wording.status(wording.result_words(step))
        elif time.monotonic() - last_s >= STATUS_EVERY_S:
            last_s = time.monotonic()
            words = STOPPING if state.run.is_stopped() else wording.progress_words(step)
            yield state, wording.status(words, step.fraction)


def pick(state: Editing, rank: Any) -> Editing:
    """Put another candidate on show.

    Raises:
        RequestError: If there is no such candidate.
    """
    n_candidates = len(state.filled.ranked) if state.filled else 0
    if isinstance(rank, bool) or not isinstance(rank, int) or not 1 <= rank <= n_candidates:
        raise RequestError(f"there is no candidate of rank {str(rank)[:20]!r}; pick a row")
    return replace(state, shown=rank, turn=state.turn + 1)


def keep(state: Editing) -> Editing:
    """Put the candidate on show on the bench.

    Raises:
        RequestError: If none is on show.
    """
    if not (state.filled and state.shown):
        raise RequestError("nothing new is on show; write something, or paint some notes")
    return state.with_version(Version(state.piece, _words(state), str(_write_record(state))))


def keep_all(state: Editing, edits: Any) -> Editing:
    """Put what is on show on the bench, with what was painted there.

    Raises:
        RequestError: If nothing about it is new.
    """
    painted = take_edits(state, edits)
    return keep(state) if painted is state else painted


def undo(state: Editing) -> Editing:
    """Put a candidate away, or else go back a version.

    Raises:
        RequestError: If there is nothing to undo.
    """
    state.version  # noqa: B018  there must be one
    if state.shown:
        return replace(state, shown=0, turn=state.turn + 1)
    if state.at == 0:
        raise RequestError("there is nothing to undo: this is the piece as it came")
    return replace(state, at=state.at - 1, turn=state.turn + 1)


def redo(state: Editing) -> Editing:
    """Take back the last undo.

    Raises:
        RequestError: If there is none to take back.
    """
    state.version  # noqa: B018  there must be one
    if state.at + 1 >= len(state.versions):
        raise RequestError("there is nothing to redo: this is the last version")
    return replace(state, at=state.at + 1, shown=0, turn=state.turn + 1)


def show(state: Editing) -> Shown:
    """Draw what is on show, and write its record.

    Raises:
        RequestError: If there is nothing yet.
    """
    piece = state.piece
    card = score(piece, form=piece.form)
    is_candidate = bool(state.filled and state.shown)
    place = _marked(state.job, piece) if state.job and is_candidate else None
    record = state.version.record
    return Shown(
        heading=views.heading(piece, _words(state), state.shown, state.filled),
        score=score_view.show(piece, card, selected=place, turn=state.turn),
        ranking=views.candidates(state.filled, state.shown),
        scorecard=wording.scorecard(card),
        record=_write_record(state) if is_candidate else Path(record) if record else None,
    )


def _marked(job: Job, piece: Piece) -> score_view.Selection | None:
    """Return the bars that a run wrote, under the numbers that they have in what came of it."""
    return job.place and score_view.renumbered(job.place, job.arguments[0], piece)


def given_part(state: Editing) -> int:
    """Return the part of what is on show that the last run was given; the highest if it was not."""
    job = state.job
    if job is None or job.kind != "harmonise":
        return 0
    given = job.arguments[0].parts[job.options["part"]].notes
    return next((n for n, part in enumerate(state.piece.parts) if part.notes == given), 0)


def _write_record(state: Editing) -> Path:
    assert state.filled
    path = state.path(f"{state.filled.file_stem(state.shown)}.json")
    if not path.exists():
        path.write_text(state.filled.to_json(), encoding="utf-8")
    return path


def show_sheet(state: Editing, window_px: Any) -> str:
    """Engrave what is on show for a window of a width; return HTML."""
    return sheets.show_sheet(state.piece, window_px) if state.versions else ""


def make_file(
    render_audio: Callable[..., Path], kind: str, state: Editing, edits: Any = None
) -> Path:
    """Write what is on show in a format, with what was painted; `zip` is all of them.

    Raises:
        RequestError: If there is none, or it cannot be written so.
        MissingTool: If a tool is absent.
    """
    piece = score_view.read_edits(edits, state.piece)
    name = f"edited-{views.slug(piece)}-{score_view.fingerprint(piece)[:8]}.{kind}"
    make = downloads.make_bundle if kind == "zip" else downloads.make_file
    return make(piece, state.path(name), render_audio=render_audio)
