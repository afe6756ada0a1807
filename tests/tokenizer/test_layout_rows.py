"""Layouts in rows and in words, and the grammar that keeps to one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from composer.errors import TokenError
from composer.piece import Piece
from composer.theory import Key, Meter
from composer.tokenizer import decode, encode, encode_bars, vocab
from composer.tokenizer.bar_layouts import SOURCE, read_layout
from composer.tokenizer.holes import Bars, targets, window
from composer.tokenizer.layout_rows import (
    cut_layout,
    lay_out,
    layout_of_text,
    layout_to_text,
    without_layout,
)
from composer.tokenizer.layout_table import (
    build_layout_table,
    longest_layout,
    sample_layout,
    section_materials,
)
from composer.tokenizer.masks import Frame
from tests.fakes import UniformRuntime, draws_of, group_of
from tests.strategies import VOCABULARY, make_piece, pieces

TEXT = ". . =2 ~1+2 n3 r1| c5 .|"


def test_words_spell_a_layout_and_come_back() -> None:
    layout = layout_of_text(TEXT)
    assert layout[3].tolist() == [2, vocab.RELATIONS.index("line"), 2, 0]
    assert layout[7].tolist() == [-1, -1, 0, 1]
    assert layout_to_text(layout) == TEXT


@given(pieces())
def test_the_layout_of_any_piece_comes_back_from_its_words(piece: Piece) -> None:
    layout = read_layout(encode_bars(piece))
    assert np.array_equal(layout_of_text(layout_to_text(layout)), layout)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (". x", "no bar of a layout"),
        (". =2", "a bar that is not there"),
        (". =0", "a bar that is not there"),
        (". ~1+9", "lines move by 1 to 7 or 12"),
        (". =1+2", "lines move by 1 to 7 or 12"),
    ],
)
def test_words_that_make_no_layout_are_refused(text: str, reason: str) -> None:
    with pytest.raises(TokenError, match=rf"{reason}.*event 1"):
        layout_of_text(text)


@settings(max_examples=50)
@given(pieces())
def test_a_piece_with_its_layout_is_the_same_piece(piece: Piece) -> None:
    rows = encode(piece, VOCABULARY)
    laid_out = lay_out(Bars.of(rows), read_layout(rows))
    with_end = window(laid_out, 0, len(laid_out))
    assert decode(with_end.rows, VOCABULARY) == decode(rows, VOCABULARY)
    stripped = without_layout(with_end.rows)
    is_bar = rows[:, vocab.TIME] == vocab.BAR
    assert np.array_equal(stripped[~is_bar], rows[~is_bar])
    assert (stripped[is_bar, vocab.PART] == vocab.SECTION).all()


def test_what_a_layout_says_is_given_and_never_predicted(chorale: Piece) -> None:
    rows = encode(chorale, VOCABULARY)
    layout = np.tile(np.array([-1, -1, 0, 0], np.int16), (chorale.n_bars, 1))
    layout[2] = [0, 0, 0, 1]
    sequence = window(lay_out(Bars.of(rows), layout), 0, chorale.n_bars)
    is_echo = sequence.rows[:, vocab.TIME] == vocab.ECHO
    assert is_echo.sum() == 1
    _, nexts, counts = targets(sequence)
    is_bar = nexts[:, vocab.TIME] == vocab.BAR
    assert not counts[nexts[:, vocab.TIME] == vocab.ECHO].any()
    assert counts[is_bar, vocab.TIME].all()
    assert counts[is_bar, vocab.DURATION].all()
    assert not counts[is_bar, vocab.PART].any()
    (echo,) = sequence.rows[is_echo].tolist()
    assert echo == [vocab.ECHO, vocab.RELATION, vocab.BARS_LEFT + 2, vocab.DURATION_NONE]
    before = sequence.rows[int(is_echo.argmax()) - 1]
    assert before[vocab.PART] == vocab.ROLE + vocab.ROLE_ECHO + vocab.ROLE_CADENCE


def test_a_bar_that_takes_up_what_is_not_shown_counts_as_new(chorale: Piece) -> None:
    rows = encode(chorale, VOCABULARY)
    layout = np.tile(np.array([-1, -1, 0, 0], np.int16), (chorale.n_bars, 1))
    layout[1:, :2] = [[bar - 1, 0] for bar in range(1, chorale.n_bars)]
    shown = lay_out(Bars.of(rows), layout, first=2)
    n_echoes = [int((bar[:, vocab.TIME] == vocab.ECHO).sum()) for bar in shown.bars]
    assert n_echoes == [0, 0, 0, *[1] * (chorale.n_bars - 3)]
    assert shown.bars[2][0, vocab.PART] == vocab.ROLE
    with_theme = lay_out(Bars.of(rows), layout, first=2, theme_bars=2)
    assert [len(bar) - len(b) for bar, b in zip(with_theme.bars, Bars.of(rows).bars, strict=True)][
        :3
    ] == [0, 1, 1]


def test_a_layout_can_be_cut() -> None:
    assert layout_to_text(cut_layout(layout_of_text(TEXT), 1, 5)) == ". . ~1+2 n3"
    assert layout_to_text(cut_layout(layout_of_text(TEXT), 2, 8)) == ". ~1+2 . r1| . .|"


@pytest.mark.parametrize("size", [1, 5])
def test_draws_keep_to_a_layout(size: int) -> None:
    layout = layout_of_text(". ~1+2 =2| .|")
    frame = Frame(bars=4, ranges=[(60, 70), (40, 50)], meter=vocab.METER_ID[4, 4], layout=layout)
    for draw in draws_of(UniformRuntime(), group_of(frame, size)).values():
        assert draw.is_complete
        rows = draw.events
        bars = np.flatnonzero(rows[:, vocab.TIME] == vocab.BAR)
        echoes = np.flatnonzero(rows[:, vocab.TIME] == vocab.ECHO)
        assert echoes.tolist() == (bars[layout[:, SOURCE] >= 0] + 1).tolist()
        roles = rows[bars, vocab.PART] - vocab.ROLE
        assert roles.tolist() == [0, 1, 3, 2]
        assert rows[echoes, vocab.DURATION].tolist() == [
            vocab.TRANSPOSITION + vocab.TRANSPOSITIONS.index(2),
            vocab.DURATION_NONE,
        ]
        assert (draw.log_probs[echoes] == 0).all()


TABLE = {"minuet": [". . =2 =2 . . . .", ". =1 . =1 . =1 . =1 n4"], "march": [" ".join(["."] * 40)]}


@pytest.mark.parametrize("form", ["minuet", "march", None, "tango"])
@pytest.mark.parametrize("bars", [1, 3, 8])
def test_a_sampled_layout_is_a_real_one_of_its_form_and_closes(form: str | None, bars: int) -> None:
    layout = sample_layout(TABLE, form, bars, np.random.default_rng(0))
    assert len(layout) == bars
    text = layout_to_text(layout)
    assert text.endswith("|")
    known = TABLE.get(form or "") or [found for texts in TABLE.values() for found in texts]
    assert any(found.startswith(text[:-1]) for found in known)


def test_layouts_longer_than_any_real_one_are_refused() -> None:
    with pytest.raises(TokenError, match="up to 9 bars here, 10 were asked for"):
        sample_layout(TABLE, "minuet", 10, np.random.default_rng(0))


def test_the_table_holds_some_pieces_of_every_form_cut_to_their_first_bars() -> None:
    long, short = np.tile(layout_of_text("."), (200, 1)), layout_of_text(". .")
    found = build_layout_table([*[("march", long)] * 120, ("minuet", short)])
    assert list(found) == ["march"]
    assert len(found["march"]) == 100
    assert {len(text.split()) for text in found["march"]} == {128}


def test_the_example_of_the_documents_has_the_rows_that_stand_there() -> None:
    """docs/tokens.md shows these three bars."""
    tunes = [(60, 64, 62, 67), (62, 65, 64, 69), (60, 64, 62, 67)]
    line = [
        (96 * bar + onset, length, pitch)
        for bar, tune in enumerate(tunes)
        for (onset, length), pitch in zip(
            ((0, 24), (24, 12), (36, 12), (48, 48)), tune, strict=True
        )
    ]
    piece = make_piece([Meter(4, 4)] * 3, [line], key=Key("C", "major"), ensemble="")
    rows = encode(piece, VOCABULARY)
    layout = read_layout(rows)
    assert layout_to_text(layout) == ". ~1+2 =2"
    laid_out = window(lay_out(Bars.of(rows), layout), 0, 3).rows[8:]
    up = vocab.TRANSPOSITION + vocab.TRANSPOSITIONS.index(2)
    meter, echo = vocab.METER_ID[4, 4], vocab.ROLE + vocab.ROLE_ECHO
    line_id, repeat = (vocab.RELATION + vocab.RELATIONS.index(n) for n in ("line", "repeat"))
    assert laid_out[~vocab.is_note(laid_out)].tolist() == [
        [vocab.BAR, vocab.ROLE, vocab.BARS_LEFT + 2, meter],
        [vocab.BAR, echo, vocab.BARS_LEFT + 1, meter],
        [vocab.ECHO, line_id, vocab.BARS_LEFT + 1, up],
        [vocab.BAR, echo, vocab.BARS_LEFT, meter],
        [vocab.ECHO, repeat, vocab.BARS_LEFT + 2, vocab.DURATION_NONE],
        vocab.row(vocab.END)[0].tolist(),
    ]


def test_the_snippet_of_the_documents_runs() -> None:
    text = (Path(__file__).parents[2] / "docs/tokens.md").read_text()
    (snippet,) = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    exec(compile(snippet, "docs/tokens.md", "exec"), {})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # Three of four bars repeat the first section; two of four share its line or notes.
        (". . . . =4 =4 =4 .", [("new", -1), ("repeat", 0)]),
        (". . . . ~4+2 n4 . r4", [("new", -1), ("vary", 0)]),
        (". . . . r4 c4 r4 c4", [("new", -1), ("new", -1)]),
        # What repeats a repeat repeats the first of them; at other places it repeats nothing.
        (". . . . =4 =4 =4 =4 =4 =4 =4 =4", [("new", -1), ("repeat", 0), ("repeat", 0)]),
        (". . . . =3 =3 =3 .", [("new", -1), ("new", -1)]),
        # A shorter last section is measured by its own bars.
        (". . . . =4 =4", [("new", -1), ("repeat", 0)]),
    ],
)
def test_sections_are_what_most_of_their_bars_are(text: str, found: list[tuple[str, int]]) -> None:
    assert section_materials(layout_of_text(text), 4) == found


def test_the_longest_layout_is_that_of_the_form_or_of_any() -> None:
    table = {"minuet": [". . .", ". ."], "march": [". . . ."]}
    assert [longest_layout(table, form) for form in ("minuet", "polka", None)] == [3, 4, 4]
