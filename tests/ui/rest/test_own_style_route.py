"""A style is learned over REST: beside composing, in a line of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from composer.pipeline import OwnStyle, Progress
from composer.ui.rest.service import NO_NAME
from composer.ui.shared.own_styles import OFF
from tests.fake_studio import fake_studio
from tests.ui.rest.conftest import Open

API = "/api/v1"
FEW = {"composer": "Bach", "form": "chorale", "bars": 4, "candidates": 1, "seed": 3}


class FakeTeacher:
    """Learns nothing until it is let go or asked to stop, and keeps what it was asked."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked: dict[str, Any] = {}

    def __call__(
        self, pieces: Any, *, should_stop: Callable[[], bool], **asked: Any
    ) -> Iterator[Progress | OwnStyle]:
        self.asked = asked | {"pieces": pieces}
        yield Progress(0, 0, 0.0, None, 0.5)
        while not (should_stop() or self.let_go.wait(0.01)):
            pass
        yield OwnStyle("mine-1", 3.0, 2.0, len(pieces), 0.1, should_stop())


@pytest.fixture
def teacher() -> Iterator[FakeTeacher]:
    found = FakeTeacher()
    yield found
    found.let_go.set()


def test_learning_keeps_nobody_from_composing_and_can_be_stopped(
    open_client: Open, teacher: FakeTeacher, song: dict[str, Any]
) -> None:
    client = open_client(fake_studio(own_style_steps=teacher))
    body = {"files": [song], "licence": "my own work", "minutes": 2, "composer": "Anna"}
    jobs = [client.post(f"{API}/own_style", json=body).json() for _ in range(4)]
    composed = client.post(f"{API}/compose", params={"wait_s": 30}, json=FEW).json()
    assert composed["state"] == "done"
    assert jobs[3]["status"] == 503  # one learns, two wait
    stopped = client.delete(f"{API}/jobs/{jobs[0]['id']}", params={"wait_s": 30}).json()
    assert stopped["state"] == "stopped"
    assert stopped["result"]["engine"] == "mine-1" and stopped["result"]["after"] == 2.0
    (piece,) = teacher.asked["pieces"]
    assert (piece.composer, piece.n_bars, teacher.asked["minutes"]) == ("Anna", 8, 2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minutes": 60}, "`minutes` must be at most 10 here, got 60"),
        ({"name": "for-all"}, NO_NAME),
        ({"files": []}, "`files` will not do: list should have at least 1 item"),
        ({"files": [{"name": "x.mid", "data": "TVRoZA=="}]}, "x: "),
    ],
)
def test_what_will_not_do_is_refused_at_once(
    open_client: Open,
    teacher: FakeTeacher,
    song: dict[str, Any],
    changes: dict[str, Any],
    said: str,
) -> None:
    client = open_client(fake_studio(own_style_steps=teacher))
    body = {"files": [song], "licence": "mine"} | changes
    answer = client.post(f"{API}/own_style", json=body)
    assert answer.status_code == 422 and answer.json()["detail"].startswith(said)


def test_where_no_minutes_are_given_nothing_is_learned(
    open_client: Open, song: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSER_STYLE_MINUTES", "0")
    answer = open_client().post(f"{API}/own_style", json={"files": [song], "licence": "mine"})
    assert answer.json()["detail"] == OFF


def test_who_has_a_key_may_name_an_engine_of_the_installation(
    open_client: Open,
    teacher: FakeTeacher,
    song: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COMPOSER_API_KEYS", "lab:a-secret-of-the-lab:60")
    headers = {"x-api-key": "a-secret-of-the-lab"}
    client = open_client(fake_studio(own_style_steps=teacher), **headers)
    teacher.let_go.set()
    body = {"files": [song], "licence": "mine", "name": "for-all"}
    answer = client.post(f"{API}/own_style", params={"wait_s": 30}, json=body)
    assert answer.json()["state"] == "done" and teacher.asked["name"] == "for-all"
