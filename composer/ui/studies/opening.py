"""From a study's folder to its server."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette

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
