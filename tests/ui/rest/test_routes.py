"""REST as a program meets it: jobs, files, sentences, events, keys, and what operators ask."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from starlette.testclient import TestClient

from composer.composition import Composition
from composer.corpus import read_score_bytes
from composer.errors import CheckpointError, OptionError
from composer.pipeline import Progress
from composer.request import Request
from composer.ui.api.endpoints import abilities
from composer.ui.rest import jobs as rest_jobs
from composer.ui.rest.keys import Keys
from composer.ui.rest.opening import Rest, open_rest
from composer.ui.rest.routes import NO_LIST
from composer.ui.rest.watching import NO_METRICS
from composer.ui.server.traffic import Tollgate
from composer.ui.server.turns import CLOSING, Turns
from composer.ui.shared.settings import read_request
from tests.fake_studio import FakeComposer, fake_studio
from tests.sentences import is_plain
from tests.transcription.tones import file_of, play, scale
from tests.ui.rest.conftest import Open, opened

FEW = {"composer": "Bach", "form": "chorale", "bars": 4, "candidates": 2, "seed": 3}
API = "/api/v1"
SECRET, OTHER_SECRET = "a-secret-of-the-lab", "a-secret-of-the-phone"


class HeldComposer:
    """Draws one candidate, then waits until it is let go or asked to stop."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()

    def __call__(
        self, request: Request, *, should_stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Progress | Composition]:
        steps = FakeComposer()(request, should_stop=should_stop)
        yield next(steps)
        self.begun.set()
        while not (should_stop() or self.let_go.wait(0.01)):
            pass
        yield from steps


@pytest.fixture
def held() -> Iterator[HeldComposer]:
    composer = HeldComposer()
    yield composer
    composer.let_go.set()


def begin(client: TestClient, **headers: str) -> Any:
    return client.post(f"{API}/compose", json=FEW, headers=headers).json()


def over(client: TestClient, job: Any) -> Any:
    """Wait for a job; return it."""
    return client.get(f"{API}/jobs/{job['id']}", params={"wait_s": 60}).json()


def test_one_call_composes_and_its_links_lead_to_the_files(client: TestClient) -> None:
    answer = client.post(f"{API}/compose", params={"wait_s": 30}, json=FEW)
    job = answer.json()
    assert (answer.status_code, job["state"]) == (200, "done")
    assert answer.headers["location"] == f"{API}/jobs/{job['id']}"
    midi, record = (client.get(file["href"]) for file in job["files"])
    assert read_score_bytes(midi.content, title="").n_bars == 4
    assert record.json()["request"] == job["result"]["request"]
    assert [one["rank"] for one in job["result"]["candidates"]] == [1, 2]


def test_every_ability_is_a_route_whose_example_will_do(
    client: TestClient, song: dict[str, Any]
) -> None:
    described = client.get(f"{API}/openapi.json").json()
    for ability in abilities(fake_studio()):
        operation = described["paths"][f"{API}/{ability.name}"]["post"]
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schema = described["components"]["schemas"][reference.rpartition("/")[2]]
        assert set(schema["properties"]) == {value.name for value in ability.values}
        (example,) = schema["examples"]
        if "file" in schema.get("required", ()):
            example["file"] = song
        if ability.name != "plan":  # the fake studio lays out no plans
            answer = client.post(f"{API}/{ability.name}", params={"wait_s": 30}, json=example)
            assert answer.json()["state"] == "done", answer.text


@pytest.mark.parametrize(
    "values",
    [
        {"bars": 0}, {"bars": "many"}, {"temperature": 9}, {"key": "H flat"}, {"meter": "3/5"},
        {"candidates": 2.5}, {"composer": 7}, {"seed": -1}, {"tempo_bpm": [1]},
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_the_sentence_of_page_and_commands(
    client: TestClient, values: dict[str, Any]
) -> None:
    answer = client.post(f"{API}/compose", json=values)
    with pytest.raises(OptionError) as said:
        read_request(values)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["detail"]) == (422, str(said.value))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("compose", '{"speed": 3}'), ("compose", "[1]"), ("compose", "{"), ("compose", ""),
        ("compose", "[" * 99_999), ("vary", '{"file": {"data": "!"}, "first_bar": 1}'),
        ("inspect", '{"file": {"data": "TVRoZA=="}, "form": "opera"}'),
        ("inspect", '{"file": {"data": "no base 64"}}'), ("extend", '{"bars": 4}'),
        ("render", '{"file": {"data": "eyJhIjoxfQ=="}, "format": "mid"}'),
        ("render", '{"file": {"data": "TVRoZA=="}, "format": "doc"}'),
        ("plan", '{"plan": "AABA"}'), ("nothing", "{}"), ("compose?wait_s=1e9", "{}"),
    ],
)  # fmt: skip
def test_whatever_else_will_not_do_is_a_problem_in_one_sentence(
    client: TestClient, path: str, body: str
) -> None:
    json_kind = {"content-type": "application/json"}
    answer = client.post(f"{API}/{path}", content=body, headers=json_kind)
    found = answer.json()
    told = found if answer.status_code != 200 else found["problem"]
    assert 400 <= told["status"] < 500 and is_plain(told["detail"])


