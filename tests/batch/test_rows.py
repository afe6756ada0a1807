"""Requests in files: three formats, names that no order changes, one sentence if unreadable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from composer.batch import read_rows
from composer.errors import OptionError

SETTINGS = [{"composer": "Bach", "bars": 8}, {"key": "G minor", "temperature": 0.9}]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def as_jsonl(settings: list[dict[str, object]]) -> str:
    return "\n".join(map(json.dumps, settings)) + "\n\n"


def test_the_same_settings_are_the_same_rows_in_every_format(tmp_path: Path) -> None:
    table = "composer,bars,key,temperature\nBach,8,,\n,,G minor,0.9\n"
    single = '[[request]]\ncomposer = "Bach"\nbars = 8\n[[request]]\nkey = "G minor"\n'
    texts = {
        "a.jsonl": as_jsonl(SETTINGS),
        "b.csv": table,
        "c.toml": single + "temperature = 0.9\n",
    }
    found = [read_rows(write(tmp_path, name, text)) for name, text in texts.items()]
    assert found[0] == found[1] == found[2]
    assert [row.number for row in found[0]] == [1, 2]


def test_the_order_of_a_file_changes_no_name_and_no_seed(tmp_path: Path) -> None:
    settings = [*SETTINGS, SETTINGS[0]]
    there, back = (
        {(row.name, row.values["seed"]) for row in read_rows(write(tmp_path, "a.jsonl", text))}
        for text in (as_jsonl(settings), as_jsonl(settings[::-1]))
    )
    assert there == back and len(there) == 3


def test_what_is_asked_for_twice_has_two_seeds_unless_it_names_one(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", as_jsonl([{"bars": 2}, {"bars": 2, "seed": 5}]))
    rows = read_rows(path, repeat=2)
    seeds = [row.values["seed"] for row in rows]
    assert len({row.name for row in rows}) == 4
    assert seeds[0] != seeds[1] and seeds[2:] == [5, 5]
    assert [row.values["seed"] for row in read_rows(path, repeat=2, seed=1)][0] != seeds[0]


def test_a_grid_has_every_combination(tmp_path: Path) -> None:
    text = '[all]\nbars = 4\n[grid]\nkey = ["C major", "A minor"]\nseed = [1, 2, 3]\nparts = 4\n'
    rows = read_rows(write(tmp_path, "a.toml", text))
    assert len({(row.values["key"], row.values["seed"]) for row in rows}) == 6
    assert all((row.values["bars"], row.values["parts"]) == (4, 4) for row in rows)


def test_a_cell_that_is_no_number_is_kept_to_be_refused_as_a_row(tmp_path: Path) -> None:
    (row,) = read_rows(write(tmp_path, "a.csv", "bars\nmany\n"))
    assert row.values["bars"] == "many"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.jsonl", '{"bars": 2}\n{"bars"\n', "line 2 of `a.jsonl` is no JSON"),
        ("a.jsonl", "[1]\n", "line 1 of `a.jsonl` must be an object"),
        ("a.jsonl", "\n", "must have 1 to 1000000 requests"),
        ("a.csv", "bars\n1,2\n", "line 2 of `a.csv` has more cells"),
        ("a.csv", 'bars\n"1\n', "is no CSV"),
        ("a.toml", "[grid", "is no TOML"),
        ("a.toml", "[gird]\nbars = 1\n", r"must have \[all\], \[grid\] and \[\[request\]\]"),
        ("a.txt", "", "must end in .jsonl, .csv, .toml"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(OptionError, match=said):
        read_rows(write(tmp_path, name, text))
