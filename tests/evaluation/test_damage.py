"""Damages: pure, graded, and only what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.errors import OptionError
from composer.evaluation.damage import DAMAGES, damage, shift_pitches
from composer.piece import Note, Piece
from tests.strategies import pieces

KINDS = tuple(DAMAGES)


def notes_of(piece: Piece) -> list[Note]:
    return [note for part in piece.parts for note in part.notes]


def bars_of(piece: Piece, part: int) -> list[tuple[tuple[Fraction, int], ...]]:
    """Return what begins in every bar of a part: places in the bar and pitches."""
    return [
        tuple(
            (note.onset_beats - bar.onset_beats, note.pitch)
            for note in piece.parts[part].notes
            if bar.onset_beats <= note.onset_beats < bar.end_beats
        )
        for bar in piece.bars
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_does_the_same_and_another_seed_something_else(
    chorale: Piece, kind: str
) -> None:
    before = replace(chorale)
    assert damage(chorale, kind, 3) == damage(chorale, kind, 3) != chorale
    assert chorale == before
    others = [damage(chorale, kind, seed) for seed in range(5)]
    assert kind == "flat rhythm" or any(other != others[0] for other in others)


@settings(max_examples=15)
@given(pieces(), st.sampled_from(KINDS), st.integers(0, 9))
def test_any_piece_stays_a_piece_of_the_same_frame(piece: Piece, kind: str, seed: int) -> None:
    found = damage(piece, kind, seed)
    frame = ("meters", "key", "n_bars", "title", "composer", "form", "ensemble")
    assert all(getattr(found, name) == getattr(piece, name) for name in frame)
    assert [part.instrument for part in found.parts] == [p.instrument for p in piece.parts]
    assert Piece.from_dict(found.to_dict()) == found  # notes in order, lengths above 0


@settings(max_examples=15)
@given(pieces(), st.floats(0, 1))
def test_a_share_of_the_notes_moves_by_one_or_two_semitones(piece: Piece, share: float) -> None:
    found = shift_pitches(piece, np.random.default_rng(0), share=share)
    for part, other in zip(piece.parts, found.parts, strict=True):
        assert [n.onset_beats for n in part.notes] == [n.onset_beats for n in other.notes]
    left = Counter(notes_of(piece)) - Counter(notes_of(found))
    wanted = max(1, round(share * piece.n_notes))
    assert sum(left.values()) <= wanted  # a note may move to where another one left


@pytest.mark.parametrize(("kind", "n_moved"), [("pitch 5 %", 5), ("pitch 20 %", 20)])
def test_grades_are_shares_of_the_notes(chorale: Piece, kind: str, n_moved: int) -> None:
    before, after = (sorted(notes_of(p)) for p in (chorale, damage(chorale, kind, 1)))
    wanted = round(n_moved / 100 * chorale.n_notes)
    assert 0 < len(Counter(before) - Counter(after)) <= wanted
    sizes = {abs(a.pitch - b.pitch) for a, b in zip(before, after, strict=True)}
    assert sizes <= {0, 1, 2, 3, 4} and sizes > {0}


def test_swapped_bars_keep_the_frame_and_the_parts_together(chorale: Piece) -> None:
    found = damage(chorale, "swapped bars", 1)
    for part in range(len(chorale.parts)):
        before, after = bars_of(chorale, part), bars_of(found, part)
        assert sorted(before) == sorted(after)
        assert (before[0], before[-1]) == (after[0], after[-1])
    moved = [
        [
            before != after
            for before, after in zip(bars_of(chorale, p), bars_of(found, p), strict=True)
        ]
        for p in (0, 3)
    ]
    assert sum(moved[0]) == sum(moved[1]) == 3


def test_shuffled_parts_keep_their_bars_and_lose_one_another(chorale: Piece) -> None:
    found = damage(chorale, "shuffled parts", 1)
    assert found.parts[0] == chorale.parts[0]
    turns = set()
    for part in (1, 2, 3):
        before, after = bars_of(chorale, part), bars_of(found, part)
        turns |= {k for k in range(1, 8) if before[-k:] + before[:-k] == after}
    assert len(turns) == 3


def test_a_broken_cadence_changes_only_the_end(chorale: Piece) -> None:
    found = damage(chorale, "broken cadence", 0)
    edge = chorale.bars[-2].onset_beats
    before, after = notes_of(chorale), notes_of(found)
    shifts = {
        b.pitch - a.pitch for a, b in zip(before, after, strict=True) if a.onset_beats >= edge
    }
    assert len(shifts) == 1 and 0 not in shifts
    assert [n for n in before if n.onset_beats < edge] == [n for n in after if n.onset_beats < edge]


def test_a_flat_rhythm_has_one_chord_a_pulse(chorale: Piece, keyboard_piece: Piece) -> None:
    for piece in (chorale, keyboard_piece):
        for part in damage(piece, "flat rhythm", 0).parts:
            assert part.notes
            assert {note.onset_beats % piece.meter.pulse_beats for note in part.notes} == {0}
            assert all(n.end_beats <= piece.length_beats for n in part.notes)


def _alone(piece: Piece) -> Piece:
    return replace(piece, parts=piece.parts[:1])


def _one_bar(piece: Piece) -> Piece:
    return replace(piece, parts=(replace(piece.parts[0], notes=()),), n_bars=1)


@pytest.mark.parametrize(
    ("kind", "change"),
    [("shuffled parts", _alone), ("swapped bars", _one_bar), ("shuffled parts", _one_bar)],
)
def test_what_a_piece_does_not_have_cannot_be_damaged(
    chorale: Piece, kind: str, change: Callable[[Piece], Piece]
) -> None:
    assert damage(change(chorale), kind, 0) == change(chorale)


def test_an_unknown_damage_is_refused_with_what_there_is(chorale: Piece) -> None:
    with pytest.raises(OptionError, match="there is no damage 'rain'; there are pitch 1 %"):
        damage(chorale, "rain", 0)
