"""What happens on the Extend page: music comes in, grows, and any candidate can be gone on from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr
import pytest

from composer.composition import Composition, Ranked
from composer.engines import Engine
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline import compose_long_steps, compose_plan_steps, extend_steps
from composer.request import Request
from composer.scoring import score
from composer.ui import build_app
from composer.ui.compose import controls
from composer.ui.extend import handlers
from composer.ui.extend import views as extend_views
from composer.ui.extend.handlers import NO_PLAN, Extending
from composer.ui.shared.running import STOPPED, Run
from composer.ui.shared.settings import read_long
from composer.ui.shared.visit import Visit
from tests.fake_studio import fake_studio

FEW = {"chunk_bars": 2, "candidates": 3, "seed": 5}


@pytest.fixture(autouse=True)
def one_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close at the first attempt: random notes hardly ever make a cadence."""
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)


def visit_of(piece: Piece) -> Visit:
    """Return what the Compose page holds after it composed a piece."""
    ranked = (Ranked(1, 0, piece, score(piece), 2.0),)
    made = Composition(Request(), ranked, (), elapsed_s=1.0, stopped=False, versions={})
    return Visit(folder="a", composition=made)


@pytest.fixture
def begun(chorale: Piece) -> Extending:
    """Return the page with a composed chorale in hand."""
    return handlers.take_composed(Extending(), visit_of(chorale))


def drawn(engine: Engine, state: Extending, **changes: Any) -> Iterator[Any]:
    yield from draw(engine, began(state, **changes))


def draw(engine: Engine, state: Extending) -> Iterator[Any]:
    """Draw a run that was begun."""
    steps = {"extend": extend_steps, "plan": compose_plan_steps, "long": compose_long_steps}
    yield from handlers.draw({k: partial(f, engine=engine) for k, f in steps.items()}, state)


def began(state: Extending, **changes: Any) -> Extending:
    values = {"bars": 4, "plan_name": NO_PLAN, "plan_rows": None, "numbers": FEW} | changes
    return handlers.begin(replace(state, run=Run()), **values)


def test_the_composed_piece_grows_and_its_notes_stay(
    tiny_engine: Engine, begun: Extending, chorale: Piece
) -> None:
    *_, (state, status, _) = drawn(tiny_engine, begun)
    piece = state.grown().piece()
    assert piece.n_bars == chorale.n_bars + 4
    for part, given in zip(piece.parts, chorale.parts, strict=True):
        assert part.notes[: len(given.notes)] == given.notes
    assert f"{piece.n_bars} bars in" in status


def test_another_candidate_can_be_picked_undone_and_redone(
    tiny_engine: Engine, begun: Extending
) -> None:
    *_, (state, _, _) = drawn(tiny_engine, begun)
    other = handlers.pick(state, 1, 2)
    assert other.grown().piece() != state.grown().piece()
    assert handlers.undo(other).grown().piece() == state.grown().piece()
    assert handlers.redo(handlers.undo(other)).grown() == other.grown()
    assert handlers.undo(state).grown() == begun.grown()


def test_from_the_beginning_it_grows_another_way(tiny_engine: Engine, begun: Extending) -> None:
    *_, (state, _, _) = drawn(tiny_engine, begun)
    back = handlers.pick(state, -1, 0)
    *_, (again, _, _) = drawn(tiny_engine, back, bars=2)
    assert len(again.grown().chunks) == len(state.grown().chunks) + 1
    assert again.grown().piece().n_bars == begun.grown().given_bars + 2


def test_what_was_found_is_corrected_and_cut(begun: Extending) -> None:
    state = handlers.correct(begun, "C major", "", 2, 3)
    assert (str(state.grown().given.key), state.grown().given.n_bars) == ("C major", 2)
    assert "C major" in handlers.show(state)["facts"]
    assert handlers.undo(state).grown() == begun.grown()


@pytest.mark.parametrize(
    "values", [("H", "", None, None), ("", "", 3, 2), ("", "", "x", None), ("", "5/7", None, None)]
)
def test_a_correction_that_will_not_do_is_refused(begun: Extending, values: Any) -> None:
    with pytest.raises(RequestError):
        handlers.correct(begun, *values)


def test_a_theme_that_was_typed_begins_a_piece() -> None:
    theme = "M:3/4\nL:1/4\nK:G\nG A B | c2 B |"
    state = handlers.take_theme(Extending(), theme, "keyboard")
    assert (str(state.grown().given.key), str(state.grown().given.meter)) == ("G major", "3/4")


@pytest.mark.parametrize("text", ["", None, "???", 7])
def test_a_theme_that_is_none_is_refused(text: Any) -> None:
    with pytest.raises(RequestError):
        handlers.take_theme(Extending(), text, "keyboard")


def test_a_plan_begins_with_the_music_in_hand_and_can_be_edited(begun: Extending) -> None:
    rows = handlers.plan_table(begun, "AABA")
    assert rows[0][1] == begun.grown().given.n_bars
    rows[-1][1] = "6"
    rows[-1][3], rows[-1][4] = "new", None
    assert handlers.read_plan("AABA", {"data": rows}).rows[-1].bars == 6


