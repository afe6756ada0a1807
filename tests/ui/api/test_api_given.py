"""The events of the API that take music in, against a served page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file

from composer.corpus import read_midi
from composer.piece import Piece
from composer.rendering import write_midi
from tests import visitor
from tests.sentences import is_plain

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(served_page: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    downloads = tmp_path_factory.mktemp("downloads")
    found = Client(served_page, verbose=False, download_files=downloads)
    yield found
    found.close()


@pytest.fixture(scope="module")
def mine(chorale: Piece, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_midi(chorale, tmp_path_factory.mktemp("mine") / "mine.mid")


def ask(client: Client, name: str, file: Path, **options: Any) -> tuple[Piece, dict[str, Any]]:
    """Call an event; return the piece and the composition.json that came."""
    options = {"candidates": 2, "seed": 7, **options}
    midi, record = client.predict(handle_file(file), api_name=name, **options)
    return read_midi(Path(midi)), json.loads(Path(record).read_text(encoding="utf-8"))


def test_a_file_is_gone_on_with(client: Client, mine: Path, chorale: Piece) -> None:
    piece, record = ask(client, "/extend", mine, bars=4)
    assert piece.n_bars == chorale.n_bars + 4
    assert record["seed"] == 7


@pytest.mark.parametrize("name", ["/infill", "/vary"])
def test_marked_bars_of_a_part_are_written_anew(
    client: Client, mine: Path, chorale: Piece, name: str
) -> None:
    piece, record = ask(client, name, mine, first_bar=3, last_bar=4, parts=[2])
    changed = [one.notes != two.notes for one, two in zip(piece.parts, chorale.parts, strict=True)]
    assert changed == [False, True, False, False]
    assert len(record["candidates"]) == 2


def test_a_part_is_harmonised(client: Client, mine: Path, chorale: Piece) -> None:
    piece, _ = ask(client, "/harmonise", mine, part=1, composer="Bach", form="chorale")
    assert piece.parts[0].notes == chorale.parts[0].notes
    assert len(piece.parts) == 4


ODD = [
    ("extend", [None, "many"], "`bars` must be"),
    ("extend", [None, 4, 3.5], "`chunk_bars` must be"),
    ("extend", [None, 4, 16, [], 0], "`overlap_bars` must be"),
    ("infill", [None, "two", 2], "`first_bar` must be"),
    ("infill", [None, None, 2], "`first_bar` must be"),
    ("infill", [None, 1, 2, "2,3"], "`parts` must be"),
    ("infill", [None, 1, 2, [None]], "`parts` must be"),
    ("infill", [None, 1, 2, None, "keep", "yes"], "`complete` must be"),
    ("vary", [None, 1, {}], "`last_bar` must be"),
    ("paint", [None, "1-2"], "`areas` must be a list of texts"),
    ("paint", [None, ["1-2"], "yes"], "`velocities_only` must be"),
    ("harmonise", [None, "soprano"], "`part` must be"),
    ("harmonise", [None, 1, 7], "`composer` must be"),
    ("extend", [None], "no file came"),
    ("infill", [None, 1, 1], "no file came"),
    ("vary", [None, 1, 1], "no file came"),
    ("harmonise", [None], "no file came"),
]


@pytest.mark.parametrize(("name", "values", "sentence"), ODD)
def test_an_odd_request_gets_one_sentence(
    served_page: str, client: Client, name: str, values: list[Any], sentence: str
) -> None:
    described: Any = client.view_api(return_format="dict", print_info=False)
    parameters = described["named_endpoints"][f"/{name}"]["parameters"]
    usual = [one.get("parameter_default") for one in parameters]
    answer = visitor.call(served_page, name, json.dumps([*values, *usual[len(values) :]]))
    told = visitor.error_of(answer)
    assert sentence in told and is_plain(told)
