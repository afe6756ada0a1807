"""Timed messages reach the port in order, and nothing sounds for ever."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import PortError
from composer.sounding import desk as desks
from composer.sounding.desk import FRAME, MESSAGE, MIX, PANIC, TEMPO, WARP, Desk
from composer.sounding.messages import CLOCK, START, STOP, note_off, note_on, program
from tests.sounding.fakes import FakePort, held_after

# A note, or a turn of what is played: moment, kind, channel or semitones, pitch.
KINDS = st.sampled_from(["on", "off", "mix", "warp"])
NOTES = st.tuples(
    st.sampled_from([0.0, 0.1, 0.2, 0.5]), KINDS, st.integers(0, 1), st.integers(60, 62)
)


def frame(moment_s: float, message: bytes) -> bytes:
    return FRAME.pack(MESSAGE, moment_s, 0, 0, len(message), message)


def tempo(moment_s: float, tempo_bpm: float, beats: float) -> bytes:
    return FRAME.pack(TEMPO, moment_s, tempo_bpm, beats, 0, b"")


def mix(moment_s: float, shift: int, silent: int = 0) -> bytes:
    return FRAME.pack(MIX, moment_s, shift, silent, 0, b"")


def warp(moment_s: float, factor: float) -> bytes:
    return FRAME.pack(WARP, moment_s, factor, 0, 0, b"")


def fed(frames: Iterable[bytes]) -> tuple[Desk, FakePort]:
    port = FakePort()
    desk = Desk("fake", opener=port.open)
    desk.open()
    for one in frames:
        desk.take(one)
    return desk, port


def test_messages_are_sent_when_due_and_ends_before_beginnings() -> None:
    desk, port = fed(
        [frame(1.0, note_on(0, 62, 9)), frame(0.5, note_on(0, 60, 9)), frame(1.0, note_off(0, 60))]
    )
    desk.send_due(0.4)
    assert port.sent == [] and desk.next_s() == 0.5
    desk.send_due(0.6)
    desk.send_due(1.0)
    assert port.sent == [note_on(0, 60, 9), note_off(0, 60), note_on(0, 62, 9)]
    assert desk.next_s() is None


@given(st.lists(NOTES, max_size=30), st.floats(0, 1))
def test_whatever_is_sent_no_note_is_struck_twice_or_held_at_the_end(
    notes: list[tuple[float, str, int, int]], now_s: float
) -> None:
    frames = {
        "on": lambda moment, channel, pitch: frame(moment, note_on(channel, pitch, 80)),
        "off": lambda moment, channel, pitch: frame(moment, note_off(channel, pitch)),
        "mix": lambda moment, shift, pitch: mix(moment, shift, silent=pitch - 60),
        "warp": lambda moment, channel, pitch: warp(moment, (pitch - 59) / 2),
    }
    desk, port = fed(frames[kind](moment, one, pitch) for moment, kind, one, pitch in notes)
    desk.send_due(now_s)
    held_after(port.sent)
    desk.finish()
    assert not held_after(port.sent)


def test_a_late_beginning_is_left_out_and_a_late_end_is_not() -> None:
    desk, port = fed([frame(0.0, note_on(0, 60, 9))])
    desk.send_due(0.0)
    desk.take(frame(0.1, note_off(0, 60)))
    desk.take(frame(0.1, note_on(0, 64, 9)))
    desk.send_due(5.0)
    assert port.sent == [note_on(0, 60, 9), note_off(0, 60)] and desk.n_left_out == 1


def test_panic_ends_what_sounds_first_and_forgets_the_rest() -> None:
    desk, port = fed([frame(0.0, note_on(3, 60, 9)), frame(1.0, note_on(3, 64, 9))])
    desk.send_due(0.0)
    desk.take(FRAME.pack(PANIC, 0, 0, 0, 0, b""))
    assert port.sent[1] == note_off(3, 60)
    controls = [message[1] for message in port.sent if message[0] == 0xB3]
    assert controls == [64, 66, 123, 120, 121]
    n_sent = len(port.sent)
    desk.send_due(2.0)
    assert len(port.sent) == n_sent


def test_a_turn_of_the_knobs_holds_for_what_was_handed_over() -> None:
    desk, port = fed(
        [
            frame(0.0, note_on(0, 60, 9)),
            frame(0.0, note_on(1, 48, 9)),
            frame(1.0, note_off(0, 60)),
            frame(1.0, note_on(0, 62, 9)),
            frame(1.0, note_on(1, 50, 9)),
            frame(2.0, note_off(0, 62)),
        ]
    )
    desk.send_due(0.0)
    desk.take(mix(1.5, 7))  # forgotten by the next turn
    desk.take(mix(0.0, 2, silent=1 << 1))
    desk.send_due(0.2)
    assert port.sent[2:] == [note_off(0, 60), note_off(1, 48)]
    desk.take(warp(0.2, 0.5))  # twice as fast
    assert desk.next_s() == pytest.approx(0.6)
    desk.send_due(0.7)
    assert port.sent[4:] == [note_on(0, 64, 9)]
    desk.send_due(1.2)
    assert port.sent[5:] == [note_off(0, 64)]


def test_a_panic_forgets_no_turn_of_the_knobs() -> None:
    desk, port = fed([mix(0.5, 3), frame(0.6, note_on(0, 60, 9))])
    desk.silence()
    desk.take(frame(0.7, note_on(0, 61, 9)))
    desk.send_due(0.8)
    assert port.sent == [note_on(0, 64, 9)]


def test_a_clock_has_24_pulses_a_quarter_through_changes_of_tempo() -> None:
    desk, port = fed([tempo(0.0, 120, 0.0), tempo(2.0, 60, 4.0)])
    moments = []
    while (moment := desk.next_s()) is not None and moment < 4.0:
        moments.append(moment)
        desk.send_due(moment)
    assert port.sent[0] == START and port.sent.count(CLOCK) == len(moments) == 4 * 24 + 2 * 24
    assert moments[24] == pytest.approx(0.5) and moments[96] == pytest.approx(2.0)
    assert moments[120] == pytest.approx(3.0)
    desk.finish()
    assert port.sent[-1] == STOP


def test_a_clock_of_an_hour_does_not_drift() -> None:
    bar_s = 4 * 60 / 83
    desk, _ = fed([tempo(bar * bar_s, 83, bar * 4.0) for bar in range(2)])
    for bar in range(2, 1245):
        while (moment := desk.next_s()) is not None and moment < (bar - 1) * bar_s:
            desk.send_due(moment)
        desk.take(tempo(bar * bar_s, 83, bar * 4.0))
    moment = desk.next_s()
    assert moment is not None
    assert moment == pytest.approx(desk.pulses.n_sent * 60 / 83 / 24, abs=1e-3)
    assert desk.pulses.n_sent > 119_000


def test_a_port_that_is_pulled_out_is_opened_again_with_its_sounds() -> None:
    desk, port = fed([frame(0.0, program(0, 19)), frame(0.0, note_on(0, 60, 9))])
    desk.send_due(0.0)
    port.is_out = True
    desk.look_after_port()
    assert not desk.report()["is_there"]
    desk.take(frame(1.0, note_on(0, 64, 9)))
    desk.send_due(1.0)
    desk.look_after_port()
    port.is_out = False
    port.sent.clear()
    desk.look_after_port()
    assert port.sent == [program(0, 19)] and desk.n_lost == 1
    desk.take(frame(2.0, note_on(0, 67, 9)))
    desk.send_due(2.0)
    assert port.sent[-1] == note_on(0, 67, 9)


def test_a_port_that_goes_while_something_is_sent_breaks_nothing() -> None:
    desk, port = fed([frame(0.0, note_on(0, 60, 9))])
    port.is_out = True
    desk.send_due(0.0)
    assert desk.n_lost == 1 and desk.port is None
    desk.finish()


def test_without_news_all_is_silenced(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, port = fed([frame(0.0, note_on(0, 60, 9)), frame(1.5, note_on(0, 64, 9))])
    desk.send_due(0.0)
    run = desks._Run(desk, None)  # type: ignore[arg-type]
    heard_s = run._heard_s
    run._watch(heard_s + 0.5)
    assert held_after(port.sent) == {(0, 60)}
    run._watch(heard_s + 0.9)
    assert not held_after(port.sent) and desk.next_s() is None


def test_lateness_is_told_by_quantiles() -> None:
    counts = desks.Lateness()
    for late_ms in [0.1] * 98 + [3.0, 9.0]:
        counts.note(late_ms / 1000)
    assert counts.quantile_ms(0.5) == pytest.approx(0.1, abs=0.06)
    assert counts.quantile_ms(0.99) == pytest.approx(3.0, abs=0.06)
    assert desks.Lateness().quantile_ms(0.5) == 0.0


def test_a_port_that_cannot_be_opened_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(_: str) -> FakePort:
        raise PortError("there is no such port")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desks, "Desk", lambda name: Desk(name, opener=refuse))
        assert desks.main(["nowhere"]) == 2
    assert "no such port" in capsys.readouterr().out
