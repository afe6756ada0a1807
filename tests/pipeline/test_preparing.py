"""Somebody's own music: what is found in it, and how it is corrected."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from composer.engines import Engine
from composer.errors import OptionError, ScoreFileError
from composer.piece import Note, Part, Piece
from composer.pipeline import extend, find_facts, lay_theme, prepare
from composer.theory import INSTRUMENTS, Key, Meter


def test_what_is_found_can_be_shown(chorale: Piece) -> None:
    found = find_facts(chorale)
    assert (found.key, found.heard_key) == (Key("G", "major"), Key("G", "major"))
    assert (found.meter, found.bars, found.pickup_beats) == (Meter(4, 4), 8, 0)
    assert (found.ensemble, found.order, found.off_grid_share) == ("choir", (0, 1, 2, 3), 0)
    assert [part.name for part in found.parts] == ["soprano", "alto", "tenor", "bass"]
    assert found.parts[0].low == 64


def test_music_on_the_grid_is_prepared_untouched(chorale: Piece) -> None:
    assert prepare(chorale).parts == chorale.parts
    assert prepare(chorale, key="E minor").key == Key("E", "minor")


def test_parts_are_put_from_the_highest_to_the_lowest(chorale: Piece) -> None:
    mixed = replace(chorale, parts=chorale.parts[::-1])
    assert prepare(mixed).parts == chorale.parts
    assert prepare(mixed, parts=(3, 0)).parts == (chorale.parts[0], chorale.parts[3])
    assert "the parts by their pitch" in prepare(mixed).remarks_in_a_line
    assert prepare(mixed, parts=(3, 0)).remarks == prepare(chorale).remarks == ()


def test_of_more_parts_than_engines_hear_those_with_few_notes_are_set_aside(
    chorale: Piece,
) -> None:
    short = tuple(replace(part, notes=part.notes[:3]) for part in chorale.parts)
    prepared = prepare(replace(chorale, parts=(*short, *chorale.parts * 4)))
    assert [len(part.notes) > 3 for part in prepared.parts] == [True] * 16
    assert "set aside: the 4 parts" in prepared.remarks_in_a_line


def test_bars_that_are_cut_out_keep_their_numbers(chorale: Piece, upbeat_chorale: Piece) -> None:
    assert prepare(chorale, first_bar=3, last_bar=5).bar_numbers == range(3, 6)
    assert prepare(upbeat_chorale, first_bar=2).bar_numbers == range(2, 8)


def test_another_meter_counts_the_bars_anew(chorale: Piece) -> None:
    assert prepare(chorale, meter="2/4").n_bars == 16
    half = prepare(chorale, meter="2/4", first_bar=3, last_bar=4)
    assert (half.n_bars, half.meter) == (2, Meter(2, 4))
    assert half.parts[0].notes[0].pitch == chorale.parts[0].notes[5].pitch


def test_an_upbeat_is_kept_or_cut_as_bar_0(upbeat_chorale: Piece) -> None:
    assert prepare(upbeat_chorale, first_bar=0, last_bar=3).n_bars == 4
    assert prepare(upbeat_chorale, first_bar=1).n_bars == 7
    assert prepare(upbeat_chorale) == upbeat_chorale
    with pytest.raises(OptionError, match="bars 0 to 7"):
        prepare(upbeat_chorale, last_bar=8)


def test_played_notes_stay_as_they_were_played(keyboard_piece: Piece) -> None:
    late = Note(Fraction(1, 97), 74, Fraction(9, 10))
    hand = keyboard_piece.parts[0]
    played = replace(hand, notes=(late, *hand.notes[1:]))
    piece = replace(keyboard_piece, parts=(played, keyboard_piece.parts[1]))
    assert 0 < find_facts(piece).off_grid_share < 0.1
    assert prepare(piece).parts[0].notes[0] is late


@pytest.mark.parametrize(
    "changes",
    [{"parts": ()}, {"parts": (0, 0)}, {"parts": (4,)}, {"ensemble": "band"}, {"first_bar": 9},
     {"last_bar": 0}, {"key": "H"}, {"meter": "x"}],
)  # fmt: skip
def test_corrections_that_do_not_fit_are_refused(chorale: Piece, changes: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        prepare(chorale, **changes)


def test_a_typed_theme_begins_a_piece_for_four(tiny_engine: Engine) -> None:
    theme = lay_theme("M:4/4 K:Dm D2 A2 F2 D2 | ^C2 D E F4 |", ensemble="choir", part=1)
    assert [len(part.notes) for part in theme.parts] == [0, 8, 0, 0]
    assert theme.parts[2].instrument == INSTRUMENTS["tenor"]
    found = extend(theme, 2, engine=tiny_engine, candidates=1, top_k=20, composer="Bach")
    assert (found.piece.n_bars, found.request.composer) == (4, "Bach")


@pytest.mark.parametrize("changes", [{"part": 4}, {"parts": 9}, {"ensemble": "band"}])
def test_a_theme_in_a_part_that_is_not_there_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="`ensemble` must be one of"):
        lay_theme("C D E F", **changes)


def test_a_theme_has_one_part(chorale: Piece) -> None:
    with pytest.raises(OptionError, match="one part"):
        lay_theme(chorale)
    with pytest.raises(ScoreFileError, match="no note"):
        lay_theme("z4")


def test_silent_parts_stay_beside_their_neighbours(chorale: Piece) -> None:
    silent = Part(chorale.parts[1].instrument, ())
    piece = replace(chorale, parts=(chorale.parts[0], silent, *chorale.parts[2:]))
    assert find_facts(piece).order == (0, 1, 2, 3)
