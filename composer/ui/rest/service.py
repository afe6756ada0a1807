"""`Service`: what all routes of REST share: studio, turns, jobs, links, keys. Knows no route."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from composer import settings
from composer.errors import RequestError
from composer.pipeline import Progress
from composer.ui.api import calling, orchestrating
from composer.ui.api.abilities import Ability
from composer.ui.rest import answers, filing
from composer.ui.rest.jobs import FILES, LEARNING, MODEL, Job, Jobs, Made
from composer.ui.rest.keys import Keys
from composer.ui.rest.links import Links
from composer.ui.server.traffic import Tollgate, log_line
from composer.ui.server.turns import Turns
from composer.ui.shared import own_styles
from composer.ui.studio import Studio

LEAST_FREE_BYTES = 200_000_000  # of the disk, to be ready
FILES_AT_ONCE = 2
NO_NAME = (
    "`name` makes a style an engine of this installation and needs an API key; leave it out for "
    "one that only you find, by the name that the result gives"
)


@dataclass(frozen=True)
class Service:
    """What routes need.

    Args:
        studio: Its runs wait for their turn.
        turns: Of all runs, those of the page too.
        jobs: Begun here.
        links: To files.
        keys: Of callers.
        folder: Where files are written.
        began_s: When it started.
    """

    studio: Studio
    turns: Turns
    jobs: Jobs
    links: Links
    keys: Keys
    folder: Path
    began_s: float = field(default_factory=time.time)

    @classmethod
    def of(cls, studio: Studio, turns: Turns, tollgate: Tollgate) -> Service:
        """Return the service as it is configured.

        Args:
            studio: As the page has it, in turn.
            turns: As the page has them.
            tollgate: Counts the calls of addresses, those of the page too.

        Raises:
            OptionError: If the keys cannot be read.
        """
        own = settings.read().service
        folder = Path(get_upload_folder()).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return cls(
            studio,
            turns,
            Jobs({MODEL: turns.at_once, FILES: FILES_AT_ONCE, LEARNING: 1}, answers.explain),
            Links(folder, own.link_life_s),
            Keys(own.keys.get_secret_value(), tollgate),
            folder,
        )

    def composing(self, ability: Ability, values: Mapping[str, Any], owner: str) -> Job:
        """Return a job that makes music; what will not do is said at once.

        Raises:
            RequestError: If a value will not do, or a file is no music.
        """
        is_stopped: list[Callable[[], bool]] = [lambda: False]
        with self.turns.tally.phase(ability.name, "reading"):
            steps = ability.run(**values, should_stop=lambda: is_stopped[0]())

        def work(should_stop: Callable[[], bool]) -> Iterator[Progress | Made]:
            is_stopped[0] = should_stop
            for step in steps:
                if isinstance(step, Progress):
                    yield step
                else:
                    with self.turns.tally.phase(ability.name, "writing"):
                        files = calling.write(step)
                    yield answers.made_of(step, *files)

        return Job(ability.name, owner, self._logged(ability.name, owner, work))

    def _filing(self, kind: str, run: Callable[[], Made], owner: str) -> Job:
        """Return a job that reads or writes a file."""

        def work(_: Callable[[], bool]) -> Iterator[Progress | Made]:
            with self.turns.tally.request(kind), self.turns.tally.phase(kind, "filing"):
                yield run()

        return Job(kind, owner, self._logged(kind, owner, work), FILES)

    def inspect(self, file: Any, form: str | None, owner: str) -> Job:
        """Return a job that looks into a file."""
        return self._filing("inspect", lambda: filing.inspect(self.studio, file, form), owner)

    def orchestrate(self, values: Mapping[str, Any], owner: str) -> Job:
        """Return a job that makes recordings; what will not do is said at once.

        Raises:
            RequestError: If a value will not do, or the file is no music.
        """
        is_stopped: list[Callable[[], bool]] = [lambda: False]
        asked = {**values, "should_stop": lambda: is_stopped[0]()}
        ending = asked.pop("format")
        steps = orchestrating.begin(self.studio, **asked)

        def work(should_stop: Callable[[], bool]) -> Iterator[Progress | Made]:
            is_stopped[0] = should_stop
            for step in steps:
                if isinstance(step, Progress):
                    yield step
                else:
                    told, sound, record = orchestrating.write(step, ending)
                    yield Made(answers.finite(told), (sound, record), should_stop())

        return Job("orchestrate", owner, self._logged("orchestrate", owner, work))

    def own_style(self, values: Mapping[str, Any], owner: str) -> Job:
        """Return a job that learns a style from files; what will not do is said at once.

        Raises:
            RequestError: If a value will not do, or a file is no music.
        """
        asked = dict(values)
        if asked["name"] and not owner:
            raise RequestError(NO_NAME)
        pieces = own_styles.read_pieces(
            self.studio, asked.pop("files"), asked.pop("composer"), asked.pop("form")
        )
        own_styles.check_minutes(asked["minutes"])

        def work(should_stop: Callable[[], bool]) -> Iterator[Progress | Made]:
            for step in self.studio.own_style_steps(pieces, **asked, should_stop=should_stop):
                yield step if isinstance(step, Progress) else Made(asdict(step), (), step.stopped)

        return Job("own_style", owner, self._logged("own_style", owner, work), LEARNING)

    def transcribe(self, asked: filing.Recording, owner: str) -> Job:
        """Return a job that writes a recording down."""
        return self._filing("transcribe", lambda: filing.transcribe(asked), owner)

    def render(self, asked: filing.Rendering, owner: str) -> Job:
        """Return a job that writes a file in another format."""
        return self._filing("render", lambda: filing.render(self.studio, asked), owner)

    def _logged(self, kind: str, owner: str, work: Callable[..., Any]) -> Any:
        """Write a line of the log when a job is over."""

        def run(should_stop: Callable[[], bool]) -> Iterator[Any]:
            began_s, outcome = time.monotonic(), "failed"
            try:
                yield from work(should_stop)
                outcome = "done"
            finally:
                ms = round(1000 * (time.monotonic() - began_s))
                log_line(job=kind, outcome=outcome, ms=ms, owner=owner)

        return run

    def checks(self) -> dict[str, str]:
        """Return what is needed to compose, each with `ok` or what is wrong with it."""
        from shutil import disk_usage

        free_bytes = disk_usage(self.folder).free
        ending = self.jobs.is_closed or self.turns.is_closed
        return {
            "model": _problem_of(self.studio.load),
            "disk": "ok" if free_bytes >= LEAST_FREE_BYTES else f"{free_bytes / 1e6:.0f} MB left",
            "queue": "ok" if not self.jobs.is_full else "full",
            "server": "ending" if ending else "ok",
        }

    def gauges(self) -> dict[str, float]:
        """Return what is so at this moment, for the metrics."""
        return {
            "jobs_waiting": self.jobs.n_waiting,
            "jobs_running": self.jobs.n_running,
            "turns_waiting": self.turns.n_waiting,
            "turns_running": self.turns.n_running,
            "up_seconds": time.time() - self.began_s,
        }


def _problem_of(load: Callable[[], object]) -> str:
    """Say why the model cannot be had; `ok` if it can. It is loaded once and stays."""
    from composer.errors import ComposerError

    try:
        load()
    except ComposerError as error:
        return str(error)
    return "ok"


def fingerprint(kind: str, values: Mapping[str, Any]) -> str:
    """Return what tells a request from others."""
    text = json.dumps([kind, values], sort_keys=True, default=repr)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
