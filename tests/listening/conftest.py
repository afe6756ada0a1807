"""A study that is ready to run, made once for all tests, and ballots that are empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.listening.ballots import Ballots
from composer.listening.reception import Reception
from composer.listening.stimuli import StudyFolder
from tests.listening.studies import make_study


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    return make_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def ballots(tmp_path: Path) -> Ballots:
    return Ballots(tmp_path / "ballots.sqlite")


@pytest.fixture
def reception(study: StudyFolder, ballots: Ballots) -> Reception:
    return Reception(study, ballots)
