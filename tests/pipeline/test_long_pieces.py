"""compose_long(): sections laid out as in a real piece, with a small random model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from composer.engines import Engine, Material
from composer.errors import OptionError
from composer.pipeline import Extension, compose_long
from composer.pipeline.long_pieces import _rows
from composer.plans import Plan
from composer.theory import Key

SETTINGS: dict[str, Any] = {
    "composer": "Bach",
    "form": "minuet",
    "key": "G major",
    "meter": "3/4",
    "parts": 2,
    "candidates": 1,
    "chunk_bars": 2,
}
HOME = Key("G", "major")


@pytest.fixture(autouse=True)
def one_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close at the first attempt: random notes hardly ever make a cadence."""
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)


def long(engine: Engine, **changes: Any) -> Extension:
    """Return a long piece, which is short here."""
    return compose_long(engine=engine, **(SETTINGS | changes))


def rows(lengths: Sequence[int], materials: Sequence[Material]) -> list[tuple[str, str, str, str]]:
    """Return label, key, material and source of every section."""
    plan = Plan("any", tuple(_rows(lengths, materials, HOME)))
    return [(row.label, str(row.key), row.material, row.of) for row in plan.rows]


def test_sections_are_lettered_keyed_and_close_at_home() -> None:
    materials = [("new", -1), ("new", -1), ("vary", 0), ("new", -1), ("repeat", 1), ("repeat", 2)]
    assert rows([16] * 6, materials) == [
        ("A", "G major", "new", ""),
        ("B", "D major", "new", ""),
        ("A2", "G major", "vary", "A"),
        ("C", "G major", "new", ""),
        ("B2", "D major", "repeat", "B"),
        ("A3", "G major", "vary", "A2"),
    ]


def test_a_section_of_another_length_varies_what_it_would_repeat() -> None:
    found = rows([4, 4, 2, 4], [("new", -1), ("repeat", 0), ("repeat", 0), ("new", -1)])
    assert [row[2] for row in found] == ["new", "repeat", "vary", "new"]
    assert found[-1][:2] == ("B", "G major")  # the end is at home, whatever its letter


@pytest.mark.parametrize(
    ("length", "bars"),
    # A bar of 3/4 lasts two seconds at 90 quarters a minute.
    [({"chunks": 3}, 6), ({"bars": 5}, 5), ({"minutes": 0.2, "tempo_bpm": 90.0}, 6), ({}, 8)],
)
def test_the_length_is_given_in_chunks_bars_or_minutes(
    tiny_engine: Engine, length: dict[str, Any], bars: int
) -> None:
    found = long(tiny_engine, **length)
    assert (found.piece.n_bars, found.piece.key) == (bars, HOME)
    assert found.plan is not None
    assert found.plan.bars == bars
    if "minutes" in length:
        assert found.piece.length_s == pytest.approx(12.0, abs=2.0)


def test_the_overlap_is_a_share_of_what_is_read_and_written(tiny_engine: Engine) -> None:
    assert long(tiny_engine, bars=2, overlap=0.75, chunk_bars=4).chunking.overlap_bars == 12


def test_a_named_form_takes_the_place_of_a_real_layout(tiny_engine: Engine) -> None:
    plan = long(tiny_engine, bars=4, plan="AABA").plan
    assert plan is not None
    assert [row.label for row in plan.rows] == ["A", "A2", "B", "A3"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"chunks": 2, "bars": 3}, "give one length: `chunks` or `bars`"),
        ({"minutes": float("inf")}, "`minutes` must be a number from 0 to 120"),
        ({"minutes": 0}, "`minutes` 0 makes 0"),
        ({"minutes": 120.0}, "a long piece has 1 to 512 bars"),
        ({"chunks": 0}, "`chunks` must be a whole number from 1 to 512"),
        ({"chunks": 500}, "`chunks` 500 makes 1000"),
        ({"bars": 513}, "`bars` must be a whole number from 1 to 512"),
        ({"overlap": 1.0}, "`overlap` must be a number from 0 to 0.9"),
        ({"overlap": float("nan")}, "`overlap` must be a number"),
        ({"plan": "opera"}, "`plan` must be one of"),
        ({"density": "high"}, "`density` is for pieces that are composed at once"),
        ({"layout": ". ."}, "`layout` is for pieces that are composed at once"),
        ({"length_s": 60.0}, "`length_s` is for pieces that are composed at once"),
    ],
)
def test_what_no_piece_can_have_is_refused(
    tiny_engine: Engine, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        long(tiny_engine, **changes)


def test_a_mode_decides_the_key_where_none_is_given(tiny_engine: Engine) -> None:
    for mode in ("major", "minor"):
        found = long(tiny_engine, key=None, mode=mode, bars=2)
        assert found.piece.key.mode == mode
