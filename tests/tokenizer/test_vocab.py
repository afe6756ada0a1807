"""The tables of ids: no two meanings share one, and a checkpoint knows its own."""

from __future__ import annotations

from itertools import pairwise

import pytest

from composer.errors import CheckpointError
from composer.theory import Meter
from composer.tokenizer import Vocabulary, vocab
from composer.units import POSITIONS_PER_QUARTER
from tests.strategies import VOCABULARY


def test_the_tables_are_those_that_checkpoints_were_trained_on() -> None:
    plain = Vocabulary(composers=("other",), forms=("other",), ensembles=("keyboard",))
    assert vocab.TABLE_SIZES == (895, 57, 718, 519)
    assert plain.fingerprint == "c3549883ab2e"


def test_every_kind_of_row_has_a_time_id_of_its_own() -> None:
    kinds = [vocab.BAR, vocab.END, vocab.POSITION, vocab.POSITION + vocab.MAX_BAR_POSITIONS - 1]
    kinds += [vocab.HOLE, vocab.FILL, vocab.GAP, vocab.GIVEN, *vocab.CONDITION.values()]
    kinds += [vocab.TIME_RESERVED, vocab.TIME_PAD]
    assert all(a < b for a, b in pairwise(kinds))
    assert kinds[-1] == vocab.N_TIME - 1


def test_the_values_of_conditions_follow_one_another_without_a_gap() -> None:
    sizes = {
        vocab.BARS_LEFT: vocab.N_BARS_LEFT,
        vocab.BARS_OPEN: 1,
        vocab.VALUE_COMPOSER: vocab.MAX_COMPOSERS,
        vocab.VALUE_FORM: vocab.MAX_FORMS,
        vocab.VALUE_ENSEMBLE: vocab.MAX_ENSEMBLES,
        vocab.VALUE_MODE: 4,
        vocab.VALUE_PARTS: 1 + vocab.MAX_PARTS,
        vocab.VALUE_SHIFT: 1 + 12,
    }
    firsts = [*sizes, vocab.PITCH_RESERVED]
    assert [a + n for a, n in sizes.items()] == firsts[1:]


def test_what_may_be_written_comes_first_in_every_table() -> None:
    for written, size, none in zip(vocab.WRITTEN_SIZES, vocab.TABLE_SIZES, vocab.NONE, strict=True):
        assert written <= none < size


def test_bars_left_are_exact_to_32_and_never_rise_with_fewer_bars() -> None:
    ids = [vocab.bars_left_id(bars) for bars in range(1000)]
    assert ids[:33] == list(range(vocab.BARS_LEFT, vocab.BARS_LEFT + 33))
    assert ids == sorted(ids)
    assert ids[-1] == vocab.BARS_OPEN - 1


def test_every_meter_has_its_length_in_positions() -> None:
    for pair, positions in zip(vocab.METERS, vocab.BAR_POSITIONS.tolist(), strict=True):
        assert positions == Meter(*pair).length_beats * POSITIONS_PER_QUARTER


def test_an_unknown_name_counts_as_other_and_no_name_as_open() -> None:
    assert VOCABULARY.value_id("composer", None) == vocab.VALUE_COMPOSER
    assert VOCABULARY.value_id("composer", "Bach") == vocab.VALUE_COMPOSER + 2
    unknown = VOCABULARY.value_id("composer", "nobody")
    assert unknown == VOCABULARY.value_id("composer", "other") == vocab.VALUE_COMPOSER + 1
    bare = Vocabulary(composers=("Bach",), forms=(), ensembles=())
    assert bare.value_id("composer", "nobody") == vocab.VALUE_COMPOSER


def test_a_vocabulary_comes_back_from_its_json() -> None:
    assert Vocabulary.from_dict(VOCABULARY.to_dict()) == VOCABULARY


@pytest.mark.parametrize(
    "change", [{"composers": ["Bach", "other"]}, {"fingerprint": "0"}, {"forms": None}]
)
def test_a_vocabulary_of_other_tables_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(CheckpointError):
        Vocabulary.from_dict(VOCABULARY.to_dict() | change)


def test_a_vocabulary_without_names_is_refused() -> None:
    with pytest.raises(CheckpointError, match="lacks"):
        Vocabulary.from_dict({})


@pytest.mark.parametrize("names", [("Bach", "Bach"), tuple(map(str, range(384)))])
def test_names_that_do_not_fit_the_tables_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(CheckpointError, match="383 different names"):
        Vocabulary(composers=names, forms=(), ensembles=())
