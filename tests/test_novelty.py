"""What is copied is found and named; what is new, or everybody's, is not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from composer.errors import ScoreFileError
from composer.novelty import (
    COMMON_PIECES,
    INDEX_PATH,
    MAX_RUN_NOTES,
    NOTES,
    SAMPLING,
    NoveltyIndex,
    Shared,
    build_index,
    load_index,
    longest_shared_run,
    save_index,
)
from composer.piece import MeterChange, Note, Part, Piece
from composer.theory import INSTRUMENTS, Key, Meter
from tests.strategies import pieces

EIGHTH = Fraction(1, 2)


def tune(seed: int, n_notes: int = 100, low: int = 60) -> list[tuple[int, Fraction]]:
    """Return a line that nobody else has: pitches and lengths."""
    rng = np.random.default_rng(seed)
    pitches = low + rng.integers(0, 15, n_notes)
    eighths = rng.integers(1, 4, n_notes)
    return [(p, n * EIGHTH) for p, n in zip(pitches.tolist(), eighths.tolist(), strict=True)]


def piece_of(*lines: list[tuple[int, Fraction]]) -> Piece:
    """Build a piece of lines, one a part."""
    parts = []
    for line in lines:
        notes, onset = [], Fraction(0)
        for pitch, length in line:
            notes.append(Note(onset, pitch, length))
            onset += length
        parts.append(Part(INSTRUMENTS["piano"], tuple(notes)))
    return Piece(tuple(parts), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C", "major"))


@pytest.fixture(scope="module")
def index() -> NoveltyIndex:
    """Return the index of twenty pieces in two parts."""
    return build_index(
        (f"Bach: No. {i}", piece_of(tune(i), tune(100 + i, low=40))) for i in range(20)
    )


def test_a_copied_piece_is_named_at_any_pitch(index: NoveltyIndex) -> None:
    copy = piece_of(tune(7), tune(107, low=40))
    for semitones in range(-6, 6):
        found = longest_shared_run(copy.transposed(semitones), index)
        assert found.piece_name == "Bach: No. 7"
        assert 100 - 4 * SAMPLING <= found.notes <= 100
        assert found.share > 0.8 and found.is_copy


def test_a_new_piece_shares_nothing(index: NoveltyIndex) -> None:
    assert longest_shared_run(piece_of(tune(50), tune(51)), index) == Shared()
    assert not Shared().is_copy


def test_bars_after_an_upbeat_are_told_as_printed(index: NoveltyIndex) -> None:
    piece = piece_of(tune(7), tune(107, low=40))
    whole, upbeat, later, rest = (
        longest_shared_run(late(piece, beats), index).first_bar for beats in (0, 3, 4, 7)
    )
    assert (later - whole, rest - upbeat) == (1, 2)  # an upbeat is bar 0, a bar of rest bar 1


def late(piece: Piece, beats: int) -> Piece:
    """Return a piece that begins some quarters later."""
    parts = (
        replace(p, notes=tuple(replace(n, onset_beats=n.onset_beats + beats) for n in p.notes))
        for p in piece.parts
    )
    return replace(piece, parts=tuple(parts), n_bars=0)


def test_a_passage_is_found_with_its_part_and_bars(index: NoveltyIndex) -> None:
    lengths = []
    for seed in range(20):
        new, copied = tune(60 + seed, 40), tune(seed)[20:80]
        line = [*new, *copied, *tune(90 + seed, 20)]
        found = longest_shared_run(piece_of(tune(200 + seed), line), index)
        onset = float(sum(length for _, length in new))
        end = onset + float(sum(length for _, length in copied))
        assert (found.piece_name, found.part) == (f"Bach: No. {seed}", 1)
        assert onset // 4 + 1 <= found.first_bar < found.last_bar <= end // 4 + 1
        lengths.append(found.notes)
    assert max(lengths) <= 60 + 2  # the next notes may agree by chance
    assert np.mean(lengths) > 60 - 3 * SAMPLING


def test_a_changed_note_breaks_the_run_and_not_the_share(index: NoveltyIndex) -> None:
    line = tune(5)
    line[50] = (line[50][0] + 1, line[50][1])
    found = longest_shared_run(piece_of(line), index)
    assert found.notes < 60
    assert found.share > 0.7


def test_a_figure_that_is_repeated_counts_once() -> None:
    figure = tune(1, 6) * 20
    index = build_index([("Alberti: Bass", piece_of(figure))])
    assert longest_shared_run(piece_of(figure), index).notes <= NOTES - 1 + 6


def test_what_very_many_pieces_have_is_nobodys() -> None:
    index = build_index((f"No. {i}", piece_of(tune(1))) for i in range(COMMON_PIECES + 1))
    assert longest_shared_run(piece_of(tune(1)), index) == Shared()
    fewer = build_index((f"No. {i}", piece_of(tune(1))) for i in range(COMMON_PIECES))
    assert longest_shared_run(piece_of(tune(1)), fewer).is_copy


@given(pieces())
def test_any_piece_can_be_asked_for(piece: Piece) -> None:
    found = longest_shared_run(piece, build_index([("itself", piece)]))
    assert 0 <= found.share <= 1
    assert (found.notes == 0) == (found.piece_name == "")
    bars = piece.bar_numbers  # an upbeat is bar 0
    assert found.notes == 0 or bars[0] <= found.first_bar <= found.last_bar <= bars[-1]


def test_silence_is_no_copy(empty_piece: Piece) -> None:
    assert longest_shared_run(empty_piece, build_index([("silence", empty_piece)])) == Shared()


def test_an_index_is_saved_and_loaded_alike(index: NoveltyIndex, tmp_path: Path) -> None:
    loaded = load_index(save_index(index, tmp_path / "index.npz"))
    assert loaded.names == index.names
    assert np.array_equal(loaded.hashes, index.hashes)
    assert np.array_equal(loaded.pieces, index.pieces)


@pytest.mark.parametrize("content", [b"", b"PK", b"text"])
def test_a_file_that_holds_no_index_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(ScoreFileError, match=r"other\.npz"):
        load_index(path)


def test_the_bundled_index_is_small_and_sorted_and_names_its_pieces() -> None:
    bundled = load_index()
    assert INDEX_PATH.stat().st_size < 9_000_000
    assert (np.diff(bundled.hashes.astype(np.int64)) >= 0).all()
    assert len(bundled.names) > 1000 and all(bundled.names)
    assert any("Bach" in name for name in bundled.names)


def test_chance_finds_a_hash_in_two_thousand_and_never_a_run() -> None:
    bundled = load_index()
    assert len(bundled.hashes) / 2**32 < 1 / 2300
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, 2**32, 100_000, dtype=np.uint32)
    assert np.isin(drawn, bundled.hashes).mean() < 1 / 1800
    found = [longest_shared_run(piece_of(tune(seed, 400))) for seed in range(1000, 1010)]
    assert max(one.notes for one in found) <= NOTES < MAX_RUN_NOTES


def test_the_written_chorale_of_these_tests_is_no_copy(
    chorale: Piece, keyboard_piece: Piece
) -> None:
    for piece in (chorale, keyboard_piece):
        assert not longest_shared_run(piece).is_copy
        assert not longest_shared_run(replace(piece, form="")).is_copy
