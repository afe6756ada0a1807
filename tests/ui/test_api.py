"""The HTTP API against a served page: what a program gets, and what an odd request is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client

from composer.corpus import read_midi
from tests.serving import FAKE_APP, serve

pytestmark = pytest.mark.slow
N_WISHES = 15


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*FAKE_APP, STEP_S="0.01") as url:
        yield url


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    downloads = tmp_path_factory.mktemp("downloads")
    visitor = Client(address, verbose=False, download_files=downloads)
    yield visitor
    visitor.close()


def answer(address: str, data: str, endpoint: str = "compose") -> str:
    """Call an endpoint with a raw JSON list, NaN and all; return its last event."""
    url = f"{address}/gradio_api/call/{endpoint}"
    body = f'{{"data": {data}}}'.encode()
    headers = {"Content-Type": "application/json"}
    reply = httpx.post(url, content=body, headers=headers, timeout=30)
    if reply.status_code != 200:
        return reply.text
    return httpx.get(f"{url}/{reply.json()['event_id']}", timeout=60).text


def wishes(**changes: str) -> str:
    """Spell the fifteen values as JSON, `changes` by position name."""
    values = ["null"] * 4 + ["4", "null", "1.0", "2", "7", "null", "null", "0", "1.0", "0.02", "1"]
    names = ["composer", "form", "key", "meter", "bars", "tempo_bpm", "temperature", "candidates"]
    for name, text in changes.items():
        values[names.index(name)] = text
    return f"[{', '.join(values)}]"


def test_one_call_composes_and_fetches_the_midi(client: Client) -> None:
    midi, record = client.predict(
        composer="Bach", form="chorale", key="G minor", bars=4, candidates=2, api_name="/compose"
    )
    piece = read_midi(Path(midi))
    assert (piece.n_bars, str(piece.key)) == (4, "G minor")
    assert "bach-chorale-g-minor-4-bars" in Path(midi).name
    assert json.loads(Path(record).read_text(encoding="utf-8"))["request"]["bars"] == 4


def test_the_menu_names_pairs_with_their_pieces(client: Client) -> None:
    rows = client.predict(api_name="/menu")
    assert {"composer": "Bach", "form": "chorale", "pieces": 220}.items() <= rows[0].items()


@pytest.mark.parametrize("text", ["NaN", "null", "true", '"many"', "[]", "{}", "3.5", "1e999", "0"])
def test_an_odd_number_gets_a_clear_sentence(address: str, text: str) -> None:
    assert "`bars` must be" in answer(address, wishes(bars=text))


@pytest.mark.parametrize("text", ["7", "[]", '{"a": {"b": []}}', "true", f'"{"x" * 100_000}"'])
def test_an_odd_name_gets_a_clear_sentence(address: str, text: str) -> None:
    assert "`key` must be" in answer(address, wishes(key=text))


def test_too_few_values_get_a_clear_sentence(address: str) -> None:
    assert f"wanted {N_WISHES} values, got 1" in answer(address, "[4]")


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=app.py",
        "/gradio_api/file=http://127.0.0.1",
        "/monitoring/summary",
        "/gradio_api/monitoring/summary",
    ],
)
def test_nothing_else_is_served(address: str, path: str) -> None:
    assert httpx.get(address + path, timeout=30).status_code in (400, 403, 404, 405)


def test_private_events_are_not_described(client: Client) -> None:
    described: Any = client.view_api(return_format="dict", print_info=False)
    assert set(described["named_endpoints"]) == {"/compose", "/menu"}
    assert described["unnamed_endpoints"] == {}
