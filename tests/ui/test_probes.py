"""The served page under odd and hostile requests: a sentence each, and never another's business."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from composer.ui.server.entrance import FULL
from tests import visitor
from tests.sentences import is_plain
from tests.serving import Address
from tests.ui.probes import GOOD, PROBES, Probe, spelled

pytestmark = pytest.mark.slow
MAX_GROWTH_BYTES = 400_000_000
ODD_VALUES = (None, float("nan"), "\ud800\0", [[{}]])


def rss_bytes(address: Address) -> int:
    pages = int(Path(f"/proc/{address.process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def events(served_page: Address) -> list[dict[str, Any]]:
    """Return all events of the page that have a function, private ones included."""
    config = visitor.get(served_page, "/config").json()
    return [event for event in config["dependencies"] if event["backend_fn"]]


@pytest.fixture(scope="module", autouse=True)
def memory_stays_flat(served_page: Address, events: list[dict[str, Any]]) -> Iterator[None]:
    """Let whatever is loaded once be loaded first: engines, lexicons, libraries."""
    for event in events:
        visitor.trigger(served_page, event["id"], [None] * len(event["inputs"]))
    before = rss_bytes(served_page)
    yield
    assert rss_bytes(served_page) - before < MAX_GROWTH_BYTES


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.group}: {probe.name}"[:60])
def test_the_page_answers_a_probe(probe: Probe, served_page: Address) -> None:
    answer = probe.ask(served_page)
    assert probe.holds(answer), answer[:500]


def test_every_event_of_the_page_survives_odd_values(
    served_page: Address, events: list[dict[str, Any]]
) -> None:
    assert len(events) > 10
    for event in events:
        for odd in ODD_VALUES:
            answer = visitor.trigger(served_page, event["id"], [odd] * len(event["inputs"]))
            sentence = visitor.error_of(answer)
            is_good = not sentence or (is_plain(sentence) and "something broke" not in sentence)
            assert is_good, (event["api_name"], odd, sentence)


def test_no_probe_makes_the_page_connect_anywhere(served_page: Address) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x.mid"
        for value in (visitor.file_value(url), visitor.file_value("x", url=url), {"path": url}):
            assert visitor.error_of(visitor.inspect(served_page, value))
        visitor.get(served_page, f"{visitor.API}/proxy={url}")
        visitor.get(served_page, f"{visitor.API}/file={url}", follow_redirects="no")
        listener.settimeout(0.5)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_files_of_two_visitors_lie_in_folders_that_nobody_guesses(served_page: Address) -> None:
    paths = []
    for _ in range(2):
        files = json.loads(visitor.call(served_page, "compose", spelled()).partition("data: ")[2])
        paths.append(Path(files[0]["path"]))
    assert paths[0].name == paths[1].name and paths[0].parent != paths[1].parent
    assert all(len(path.parent.name) == 32 for path in paths)
    url = f"{visitor.API}/file="
    assert visitor.get(served_page, f"{url}{paths[0]}").status_code == 200
    root = paths[0].parent.parent
    for guess in (root, paths[0].parent, root / secrets.token_hex(16) / paths[0].name):
        assert visitor.get(served_page, f"{url}{guess}").status_code in (403, 404)


def begin_run(address: Address, candidates: int = 60) -> str:
    """Begin to compose without listening; return the number of the event."""
    url = f"{address}{visitor.API}/call/compose"
    values = json.loads(spelled(candidates=str(candidates)))
    return str(visitor.CLIENT.post(url, json={"data": values}).json()["event_id"])


def test_a_visitor_cannot_cancel_what_another_composes(
    served_page: Address, events: list[dict[str, Any]]
) -> None:
    event_id = begin_run(served_page)
    composing = next(event["id"] for event in events if event["api_name"] == "compose")
    guesses = (secrets.token_hex(16), "00000000-0000-0000-0000-000000000000")
    for guess in guesses:
        body = {"session_hash": "visitor-b", "fn_index": composing, "event_id": guess}
        assert (
            visitor.CLIENT.post(f"{served_page}{visitor.API}/cancel", json=body).status_code == 200
        )
        visitor.CLIENT.post(f"{served_page}{visitor.API}/reset", json={"event_id": guess})
    for event in events:  # Stop, pressed in a tab of one's own
        if event["api_name"] == "stop":
            visitor.trigger(served_page, event["id"], [None] * len(event["inputs"]), "visitor-b")
    answer = visitor.listen(served_page, "compose", event_id)
    assert answer.startswith("event: complete") and ".mid" in answer


def test_who_inspects_waits_for_nobody_who_composes(served_page: Address) -> None:
    event_id = begin_run(served_page, candidates=120)
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(visitor.listen, served_page, "compose", event_id)
        value = visitor.uploaded(served_page, GOOD)
        answers = [visitor.inspect(served_page, value) for _ in range(2)]
        assert not run.done()
        assert all('"notes": 8' in answer for answer in answers)
        assert run.result().startswith("event: complete")


def test_a_state_belongs_to_its_tab(served_page: Address, events: list[dict[str, Any]]) -> None:
    picking = [event for event in events if event["api_name"] in ("on_pick", "on_shown")]
    assert picking
    for event in picking:  # nothing was composed in this tab, whatever others have composed
        answer = visitor.trigger(served_page, event["id"], [None] * len(event["inputs"]))
        assert "bach-chorale" not in answer


def test_a_full_queue_says_so_in_words(served_page: Address) -> None:
    url = f"{served_page}{visitor.API}/call/compose"
    event_id = begin_run(served_page, candidates=120)
    body = {"data": json.loads(spelled(candidates="1"))}
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: visitor.CLIENT.post(url, json=body), range(32)))
    refused = [reply for reply in replies if reply.status_code == 503]
    assert refused and all(reply.json() == {"detail": FULL} for reply in refused)
    assert visitor.listen(served_page, "compose", event_id).startswith("event: complete")
    waiting = [reply.json()["event_id"] for reply in replies if reply.status_code == 200]
    assert len(waiting) >= 10
    assert all("complete" in visitor.listen(served_page, "compose", one) for one in waiting)


def test_good_requests_are_answered_among_hostile_ones(served_page: Address) -> None:
    files = [probe for probe in PROBES if probe.name.startswith("hostile")][:6]
    ended = threading.Event()

    def attack() -> None:
        while not ended.is_set():
            for probe in files:
                probe.ask(served_page)

    with ThreadPoolExecutor(1) as pool:
        attacker = pool.submit(attack)
        for _ in range(2):
            began_s = time.monotonic()
            assert "complete" in visitor.call(served_page, "compose", spelled())
            assert time.monotonic() - began_s < 10
        ended.set()
        attacker.result()
