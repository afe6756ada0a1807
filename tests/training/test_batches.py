"""Batches: they follow from seed, rank and pool alone, and hold what they should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.errors import OptionError
from composer.piece import Piece
from composer.tokenizer import encode, vocab
from composer.tokenizer.holes import N_CONDITIONS, Bars
from composer.tokenizer.vocab import Events
from composer.training import PackedEvents, SamplingOptions
from composer.training.batches import Batch, Sampler, pad, piece_weights
from composer.training.sequences import draw_sequence
from tests.strategies import MENU, VOCABULARY, pieces

OPTIONS = SamplingOptions(max_rows=64, batch_rows=512, pool=24)
NO_LAYOUT = np.zeros((0, 4), np.int16)
KINDS = ("hole_share", "parts_share", "theme_share", "moved_share", "fewer_parts_share")


def only(**shares: float) -> SamplingOptions:
    """Return options for one kind of sequence."""
    return SamplingOptions(max_rows=80, **dict.fromkeys(KINDS, 0.0) | shares)


def assert_same(a: list[Batch], b: list[Batch]) -> None:
    for one, other in zip(a, b, strict=True):
        assert np.array_equal(one.rows, other.rows)
        assert np.array_equal(one.nexts, other.nexts)
        assert np.array_equal(one.counts, other.counts)


def test_the_same_seed_rank_and_pool_give_the_same_batches(packed: PackedEvents) -> None:
    first, again = (Sampler(packed, "train", OPTIONS, seed=3, rank=1) for _ in range(2))
    assert_same(first.pool_batches(5), again.pool_batches(5))
    walked = [batch for _, batch in zip(range(20), again.batches(5), strict=False)]
    assert walked[0][0] == 5
    assert_same([first.pool_batches(5)[0]], [walked[0][1]])


@pytest.mark.parametrize("change", [{"seed": 4}, {"rank": 2}])
def test_another_seed_or_rank_gives_other_batches(
    packed: PackedEvents, change: dict[str, int]
) -> None:
    facts = {"seed": 3, "rank": 1}
    first = Sampler(packed, "train", OPTIONS, **facts).pool_batches(0)
    other = Sampler(packed, "train", OPTIONS, **facts | change).pool_batches(0)
    assert [b.rows.tobytes() for b in first] != [b.rows.tobytes() for b in other]


@pytest.mark.parametrize("batch_rows", [1, 200, 512, 5000])
def test_no_batch_is_over_its_rows_unless_one_sequence_is(
    packed: PackedEvents, batch_rows: int
) -> None:
    options = replace(OPTIONS, batch_rows=batch_rows)
    batches = Sampler(packed, "train", options).pool_batches(0)
    # Sequences are counted with their last row, which is only predicted.
    assert all(b.rows.shape[0] == 1 or b.rows[..., 0].size < batch_rows for b in batches)
    assert sum(len(b.rows) for b in batches) == options.pool


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_the_chances_of_pieces_sum_to_one(packed: PackedEvents, power: float) -> None:
    options = replace(OPTIONS, form_power=power, composer_power=power, work_power=power)
    weights = piece_weights(packed, packed.indices("train"), options)
    assert weights.shape == (5,)
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0).all()


def test_without_power_all_forms_and_composers_are_drawn_alike(packed: PackedEvents) -> None:
    options = replace(OPTIONS, form_power=0.0, composer_power=0.0, work_power=1.0)
    weights = piece_weights(packed, packed.indices("train"), options)
    # chorale: Bach, Mozart; minuet: Mozart twice, Bach.
    forms = [packed.names[i]["form"] for i in packed.indices("train")]
    shares = {f: sum(w for w, g in zip(weights, forms, strict=True) if g == f) for f in set(forms)}
    assert shares == pytest.approx({"chorale": 0.5, "minuet": 0.5})
    assert weights[0] == pytest.approx(0.25)


def test_with_full_power_a_piece_is_drawn_by_its_length(packed: PackedEvents) -> None:
    options = replace(OPTIONS, form_power=1.0, composer_power=1.0, work_power=1.0)
    indices = packed.indices("train")
    lengths = np.array([len(packed.piece(i)) for i in indices])
    np.testing.assert_allclose(piece_weights(packed, indices, options), lengths / lengths.sum())


def test_a_favoured_form_is_drawn_more_often(packed: PackedEvents) -> None:
    indices = packed.indices("train")
    plain = piece_weights(packed, indices, OPTIONS)
    favoured = piece_weights(packed, indices, replace(OPTIONS, favoured=(("minuet", 3.0),)))
    is_minuet = np.array([packed.names[i]["form"] == "minuet" for i in indices])
    odds = plain[is_minuet].sum() / plain[~is_minuet].sum()
    found = favoured[is_minuet].sum() / favoured[~is_minuet].sum()
    assert found == pytest.approx(3 * odds)


def test_groups_of_one_work_share_its_chance(packed: PackedEvents) -> None:
    """Nine movements of a mass in ten groups each do not weigh ninety times a single motet."""
    works = ["Missa", "Missa", "Missa", "Salve", "Ave"]
    names = [{"form": "mass", "composer": "Elsner", "work": work} for work in works]
    alike = PackedEvents(
        np.zeros((50, 4), np.int16), np.arange(0, 51, 10), names, {}, [], NO_LAYOUT
    )
    drawn_alike = piece_weights(alike, list(range(5)), replace(OPTIONS, work_power=0.0))
    np.testing.assert_allclose(drawn_alike, [1 / 9, 1 / 9, 1 / 9, 1 / 3, 1 / 3])
    by_root = piece_weights(alike, list(range(5)), replace(OPTIONS, work_power=0.5))
    assert by_root[:3].sum() / by_root[3] == pytest.approx(3**0.5)


def test_a_favoured_ensemble_is_drawn_more_often() -> None:
    names = [{"form": "mass", "composer": "Elsner", "ensemble": e} for e in ("choir", "keyboard")]
    packed = PackedEvents(
        np.zeros((20, 4), np.int16), np.array([0, 10, 20]), names, {}, [], NO_LAYOUT
    )
    options = replace(OPTIONS, favoured_ensembles=(("keyboard", 3.0),))
    np.testing.assert_allclose(piece_weights(packed, [0, 1], options), [0.25, 0.75])
    unknown = replace(OPTIONS, favoured_ensembles=(("harps", 3.0),))
    with pytest.raises(OptionError, match="no piece has the ensemble 'harps'; favour one of choir"):
        piece_weights(packed, [0, 1], unknown)


def test_a_favoured_form_must_be_in_the_corpus(packed: PackedEvents) -> None:
    with pytest.raises(OptionError, match="favour one of chorale, minuet"):
        Sampler(packed, "train", replace(OPTIONS, favoured=(("tango", 2.0),)))


@pytest.mark.parametrize("kind", [{}, *({name: 1.0} for name in KINDS)], ids=str)
@settings(max_examples=25)
@given(piece=pieces(), seed=st.integers(0, 1000))
def test_any_piece_gives_sequences_within_the_budget(
    kind: dict[str, float], piece: Piece, seed: int
) -> None:
    bars = Bars.of(encode(piece, VOCABULARY))
    options = only(**kind)
    sequence = draw_sequence(bars, options, np.random.default_rng(seed))
    assert N_CONDITIONS < len(sequence.rows) <= options.max_rows + 1
    assert (sequence.rows >= 0).all()
    assert (sequence.rows < vocab.TABLE_SIZES).all()


@pytest.mark.parametrize(
    ("kind", "marks"),
    [
        ({}, set()),
        ({"hole_share": 1.0}, {vocab.HOLE, vocab.FILL}),
        ({"parts_share": 1.0}, {vocab.GIVEN}),
    ],
    ids=["window", "hole", "parts"],
)
def test_each_kind_of_sequence_carries_its_marks(
    chorale: Piece, kind: dict[str, float], marks: set[int]
) -> None:
    bars = Bars.of(encode(chorale, VOCABULARY))
    options = replace(only(**kind), max_rows=400)
    sequence = draw_sequence(bars, options, np.random.default_rng(0))
    found = set(sequence.rows[:, vocab.TIME].tolist()) & {vocab.HOLE, vocab.FILL, vocab.GIVEN}
    assert found == marks


def mode_of(rows: Events) -> int:
    return int(rows[vocab.CONDITION_ROWS.index("mode"), vocab.PITCH])


@pytest.mark.parametrize("dropped", [{}, {"drop_one": 1.0}, {"drop_all": 1.0}], ids=str)
def test_a_moved_piece_always_says_so(chorale: Piece, dropped: dict[str, float]) -> None:
    bars = Bars.of(encode(chorale, VOCABULARY))
    options = replace(only(moved_share=1.0), **{"drop_one": 0.0, "drop_all": 0.0} | dropped)
    for seed in range(8):
        rows = draw_sequence(bars, options, np.random.default_rng(seed)).rows
        assert mode_of(rows) == vocab.MODE_MOVED


def test_what_was_not_moved_never_says_so(chorale: Piece) -> None:
    bars = Bars.of(encode(chorale, VOCABULARY))
    for seed in range(8):
        rows = draw_sequence(bars, only(), np.random.default_rng(seed)).rows
        assert mode_of(rows) != vocab.MODE_MOVED


def test_some_parts_are_left_out(chorale: Piece) -> None:
    bars = Bars.of(encode(chorale, VOCABULARY))
    options = replace(only(fewer_parts_share=1.0), max_rows=400, drop_one=0.0, drop_all=0.0)
    counts = set()
    for seed in range(12):
        rows = draw_sequence(bars, options, np.random.default_rng(seed)).rows
        found = set((rows[vocab.is_note(rows), vocab.PART] % vocab.MAX_PARTS).tolist())
        asked = rows[vocab.CONDITION_ROWS.index("parts"), vocab.PITCH] - vocab.VALUE_PARTS
        assert found == set(range(asked))
        counts.add(int(asked))
    assert counts == {2, 3}


def test_padding_counts_for_nothing(packed: PackedEvents) -> None:
    batch = Sampler(packed, "train", OPTIONS).pool_batches(0)[0]
    is_padding = (batch.nexts == vocab.NONE).all(-1)
    assert not batch.counts[is_padding].any()
    assert batch.n_notes == int(vocab.is_note(batch.nexts)[batch.counts[..., vocab.PITCH]].sum())


def test_a_padded_batch_holds_its_sequences_as_they_are(chorale: Piece) -> None:
    bars = Bars.of(encode(chorale, VOCABULARY))
    rng = np.random.default_rng(1)
    sequences = [draw_sequence(bars, OPTIONS, rng) for _ in range(4)]
    batch = pad(sequences)
    for rows, sequence in zip(batch.rows, sequences, strict=True):
        assert np.array_equal(rows[: len(sequence.rows) - 1], sequence.rows[:-1])


def test_conditions_are_dropped_about_as_often_as_asked_for(packed: PackedEvents) -> None:
    options = replace(OPTIONS, pool=400, drop_one=0.2, drop_all=0.1, style_alone=0.0)
    batches = Sampler(packed, "train", options).pool_batches(0)
    composers = np.concatenate([b.rows[:, 0, vocab.PITCH] for b in batches])
    assert (composers == vocab.VALUE_COMPOSER).mean() == pytest.approx(0.28, abs=0.07)


def test_a_split_without_pieces_is_refused(packed: PackedEvents) -> None:
    with pytest.raises(OptionError, match="no piece in the split 'test'"):
        Sampler(packed, "test", OPTIONS)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 and no archive", b"[]"])
def test_a_file_that_is_no_packed_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "events.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OptionError, match="events.npz is no packed file"):
        PackedEvents.load(path)


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", events=np.zeros((3, 4), np.int16))
    with pytest.raises(OptionError, match="other.npz is no packed file"):
        PackedEvents.load(tmp_path / "other.npz")


def test_the_menu_and_the_names_travel_with_the_events(packed: PackedEvents) -> None:
    assert packed.menu == MENU
    assert packed.indices("valid") == [5, 6]
    assert packed.names[5]["form"] == "chorale"
