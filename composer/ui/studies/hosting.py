"""Studies that this server serves under `/studies/NAME`, begun and ended while it runs.

Only in the folder that COMPOSER_STUDIES names, and only by whoever knows COMPOSER_STUDY_KEY: a plan
may name folders of the server and keeps it composing for a while. What was stopped stays on the
disk with all its answers, and a server that starts again leaves it closed.
"""

from __future__ import annotations

import hmac
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount, Router
from starlette.types import Receive, Scope, Send

from composer.errors import ComposerError, OptionError, RequestError
from composer.listening.ballots import Listener
from composer.listening.journal import BALLOTS, read_listeners
from composer.listening.plan import StudyPlan, read_plan
from composer.listening.sources import Sources, default_sources
from composer.listening.stimuli import load_study, prepare
from composer.settings import read
from composer.ui.studies.opening import open_study

CLOSED = "closed"  # a file of this name keeps a study from being served
MAX_NAME = 40
NOT_HERE = (
    "studies cannot be hosted here: set COMPOSER_STUDIES to a folder and COMPOSER_STUDY_KEY to a "
    "key, then start the page again"
)
NO_STUDY = "no such study is hosted here; choose one of the list"
_POLL_S = 0.3


@dataclass(frozen=True)
class _Preview:
    """A study as a listener sees it, before it is hosted.

    Args:
        word: Of its address; nobody guesses it.
        app: Serves it.
        place: Where answers are kept for as long as the preview is.
    """

    word: str
    app: Starlette
    place: TemporaryDirectory[str]


