"""Streams over HTTP: events in order, knobs, files, and refusals in one sentence."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import mido
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from composer.engines import Engine
from composer.live import Stream
from composer.live.pool import Pool
from composer.request import Request
from composer.ui.live.page import value
from composer.ui.live.routes import LiveService

ASKED = {"composer": "Bach", "form": "minuet", "key": "G major", "tempo_bpm": 300, "seed": 5}


@pytest.fixture
def client(tiny_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)
    monkeypatch.setattr("composer.live.composing.ATTEMPTS", 1)

    def open_stream(*arguments: Any, **options: Any) -> Stream:
        return Stream(*arguments, engine=tiny_engine, **options)

    pool = Pool(n_threads=1)
    service = LiveService(pool, open_stream, Request(composer="Bach", form="minuet", seed=2))
    with TestClient(Starlette(routes=service.routes())) as found:
        found.service = service  # type: ignore[attr-defined]
        yield found
    pool.shut()


def events_of(client: TestClient, stream_id: str, after: int = 0) -> list[tuple[str, str, Any]]:
    """Return id, kind and values of all events up to the end of a stream."""
    found, number, kind = [], "", ""
    headers = {"last-event-id": str(after)} if after else {}
    with client.stream("GET", f"/live/{stream_id}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            name, _, rest = line.partition(": ")
            if name == "id":
                number = rest
            elif name == "event":
                kind = rest
            elif name == "data":
                found.append((number, kind, json.loads(rest)))
    return found


def begin(client: TestClient, **more: Any) -> dict[str, Any]:
    answer = client.post("/live", json=ASKED | more)
    assert answer.status_code == 201, answer.text
    started: dict[str, Any] = answer.json()
    return started


def play(client: TestClient, n_bars: int) -> str:
    """Begin a stream, hear some bars, and end it; return its id."""
    stream_id: str = begin(client)["id"]
    found = client.service.pool.find(stream_id)  # type: ignore[attr-defined]
    deadline = time.monotonic() + 60
    while found.stream.score.n_bars < n_bars and time.monotonic() < deadline:
        client.post(f"/live/{stream_id}/heard", json={"bar": found.stream.score.n_bars})
        time.sleep(0.02)
    assert client.delete(f"/live/{stream_id}").status_code == 200
    return stream_id


def test_events_are_all_bars_in_order_and_go_on_behind_the_last_that_came(
    client: TestClient,
) -> None:
    stream_id = play(client, 4)
    events = events_of(client, stream_id)
    assert events[0][1] == "start" and events[-1][1] == "end"
    bars = [values for _, kind, values in events if kind == "bar"]
    assert [bar["number"] for bar in bars] == list(range(1, len(bars) + 1))
    assert all({"onset_s", "now_s", "notes", "why"} <= set(bar) for bar in bars)
    assert events[0][2]["parts"][0]["program"] >= 0
    later = events_of(client, stream_id, after=2)
    assert [values["number"] for _, kind, values in later if kind == "bar"] == [
        bar["number"] for bar in bars[2:]
    ]


def test_a_knob_is_announced_and_taken_back(client: TestClient) -> None:
    stream_id = begin(client, tempo_bpm=20)["id"]
    place = f"/live/{stream_id}/control"
    told = client.post(place, json={"name": "key", "value": "A minor"}).json()
    assert told["text"].startswith("key A minor, from bar")
    assert client.post(place, json={"undo": told["id"]}).json()["id"] == told["id"]
    assert "heard already" in client.post(place, json={"undo": told["id"]}).json()["detail"]
    answers = [
        client.post(place, json={"name": "temperature", "value": 1 + n_times / 100})
        for n_times in range(80)  # ten a second, and more
    ]
    refused = [answer for answer in answers if answer.status_code == 400]
    assert refused and "wait" in refused[0].json()["detail"]


def test_the_last_bars_are_a_file(client: TestClient) -> None:
    stream_id = play(client, 3)
    answer = client.get(f"/live/{stream_id}/bars", params={"format": "mid", "last": 2})
    assert answer.content[:4] == b"MThd" and "live-" in answer.headers["content-disposition"]
    assert mido.MidiFile(file=io.BytesIO(answer.content)).length > 0
    sheet = client.get(f"/live/{stream_id}/bars", params={"format": "musicxml"})
    assert b"score-partwise" in sheet.content


def test_the_radio_is_one_stream_for_all(client: TestClient) -> None:
    one, other = (client.post("/live/radio", json={}).json() for _ in range(2))
    assert one["id"] == other["id"] == "radio" and one["is_shared"]
    refused = client.post("/live/radio/control", json={"name": "turn"})
    assert "start your own" in refused.json()["detail"]
    assert "plays for many" in client.delete("/live/radio").json()["detail"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"x": 1}, "no setting 'x'"),
        ({"candidates": 99}, "no setting"),
        ({"key": "H minor"}, "`key`"),
        ({"tempo_bpm": 1e9}, "tempo"),
        ({"temperature": "hot"}, "temperature"),
        ({"style": "jazz"}, "`style`"),
        ({"style": 3}, "`style`"),
        ({"composer": "Nobody"}, "not on the menu"),
        ({"composer": ["Bach"]}, ""),
        ({"duet": "chase"}, "turns or along"),
        ({"duet": "turns", "turn_bars": "x"}, "`turn_bars`"),
    ],
)
def test_what_will_not_do_is_refused_in_one_sentence(
    values: dict[str, Any], words: str, client: TestClient
) -> None:
    answer = client.post("/live", json=values)
    assert answer.status_code == 400 and words in answer.json()["detail"]


def test_odd_requests_are_refused(client: TestClient) -> None:
    assert client.post("/live", content=b"{}").status_code == 400
    for content in (b"[]", b"nonsense", b"[" * 5000, b'{"seed": "' + b"x" * 30_000 + b'"}'):
        answer = client.post("/live", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 400
    for place in ("events", "bars"):
        assert client.get(f"/live/nowhere/{place}").status_code == 404
    stream_id = begin(client)["id"]
    for query in ("format=exe", "last=0", "last=99999999"):
        assert client.get(f"/live/{stream_id}/bars?{query}").status_code == 400
    assert client.post(f"/live/{stream_id}/heard", json={"bar": "x"}).status_code == 400
    assert client.post(f"/live/{stream_id}/control", json={"name": 1}).status_code == 400


def test_one_address_of_the_internet_has_a_few_streams(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("composer.ui.live.routes.is_foreign", lambda _: True)
    for _ in range(4):
        begin(client)
    assert client.post("/live", json=ASKED).status_code == 429


def test_the_page_offers_the_menu(tiny_engine: Engine) -> None:
    offered = json.loads(value(tiny_engine.menu))
    assert "Bach" in offered["composers"] and "C minor" in offered["keys"]
    assert "Baroque" in offered["styles"]


def test_what_a_listener_plays_stands_in_his_bars(client: TestClient) -> None:
    stream_id = begin(client, duet="turns", turn_bars=1)["id"]
    found = client.service.pool.find(stream_id)  # type: ignore[attr-defined]
    place = f"/live/{stream_id}/played"
    deadline = time.monotonic() + 60
    while found.stream.score.n_bars < 2 and time.monotonic() < deadline:
        client.post(f"/live/{stream_id}/heard", json={"bar": found.stream.score.n_bars})
        time.sleep(0.02)
    begins = float(found.stream.score.ring[1].onset_beats)
    played = {"notes": [[begins + 0.02, 0.9, 67, 80]], "since": begins, "until": begins + 1}
    assert client.post(place, json=played).json() == {"bars": 1}
    (note,) = found.stream.score.ring[1].music.parts[0].notes
    assert (note.onset_beats, note.pitch, note.duration_beats) == (0, 67, 1)
    for wrong in (played | {"notes": [[1]]}, played | {"since": -1}, played | {"until": "x"}):
        assert client.post(place, json=wrong).status_code == 400
    client.delete(f"/live/{stream_id}")