def test_what_breaks_is_told_by_a_reference_that_the_log_has(
    open_client: Open, caplog: pytest.LogCaptureFixture
) -> None:
    client = open_client(fake_studio(compose_steps=FakeComposer(error=RuntimeError("/secret"))))
    told = over(client, begin(client))["problem"]
    assert told["status"] == 500 and is_plain(told["detail"])
    assert told["detail"].rpartition(" ")[2] in caplog.text


def test_a_file_is_written_in_another_format(client: TestClient) -> None:
    record = client.get(over(client, begin(client))["files"][1]["href"])
    file = {"name": "../my piece.json", "data": base64.b64encode(record.content).decode()}
    wish = {"file": file, "format": "wav", "rank": 2}
    job = client.post(f"{API}/render", json=wish).json()
    assert [file["name"] for file in job["files"]] == ["my-piece.wav"]
    assert client.get(job["files"][0]["href"]).content.startswith(b"RIFF")
    beyond = client.post(f"{API}/render", json=wish | {"rank": 9}).json()
    assert beyond["problem"]["detail"] == "`rank` must be 1 to 2, got 9"


def test_a_file_is_looked_into(client: TestClient, song: dict[str, Any]) -> None:
    found = client.post(f"{API}/inspect", json={"file": song}).json()["result"]
    assert (found["bars"], found["form"]) == (8, "chorale") and found["scorecard"]["scores"]


def test_a_recording_is_written_down(client: TestClient) -> None:
    sound = base64.b64encode(file_of(play(scale(0.625), 6.0))).decode()
    known = {"tempo_bpm": 96, "meter": "4/4", "first_bar_s": 0.5}
    wish = {"file": {"name": "my song.wav", "data": sound}, **known}
    answer = client.post(f"{API}/transcribe?wait_s=60", json=wish).json()
    assert (answer["state"], answer["result"]["bars"], answer["result"]["kind"]) == (
        "done",
        2,
        "line",
    )
    assert [one["name"] for one in answer["files"]] == ["my-song.mid", "my-song.musicxml"]
    assert len(answer["result"]["notes"]) == 8
    nothing = client.post(f"{API}/transcribe?wait_s=60", json={"file": {"data": "TVRoZA=="}}).json()
    assert "is no sound" in nothing["problem"]["detail"]


def test_the_same_key_and_request_begin_one_job(client: TestClient) -> None:
    key = {"idempotency-key": "0123456789abcdef"}
    first = client.post(f"{API}/compose", json=FEW, headers=key)
    again = client.post(f"{API}/compose", json=FEW, headers=key)
    assert first.json()["id"] == again.json()["id"]
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"]
    other = client.post(f"{API}/compose", json=FEW | {"seed": 4}, headers=key)
    assert (other.status_code, other.json()["detail"]) == (422, rest_jobs.OTHER_REQUEST)
    short = client.post(f"{API}/compose", json=FEW, headers={"idempotency-key": "1"})
    assert short.status_code == 422


def test_events_tell_the_progress_and_end(client: TestClient) -> None:
    job = begin(client)
    text = client.get(f"{API}/jobs/{job['id']}/events").text
    last = text.strip().split("\n\n")[-1].splitlines()
    assert last[0] == "event: end" and last[1].startswith("id: ")
    assert json.loads(last[2].removeprefix("data: "))["state"] == "done"