class Hosting:
    """The studies of one folder, as an ASGI app.

    Args:
        home: The folder; it holds one folder a study.
        sources: Where the pieces of a plan come from.
        options: Of `listening.prepare`.

    Raises:
        RequestError: If a study in it is not ready.
    """

    def __init__(
        self,
        home: Path,
        sources: Callable[[Path], Sources] = default_sources,
        **options: Any,
    ) -> None:
        self._home, self._sources, self._options = home, sources, options
        self._lock = threading.Lock()
        ready = sorted(path.parent for path in home.glob("*/clips.json"))
        self._served = {
            folder.name: open_study(folder) for folder in ready if not (folder / CLOSED).exists()
        }
        self._previews: dict[str, _Preview] = {}
        self._router = self._routed()

    def _routed(self) -> Router:
        previews = (Mount(f"/{name}/{one.word}", one.app) for name, one in self._previews.items())
        studies = (Mount(f"/{name}", app) for name, app in self._served.items())
        return Router([*previews, *studies])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a call to the study that it names."""
        await self._router(scope, receive, send)

    @property
    def names(self) -> list[str]:
        """The studies that are served."""
        return sorted(self._served)

    @property
    def kept(self) -> list[str]:
        """All studies that were ever served: their answers are here."""
        return sorted(path.parent.name for path in self._home.glob(f"*/{BALLOTS}"))

    def begin(self, plan: StudyPlan) -> Iterator[tuple[int, int]]:
        """Make the clips of a plan and serve it; yield how many of all clips are made.

        Whoever stops listening does not stop the work.

        Raises:
            RequestError: If a piece cannot be had, or another plan has this title.
        """
        yield from self._make(plan, self.open)

    def preview(self, plan: StudyPlan) -> Iterator[tuple[int, int]]:
        """Make the clips of a plan and serve it to whoever knows `preview_path`; yield as `begin`.

        Answers that are given there are not kept.

        Raises:
            RequestError: As `begin`.
        """
        yield from self._make(plan, self._open_preview)

    def preview_path(self, plan: StudyPlan) -> str:
        """Return where a preview is served, below all studies."""
        name = name_of(plan)
        return f"{name}/{self._previews[name].word}/"

    def _make(self, plan: StudyPlan, then: Callable[[str], None]) -> Iterator[tuple[int, int]]:
        """Make the clips of a plan in a thread, then do something with its name."""
        folder = self._home / name_of(plan)
        told: list[tuple[int, int]] = [(0, len(plan.conditions) * len(plan.prompts))]
        failed: list[ComposerError] = []
        ended = threading.Event()

        def work() -> None:
            try:
                report = lambda done, wanted: told.append((done, wanted))  # noqa: E731
                self._clear_way(plan, folder)
                prepare(plan, folder, self._sources(self._home), report=report, **self._options)
                then(folder.name)
            except ComposerError as error:
                failed.append(error)
            finally:
                ended.set()

        threading.Thread(target=work, name="study", daemon=True).start()
        while not ended.wait(_POLL_S):
            yield told[-1]
        if failed:
            raise failed[0]
        yield told[-1]

    def _clear_way(self, plan: StudyPlan, folder: Path) -> None:
        """Take clips of another plan away that nobody was asked about; serve nothing half made."""
        if (folder / "plan.json").exists() and not (folder / BALLOTS).exists():
            text = (folder / "plan.json").read_text(encoding="utf-8")
            if read_plan(text, is_json=True) != plan:
                shutil.rmtree(folder)
        if folder.name not in self._served:
            folder.mkdir(exist_ok=True)
            (folder / CLOSED).touch()

    def _open_preview(self, name: str) -> None:
        place = TemporaryDirectory(prefix="composer-")
        app = open_study(self._home / name, Path(place.name) / BALLOTS)
        with self._lock:
            self._close_preview(name)
            self._previews[name] = _Preview(f"preview-{secrets.token_urlsafe(9)}", app, place)
            self._router = self._routed()

    def _close_preview(self, name: str) -> None:
        if name in self._previews:
            self._previews.pop(name).place.cleanup()

    def open(self, name: str) -> None:
        """Serve a study that is ready; its preview ends."""
        (self._home / name / CLOSED).unlink(missing_ok=True)
        with self._lock:
            self._close_preview(name)
            self._served[name] = open_study(self._home / name)
            self._router = self._routed()

    def read(self, name: Any) -> tuple[StudyPlan, tuple[Listener, ...]]:
        """Return the plan of a study and all that came to it, served or closed.

        Raises:
            RequestError: If there is no such study.
        """
        if name not in self.kept:
            raise RequestError(NO_STUDY)
        folder = self._home / name
        return load_study(folder).plan, read_listeners(folder)

    def end(self, name: Any) -> None:
        """Serve a study no more; its answers stay.

        Raises:
            RequestError: If no study of that name is served.
        """
        if name not in self.names:
            raise RequestError(NO_STUDY)
        with self._lock:
            del self._served[name]
            self._router = self._routed()
        (self._home / name / CLOSED).touch()


def name_of(plan: StudyPlan) -> str:
    """Return the name of a study's folder and address: its title in small letters."""
    plain = re.sub(r"[^a-z0-9]+", "-", plan.title.lower()).strip("-")
    return plain[:MAX_NAME].strip("-") or "study"


@lru_cache(maxsize=1)
def _hosting(home: Path) -> Hosting:
    return Hosting(home)


def hosting() -> Hosting | None:
    """Return the studies of this server; None if it has no folder for them.

    Raises:
        OptionError: If there is no such folder.
        RequestError: If a study in it is not ready.
    """
    home = read().studies.folder
    if home is None:
        return None
    if not home.is_dir():
        raise OptionError("COMPOSER_STUDIES names no folder; make it, or unset it")
    return _hosting(home)


def study_routes() -> list[Mount]:
    """Return the route of all studies of this server; none without a folder for them.

    Raises:
        OptionError: If there is no such folder.
        RequestError: If a study in it is not ready.
    """
    found = hosting()
    return [] if found is None else [Mount("/studies", found)]


def opened_by(key: Any) -> Hosting:
    """Return the studies of this server to whoever knows its key.

    Raises:
        RequestError: If it hosts none, or the key is another.
    """
    found, known = hosting(), read().studies.key.get_secret_value()
    if found is None or not known:
        raise RequestError(NOT_HERE)
    if not hmac.compare_digest(known.encode(), str(key).encode("utf-8", "replace")):
        raise RequestError("this is not the key of this server; it is what COMPOSER_STUDY_KEY says")
    return found
