"""The listener's server over HTTP: what it says, what it hides, and how it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from composer.errors import OptionError
from composer.listening.ballots import Ballots
from composer.listening.reception import Reception
from composer.listening.stimuli import StudyFolder
from composer.ui.studies.hosting import study_routes
from composer.ui.studies.server import build_server
from tests.listening.studies import ballot_of, make_plan, make_study
from tests.sentences import is_plain

KEY = "open sesame"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    conditions = [{"name": name, "candidates": n + 1} for n, name in enumerate(("zeta", "kappa"))]
    plan = make_plan(conditions=conditions, prompts=[{"name": "lambda"}], items_per_listener=1)
    return make_study(tmp_path_factory.mktemp("home") / "served", plan)


@pytest.fixture
def ballots(tmp_path: Path) -> Ballots:
    return Ballots(tmp_path / "ballots.sqlite")


@pytest.fixture
def client(study: StudyFolder, ballots: Ballots) -> Iterator[TestClient]:
    with TestClient(build_server(Reception(study, ballots), ballots, KEY)) as found:
        yield found


def listen(client: TestClient) -> list[httpx.Response]:
    """Go through the study as a browser does; return all that the browser received."""
    received = [client.get(path) for path in ("/", "/listener.js", "/listener.css", "/api/study")]
    received.append(client.post("/api/listeners", json={"agrees": True}))
    headers = {"x-listener": received[-1].json()["code"]}
    while True:
        received.append(client.get("/api/trial", headers=headers))
        place = received[-1].json()
        if place["state"] != "trial":
            break
        for slot in place["slots"]:
            path = f"/api/clips/{place['position']}/{slot}"
            received.append(client.get(path, headers=headers))
        ballot = ballot_of(place, {"choice": "a"})
        received.append(client.post("/api/votes", json=ballot, headers=headers))
    received.append(client.post("/api/answers", json={"answers": {}}, headers=headers))
    received.append(client.get("/api/sound"))
    return received


def test_nothing_that_a_browser_receives_tells_a_condition(
    client: TestClient, study: StudyFolder
) -> None:
    received = listen(client)
    assert {reply.status_code for reply in received} == {200}
    ids = list(study.stimuli)
    hidden = ["zeta", "kappa", "lambda", "candidates", "checkpoint", "seed", "condition", *ids]
    for reply in received:
        sent = f"{reply.request.url} {reply.headers}".encode() + reply.content
        assert not [word for word in hidden if word.encode() in sent]
    clips = [reply for reply in received if reply.headers["content-type"] == "audio/mpeg"]
    assert len({json.dumps(dict(reply.headers)) for reply in clips}) == 1  # no date, no etag
    assert len({len(reply.content) for reply in clips}) == 1
    assert len({reply.content[:32].replace(b"\x44", b"\x64") for reply in clips}) == 1


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_cached(client: TestClient) -> None:
    for reply in listen(client):
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["content-security-policy"].startswith("default-src 'self'")
        assert "set-cookie" not in reply.headers
        if reply.headers["content-type"].startswith("text"):
            assert not re.search(r"https?://|//[a-z]+\.", reply.text)


@pytest.mark.parametrize(
    "path", ["/ballots.sqlite", "/clips.json", "/plan.json", "/clips/", "/api"]
)
def test_no_file_of_the_study_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_retry_is_confirmed_and_counted_once(client: TestClient, ballots: Ballots) -> None:
    headers = {"x-listener": client.post("/api/listeners", json={"agrees": True}).json()["code"]}
    ballot = ballot_of(client.get("/api/trial", headers=headers).json(), {"choice": "b"})
    replies = [client.post("/api/votes", json=ballot, headers=headers).json() for _ in range(3)]
    assert [reply["is_new"] for reply in replies] == [True, False, False]
    assert len(ballots.listeners()[0].votes) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"agrees": false}', 400),
        (b"[" * 50_000, 400),
        (b"x" * 200_000, 400),
        (b"\xff", 400),
    ],
)
def test_an_odd_request_is_refused_in_a_sentence(
    client: TestClient, body: bytes, status: int
) -> None:
    reply = client.post("/api/listeners", content=body)
    assert reply.status_code == status
    assert is_plain(reply.json()["detail"])


@pytest.mark.parametrize("path", ["/api/trial", "/api/clips/0/a", "/api/results"])
def test_without_a_code_there_is_nothing_to_see(client: TestClient, path: str) -> None:
    for headers in ({}, {"x-listener": "x"}, {"x-listener": "' OR 1=1 --"}):
        reply = client.get(path, headers=headers)
        assert reply.status_code == 401
        assert is_plain(reply.json()["detail"])


def test_the_results_open_to_the_key_only(client: TestClient, ballots: Ballots) -> None:
    listen(client)
    rows = client.get("/api/results", headers={"x-listener": KEY}).text.splitlines()
    assert [json.loads(row)["table"] for row in rows].count("votes") == 3
    code = client.post("/api/listeners", json={"agrees": True}).json()["code"]
    assert client.get("/api/results", headers={"x-listener": code}).status_code == 401


def test_an_error_of_ours_is_a_sentence_with_a_reference(
    client: TestClient, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reception, "welcome", lambda self: 1 / 0)
    reply = client.get("/api/study")
    assert reply.status_code == 500
    assert re.fullmatch("something broke, reference [0-9a-f]{8}", reply.json()["detail"])


def test_studies_of_a_folder_become_routes_of_the_main_app(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert study_routes() == []
    monkeypatch.setenv("COMPOSER_STUDIES", str(tmp_path / "absent"))
    with pytest.raises(OptionError, match="no folder"):
        study_routes()
    monkeypatch.setenv("COMPOSER_STUDIES", str(study.path.parent))
    (route,) = study_routes()
    with TestClient(Starlette(routes=[route])) as client:
        assert client.get(f"/studies/{study.path.name}/").status_code == 200
        assert client.get("/studies/other/").status_code == 404
