"""infill(), vary(), harmonise(): new notes beside given ones, with a small random model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.composition import replay
from composer.engines import Capabilities, Engine
from composer.errors import OptionError, RequestError
from composer.piece import MeterChange, Note, Piece
from composer.pipeline import Filled, Progress, harmonise, infill, infill_steps, vary
from composer.pipeline.rewriting import some_cells
from composer.stitching import join
from composer.theory import Meter
from tests.fillings import new_notes
from tests.strategies import loose_pieces, pieces

FEW: dict[str, Any] = {"candidates": 2, "seed": 3}


@pytest.fixture(scope="module")
def hole(tiny_engine: Engine, chorale: Piece) -> Filled:
    """Return a chorale of which bars 3 and 4 were written anew."""
    return infill(chorale, 3, 4, engine=tiny_engine, candidates=3)


@pytest.fixture(scope="module")
def harmony(tiny_engine: Engine, chorale: Piece) -> Filled:
    """Return a chorale melody with new lower parts."""
    return harmonise(chorale, composer="Bach", form="chorale", engine=tiny_engine, **FEW)


def test_an_infill_changes_nothing_outside_the_bars(hole: Filled, chorale: Piece) -> None:
    for one in hole.ranked:
        assert all(8 <= note.onset_beats < 16 for _, note in new_notes(chorale, one.piece))
        for part, given_part in zip(one.piece.parts, chorale.parts, strict=True):
            old = [n for n in given_part.notes if not 8 <= n.onset_beats < 16]
            kept = [n for n in part.notes if not 8 <= n.onset_beats < 16]
            assert all(a is b for a, b in zip(kept, old, strict=True))
        assert replace(one.piece, parts=chorale.parts) == chorale


def test_an_infill_of_one_part_leaves_the_others(tiny_engine: Engine, chorale: Piece) -> None:
    found = infill(chorale, 2, 7, parts=[2], engine=tiny_engine, **FEW).piece
    assert [found.parts[n] == chorale.parts[n] for n in range(4)] == [True, True, False, True]


def test_of_a_score_of_twenty_parts_sixteen_are_heard_and_all_kept(
    tiny_engine: Engine, chorale: Piece
) -> None:
    score = replace(chorale, parts=chorale.parts * 5)
    found = infill(score, 2, 7, parts=[18], engine=tiny_engine, **FEW)
    assert [part == given for part, given in zip(found.piece.parts, score.parts, strict=True)] == [
        number != 18 for number in range(20)
    ]
    assert "heard 16 of the 20 parts" in found.piece.remarks_in_a_line
    assert replay(found.to_json()) == found.piece
    with pytest.raises(RequestError, match="at most 16 parts can be written at once, not 20"):
        infill(score, 2, 7, engine=tiny_engine, **FEW)


def test_all_parts_of_a_harmony_are_named_in_one_language(
    tiny_engine: Engine, chorale: Piece
) -> None:
    named = replace(chorale.parts[0], name="1. Sopran")
    found = harmonise(
        replace(chorale, parts=(named,)), engine=tiny_engine, form="chorale", candidates=1, seed=3
    )
    assert [part.name for part in found.piece.parts] == [""] * 4
    assert [part.instrument.name for part in found.piece.parts][1:] == ["alto", "tenor", "bass"]


def test_harmonising_gives_the_melody_parts_of_the_form(harmony: Filled, chorale: Piece) -> None:
    for one in harmony.ranked:
        piece = one.piece
        assert piece.parts[0] is chorale.parts[0]
        assert (len(piece.parts), piece.n_bars, piece.key) == (4, 8, chorale.key)
        assert (piece.composer, piece.form, piece.ensemble) == ("Bach", "chorale", "choir")
        assert all(part.notes and part.is_monophonic for part in piece.parts)


def test_the_lowest_part_stays_the_lowest(tiny_engine: Engine, chorale: Piece) -> None:
    found = harmonise(chorale, part=3, form="minuet", engine=tiny_engine, **FEW).piece
    assert found.parts[-1] is chorale.parts[3]
    assert len(found.parts) == 2


@settings(max_examples=8)
@given(st.one_of(pieces(), loose_pieces()), st.integers(0, 99))
def test_any_piece_is_filled_or_refused_in_a_sentence(
    tiny_engine: Engine, piece: Piece, seed: int
) -> None:
    first = seed % piece.n_bars
    numbers = piece.bar_numbers[first], piece.bar_numbers[-1]
    try:
        found = infill(piece, *numbers, engine=tiny_engine, candidates=1, seed=seed)
    except RequestError as error:
        assert "candidates became a piece" in str(error)
        return
    start = piece.bars[first].onset_beats
    old = [note for part in piece.parts for note in part.notes if note.onset_beats < start]
    kept = {id(note) for part in found.piece.parts for note in part.notes}
    assert {id(note) for note in old} <= kept
    assert all(note.onset_beats >= start for _, note in new_notes(piece, found.piece))


def test_every_candidate_can_be_replayed(hole: Filled, harmony: Filled) -> None:
    for found in (hole, harmony):
        for one in found.ranked:
            assert replay(found.to_json(), one.rank) == one.piece


def test_tied_notes_are_replayed_too(tiny_engine: Engine, chorale: Piece) -> None:
    long = Note(Fraction(0), 67, Fraction(12))
    part = replace(chorale.parts[0], notes=(long, *chorale.parts[0].notes[12:]))
    piece = replace(chorale, parts=(part, *chorale.parts[1:]))
    found = infill(piece, 2, 2, edges="tie", engine=tiny_engine, **FEW)
    assert found.blank.cuts
    assert replay(found.to_json()) == found.piece


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("given"),
        lambda document: document["given"].update(parts=[]),
        lambda document: document["candidates"][0]["piece"].update(n_bars=0),
    ],
    ids=["no piece", "no parts", "no bars"],
)
def test_a_spoilt_file_is_refused(harmony: Filled, spoil: Callable[[Any], Any]) -> None:
    """Every candidate has the given melody, which stands in the file once."""
    document = json.loads(harmony.to_json())
    spoil(document)
    with pytest.raises(RequestError):
        replay(json.dumps(document))


def test_the_same_seed_fills_alike(tiny_engine: Engine, chorale: Piece, hole: Filled) -> None:
    again = infill(chorale, 3, 4, engine=tiny_engine, candidates=3)
    assert [one.piece for one in again.ranked] == [one.piece for one in hole.ranked]


def test_both_seams_are_scored_where_there_are_two(
    hole: Filled, harmony: Filled, tiny_engine: Engine, chorale: Piece
) -> None:
    names = [score.name for score in hole.scorecard.scores]
    assert {"voice_motion", "voice_motion_behind"} <= set(names)
    assert len(names) == len(set(names))
    assert "voice_motion" not in [score.name for score in harmony.scorecard.scores]


def test_progress_comes_before_the_result(tiny_engine: Engine, chorale: Piece) -> None:
    *steps, found = infill_steps(chorale, 2, 2, engine=tiny_engine, **FEW)
    assert isinstance(found, Filled)
    shares = [step.fraction for step in steps if isinstance(step, Progress)]
    assert len(shares) == len(steps)
    assert shares == sorted(shares)


def test_whoever_stops_at_once_has_nothing(tiny_engine: Engine, chorale: Piece) -> None:
    steps = infill_steps(chorale, 2, 2, engine=tiny_engine, should_stop=lambda: True, **FEW)
    with pytest.raises(RequestError, match="stopped before the first"):
        list(steps)


def test_notes_to_be_completed_stay(tiny_engine: Engine, chorale: Piece) -> None:
    sparse = replace(chorale, parts=(*chorale.parts[:3], replace(chorale.parts[3], notes=())))
    found = infill(sparse, 2, 3, complete=True, engine=tiny_engine, **FEW).piece
    assert found.parts[:3] == sparse.parts[:3] or new_notes(sparse, found)
    old = {id(note) for part in sparse.parts for note in part.notes}
    assert old <= {id(note) for part in found.parts for note in part.notes}


@pytest.mark.parametrize("freedom", [0.0, 0.5, 1.0])
def test_the_slider_opens_a_share_of_the_cells(
    tiny_engine: Engine, chorale: Piece, freedom: float
) -> None:
    found = vary(chorale, 1, 4, freedom=freedom, engine=tiny_engine, **FEW)
    assert int(found.blank.cells.sum()) == round(16 * (0.25 + 0.75 * freedom))
    assert found.request.temperature == pytest.approx(0.8 + 0.4 * freedom)


def test_bars_are_varied_in_another_style(tiny_engine: Engine, chorale: Piece) -> None:
    found = vary(chorale, 1, 4, style="classical", engine=tiny_engine, **FEW)
    assert (found.request.style, found.request.composer) == ("Classical", "Mozart")
    assert found.piece.composer == chorale.composer  # whose piece it is


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 99))
def test_what_is_open_at_less_freedom_is_open_at_more(bars: int, parts: int, seed: int) -> None:
    cells = np.ones((bars, parts), np.bool_)
    few, many = (some_cells(cells, share, seed) for share in (0.25, 0.75))
    assert few.any()
    assert not (few & ~many).any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda p: replace(p, parts=p.parts * 5),
            "at most 16 parts can be written at once, not 20",
        ),
        (lambda p: replace(p, meters=(MeterChange(Fraction(0), Meter(64, 64)),)), "64/64 is none"),
        (lambda p: _with_pitch(p, 2), "pitch 2 leaves 0-127"),
    ],
    ids=["too many parts", "odd meter", "too low"],
)
def test_what_the_model_cannot_read_is_refused_in_one_sentence(
    tiny_engine: Engine, chorale: Piece, change: Callable[[Piece], Piece], words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        infill(change(chorale), 1, 1, engine=tiny_engine, **FEW)


def _with_pitch(piece: Piece, pitch: int) -> Piece:
    low = Note(Fraction(28), pitch, Fraction(1))
    part = replace(piece.parts[3], notes=(*piece.parts[3].notes[:-1], low))
    return replace(piece, parts=(*piece.parts[:3], part), key=replace(piece.key, tonic="F"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"freedom": 2}, "`freedom` must be a number from 0 to 1"),
        ({"freedom": True}, "`freedom` must be a number from 0 to 1"),
        ({"bars": 4}, "there is no option 'bars'"),
        ({"form": "polka"}, "'polka' is not on the menu"),
        ({"candidates": 0}, "`candidates` must be from 1"),
    ],
)
def test_odd_options_are_refused(
    tiny_engine: Engine, chorale: Piece, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(OptionError if "menu" not in words else RequestError, match=words):
        vary(chorale, 1, 2, engine=tiny_engine, **options)


def test_a_part_that_is_none_or_silent_is_refused(
    tiny_engine: Engine, chorale: Piece, empty_piece: Piece
) -> None:
    with pytest.raises(OptionError, match="`part` must be from 1 to 4, got 5"):
        harmonise(chorale, part=4, engine=tiny_engine)
    with pytest.raises(RequestError, match="part 1 has no note"):
        harmonise(empty_piece, engine=tiny_engine)


@pytest.mark.parametrize("part", [0, 3])
@pytest.mark.parametrize("seed", range(4))
def test_no_part_begins_before_the_upbeat_that_was_given(
    tiny_engine: Engine, upbeat_chorale: Piece, part: int, seed: int
) -> None:
    first_beats = min(line.notes[0].onset_beats for line in upbeat_chorale.parts)
    found = harmonise(upbeat_chorale, part=part, engine=tiny_engine, candidates=4, seed=seed)
    for one in found.ranked:
        assert one.piece.bar_numbers == upbeat_chorale.bar_numbers
        onsets = [line.notes[0].onset_beats for line in one.piece.parts if line.notes]
        assert min(onsets) >= first_beats


@pytest.mark.parametrize("seed", range(4))
def test_bars_keep_their_numbers_whatever_the_first_one_becomes(
    tiny_engine: Engine, chorale: Piece, seed: int
) -> None:
    """A first bar that begins late, written where none was an upbeat, is bar 1 all the same."""
    found = infill(chorale, 1, 1, engine=tiny_engine, candidates=4, seed=seed)
    for one in found.ranked:
        assert one.piece.bar_numbers == chorale.bar_numbers
        assert replay(found.to_json(), one.rank).bar_numbers == chorale.bar_numbers


def test_an_upbeat_that_is_written_anew_stays_an_upbeat(
    tiny_engine: Engine, upbeat_chorale: Piece
) -> None:
    found = infill(upbeat_chorale, 0, 1, engine=tiny_engine, candidates=6, seed=2)
    assert all(one.piece.bar_numbers == upbeat_chorale.bar_numbers for one in found.ranked)
    assert all(one.piece.pickup_beats <= upbeat_chorale.pickup_beats for one in found.ranked)


def test_an_engine_that_only_composes_says_so(chorale: Piece) -> None:
    class Whole(Engine):
        capabilities = Capabilities(good_for="nothing else", asks=("Compose",))

    with pytest.raises(RequestError, match="choose one that can write into a piece"):
        infill(chorale, 1, 1, engine=Whole())


def test_what_is_found_is_told_by_the_bars_of_the_whole_piece(
    tiny_engine: Engine, chorale: Piece
) -> None:
    twice = join(chorale, chorale.n_bars, chorale)
    found = infill(twice, 13, 14, engine=tiny_engine, **FEW)
    places = [place for score in found.scorecard.scores for place in score.places]
    assert places
    assert all(9 <= place.bar <= 16 and place.onset_beats >= 32 for place in places)
