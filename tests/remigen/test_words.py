"""The tables of REMIGEN: the examples of its description, and what has no word."""

from __future__ import annotations

import pytest

from composer.errors import ScoreFileError
from composer.remigen import words


def test_the_vocabulary_has_1168_words() -> None:
    assert sum(count for count, _ in words.KINDS.values()) == 1168


@pytest.mark.parametrize(
    ("signature", "number"),
    [((2, 2), 3), ((3, 2), 4), ((2, 4), 7), ((3, 4), 8), ((4, 4), 9), ((6, 4), 11), ((3, 8), 16),
     ((6, 8), 19), ((9, 8), 22), ((12, 8), 25), ((128, 64), 253)],
)  # fmt: skip
def test_time_signatures_are_numbered_by_denominator(
    signature: words.Signature, number: int
) -> None:
    assert words.SIGNATURE_IDS[signature] == number
    assert words.SIGNATURES[number] == signature


@pytest.mark.parametrize(
    ("number", "bpm"), [(0, 16), (23, 60.4), (35, 120.8), (36, 128), (48, 256)]
)
def test_tempos_are_twelve_to_the_octave(number: int, bpm: float) -> None:
    assert words.tempo_bpm(number) == pytest.approx(bpm, abs=0.05)
    assert words.tempo_id(bpm) == number


def test_tempos_beyond_the_ends_become_the_ends() -> None:
    assert (words.tempo_id(5), words.tempo_id(300)) == (0, 48)


@pytest.mark.parametrize(
    ("number", "twelfths"),
    [(0, 1), (1, 1), (11, 11), (12, 12), (13, 14), (18, 24), (24, 36), (25, 40), (27, 48),
     (36, 84), (95, 2932)],
)  # fmt: skip
def test_lengths_have_eight_octaves_of_twelve(number: int, twelfths: int) -> None:
    assert words.length_twelfths(number) == twelfths


def test_a_length_is_rounded_down_to_one_that_has_a_word() -> None:
    for length in range(1, 3000):
        number = words.length_id(length)
        assert words.length_twelfths(number) <= length
        assert number == 95 or words.length_twelfths(number + 1) > length


@pytest.mark.parametrize(
    ("signature", "found"),
    [((4, 4), (4, 4)), ((9, 4), (3, 4)), ((25, 8), (5, 8)), ((4, 128), (2, 64)), ((8, 2), (4, 2))],
)
def test_time_signatures_without_a_word_are_reduced(
    signature: words.Signature, found: words.Signature
) -> None:
    assert words.reduced(signature) == found


@pytest.mark.parametrize("signature", [(5, 128), (4, 0), (0, 4), (4, 3)])
def test_other_time_signatures_are_refused(signature: words.Signature) -> None:
    with pytest.raises(ScoreFileError, match=f"{signature[0]}/{signature[1]}"):
        words.reduced(signature)