@pytest.mark.parametrize("rows", [None, {"data": 3}, [["A", "x", "C major", "new", ""]], []])
def test_a_plan_that_is_none_is_refused(rows: Any) -> None:
    with pytest.raises(RequestError):
        handlers.read_plan("mine", rows)


def test_without_music_nothing_can_be_drawn(tiny_engine: Engine) -> None:
    for act in (began, handlers.undo, handlers.redo, handlers.show):
        with pytest.raises(RequestError, match="there is no music yet"):
            act(Extending())
    with pytest.raises(RequestError, match="nothing is composed yet"):
        handlers.take_composed(Extending(), Visit())


def test_a_run_under_way_is_not_doubled(begun: Extending) -> None:
    with pytest.raises(RequestError, match="still under way"):
        handlers.begin(began(begun), 4, NO_PLAN, None, FEW)


def test_a_saved_tree_comes_back_as_it_was_left(tiny_engine: Engine, begun: Extending) -> None:
    *_, (state, _, _) = drawn(tiny_engine, begun)
    shown = handlers.show(state)
    assert extend_views.read_tree(shown["record"].read_text()).piece() == state.grown().piece()
    assert 'data-rank="2"' in shown["chunks"]
    assert shown["midi"].stat().st_size > 100


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"tree": 3}', "nonsense"])
def test_a_file_that_holds_no_tree_is_refused(text: str) -> None:
    with pytest.raises(RequestError):
        extend_views.read_tree(text)


def test_a_candidate_that_is_not_there_is_refused(begun: Extending) -> None:
    for chunk, rank in ((7, 1), (True, 1), ("0", 1), (None, None)):
        with pytest.raises(RequestError):
            handlers.pick(begun, chunk, rank)


def test_a_run_that_is_stopped_at_once_says_so(tiny_engine: Engine, begun: Extending) -> None:
    state = began(begun)
    state.run.stop()
    [(ended, status, _)] = draw(tiny_engine, state)
    assert STOPPED in status and ended.grown() == begun.grown()


LONG = {"composer": "Bach", "form": "minuet", "key": "G major", "parts": "2", "bars": 6}
LONG |= {"chunk_bars": 2, "overlap": 0.5, "plan": "open", "candidates": 2, "seed": 5}


def test_a_long_piece_from_nothing_grows_and_can_be_gone_on_from(
    tiny_engine: Engine, begun: Extending
) -> None:
    *_, (state, status, _) = draw(tiny_engine, handlers.begin_long(begun, LONG))
    tree = state.grown()
    assert "6 bars in" in status
    assert (tree.given_bars, len(tree.chunks), str(tree.piece().key)) == (0, 3, "G major")
    shown = handlers.show(state)
    assert 'data-chunk="-1"' not in shown["chunks"]  # there is no beginning to go back to
    joints = ", ".join(str(bar) for bar in tree.seams()[1:])
    assert f"joints at bar {joints}<" in shown["heading"]
    *_, (longer, _, _) = drawn(tiny_engine, state, bars=2)
    assert longer.grown().piece().n_bars == 8
    assert handlers.undo(state).grown() == begun.grown()
    with pytest.raises(RequestError, match="composed from nothing"):
        handlers.correct(state, "C major", "", None, None)


def test_a_plan_goes_on_with_all_of_a_piece_from_nothing(tiny_engine: Engine) -> None:
    *_, (state, _, _) = draw(tiny_engine, handlers.begin_long(Extending(), LONG))
    assert handlers.plan_table(state, "AABA")[0][1] == 6


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"chunks": 3}, "give one length"),
        ({"overlap": 2}, "`overlap` must be a number from 0 to 0.9"),
        ({"register": "high"}, "`register` is for pieces that are composed at once"),
        ({"candidates": 0}, "`candidates` must be from 1"),
        ({"plan": 7}, "`plan` must be"),
        ({"minutes": "long", "bars": None}, "`minutes` must be a number"),
    ],
)
def test_a_long_piece_that_cannot_be_is_refused_before_it_waits(
    values: dict[str, Any], words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        handlers.begin_long(Extending(), LONG | values)


def test_a_long_piece_of_a_form_that_nobody_wrote_is_refused(tiny_engine: Engine) -> None:
    with pytest.raises(RequestError, match="opera"):
        list(draw(tiny_engine, handlers.begin_long(Extending(), LONG | {"form": "opera"})))


def test_what_the_page_asks_of_a_long_piece_is_what_the_command_takes() -> None:
    build_app(studio := fake_studio())  # refuses components that do not fit
    with gr.Blocks():
        placed = controls.build(studio.menu(), (), {}, studio.engines())
    values = [getattr(one, "value", None) for one in placed.long_inputs]
    asked = read_long(placed.read_long(*values))
    assert (asked["chunks"], asked["chunk_bars"], asked["overlap"]) == (4, 16, 0.5)
    assert not {"bars", "plan"} & set(asked)
    kept = placed.read_long(True, 2.5, "minutes", *values[3:])
    assert (kept["minutes"], "chunks" in kept, kept["seed"]) == (2.5, False, 0)
