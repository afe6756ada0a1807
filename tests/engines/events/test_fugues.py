"""Fugues by plan: who enters when, that others wait, and that entries have the subject's notes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from composer import pipeline
from composer.engines.events import engine
from composer.engines.events.fugues import ANSWER, TONIC, Entry, FuguePlan, sample_plan
from composer.piece import Part, Piece
from composer.request import Request


@pytest.mark.parametrize("voices", [3, 4, 5])
@pytest.mark.parametrize("bars", [6, 16, 33, 128])
def test_every_voice_enters_once_with_subject_and_answer_by_turns(bars: int, voices: int) -> None:
    for seed in range(20):
        plan = sample_plan(bars, voices, np.random.default_rng(seed))
        assert plan is not None
        exposition = plan.entries[:voices]
        assert sorted(entry.part for entry in exposition) == list(range(voices))
        assert [entry.degree for entry in exposition] == [TONIC, ANSWER, TONIC, ANSWER, TONIC][
            :voices
        ]
        starts = [entry.bar for entry in plan.entries]
        assert all(b - a >= plan.subject_bars for a, b in zip(starts, starts[1:], strict=False))
        assert starts[0] == 0 and starts[-1] + plan.subject_bars < bars
        assert [plan.enters_at()[entry.part] for entry in exposition] == starts[:voices]


def test_a_plan_says_who_enters_when() -> None:
    plan = FuguePlan(2, (Entry(0, 1, TONIC), Entry(2, 0, ANSWER), Entry(4, 2, TONIC)))
    assert plan.to_text() == "voice 2 in bar 1 (I), voice 1 in bar 3 (V), voice 3 in bar 5 (I)"
    request = Request(form="fugue", composer="Bach", bars=8, candidates=1)
    best = pipeline.compose(request).ranked[0]
    assert best.entries.count("voice") >= 3 and best.layout == ""


def test_without_room_for_all_voices_there_is_no_plan() -> None:
    assert sample_plan(3, 3, np.random.default_rng(1)) is None


def in_bars(part: Part, first: int, last: int, bar: Fraction) -> list[tuple[Fraction, int]]:
    """Return the notes of some bars: place in them, and pitch."""
    return [
        (note.onset_beats - first * bar, note.pitch)
        for note in part.notes
        if first * bar <= note.onset_beats < last * bar
    ]


def test_voices_wait_for_their_entry_and_bring_the_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[FuguePlan] = []
    usual = engine.fugue_plan

    def remembered(*asked: object) -> FuguePlan | None:
        plan = usual(*asked)  # type: ignore[arg-type]
        assert plan is not None
        plans.append(plan)
        return plan

    monkeypatch.setattr(engine, "fugue_plan", remembered)
    kept = [share_of_subject(piece, plans[-1]) for piece in fugues(seed=5)]
    assert len(plans) == 1 and np.mean(kept) > 0.6


def fugues(seed: int) -> list[Piece]:
    request = Request(form="fugue", composer="Bach", bars=12, candidates=4, seed=seed)
    return [one.piece for one in pipeline.compose(request).ranked]


def share_of_subject(piece: Piece, plan: FuguePlan) -> float:
    """Return how much of the subject the answer has; fail where a voice does not wait."""
    bar = piece.bars[0].meter.length_beats
    first, second = plan.entries[:2]
    for part, entered in enumerate(plan.enters_at()):
        assert in_bars(piece.parts[part], 0, entered, bar) == []
    subject = in_bars(piece.parts[first.part], 0, plan.subject_bars, bar)
    answer = in_bars(piece.parts[second.part], second.bar, second.bar + plan.subject_bars, bar)
    steps = {(at, (pitch + ANSWER + moved) % 12) for at, pitch in subject for moved in (-1, 0, 1)}
    kept = [(at, pitch % 12) in steps for at, pitch in answer]
    return sum(kept) / max(len(kept), len(subject) / 2)
