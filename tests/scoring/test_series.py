"""Rows of numbers of a piece, and the bands of real ones: by hand, and whatever the key."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from composer.errors import ScoreFileError
from composer.piece import MeterChange, Note, Part, Piece
from composer.scoring import build_bands, load_bands, save_bands
from composer.scoring.bands import MIN_PIECES
from composer.scoring.form import bar_likeness, likeness_matrix
from composer.scoring.harmony.keys import find_local_keys
from composer.scoring.series import (
    KINDS,
    WIDEST_INTERVAL,
    add_series,
    bar_densities,
    build_series_bands,
    course_of_density,
    course_of_keys,
    find_series,
    interval_counts,
    load_series_bands,
    pitch_class_shares,
)
from composer.scoring.texture import build_texture
from composer.theory import INSTRUMENTS, KEYS, Key, Meter

HOME = Key("C", "major")


def line_of(*pitches: int, beats: int = 1) -> Piece:
    """Return a line of equal notes in 4/4."""
    notes = tuple(
        Note(Fraction(index * beats), pitch, Fraction(beats)) for index, pitch in enumerate(pitches)
    )
    meters = (MeterChange(Fraction(0), Meter(4, 4)),)
    return Piece((Part(INSTRUMENTS["piano"], notes),), meters, HOME)


def test_pitch_classes_are_counted_from_the_tonic_by_how_long_they_sound() -> None:
    piece = replace(line_of(67, 67, 71, 74), key=Key("G", "major"))
    shares = pitch_class_shares(build_texture(piece))
    assert shares[[0, 4, 7]].tolist() == [0.5, 0.25, 0.25] and shares.sum() == 1


@pytest.mark.parametrize("key", [key for key in KEYS if key.mode == "major"], ids=str)
def test_shares_are_the_same_in_every_key(chorale: Piece, key: Key) -> None:
    moved = replace(chorale.transposed(key.shift - chorale.key.shift), key=key)
    for measure in (pitch_class_shares, interval_counts, course_of_keys):
        assert measure(build_texture(moved)) == pytest.approx(measure(build_texture(chorale)))


def test_intervals_have_a_direction_and_wide_ones_count_at_the_ends() -> None:
    counts = interval_counts(build_texture(line_of(60, 62, 60, 60, 84)))
    at = {index - WIDEST_INTERVAL: int(n) for index, n in enumerate(counts) if n}
    assert at == {2: 1, -2: 1, 0: 1, 12: 1}


def test_density_is_notes_a_quarter_in_every_bar_whatever_the_meter() -> None:
    meters = (MeterChange(Fraction(0), Meter(4, 4)), MeterChange(Fraction(4), Meter(2, 4)))
    piece = replace(line_of(*[60] * 6), meters=meters, n_bars=3)
    assert bar_densities(build_texture(piece)).tolist() == [1.0, 1.0, 0.0]


def test_the_course_of_density_is_taken_at_tenths() -> None:
    piece = replace(line_of(*[60] * 20), n_bars=10)
    assert course_of_density(build_texture(piece)).tolist() == [1.0] * 5 + [0.0] * 5


@pytest.mark.parametrize(("semitones", "fifths"), [(7, 1), (5, -1), (2, 2), (10, -2), (6, 6)])
def test_keys_on_the_way_are_signed_fifths_from_home(semitones: int, fifths: int) -> None:
    home, scale = (60, 64, 67, 72), (0, 4, 7, 12, 11, 12, 7, 4)
    middle = [60 + semitones + step for step in scale] * 4
    found = find_local_keys(build_texture(line_of(*home * 4, *middle, *home * 4)))
    assert fifths in found.fifths.tolist() and found.fifths[0] == found.fifths[-1] == 0
    assert (found.distances == abs(found.fifths)).all() and (found.margins >= 0).all()


def test_a_silent_piece_has_rows_without_an_error(empty_piece: Piece) -> None:
    texture = build_texture(empty_piece)
    assert pitch_class_shares(texture).tolist() == [0.0] * 12
    assert np.isnan(course_of_keys(texture)).all() and bar_densities(texture).tolist() == [0.0]
    assert np.isnan(likeness_matrix(texture)).all()


def test_the_matrix_of_likeness_is_what_the_rules_of_form_measure(keyboard_piece: Piece) -> None:
    texture = build_texture(keyboard_piece)
    table = likeness_matrix(texture)
    assert np.diagonal(table) == pytest.approx(1.0) and (table == table.T).all()
    for lag in (1, 2, 4):
        mean = float(np.nanmean(np.diagonal(table, lag)))
        assert mean == pytest.approx(bar_likeness(lag)(texture).value)


def test_series_are_saved_beside_the_bands_and_loaded_alike(chorale: Piece, tmp_path: Path) -> None:
    pieces = [chorale] * MIN_PIECES
    bands, series = build_bands(pieces), build_series_bands(pieces)
    path = add_series(series, save_bands(bands, tmp_path / "bands.json"))
    assert load_bands(path) == bands
    found = load_series_bands(path)
    assert find_series(found, chorale) == "chorale/4" and find_series({}, chorale) == ""
    for kind, table in found["chorale"].items():
        assert (table == series["chorale"][kind]).all() and (table[:, 0] == table[:, 2]).all()


def test_a_group_needs_enough_pieces_and_silent_ones_do_not_count(
    chorale: Piece, empty_piece: Piece
) -> None:
    assert build_series_bands([chorale] * (MIN_PIECES - 1) + [empty_piece]) == {}


@pytest.mark.parametrize("text", ["", "{}", '{"series": {"all": {"keys": [[0, 1, 2]]}}}'])
def test_a_file_without_series_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ScoreFileError, match=r"other\.json"):
        load_series_bands(path)


def test_the_bundled_series_know_every_group_of_the_bands_and_ascend() -> None:
    series = load_series_bands()
    assert set(series) == set(load_bands())
    for rows in series.values():
        assert set(rows) == set(KINDS)
        assert all((np.diff(table, axis=1) >= 0).all() for table in rows.values())
    assert series["all"]["pitch_classes"][[0, 7], 1].min() > series["all"]["pitch_classes"][1, 1]