def test_a_stop_keeps_what_there_is(open_client: Open, held: HeldComposer) -> None:
    client = open_client(fake_studio(compose_steps=held))
    running, waiting = begin(client), begin(client)
    assert held.begun.wait(10)
    seen = client.get(f"{API}/jobs/{running['id']}").json()
    assert (seen["state"], seen["progress"]["drawn"]) == ("running", 1)
    assert client.get(f"{API}/jobs/{waiting['id']}").json()["position"] == 0
    assert client.delete(f"{API}/jobs/{waiting['id']}").json()["state"] == "stopped"
    stopped = client.delete(f"{API}/jobs/{running['id']}", params={"wait_s": 30}).json()
    assert stopped["state"] == "stopped" and stopped["result"]["stopped"]
    assert len(stopped["result"]["candidates"]) == 1 and stopped["files"]


def test_only_the_key_that_began_a_job_sees_and_stops_it(
    monkeypatch: pytest.MonkeyPatch, open_client: Open, held: HeldComposer
) -> None:
    monkeypatch.setenv("COMPOSER_API_KEYS", f"lab:{SECRET}:600, phone:{OTHER_SECRET}:600")
    client = open_client(fake_studio(compose_steps=held))
    lab, phone = {"x-api-key": SECRET}, {"x-api-key": OTHER_SECRET}
    job = begin(client, **lab)
    path = f"{API}/jobs/{job['id']}"
    assert client.delete(path, headers=phone).status_code == 404
    assert client.delete(path).status_code == 401
    assert client.get(path, headers=lab).json()["state"] in ("waiting", "running")
    assert client.get(f"{API}/jobs", headers=phone).json() == []
    assert [one["id"] for one in client.get(f"{API}/jobs", headers=lab).json()] == [job["id"]]
    assert client.delete(path, headers=lab, params={"wait_s": 30}).json()["state"] == "stopped"


def test_without_keys_nobody_sees_a_list_of_jobs(client: TestClient) -> None:
    answer = client.get(f"{API}/jobs")
    assert (answer.status_code, answer.json()["detail"]) == (403, NO_LIST)


def test_a_key_has_a_rate_of_its_own(monkeypatch: pytest.MonkeyPatch, open_client: Open) -> None:
    monkeypatch.setenv("COMPOSER_API_KEYS", f"lab:{SECRET}:2")
    client = open_client(None, 1, **{"x-api-key": SECRET})
    answers = [client.post(f"{API}/compose", json=FEW) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 429]
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert client.get(f"{API}/menu").status_code == 200


@pytest.mark.parametrize("text", ["lab", "lab:short:5", f"a:{SECRET}:1,a:{OTHER_SECRET}:1"])
def test_keys_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="COMPOSER_API_KEYS") as said:
        Keys(text, Tollgate(0))
    assert "short" not in str(said.value)


def test_too_many_jobs_are_refused(
    monkeypatch: pytest.MonkeyPatch, open_client: Open, held: HeldComposer
) -> None:
    monkeypatch.setattr(rest_jobs, "MAX_WAITING", 1)
    client = open_client(fake_studio(compose_steps=held))
    begin(client)
    assert held.begun.wait(10)
    begin(client)
    answer = client.post(f"{API}/compose", json=FEW)
    assert (answer.status_code, answer.json()["detail"]) == (503, rest_jobs.FULL)
    assert client.get(f"{API}/ready").json()["checks"]["queue"] == "full"


def test_readiness_is_honest_and_health_is_not_the_same(open_client: Open) -> None:
    def broken() -> None:
        raise CheckpointError("the weights are gone; install them again")

    client = open_client(fake_studio(load=broken))
    answer = client.get(f"{API}/ready")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert answer.json()["checks"]["model"] == "the weights are gone; install them again"
    assert client.get(f"{API}/health").json()["status"] == "ok"
    assert open_client().get(f"{API}/ready").json()["ready"]


def test_an_end_hands_back_running_work_and_takes_on_no_more(held: HeldComposer) -> None:
    rest = opened(fake_studio(compose_steps=held))
    client = TestClient(rest.app)
    running, waiting = begin(client), begin(client)
    assert held.begun.wait(10)
    rest.drain()
    ended = client.get(f"{API}/jobs/{running['id']}").json()
    assert ended["result"]["stopped"] and len(ended["files"]) == 2
    assert client.get(f"{API}/jobs/{waiting['id']}").json()["state"] == "stopped"
    answer = client.post(f"{API}/compose", json=FEW)
    assert (answer.status_code, answer.json()["detail"]) == (503, CLOSING)
    assert client.get(f"{API}/ready").json()["checks"]["server"] == "ending"


