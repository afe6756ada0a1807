"""The HTTP API against a served page: what a program gets, and what an odd request is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file

from composer.corpus import read_midi
from composer.ui.shared.settings import settings
from tests import visitor
from tests.corpus.files import SCALE, score_bytes

pytestmark = pytest.mark.slow
N_SETTINGS = len(settings())


@pytest.fixture(scope="module")
def address(served_page: str) -> str:
    return served_page


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    downloads = tmp_path_factory.mktemp("downloads")
    visitor = Client(address, verbose=False, download_files=downloads)
    yield visitor
    visitor.close()


def spelled(**changes: str) -> str:
    """Spell all settings as JSON, `changes` by position name."""
    values = ["null"] * 4 + ["4", "null", "1.0", "2", "7", "null", "null", "0", "1.0", "0.02"]
    values += ["1", "1", "0"]
    values += ["null"] * (N_SETTINGS - len(values))
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
    assert rows[0]["suggested"]["temperature"] == 0.9 and rows[1]["suggested"] is None


def test_engines_are_told_with_their_options_and_lists(client: Client) -> None:
    found = client.predict(api_name="/engines")
    name, *_ = found
    assert {"asks", "options", "forms", "has_notes"} <= found[name].keys()
    assert client.predict(engine=name, api_name="/menu") == client.predict(api_name="/menu")


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Return a MIDI file of two strings in D minor, with a title of markup."""
    path = tmp_path / "a minuet <b>.mid"
    tracks = [[(a, b, p + 2, v) for a, b, p, v in SCALE], [(0, 3840, 38, 80)]]
    data = score_bytes(*tracks, programs=[40, 42], meters=[(0, 3, 4)], key=(-1, 1), bpm=96)
    path.write_bytes(data)
    return path


def test_one_call_tells_what_is_in_a_file(client: Client, song: Path) -> None:
    found = client.predict(handle_file(song), api_name="/inspect")
    assert (found["bars"], found["notes"], found["key"]) == (3, 9, "D minor")
    assert [part["instrument"] for part in found["parts"]] == ["violin", "cello"]
    assert [part["notes"] for part in found["parts"]] == [8, 1]
    assert found["meters"] == [{"onset_beats": 0.0, "meter": "3/4"}]
    assert (found["length_beats"], found["length_s"]) == (9.0, 5.625)
    assert found["tempo_bpm"] == pytest.approx(96, abs=0.01)
    assert found["title"].startswith("a minuet") and found["estimated_key"]


def test_a_file_is_compared_with_the_form_of_its_name_or_the_asked_one(
    client: Client, song: Path
) -> None:
    by_name = client.predict(handle_file(song), api_name="/inspect")
    assert by_name["form"] == "minuet" and by_name["scorecard"]["form"].startswith("minuet")
    asked = client.predict(handle_file(song), "chorale", api_name="/inspect")
    assert asked["form"] == "chorale"
    assert asked["scorecard"]["total"] != by_name["scorecard"]["total"]
    assert 0 <= asked["scorecard"]["total"] <= 100 and asked["scorecard"]["scores"]


@pytest.mark.parametrize("text", ["NaN", "null", "true", '"many"', "[]", "{}", "3.5", "1e999", "0"])
def test_an_odd_number_gets_a_clear_sentence(address: str, text: str) -> None:
    assert "`bars` must be" in visitor.call(address, "compose", spelled(bars=text))


@pytest.mark.parametrize("text", ["7", "[]", '{"a": {"b": []}}', "true", f'"{"x" * 100_000}"'])
def test_an_odd_name_gets_a_clear_sentence(address: str, text: str) -> None:
    assert "`key` must be" in visitor.call(address, "compose", spelled(key=text))


def test_too_few_values_get_a_clear_sentence(address: str) -> None:
    assert f"wanted {N_SETTINGS} values, got 1" in visitor.call(address, "compose", "[4]")


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
    making = {"/compose", "/compose_long", "/extend", "/harmonise", "/infill", "/plan", "/vary"}
    assert set(described["named_endpoints"]) == {
        *making,
        "/engines",
        "/generate",
        "/inspect",
        "/menu",
        "/orchestrate",
        "/paint",
        "/prompt",
    }
    assert described["unnamed_endpoints"] == {}
