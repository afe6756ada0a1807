"""Rolls: what fits comes back exactly, and what does not is counted."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.engines.roll.rolls import (
    GRIDS,
    fold,
    keys_of,
    padded,
    piece_of,
    pitches_of,
    roll_of,
    unfold,
)
from composer.errors import OptionError
from composer.models.fractal.config import HOLD, ONSET
from composer.piece import MeterChange, Note, Part, Piece
from composer.theory import INSTRUMENTS, Key, Meter

PLAYERS = INSTRUMENTS["violin"], INSTRUMENTS["piano"]


def piece_with(*parts: list[Note]) -> Piece:
    lines = zip(PLAYERS, parts, strict=False)
    return Piece(
        tuple(Part(player, tuple(notes)) for player, notes in lines),
        (MeterChange(Fraction(0), Meter(4, 4)),),
        Key("C", "major"),
        n_bars=4,
    )


def note(onset: object, pitch: int, length: object, velocity: int = 80) -> Note:
    return Note(Fraction(str(onset)), pitch, Fraction(str(length)), velocity)


@st.composite
def fitting_pieces(draw: st.DrawFn) -> tuple[Piece, int]:
    """Return a piece without unisons whose notes lie on a grid, and the grid."""
    grid = draw(st.sampled_from(GRIDS))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    parts: list[list[Note]] = [[], []]
    for pitch in rng.choice(128, 12, replace=False).tolist():
        step = 0
        while (step := step + int(rng.integers(0, 9))) < 16 * grid - 9:
            length = int(rng.integers(1, 9))  # often up to the next, which is a repeated note
            velocity = int(rng.integers(1, 128))
            made = Note(Fraction(step, grid), pitch, Fraction(length, grid), velocity)
            parts[pitch % 2].append(made)
            step += length
    return piece_with(*(sorted(p, key=lambda n: (n.onset_beats, n.pitch)) for p in parts)), grid


@given(fitting_pieces())
def test_a_piece_that_fits_comes_back_note_for_note(case: tuple[Piece, int]) -> None:
    piece, grid = case
    roll = roll_of(piece, grid)
    assert piece_of(roll, piece) == piece
    assert (roll.losses.moved, roll.losses.joined, roll.losses.cut) == (0, 0, 0)
    assert str(roll.losses) == f"all {piece.n_notes} notes fit the grid"


def test_repeated_notes_are_two_and_a_held_one_is_one() -> None:
    roll = roll_of(piece_with([note(0, 60, "0.5"), note("0.5", 60, "0.5"), note(1, 62, 1)]))
    assert roll.states[60, :4].tolist() == [ONSET, HOLD, ONSET, HOLD]
    assert roll.states[62, 4:8].tolist() == [ONSET, HOLD, HOLD, HOLD]


def test_what_does_not_fit_is_counted() -> None:
    triplet = [note(Fraction(i, 3), 70, Fraction(1, 3)) for i in range(3)]
    unison = [note(2, 60, 2, 90)], [note(2, 60, 1, 100)]
    piece = piece_with([*triplet, *unison[0]], [*unison[1], note(3, 60, 1)])
    losses = roll_of(piece).losses
    assert (losses.notes, losses.moved, losses.joined, losses.cut) == (6, 3, 1, 2)
    assert str(losses) == (
        "of 6 notes 3 were moved to the grid, 1 are one with another and 2 were cut off by the "
        "next of their pitch"
    )
    assert roll_of(piece, 12).losses.moved == 0  # triplets have a place there


def test_a_grid_that_there_is_not_is_refused(chorale: Piece) -> None:
    with pytest.raises(OptionError, match="must have 4, 12, 24 steps a quarter, got 5"):
        roll_of(chorale, 5)


def test_cells_show_unmade_silent_or_how_loud() -> None:
    roll = roll_of(piece_with([note(0, 60, 1, 127)]))
    unmade = np.zeros(roll.states.shape, bool)
    unmade[60, 2:6] = True
    assert roll.levels(unmade)[60, :7].tolist() == [1, 1, -1, -1, -1, -1, 0]
    assert set(np.unique(roll.levels())) == {0.0, 1.0}


@given(st.integers(1, 70), st.integers(0, 99))
def test_views_lose_nothing(width: int, seed: int) -> None:
    x = np.random.default_rng(seed).integers(0, 3, (128, width)).astype(np.uint8)
    assert padded(x).shape[1] % 16 == 0 and (padded(x)[:, :width] == x).all()
    keys = x.copy()
    keys[:21] = keys[109:] = 0
    assert keys_of(keys).shape[0] == 88 and (pitches_of(keys_of(keys)) == keys).all()
    square = np.random.default_rng(seed).integers(0, 3, (128, 512))
    assert fold(square).shape == (256, 256) and (unfold(fold(square)) == square).all()


def test_percussion_is_left_out(chorale: Piece) -> None:
    drums = replace(chorale, percussion=chorale.parts[:1])
    assert (roll_of(drums).states == roll_of(chorale).states).all()
