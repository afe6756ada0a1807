"""REST over the fake studio, in this process: no port, no model."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from composer.piece import Piece
from composer.rendering import midi_bytes
from composer.ui.rest.opening import Rest, open_rest
from composer.ui.rest.serving import alone
from composer.ui.server.turns import Turns
from composer.ui.studio import Studio
from tests.fake_studio import fake_studio

Open = Callable[..., TestClient]


def opened(studio: Studio | None = None, at_once: int = 1) -> Rest:
    """Return REST over a studio."""
    turns = Turns(at_once)
    return open_rest((studio or fake_studio()).in_turn(turns), turns)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder of visitors' files."""
    found = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(found))
        yield found


@pytest.fixture(scope="module")
def rest(folder: Path) -> Rest:
    """Return REST over the fake studio as it is without any setting."""
    return opened()


@pytest.fixture(scope="module")
def client(rest: Rest) -> TestClient:
    """Return a client of it."""
    return TestClient(alone(rest), raise_server_exceptions=False)


@pytest.fixture
def open_client(folder: Path) -> Open:
    """Return what opens REST over another studio, or with other settings."""

    def open_it(studio: Studio | None = None, at_once: int = 1, **headers: str) -> TestClient:
        served = alone(opened(studio, at_once))
        return TestClient(served, headers=headers, raise_server_exceptions=False)

    return open_it


@pytest.fixture(scope="session")
def song(chorale: Piece) -> dict[str, Any]:
    """Return a file as REST takes it."""
    return {"name": "chorale.mid", "data": base64.b64encode(midi_bytes(chorale)).decode()}
