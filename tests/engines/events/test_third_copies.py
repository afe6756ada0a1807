"""Leaning away from the third copy of a bar: where, how much, and that loops become fewer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from composer.engines.events.third_copies import COPY_NATS, ThirdCopies, copy_nats
from composer.tokenizer import Events, vocab
from composer.tokenizer.vocab import BAR, METER_ID, PITCH, POSITION

G, A, B, C = 55, 57, 59, 60
BAR_ROW = vocab.row(BAR, part=0, pitch=vocab.bars_left_id(0), duration=METER_ID[3, 4])
FIRST, SECOND = (G, A, B), (C, B, G)


def note(position: int, pitch: int) -> Events:
    return vocab.row(POSITION + position, part=0, pitch=pitch, duration=23)


def bar(pitches: Sequence[int]) -> list[Events]:
    return [BAR_ROW, *(note(24 * place, pitch) for place, pitch in enumerate(pitches))]


def leaning_after(bars: Sequence[Sequence[int]], begun: Sequence[int]) -> ThirdCopies:
    """Return the leaning of one candidate behind some bars, in a bar that has begun."""
    leaning = ThirdCopies(1, "string quartet", 1.0)
    for pitches in bars:
        for row in bar(pitches):
            leaning.accept(row)
    for row in bar(begun):
        leaning.accept(row)
    return leaning


def costs(leaning: ThirdCopies, position: int = 48) -> dict[int, float]:
    """Return what pitches lose at a position of the first part."""
    found = leaning.weights(PITCH, np.array([[POSITION + position, 0]], np.int16))
    if found is None:
        return {}
    return {int(pitch): float(found[0, pitch]) for pitch in np.flatnonzero(found[0])}


def test_the_note_that_a_third_copy_would_go_on_with_loses_nats() -> None:
    leaning = leaning_after([FIRST, SECOND, FIRST, SECOND], begun=(G, A))
    assert costs(leaning) == {B: -COPY_NATS}
    assert costs(leaning, position=36) == {}  # no copy has a note there
    assert leaning.weights(vocab.PART, np.array([[POSITION + 48]], np.int16)) is None


@pytest.mark.parametrize(
    ("bars", "begun"),
    [
        ([FIRST, SECOND], (G, A)),  # only the second copy
        ([FIRST, FIRST], (G,)),  # one note tells nothing
        ([FIRST, FIRST], (C, A)),  # goes on differently already
        ([FIRST, FIRST, *[SECOND, (C, C, C), (A, A, A), (G, G, G)] * 2], (G, A)),  # long ago
    ],
)
def test_nothing_is_lost_where_no_third_copy_begins(
    bars: Sequence[Sequence[int]], begun: Sequence[int]
) -> None:
    assert costs(leaning_after(bars, begun)) == {}


def test_bars_that_were_heard_before_count() -> None:
    heard = np.concatenate(bar(FIRST))
    leaning = ThirdCopies(2, "string quartet", 0.5, [heard, heard])
    for row in bar((G, A)):
        leaning.accept(np.repeat(row, 2, axis=0))
    assert costs_of_both(leaning) == [-COPY_NATS / 2] * 2


def test_candidates_go_on_by_themselves() -> None:
    leaning = ThirdCopies(2, None, 1.0, [np.concatenate(bar(FIRST))] * 2)
    leaning.accept(np.repeat(BAR_ROW, 2, axis=0))
    leaning.accept(np.concatenate([note(0, G), note(0, C)]))
    leaning.keep(np.array([0, 0]))
    leaning.accept(np.concatenate([note(24, A), note(24, C)]))
    assert costs_of_both(leaning) == [-COPY_NATS, 0]


def costs_of_both(leaning: ThirdCopies) -> list[float]:
    found = leaning.weights(PITCH, np.array([[POSITION + 48, 0]] * 2, np.int16))
    assert found is not None
    return [float(value) for value in found[:, B]]


def test_forms_whose_real_bars_come_a_third_time_are_left_alone() -> None:
    assert copy_nats("string quartet") == COPY_NATS
    assert copy_nats(None) == COPY_NATS
    assert 0 < copy_nats("mazurka") < COPY_NATS / 2
    assert copy_nats("waltz") < 0.1
    assert copy_nats("ballade") == 0
