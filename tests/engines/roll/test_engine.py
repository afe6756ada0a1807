"""The engine of rolls: masks of any shape, windows, parts, velocities, and odd requests."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer import pipeline
from composer.cells import areas_of, clear
from composer.engines import Compose, Continue, Engine, Fill
from composer.engines.roll.parting import Line, deal
from composer.engines.roll.windows import CONTEXT, MOST, windows_of
from composer.errors import OptionError, RequestError
from composer.piece import Note, Piece
from composer.pipeline.chain import Chain
from composer.request import Request

ONE = Request(candidates=1, seed=3)


def fill_of(piece: Piece, mask: Any, request: Request = ONE, edges: str = "keep") -> Fill:
    blank = clear(piece, areas_of(mask, 4), edges=edges)
    ranges = [(21, 108)] * len(piece.parts)
    lines = [part.is_monophonic for part in piece.parts]
    return Fill(request=request, blank=blank, ranges=ranges, lines=lines)


def music_of(engine: Engine, ask: Any) -> Piece:
    music = list(engine.draw(ask))[-1].takes[0].music
    assert music is not None
    return music


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_nothing_outside_of_a_mask_of_any_shape_changes(
    tiny_roll_engine: Engine, keyboard_piece: Piece, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    mask = np.zeros((128, 96), bool)
    for _ in range(int(rng.integers(1, 6))):
        low, first = int(rng.integers(21, 100)), int(rng.integers(0, 90))
        shape = int(rng.integers(1, 30)), int(rng.integers(1, 40))
        mask[low : low + shape[0], first : first + shape[1]] = rng.random() < 0.9
    mask[:21] = mask[109:] = False
    if not mask.any():
        return
    try:
        ask = fill_of(keyboard_piece, mask)
        music = music_of(tiny_roll_engine, ask)
    except OptionError as refusal:
        assert "nothing is open there" in str(refusal)
        return
    kept = {id(note) for part in ask.blank.piece.parts for note in part.notes}
    found = [note for part in music.parts for note in part.notes]
    assert kept <= set(map(id, found))
    for note in found:
        if id(note) not in kept:
            begin, end = int(note.onset_beats * 4), int(note.end_beats * 4)
            assert mask[note.pitch, begin:end].all()


def test_each_pass_shows_less_that_is_not_made(
    tiny_roll_engine: Engine, keyboard_piece: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("composer.engines.roll.engine.SKETCHING", 1.0)  # one after every pass
    mask = np.zeros((128, 96), bool)
    mask[40:90, 12:60] = True
    steps = list(tiny_roll_engine.draw(fill_of(keyboard_piece, mask)))
    sketches = [step.sketch for step in steps if step.sketch]
    assert len(sketches) > 8 and steps[-1].sketch is None
    left = [
        sum((a.end_beats - a.begin_beats) * (1 + a.high - a.low) for a in sketch.unmade)
        for sketch in sketches
    ]
    assert left == sorted(left, reverse=True) and left[0] > left[-1] == 0
    assert sketches[-1].music.n_notes >= sketches[0].music.n_notes


def test_candidates_differ_and_each_repeats(tiny_roll_engine: Engine) -> None:
    ask = Compose(Request(bars=4, parts=2, candidates=3, seed=8, key="D minor"))
    first = [take.music for step in tiny_roll_engine.draw(ask) for take in step.takes]
    again = [take.music for step in tiny_roll_engine.draw(ask) for take in step.takes]
    assert first == again and len({str(piece) for piece in first}) == 3


def test_new_pieces_have_velocities_and_scores_without_them_stay_so(
    tiny_roll_engine: Engine, chorale: Piece
) -> None:
    new = music_of(tiny_roll_engine, Compose(Request(bars=4, candidates=1)))
    assert len({note.velocity for part in new.parts for note in part.notes}) > 4
    mask = np.ones((128, 60), bool)
    filled = music_of(tiny_roll_engine, fill_of(chorale, mask))
    assert {note.velocity for part in filled.parts for note in part.notes} == {80}


def played(piece: Piece) -> Piece:
    """Return a piece whose notes are as loud as they are high."""
    parts = (
        replace(part, notes=tuple(replace(n, velocity=n.pitch) for n in part.notes))
        for part in piece.parts
    )
    return replace(piece, parts=tuple(parts))


def test_only_velocities_are_made_anew(tiny_roll_engine: Engine, chorale: Piece) -> None:
    piece = played(chorale)
    mask = np.zeros((128, 128), bool)
    mask[55:80, 16:64] = True
    blank = clear(piece, areas_of(mask, 4))
    kept = {id(note) for part in blank.piece.parts for note in part.notes}
    notes = [
        (index, note)
        for index, part in enumerate(piece.parts)
        for note in part.notes
        if id(note) not in kept
    ]
    ask = Fill(request=ONE, blank=blank, ranges=[(21, 108)] * 4, lines=[True] * 4, notes=notes)
    [take] = [take for step in tiny_roll_engine.draw(ask) for take in step.takes]
    assert take.music is not None and take.music != piece
    bare = [
        [(n.onset_beats, n.pitch, n.duration_beats) for n in part.notes] for part in piece.parts
    ]
    assert bare == [
        [(n.onset_beats, n.pitch, n.duration_beats) for n in part.notes]
        for part in take.music.parts
    ]
    assert kept <= {id(note) for part in take.music.parts for note in part.notes}
    assert tiny_roll_engine.replay(ask, take.record) == take.music


def test_a_long_piece_is_painted_window_by_window(tiny_roll_engine: Engine) -> None:
    ask = Compose(Request(bars=48, parts=2, candidates=1, seed=1))
    music = music_of(tiny_roll_engine, ask)
    bars = {int(note.onset_beats // 4) for part in music.parts for note in part.notes}
    assert max(bars) > 44 and len(bars) > 40


@given(st.lists(st.booleans(), min_size=1, max_size=1500))
def test_windows_make_every_open_column_once(columns: list[bool]) -> None:
    opened = np.array(columns)
    if not opened.any():
        return
    made = np.zeros(len(opened) + MOST, int)
    for window in windows_of(opened[None]):
        assert window.width % 16 == 0 and window.width <= MOST and window.first >= 0
        assert window.first <= window.begin < window.end <= window.first + window.width
        if window.end == len(opened) and window.begin > CONTEXT:
            assert window.first < window.begin
        made[window.begin : window.end] += 1
    assert (made[: len(opened)][opened] == 1).all() and made.max() == 1


def test_a_window_far_into_a_piece_sees_both_sides() -> None:
    opened = np.zeros(9600, bool)
    opened[4800:4832] = True
    [window] = windows_of(opened[None])
    assert (window.width, window.begin - window.first) == (128, 48)


def line(index: int, middle: float, *, single: bool = True) -> Line:
    return Line(index, middle, single, (), lambda part, pitch, beats: Fraction(100))


def test_notes_of_a_chord_go_to_parts_in_order_and_a_line_takes_one() -> None:
    chord = [Note(Fraction(0), pitch, Fraction(1)) for pitch in (48, 60, 64, 67)]
    lines = [line(i, middle) for i, middle in enumerate((70.0, 66.0, 58.0, 50.0))]
    dealt = {note.pitch: part for part, note in deal(chord, lines)}
    assert dealt == {67: 0, 64: 1, 60: 2, 48: 3}
    two = [line(0, 66.0), line(1, 50.0)]
    assert {part for part, _ in deal(chord, two)} == {0, 1}
    assert len(list(deal(chord, [line(0, 66.0), line(1, 50.0)]))) == 2
    hands = [line(0, 66.0, single=False), line(1, 50.0, single=False)]
    assert {note.pitch: part for part, note in deal(chord, hands)} == {67: 0, 64: 0, 60: 0, 48: 1}


def test_a_line_cuts_its_own_note_and_waits_for_a_given_one() -> None:
    long = Note(Fraction(0), 60, Fraction(4))
    after = Note(Fraction(1), 62, Fraction(1))
    found = [note for _, note in deal([long, after], [line(0, 60.0)])]
    assert [(n.pitch, n.duration_beats) for n in found] == [(60, 1), (62, 1)]
    given = Line(0, 60.0, True, (replace(long, pitch=65),), line(0, 0.0).open_until)
    assert list(deal([after], [given])) == []


def test_more_bars_follow_with_an_open_end_or_close(
    tiny_roll_engine: Engine, chorale: Piece
) -> None:
    chain = Chain.of(chorale, chorale.n_bars, "choir")
    for after in (0, 40):
        ask = chain.ask(ONE, chorale.key, 2, after, seed=9)
        assert isinstance(ask, Continue)
        music = music_of(tiny_roll_engine, ask)
        assert music.n_bars == 2 and music.n_notes > 0
        assert max(n.end_beats for p in music.parts for n in p.notes) <= 8


def test_a_full_mask_an_empty_one_and_one_beyond_the_parts(
    tiny_roll_engine: Engine, chorale: Piece
) -> None:
    few: dict[str, Any] = {"engine": tiny_roll_engine, "candidates": 1}
    everything = np.ones((128, 128), bool)
    found = pipeline.paint(chorale, areas_of(everything, 4), **few)
    assert found.blank.piece.n_notes == 0 and found.piece.n_notes > 0
    with pytest.raises(OptionError, match="one open step at least"):
        areas_of(~everything, 4)
    nowhere = np.zeros_like(everything)
    nowhere[125] = True
    with pytest.raises(RequestError, match="no part plays so high or low"):
        pipeline.paint(chorale, areas_of(nowhere, 4), **few)


def test_a_roll_that_is_full_already_has_no_room(tiny_roll_engine: Engine, chorale: Piece) -> None:
    held = [Note(Fraction(0), pitch, Fraction(32)) for pitch in range(21, 109)]
    full = replace(chorale, parts=(replace(chorale.parts[0], notes=tuple(held)),))
    mask = np.zeros((128, 128), bool)
    mask[21:109, 16:32] = True
    with pytest.raises(OptionError, match="nothing is open there"):
        music_of(tiny_roll_engine, fill_of(full, mask))


def test_a_record_of_another_engine_is_refused(tiny_roll_engine: Engine) -> None:
    with pytest.raises(RequestError, match="holds no notes of this engine"):
        tiny_roll_engine.replay(Compose(ONE), {"events": "AAAA"})


@pytest.mark.parametrize("width", [128, 132, 256, 512, 1024])
def test_a_piece_is_as_wide_as_is_asked(tiny_roll_engine: Engine, width: int) -> None:
    request = Request(candidates=1, meter="4/4", engine_options=f"width={width}, passes=2")
    music = music_of(tiny_roll_engine, Compose(request))
    ends = [note.end_beats * 4 for part in music.parts for note in part.notes]
    assert music.n_bars == -(-width // 16) and width - 48 < max(ends) <= width


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("width=130", "`width` must be a multiple of 4 from 4 to 2048 sixteenths, got 130; 128"),
        ("width=4096", "`width` must be a whole number from 0 to 2048"),
        ("passes=0", "`passes` must be a whole number from 1 to 64"),
        ("heat=1", "has no option 'heat'"),
    ],
)
def test_options_out_of_range_are_refused_in_a_sentence(
    tiny_roll_engine: Engine, options: str, words: str
) -> None:
    request = Request(candidates=1, engine_options=options)
    with pytest.raises(OptionError, match=words):
        pipeline.compose(request, engine=tiny_roll_engine)


def test_passes_are_as_many_as_asked_whatever_the_width(
    tiny_roll_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("composer.engines.roll.engine.SKETCHING", 1.0)  # one after every pass
    counts = []
    for width in (128, 256, 384):
        options = f"width={width}, passes=5"
        ask = Compose(Request(candidates=1, meter="4/4", engine_options=options))
        steps = list(tiny_roll_engine.draw(ask))
        shown = {step.sketch.unmade for step in steps if step.sketch}
        counts.append(len(shown))
    assert counts == [5, 5, 5]
