"""Leaning to a layout: what each relation keeps, what new bars avoid, and that pieces follow it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from composer import pipeline
from composer.engines.events.returns import COPY_NATS, NATS, RHYTHM_NATS, Returns
from composer.errors import RequestError
from composer.request import Request
from composer.tokenizer import Events, vocab
from composer.tokenizer.bar_layouts import read_layout
from composer.tokenizer.encoding import encode_bars
from composer.tokenizer.layout_rows import layout_of_text
from composer.tokenizer.vocab import BAR, DURATION, METER_ID, PART, PITCH, POSITION, TIME

C, D, E, F, G, A = 60, 62, 64, 65, 67, 69
FIRST = ((0, C), (24, E), (48, D))
REPEAT, LINE, NOTES, RHYTHM, CONTOUR = NATS
BAR_ROW = vocab.row(BAR, part=0, pitch=vocab.bars_left_id(0), duration=METER_ID[3, 4])
Begun = Sequence[tuple[int, int]]


def leaning(text: str, *bars: Begun) -> Returns:
    """Return the leaning of one candidate whose last bar has begun."""
    found = Returns(1, layout_of_text(text))
    for bar in bars:
        found.accept(BAR_ROW)
        for position, pitch in bar:
            found.accept(vocab.row(POSITION + position, part=0, pitch=pitch, duration=23))
    return found


def gains(found: Returns, field: int, *chosen: int) -> dict[int, float]:
    """Return what ids of a field gain, behind the fields that are chosen."""
    weights = found.weights(field, np.array([chosen], np.int16).reshape(1, -1))
    if weights is None:
        return {}
    return {int(one): float(weights[0, one]) for one in np.flatnonzero(weights[0])}


def test_a_repeat_gains_in_every_field() -> None:
    found = leaning(". =1", FIRST, [(0, C)])
    assert gains(found, TIME) == {POSITION + 24: REPEAT[TIME]}
    assert gains(found, PART, POSITION + 24) == {0: REPEAT[PART]}
    assert gains(found, PITCH, POSITION + 24, 0) == {E: REPEAT[PITCH]}
    assert gains(found, DURATION, POSITION + 24, 0, G) == {23: REPEAT[DURATION]}
    assert gains(leaning(". =1", FIRST, FIRST), TIME) == {BAR: REPEAT[TIME]}


def test_a_sequence_gains_on_the_step_and_half_beside_it() -> None:
    found = leaning(". ~1+2", FIRST, [(0, D)])
    beside = LINE[PITCH] / 2
    expected = {F: beside, F + 1: LINE[PITCH], G: beside}
    assert gains(found, PITCH, POSITION + 24, 0) == expected


@pytest.mark.parametrize(("word", "nats"), [("~1", LINE), ("c1", CONTOUR)])
def test_a_line_with_other_intervals_gains_the_way_it_went(word: str, nats: Events) -> None:
    found = leaning(f". {word}", FIRST, [(0, G)])
    up = gains(found, PITCH, POSITION + 24, 0)
    assert up == dict.fromkeys(range(G + 1, vocab.N_PITCH_WRITTEN), float(nats[PITCH]))
    assert gains(found, PITCH, POSITION + 24, 1) == {}  # nothing stands there in that part


def test_a_rhythm_gains_without_its_pitches() -> None:
    found = leaning(". r1", FIRST, [(0, G)])
    assert gains(found, TIME) == {POSITION + 24: RHYTHM[TIME]}
    assert gains(found, PITCH, POSITION + 24, 0) == {}


def test_all_notes_of_a_chord_gain_before_time_goes_on() -> None:
    chord = [(0, C), (0, E), (0, G), (24, E)]
    assert gains(leaning(". =1", chord, [(0, C)]), TIME) == {POSITION: REPEAT[TIME]}
    assert gains(leaning(". =1", chord, [(0, C), (0, F), (0, A)]), TIME) == {
        POSITION + 24: REPEAT[TIME]
    }


def test_a_new_bar_loses_what_would_copy() -> None:
    found = leaning(". .", FIRST, [(0, C), (24, E)])
    assert gains(found, PITCH, POSITION + 48, 0) == {D: -COPY_NATS}
    assert gains(found, TIME) == {}  # even quarters are no rhythm of their own


def test_a_new_bar_loses_what_would_have_the_rhythm_of_the_last_ones() -> None:
    dotted = ((0, C), (36, E), (48, D), (60, C))
    found = leaning(". .", dotted, [(0, G), (36, A)])
    assert gains(found, TIME) == {POSITION + 48: -RHYTHM_NATS}
    other = leaning(". .", dotted, [(0, C), (12, E)])
    assert gains(other, TIME) == {} and gains(leaning(". .", dotted, [(0, C)]), TIME) == {}


def test_candidates_go_on_each_by_itself() -> None:
    found = Returns(2, layout_of_text(". =1"))
    notes = [vocab.row(POSITION, part=0, pitch=pitch, duration=5) for pitch in (C, E)]
    for rows in ([BAR_ROW, BAR_ROW], notes, [BAR_ROW, BAR_ROW]):
        found.accept(np.concatenate(rows))
    found.keep(np.array([1, 1]))
    chosen = np.array([[POSITION, 0], [POSITION, 0]], np.int16)
    weights = found.weights(PITCH, chosen)
    assert weights is not None and weights[:, E].tolist() == [REPEAT[PITCH]] * 2
    found.accept(np.concatenate([vocab.row(POSITION, 0, E, 5), BAR_ROW]))
    assert [len(line.bars) for line in found._lines] == [2, 3]


def test_pieces_follow_a_layout() -> None:
    returns = [repeats(one) for one in (". . . . =4 =4 =4 =4", " ".join("." * 8))]
    assert returns[0] > 0.6 and returns[1] < 0.2


def repeats(layout: str) -> float:
    """Return the share of the bars behind the fourth that repeat an earlier one."""
    request = Request(form="mazurka", bars=8, candidates=6, seed=3, layout=layout)
    found = [read_layout(encode_bars(one.piece))[4:8] for one in pipeline.compose(request).ranked]
    return float(np.mean([one[:, 1] == 0 for one in found]))


@pytest.mark.parametrize(
    ("layout", "reason"),
    [
        (". . x", "`layout` cannot be read: 'x' is no bar of a layout"),
        (". =2", "takes up a bar that is not there"),
        (". . . . .", "`layout` has 5 bars, the piece 4"),
    ],
)
def test_a_layout_that_will_not_do_is_refused_in_one_line(layout: str, reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        pipeline.compose(Request(bars=4, candidates=1, layout=layout))
