"""What happens on the Edit page: plain functions, values in and values out.

A tab holds every version of its piece that was on show. A candidate is on show until it is kept;
whatever was painted becomes a version of its own as soon as something else is done, so that nothing
is lost and everything can be undone: files and melodies that were taken, runs, picks, paintings.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from composer.composition import Composition
from composer.corpus.abc import read_abc
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline import Progress
from composer.scoring import score
from composer.ui.edit import views
from composer.ui.edit.jobs import Job
from composer.ui.shared import (
    downloads,
    keeping,
    marked,
    score_view,
    sheets,
    source,
    tables,
    uploads,
    wording,
)
from composer.ui.shared.history import History
from composer.ui.shared.running import TabState, follow
from composer.ui.shared.visit import Visit
from composer.ui.studio import ReadScore

Steps = Iterator[Progress | Composition]


@dataclass(frozen=True)
class Trial:
    """What came of a run.

    Args:
        job: What it was to do.
        found: The candidates.
        shown: Rank of the one on show; 0 if it is the piece that was there.
    """

    job: Job
    found: Composition
    shown: int = 1


@dataclass(frozen=True)
class Version:
    """What once was on show.

    Args:
        piece: With all its notes; a candidate on show is not in it yet.
        words: How it came to be.
        record: The composition.json of the run that wrote it, if one did.
        trial: The candidates of the last run.
        key: Under which the library of the browser keeps the versions of one piece.
    """

    piece: Piece
    words: str
    record: str = ""
    trial: Trial | None = None
    key: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def candidate(self) -> Trial | None:
        """The last run, where one of its candidates is on show."""
        return self.trial if self.trial and self.trial.shown else None

    @property
    def on_show(self) -> Piece:
        """A candidate, or the piece."""
        trial = self.candidate
        return trial.found.ranked[trial.shown - 1].piece if trial else self.piece

    @property
    def told(self) -> str:
        """How what is on show came to be."""
        return self.candidate.job.words if self.candidate else self.words

    def showing(self, rank: int) -> Trial | None:
        """Return the last run with another of its candidates on show, 0 for none."""
        return self.trial and replace(self.trial, shown=rank)


@dataclass(frozen=True, kw_only=True)
class Editing(TabState):
    """What the Edit page of one tab holds.

    Args:
        history: All versions, of which one is present.
        job: What the run under way is to do.
        turn: Counts what was put on show.
    """

    history: History[Version] = field(default_factory=History)
    job: Job | None = None
    turn: int = 0

    @property
    def version(self) -> Version:
        """The present one.

        Raises:
            RequestError: If there is no piece yet.
        """
        if self.history.present is None:
            raise RequestError(source.NO_MUSIC)
        return self.history.present

    @property
    def piece(self) -> Piece:
        """What is on show."""
        return self.version.on_show

    def add(self, version: Version) -> Editing:
        """Return the state with a version more."""
        return self.go(self.history.add(version))

    def go(self, history: History[Version]) -> Editing:
        """Return the state with another version on show."""
        return replace(self, history=history, turn=self.turn + 1)


def take_upload(read_score: ReadScore, state: Editing, upload: Any) -> Editing:
    """Take a file.

    Raises:
        RequestError: If it is no file of ours, or no music.
    """
    return _take(state, uploads.read_piece(read_score, upload), "as read")


def take_composed(state: Editing, visit: Visit) -> Editing:
    """Take what is on show on the Compose page.

    Raises:
        RequestError: If nothing is.
    """
    return _take(state, source.composed_piece(visit), "as composed")


def take_melody(state: Editing, text: Any) -> Editing:
    """Take a melody that was typed as ABC.

    Raises:
        RequestError: If it cannot be read.
    """
    return _take(state, read_abc(source.typed_notes(text, "melody")), "as written")


def _take(state: Editing, piece: Piece, words: str) -> Editing:
    taken = state.add(Version(piece, words))
    return replace(taken, folder=state.folder or secrets.token_hex(16))


def take_edits(state: Editing, edits: Any) -> Editing:
    """Return the state with what was painted as a version; the same state if nothing was.

    Raises:
        RequestError: If there is no piece, or it is no painting of what is on show.
    """
    version = state.version
    painted = marked.read_edits(edits, version.on_show)
    if painted is version.on_show:
        return state
    words = views.painted_words(version.told)
    return state.add(Version(painted, words, trial=version.showing(0), key=version.key))


def begin(
    state: Editing, edits: Any, read_job: Callable[..., Job], values: tuple[Any, ...]
) -> Editing:
    """Read what is to be done and mark a run as under way, before it waits in the queue.

    It works on what is on show: what was painted there, or a candidate, is kept.

    Args:
        state: Of the tab.
        edits: What was painted.
        read_job: One of `jobs`.
        values: What it reads.

    Raises:
        RequestError: If a run is under way, or a value will not do.
    """
    run = state.run.next()
    painted = take_edits(state, edits)
    job = read_job(painted.piece, *values)
    kept = keep(painted) if painted.version.candidate else painted
    return replace(kept, run=run, job=job)


def draw(
    makers: Mapping[str, Callable[..., Steps]], state: Editing
) -> Iterator[tuple[Any, str, str]]:
    """Write; yield the state, the status line and a draft, at last with the candidates.

    Args:
        makers: Of steps, by the kind of a job.
        state: Of the tab, with the job.

    Raises:
        RequestError: If no run was begun.
    """
    job = state.job
    if job is None:
        raise RequestError(source.NO_MUSIC)

    def finish(found: Composition) -> tuple[Editing, str]:
        ended = state.add(replace(state.version, trial=Trial(job, found)))
        return ended, wording.result_words(found)

    steps = makers[job.kind](*job.arguments, should_stop=state.run.is_stopped, **job.options)
    return follow(state, steps, finish)


def pick(state: Editing, rank: Any) -> Editing:
    """Put another candidate on show.

    Raises:
        RequestError: If there is no such candidate.
    """
    trial = state.version.trial
    n_candidates = len(trial.found.ranked) if trial else 0
    if isinstance(rank, bool) or not isinstance(rank, int) or not 1 <= rank <= n_candidates:
        raise RequestError(f"there is no candidate of rank {str(rank)[:20]!r}; pick a row")
    return state.add(replace(state.version, trial=state.version.showing(rank)))


def keep(state: Editing) -> Editing:
    """Make the candidate on show the piece.

    Raises:
        RequestError: If none is on show.
    """
    version = state.version
    if version.candidate is None:
        raise RequestError("nothing new is on show; write something, or paint some notes")
    record = str(_write_record(state, version.candidate))
    kept = Version(version.on_show, version.told, record, version.showing(0), version.key)
    return state.add(kept)


def keep_all(state: Editing, edits: Any) -> Editing:
    """Make what is on show the piece, with what was painted there.

    Raises:
        RequestError: If nothing about it is new.
    """
    painted = take_edits(state, edits)
    return keep(state) if painted is state else painted


def undo(state: Editing) -> Editing:
    """Go back to what was on show before.

    Raises:
        RequestError: If there is nothing to undo.
    """
    state.version  # noqa: B018  there must be one
    return state.go(state.history.undo())


def redo(state: Editing) -> Editing:
    """Take back the last undo.

    Raises:
        RequestError: If there is none to take back.
    """
    state.version  # noqa: B018  there must be one
    return state.go(state.history.redo())


def show(state: Editing) -> dict[str, Any]:
    """Return what is on show as values of `Results`, and write its record.

    Raises:
        RequestError: If there is nothing yet.
    """
    version, piece = state.version, state.piece
    card = score(piece, form=piece.form)
    trial, candidate = version.trial, version.candidate
    place = _marked(candidate.job, piece) if candidate else None
    record = str(_write_record(state, candidate)) if candidate else version.record
    shown = candidate.shown if candidate else 0
    found = trial.found if trial else None
    return {
        "heading": views.heading(piece, card, version.told, shown, found),
        "score": score_view.show(piece, card, selected=place, turn=state.turn),
        "ranking": views.candidates(found, shown, _first_bar(trial)),
        "scorecard": tables.scorecard(card),
        "record": record or None,
        "saved": _saved(state),
    }


def _saved(state: Editing) -> str:
    """Write what the library of the browser keeps: the versions of the piece, the present last.

    What could be redone, and what candidates were not picked, is left out.
    """
    version, piece = state.version, state.piece
    steps = state.history.steps[: state.history.at + 1]
    versions = [(one.on_show, one.told) for one in steps if one.key == version.key]
    path = state.path(f"versions-{version.key[:8]}-{marked.fingerprint(piece)}.json")
    path.write_text(views.versions_json(versions), encoding="utf-8")
    facts = f"{version.told}, {wording.count(len(versions), 'version')}"
    return keeping.saved(key=version.key, title=wording.title(piece), facts=facts, path=path)


def open_kept(state: Editing, path: Any, key: Any) -> Editing:
    """Put the versions of a piece of the browser's library on show: exactly its notes.

    Raises:
        RequestError: If it is none.
    """
    versions = views.read_versions(keeping.read_json(keeping.read_kept(path)))
    known = keeping.checked_key(key, secrets.token_hex(16))
    opened = replace(state, folder=state.folder or secrets.token_hex(16))
    for piece, words in versions:
        opened = opened.add(Version(piece, words, key=known))
    return opened


def _marked(job: Job, piece: Piece) -> marked.Selection | None:
    """Return the bars that a run wrote, under the numbers that they have in what came of it."""
    return job.place and marked.renumbered(job.place, job.arguments[0], piece)


def _first_bar(trial: Trial | None) -> int:
    """Return where a run wrote, counted from 1 in the piece as it was given."""
    if trial is None or trial.job.place is None:
        return 1
    piece = trial.job.arguments[0]
    return 1 + int(piece.index_of_bars(trial.job.place.first_bar, trial.job.place.last_bar)[0])


def given_part(state: Editing) -> int:
    """Return the part of what is on show that the last run was given; the highest if it was not."""
    trial = state.version.trial
    if trial is None or trial.job.kind != "harmonise":
        return 0
    given = trial.job.arguments[0].parts[trial.job.options["part"]].notes
    return next((n for n, part in enumerate(state.piece.parts) if part.notes == given), 0)


def _write_record(state: Editing, trial: Trial) -> Path:
    path = state.path(f"{trial.found.file_stem(trial.shown)}.json")
    if not path.exists():
        path.write_text(trial.found.to_json(), encoding="utf-8")
    return path


def show_sheet(state: Editing, window_px: Any, edits: Any = None) -> str:
    """Engrave what is on show for a window of a width, with what was painted; return HTML."""
    if not state.history.steps:
        return ""
    return sheets.show_sheet(marked.read_edits(edits, state.piece), window_px, tells_notes=True)


def judge(state: Editing, edits: Any) -> dict[str, str]:
    """Say what becomes of the piece while notes are painted: values of `Results`, `judged` too.

    Raises:
        RequestError: If there is no piece, or it is no painting of what is on show.
    """
    version, piece = state.version, marked.read_edits(edits, state.piece)
    card = score(piece, form=piece.form)
    words = version.told if piece is state.piece else views.painted_words(version.told)
    return {
        "heading": views.heading(piece, card, words),
        "scorecard": tables.scorecard(card),
        "judged": score_view.judged(state.piece, card),
    }


def make_file(
    render_audio: Callable[..., Path], kind: str, state: Editing, edits: Any = None
) -> Path:
    """Write what is on show in a format, with what was painted; `zip` is all of them.

    Raises:
        RequestError: If there is none, or it cannot be written so.
        MissingTool: If a tool is absent.
    """
    piece = marked.read_edits(edits, state.piece)
    name = f"edited-{views.slug(piece)}-{marked.fingerprint(piece)[:8]}.{kind}"
    return downloads.make_file(piece, state.path(name), render_audio=render_audio)
