"""A person plays with a stream, in turns or along with it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from composer.engines import Engine
from composer.errors import OptionError, RequestError
from composer.live import Duet, LiveBar, Performance, Stream, VirtualClock
from composer.live.conductor import next_wanted
from composer.live.context import chain_of
from composer.live.duets import HURRY_S, YOURS, read_notes
from composer.piece import Note
from composer.request import Request

REQUEST = Request(composer="Bach", form="minuet", candidates=1, seed=5)
ZERO = Fraction(0)


@pytest.fixture(autouse=True)
def one_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)
    monkeypatch.setattr("composer.live.composing.ATTEMPTS", 1)


def settled(found: Stream, n_bars: int) -> list[LiveBar]:
    bars: list[LiveBar] = []
    while len(bars) < n_bars:
        assert found.score.plan or found.compose()
        bar = found.commit()
        assert bar is not None
        bars.append(bar)
    return bars


def scale_of(found: Stream, bars: list[LiveBar]) -> list[Note]:
    """Return a quarter on every beat of some bars, a little late, in E major."""
    begin, end = bars[0].onset_beats, bars[-1].end_beats
    steps = (64, 66, 68, 69, 71, 73, 75, 76)
    return [
        Note(begin + beat + Fraction(1, 17), steps[beat % 8], Fraction(9, 10))
        for beat in range(int(end - begin))
    ]


def test_two_bars_each_in_turn_and_the_machine_reads_what_was_played(tiny_engine: Engine) -> None:
    found = Stream(REQUEST, engine=tiny_engine, duet=Duet("turns", 2))
    counted, *mine = settled(found, 3)
    assert counted.label == "count" and [bar.label for bar in mine] == [YOURS, YOURS]
    assert not any(bar.music.n_notes for bar in (counted, *mine))
    notes = scale_of(found, mine)
    assert found.heard(notes, ZERO, mine[-1].end_beats) == 2
    assert str(found.settings.home) == "E major"
    chain, _ = chain_of(found.score, found.settings)
    written = chain.piece.parts[0].notes
    assert [note.pitch % 12 for note in written] == [note.pitch % 12 for note in notes]
    assert all(note.onset_beats.denominator == 1 for note in written)  # on the grid
    wanted = next_wanted(found.settings, found.score)
    assert wanted is not None and (wanted.bars, wanted.cadence) == (2, "full")
    assert wanted.key == found.settings.home
    answer = settled(found, 2)
    assert all(bar.label != YOURS and bar.candidates for bar in answer)
    assert [bar.label for bar in settled(found, 2)] == [YOURS, YOURS]
    found.heard([Note(mine[0].onset_beats, 61, Fraction(1))], ZERO, ZERO)  # corrected, and late
    assert str(found.settings.home) == "E major"


def test_along_the_machine_leaves_the_highest_part_to_the_person(tiny_engine: Engine) -> None:
    found = Stream(REQUEST, engine=tiny_engine, duet=Duet("along"))
    bars = settled(found, 2)
    assert bars[1].label == YOURS
    found.heard(scale_of(found, bars[1:]), ZERO, bars[1].end_beats)
    for _ in range(3):
        wanted = next_wanted(found.settings, found.score)
        assert wanted is not None and wanted.bars == 1 and not wanted.cadence
        (bar,) = settled(found, 1)
        assert not bar.music.parts[0].notes
        found.heard(scale_of(found, [bar]), bar.onset_beats, bar.end_beats)
        held = found.score.ring[-1]
        assert held.music.parts[0].notes and held.music.parts[1:] == bar.music.parts[1:]


def test_the_machine_waits_for_the_last_notes_of_a_turn_but_not_too_long(
    tiny_engine: Engine,
) -> None:
    found = Stream(REQUEST, engine=tiny_engine, duet=Duet("turns", 2))
    assert not found.awaits(10.0)
    bars = settled(found, 3)
    assert found.awaits(HURRY_S + 0.1) and not found.awaits(HURRY_S)
    found.heard((), ZERO, bars[1].end_beats)
    assert found.awaits(HURRY_S + 0.1)
    found.heard((), ZERO, bars[-1].end_beats)
    assert not found.awaits(HURRY_S + 0.1)


def test_a_silent_partner_holds_nothing_up(tiny_engine: Engine) -> None:
    found = Stream(REQUEST, engine=tiny_engine, bars=9, duet=Duet("turns", 2))
    performance = Performance(found, VirtualClock())
    bars = [moment.bar.number for moment in performance.moments() if moment.bar is not None]
    assert bars == list(range(1, 10)) and not performance.health.n_underruns


def test_what_will_not_do_is_refused(tiny_engine: Engine) -> None:
    with pytest.raises(OptionError, match="turns or along"):
        Duet("chase")
    with pytest.raises(OptionError, match="`turn_bars`"):
        Duet("turns", 0)
    with pytest.raises(RequestError, match="nobody plays"):
        Stream(REQUEST, engine=tiny_engine).heard((), ZERO, ZERO)
    for values in (None, [1], [[0, 1, 200, 80]], [[0, 1, 60, 0]], [[float("nan"), 1, 60, 80]]):
        with pytest.raises(RequestError, match="note"):
            read_notes(values)
    assert read_notes([[0.25, 0, 60, 80]]) == (Note(Fraction(1, 4), 60, Fraction(1, 4), 80),)
