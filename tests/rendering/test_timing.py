from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given

from composer.piece import Note, Part, Piece
from composer.rendering.phrases import find_phrases
from composer.rendering.timing import (
    LAST_TEMPO,
    MAX_NOISE_S,
    MAX_TEMPO_CHANGE,
    Clock,
    arch,
    cell_edges,
    expressive_clock,
    ritardando_beats,
    tempo_curve,
)
from tests.strategies import legal_pieces, loose_pieces, pieces


def curve_of(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
    edges = cell_edges(piece)
    beats = (edges[1:] + edges[:-1]) / 2
    return beats, tempo_curve(piece, find_phrases(piece), beats)


def clock_of(piece: Piece) -> Clock:
    return expressive_clock(piece, 60.0, find_phrases(piece))


def onsets_of(piece: Piece) -> list[Fraction]:
    return sorted({note.onset_beats for part in piece.parts for note in part.notes})


@given(pieces() | loose_pieces())
def test_the_tempo_bends_a_little_until_the_last_bar(piece: Piece) -> None:
    beats, speeds = curve_of(piece)
    before = speeds[beats < float(ritardando_beats(piece)[0])]
    assert (np.abs(before - 1) <= MAX_TEMPO_CHANGE).all()


@given(pieces() | loose_pieces())
def test_the_last_tempo_is_a_share_of_the_first_and_never_less(piece: Piece) -> None:
    _, speeds = curve_of(piece)
    assert speeds.min() >= LAST_TEMPO * (1 - MAX_TEMPO_CHANGE)


@given(legal_pieces())
def test_an_unbroken_piece_lasts_a_few_per_cent_longer_at_most(piece: Piece) -> None:
    end = piece.end_of_notes_beats
    assert 0.98 <= clock_of(piece).time_s(end) / float(end) <= 1.07


@given(pieces() | loose_pieces())
def test_what_comes_later_in_the_score_comes_later_in_the_room(piece: Piece) -> None:
    clock, onsets = clock_of(piece), onsets_of(piece)
    times_s = [clock.onset_s(onset) for onset in onsets]
    assert times_s[0] >= 0 and all(a < b for a, b in pairwise(times_s))
    for onset, time_s in zip(onsets, times_s, strict=True):
        assert abs(time_s - clock.time_s(onset)) <= MAX_NOISE_S + 1e-9


@given(pieces())
def test_the_same_notes_are_played_alike(piece: Piece) -> None:
    renamed = replace(piece, title="Another", composer="")
    assert clock_of(piece).noise_s == clock_of(renamed).noise_s


def test_a_piece_slows_down_at_its_end_only(keyboard_piece: Piece) -> None:
    beats, speeds = curve_of(keyboard_piece)
    start, last, _ = map(float, ritardando_beats(keyboard_piece))
    ending = speeds[(beats >= start) & (beats <= last)]
    assert (np.diff(ending) < 0).all() and start >= 6 * 3
    assert speeds[beats < start].min() > ending.max() - 2 * MAX_TEMPO_CHANGE
    assert ending[-1] == pytest.approx(LAST_TEMPO, abs=0.06)


def test_a_phrase_is_fastest_in_its_middle(chorale: Piece) -> None:
    beats, speeds = curve_of(chorale)
    for phrase in find_phrases(chorale)[:-1]:
        start, end = float(phrase.start_beats), float(phrase.end_beats)
        inside = speeds[(beats > start) & (beats < end)]
        assert inside[len(inside) // 2] > max(inside[0], inside[-1])


def test_the_arch_adds_nothing_over_a_whole_phrase() -> None:
    share = (np.arange(1000) + 0.5) / 1000
    assert np.mean(arch(share)) == pytest.approx(0, abs=1e-5)
    assert (arch(0.0), arch(0.5), arch(1.0)) == (-1, 0.5, -1)


def test_a_lone_note_keeps_its_length(chorale: Piece) -> None:
    lone = Part(chorale.parts[0].instrument, (Note(Fraction(0), 60, Fraction(4)),))
    piece = replace(chorale, parts=(lone,), n_bars=1)
    assert clock_of(piece).time_s(Fraction(4)) == pytest.approx(4, rel=0.05)
