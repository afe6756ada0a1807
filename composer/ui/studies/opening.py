"""From a study's folder to its server, and from a folder of studies to routes of the main app."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount

from composer.errors import OptionError
from composer.listening.ballots import Ballots
from composer.listening.journal import BALLOTS
from composer.listening.reception import Reception
from composer.listening.stimuli import load_study
from composer.settings import read
from composer.ui.studies.server import build_server


def open_study(
    folder: Path, ballots: Path | str | None = None, exports: Path | None = None
) -> Starlette:
    """Open a study for listeners.

    The environment names what is secret: COMPOSER_STUDY_KEY opens the results over HTTP.

    Args:
        folder: As `listening.prepare` made it.
        ballots: SQLite file or URL of PostgreSQL; in the folder if left out.
        exports: Folder for a file a listener, read back at the start.

    Raises:
        RequestError: If the study is not ready.
        StorageError: If the ballots cannot be opened.
    """
    study = load_study(folder)
    kept = Ballots(ballots or folder / BALLOTS)
    reception = Reception(study, kept, exports)
    return build_server(reception, kept, read().studies.key.get_secret_value())


def study_routes() -> list[Mount]:
    """Return a route for every study in the folder that COMPOSER_STUDIES names; none without it.

    Raises:
        OptionError: If there is no such folder.
        RequestError: If a study in it is not ready.
    """
    home = read().studies.folder
    if home is None:
        return []
    if not home.is_dir():
        raise OptionError("COMPOSER_STUDIES names no folder; make it, or unset it")
    folders = sorted(path.parent for path in home.glob("*/clips.json"))
    return [Mount(f"/studies/{folder.name}", open_study(folder)) for folder in folders]
