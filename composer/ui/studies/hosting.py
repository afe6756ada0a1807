"""Studies that this server serves under `/studies/NAME`, begun and ended while it runs.

Only in the folder that COMPOSER_STUDIES names, and only by whoever knows COMPOSER_STUDY_KEY: a plan
may name folders of the server and keeps it composing for a while. What was stopped stays on the
disk with all its answers, and a server that starts again leaves it closed.
"""

from __future__ import annotations

import hmac
import re
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.routing import Mount, Router
from starlette.types import Receive, Scope, Send

from composer.errors import ComposerError, OptionError, RequestError
from composer.listening.plan import StudyPlan
from composer.listening.sources import Sources, default_sources
from composer.listening.stimuli import prepare
from composer.settings import read
from composer.ui.studies.opening import open_study

CLOSED = "closed"  # a file of this name keeps a study from being served
MAX_NAME = 40
NOT_HERE = (
    "studies cannot be hosted here: set COMPOSER_STUDIES to a folder and COMPOSER_STUDY_KEY to a "
    "key, then start the page again"
)
_POLL_S = 0.3


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
        self._router = self._routed()

    def _routed(self) -> Router:
        return Router([Mount(f"/{name}", app) for name, app in self._served.items()])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a call to the study that it names."""
        await self._router(scope, receive, send)

    @property
    def names(self) -> list[str]:
        """The studies that are served."""
        return sorted(self._served)

    def begin(self, plan: StudyPlan) -> Iterator[tuple[int, int]]:
        """Make the clips of a plan and serve it; yield how many of all clips are made.

        Whoever stops listening does not stop the work.

        Raises:
            RequestError: If a piece cannot be had, or another plan has this title.
        """
        folder = self._home / name_of(plan)
        told: list[tuple[int, int]] = [(0, len(plan.conditions) * len(plan.prompts))]
        failed: list[ComposerError] = []
        ended = threading.Event()

        def work() -> None:
            try:
                report = lambda done, wanted: told.append((done, wanted))  # noqa: E731
                sources = self._sources(self._home)
                prepare(plan, folder, sources, report=report, **self._options)
                self.open(folder.name)
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

    def open(self, name: str) -> None:
        """Serve a study that is ready."""
        (self._home / name / CLOSED).unlink(missing_ok=True)
        with self._lock:
            self._served[name] = open_study(self._home / name)
            self._router = self._routed()

    def end(self, name: Any) -> None:
        """Serve a study no more; its answers stay.

        Raises:
            RequestError: If no study of that name is served.
        """
        if name not in self.names:
            raise RequestError("no such study is hosted here; choose one of the list")
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