def test_metrics_count_requests_candidates_and_seconds(
    monkeypatch: pytest.MonkeyPatch, open_client: Open
) -> None:
    client = open_client()
    assert client.get(f"{API}/metrics").json()["detail"] == NO_METRICS
    monkeypatch.setenv("COMPOSER_METRICS", "1")
    over(client, begin(client))
    client.post(f"{API}/inspect", json={"file": {"data": "TVRoZA=="}})
    text = client.get(f"{API}/metrics").text
    for line in (
        'composer_requests_total{kind="compose",outcome="done"} 1.0',
        'composer_requests_total{kind="inspect",outcome="refused"} 1.0',
        'composer_phase_seconds_count{kind="compose",phase="composing"} 1.0',
        "composer_candidates_total 2.0",
        "composer_jobs_waiting 0.0",
        "process_resident_memory_bytes",
        "composer_network_received_bytes_total",
    ):
        assert line in text


def test_every_answer_has_the_id_under_which_it_is_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    own = {"x-request-id": "my-request.1"}
    with caplog.at_level(logging.INFO, "composer.requests"):
        answer = client.post(f"{API}/compose", json=FEW | {"bars": 0}, headers=own)
    assert answer.headers["x-request-id"] == "my-request.1"
    assert [json.loads(r.message)["request"] for r in caplog.records] == ["my-request.1"]
    odd = client.get(f"{API}/health", headers={"x-request-id": "a b\\c"})
    assert len(odd.headers["x-request-id"]) == 16


def test_other_origins_are_told_nothing_unless_they_are_named(
    monkeypatch: pytest.MonkeyPatch, client: TestClient, open_client: Open
) -> None:
    origin = {"origin": "https://lab.example"}
    assert "access-control-allow-origin" not in client.get(f"{API}/health", headers=origin).headers
    monkeypatch.setenv("COMPOSER_API_ORIGINS", "https://lab.example")
    named = open_client().get(f"{API}/health", headers=origin)
    assert named.headers["access-control-allow-origin"] == "https://lab.example"


def test_menu_and_engines_are_those_of_the_page(client: TestClient) -> None:
    rows = client.get(f"{API}/menu").json()
    assert {"composer": "Bach", "form": "chorale"}.items() <= rows[0].items()
    assert all(one["good_for"] for one in client.get(f"{API}/engines").json().values())


def test_the_page_and_rest_count_addresses_together(
    monkeypatch: pytest.MonkeyPatch, rest: Rest
) -> None:
    monkeypatch.setenv("COMPOSER_CALLS_PER_MINUTE", "2")
    turns = Turns(1)
    made = open_rest(replace(fake_studio()).in_turn(turns), turns)
    stranger = TestClient(made.app, client=("93.184.216.34", 1))
    assert made.tollgate.admits("93.184.216.34")
    assert stranger.post(f"{API}/compose", json=FEW).status_code == 429


def test_a_prompt_is_read_and_composed_from(client: TestClient) -> None:
    read = client.post("/api/v1/prompt", json={"prompt": "8 bars, not too dense, with guitar"})
    assert read.status_code == 200
    assert read.json()["settings"]["bars"] == 8
    states = {one["word"]: one["state"] for one in read.json()["words"]}
    assert states["guitar"] == "not available"
    empty = client.post("/api/v1/prompt", json={"prompt": " "})
    assert empty.status_code == 422
    assert "`prompt` must be a text of 1 to" in empty.json()["detail"]


def test_a_score_is_made_a_recording(song: dict[str, Any]) -> None:
    from composer import pipeline
    from tests.pipeline.test_orchestrating import Singer

    studio = fake_studio(orchestrate_steps=partial(pipeline.orchestrate_steps, engine=Singer()))
    with TestClient(opened(studio).app) as client:
        wish = {"file": song, "candidates": 2, "format": "flac"}
        job = client.post(f"{API}/orchestrate?wait_s=60", json=wish).json()
        assert job["state"] == "done" and job["result"]["text"]
        assert [one["name"].rsplit(".")[-1] for one in job["files"]] == ["flac", "json"]
        assert client.get(job["files"][0]["href"]).content[:4] == b"fLaC"
        nothing = client.post(f"{API}/orchestrate", json={"file": {"data": "TVRoZA=="}})
        assert nothing.status_code == 422 and is_plain(nothing.json()["detail"])
