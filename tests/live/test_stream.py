"""A stream: it goes on, heeds controls when it says so, ends when asked, and repeats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import mido
import pytest

from composer.composition import replay
from composer.engines import Engine
from composer.errors import OptionError, RequestError, ScoreFileError
from composer.live import (
    Cue,
    Journal,
    Moment,
    Performance,
    Stream,
    TimedEvent,
    VirtualClock,
    read_cues,
    read_journal,
    stream,
)
from composer.live.clock import TempoLine
from composer.live.composing import Costs
from composer.live.conductor import (
    PERIOD_BARS,
    THEME_BARS,
    is_clear,
    key_of,
    next_wanted,
)
from composer.live.context import chain_of
from composer.live.journal import ENDING
from composer.live.score import LiveBar, Mix
from composer.piece import Note
from composer.request import Request
from composer.theory import key_from_pitch_class

Taken = tuple[Path, list[TimedEvent]]
REQUEST = Request(composer="Bach", form="minuet", key="G major", candidates=2, seed=5)


@pytest.fixture(autouse=True)
def one_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the first close that comes: nonsense seldom has a cadence."""
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)
    monkeypatch.setattr("composer.live.composing.ATTEMPTS", 1)


def bars_of(found: Stream, n_bars: int) -> list[LiveBar]:
    """Compose and settle some bars."""
    bars: list[LiveBar] = []
    while len(bars) < n_bars and (found.score.plan or found.compose()):
        bar = found.commit()
        assert bar is not None
        bars.append(bar)
    return bars


def assert_every_on_has_its_off(events: Iterable[TimedEvent]) -> None:
    held: set[tuple[int, int]] = set()
    last_s = 0.0
    for event in events:
        assert event.seconds >= last_s - 1e-9
        last_s = event.seconds
        if event.kind in ("on", "off"):
            key = event.channel, event.pitch
            assert (event.kind == "on") == (key not in held)
            held ^= {key}
    assert not held


@pytest.fixture(scope="module")
def taken(tiny_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """Return a recording of ten bars with controls, and the events that were played."""
    path = tmp_path_factory.mktemp("take") / "take.mid"
    cues = [Cue(3, "tempo", 120), Cue(5, "key", "D minor"), Cue(6, "transpose", 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)
        patch.setattr("composer.live.composing.ATTEMPTS", 1)
        events = list(stream(REQUEST, bars=10, engine=tiny_engine, controls=cues, record=path))
    return path, events


def test_a_stream_has_as_many_bars_as_were_asked_for_and_ends(taken: Taken) -> None:
    events = taken[1]
    assert [event.bar for event in events if event.kind == "bar"] == list(range(1, 11))
    assert events[-1].kind == "end"
    assert_every_on_has_its_off(events)


def test_controls_are_heard_from_their_bars_on(taken: Taken) -> None:
    events = taken[1]
    keys = {event.bar: event.text.split(";")[0] for event in events if event.kind == "bar"}
    assert keys[4] == "G major" and keys[5] == keys[10] == "D minor"
    bars = {event.bar: event.seconds for event in events if event.kind == "bar"}
    assert bars[4] - bars[3] == pytest.approx((bars[3] - bars[2]) * 126 / 120)
    told = [(event.bar, event.text) for event in events if event.kind == "control"]
    assert told == [(5, "key D minor, from bar 5 on"), (6, "transpose 2, now")]


def test_the_same_seed_and_controls_give_the_same_events(taken: Taken, tiny_engine: Engine) -> None:
    cues = [Cue(3, "tempo", 120), Cue(5, "key", "D minor"), Cue(6, "transpose", 2)]
    assert list(stream(REQUEST, bars=10, engine=tiny_engine, controls=cues)) == taken[1]


def test_a_recording_holds_what_was_played(taken: Taken, tiny_engine: Engine) -> None:
    path, events = taken
    recording = read_journal(path)
    piece = recording.piece()
    assert piece.n_bars == 10 and len(piece.tempos) == 1
    n_on = sum(event.kind == "on" for event in events)
    strikes = [one for one in mido.MidiFile(path) if one.type == "note_on" and one.velocity]
    assert len(strikes) == n_on
    composition = recording.composition(tiny_engine)
    assert replay(composition.to_json()).parts == composition.piece.parts


def test_a_recording_is_whole_after_every_bar_and_outlives_a_torn_line(
    tiny_engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "live.mid"
    found = Stream(REQUEST, engine=tiny_engine, journal=Journal(path))
    bars_of(found, 5)
    n_strikes = sum(one.type == "note_on" for one in mido.MidiFile(path))
    n_notes = sum(len(part.notes) for bar in found.score.ring for part in bar.music.parts)
    assert n_strikes == n_notes
    lines = path.with_name("live.mid" + ENDING)
    lines.write_bytes(lines.read_bytes() + b'{"bar": 6, "key": "G ma')
    assert read_journal(path).piece().n_bars == 5
    with pytest.raises(ScoreFileError, match="cannot read"):
        read_journal(tmp_path / "none.mid")


def test_a_control_drops_the_plan_and_can_be_taken_back(tiny_engine: Engine) -> None:
    found = Stream(REQUEST, engine=tiny_engine)
    bars_of(found, 1)
    planned = found.score.plan[0]
    control = found.control("key", "A minor")
    assert control.acts_at == 2 and "from bar 2" in control.text
    assert not found.score.plan
    found.undo(control.id)
    found.compose()
    assert found.score.plan[0].key == planned.key
    with pytest.raises(RequestError, match="heard already"):
        found.undo(control.id)


def test_what_is_composed_for_a_dropped_plan_is_not_kept(tiny_engine: Engine) -> None:
    found = Stream(REQUEST, engine=tiny_engine)
    compose = found._composing.compose

    def turned_meanwhile(*arguments):  # type: ignore[no-untyped-def]
        chosen = compose(*arguments)
        found.control("temperature", 1.3)
        return chosen

    found._composing.compose = turned_meanwhile  # type: ignore[method-assign]
    found.compose()
    assert not found.score.plan


def test_close_ends_within_a_few_bars(tiny_engine: Engine) -> None:
    found = Stream(REQUEST, engine=tiny_engine)
    bars_of(found, 6)
    found.control("close")
    rest = bars_of(found, 20)
    assert 4 <= len(rest) <= 8 and found.state == "ended"
    assert rest[-1].label == "close"
    with pytest.raises(RequestError, match="ended"):
        found.control("tempo", 90)


def test_the_theme_returns_in_the_key_of_its_period(tiny_engine: Engine) -> None:
    found = Stream(replace(REQUEST, candidates=1), engine=tiny_engine)
    bars = bars_of(found, 3 * PERIOD_BARS + 2)
    returned = bars[3 * PERIOD_BARS]
    assert returned.why == "the theme returns"
    first = [[(n.onset_beats, n.pitch) for n in part.notes] for part in bars[0].music.parts]
    again = [[(n.onset_beats, n.pitch) for n in part.notes] for part in returned.music.parts]
    assert first == again
    assert {str(bar.key) for bar in bars[16:24]} == {"D major"}


def test_the_last_four_bars_become_the_theme_at_the_next_period(tiny_engine: Engine) -> None:
    found = Stream(replace(REQUEST, candidates=1), engine=tiny_engine)
    with pytest.raises(RequestError, match="4 bars"):
        found.control("again")
    bars = bars_of(found, 6)
    assert found.control("again").acts_at == PERIOD_BARS + 1
    later = bars_of(found, 4)
    assert later[2].why == "the theme returns"
    wanted = [[n.pitch for n in part.notes] for part in bars[2].music.parts]
    assert [[n.pitch for n in part.notes] for part in later[2].music.parts] == wanted


def test_the_last_bars_before_an_end_stand_at_home(tiny_engine: Engine) -> None:
    found = Stream(REQUEST, engine=tiny_engine, bars=47)
    home = found.settings.home
    assert all(key_of(found.settings, index) == home for index in range(39, 47))
    assert any(key_of(found.settings, index) != home for index in range(30))
    wanted = next_wanted(found.settings, found.score)
    assert wanted is not None and wanted.sections == ("opening", "opening")
    assert THEME_BARS == 4


def test_muted_parts_are_silent_and_their_notes_end(tiny_engine: Engine) -> None:
    cues = [Cue(2, "mute", (1,)), Cue(4, "mute", ())]
    events = list(stream(REQUEST, bars=5, engine=tiny_engine, controls=cues))
    assert_every_on_has_its_off(events)
    heard = {(event.bar, event.part) for event in events if event.kind == "on"}
    assert (2, 0) not in heard and (3, 0) not in heard


class Hall:
    """An outlet that remembers."""

    def __init__(self) -> None:
        self.events: list[TimedEvent] = []
        self.mixes: list[Mix] = []
        self.turned: list[tuple[object, ...]] = []

    def sound(self, moment: Moment, mix: Mix) -> None:
        self.events += moment.events
        self.mixes.append(mix)

    def retime(self, moment_s: float, tempo_bpm: float, beats: float) -> None:
        self.turned.append((moment_s, tempo_bpm, beats))

    def remix(self, mix: Mix) -> None:
        self.turned.append((mix,))

    def panic(self) -> None:
        self.turned.append(())


def test_an_outlet_is_turned_at_once_and_gets_notes_as_they_are_written(
    tiny_engine: Engine,
) -> None:
    found, clock, hall = Stream(REQUEST, engine=tiny_engine, bars=8), VirtualClock(), Hall()
    performance = Performance(found, clock, outlet=hall)
    moments = performance.moments()
    next(moments)
    bar = next(moments).bar
    assert bar is not None
    tempo_bpm = found.tempo.tempo_bpm
    clock.wait_until(performance.began_s + 60 / tempo_bpm)  # the second beat sounds
    performance.control("tempo", tempo_bpm * 2)
    performance.control("transpose", 5)
    performance.control("mute", "1")
    performance.control("temperature", 1.1)  # which no outlet knows
    moment_s, heard_bpm, beats = hall.turned[0]
    assert heard_bpm == tempo_bpm * 2 and beats == pytest.approx(1.0)
    assert moment_s == pytest.approx(clock.now_s())
    left_beats = float(bar.end_beats) - 1
    assert performance.due_s == pytest.approx(clock.now_s() + left_beats * 30 / tempo_bpm)
    assert hall.turned[1:] == [(Mix(5),), (Mix(5, (1,)),)]
    second = next(moments).bar
    assert second is not None and hall.mixes[-1] == Mix(5, (1,))
    written = {note.pitch for part in second.music.parts for note in part.notes}
    struck = {event.pitch for event in hall.events if event.bar == 2 and event.kind == "on"}
    assert struck == written
    *_, last = moments
    # By beats: what was handed over before the tempo changed has the seconds of the old one.
    strokes = [
        replace(event, seconds=float(event.beats))
        for event in hall.events
        if event.kind in ("on", "off")
    ]
    assert last.events[-1] is hall.events[-1] and hall.events[-1].kind == "end"
    assert_every_on_has_its_off(sorted(strokes, key=lambda event: (event.beats, event.kind)))


def test_after_a_panic_nothing_of_the_old_music_is_read(tiny_engine: Engine) -> None:
    found = Stream(REQUEST, engine=tiny_engine)
    bars_of(found, 3)
    found.control("panic")
    chain, theme_range = chain_of(found.score, found.settings)
    assert chain.path == () and not theme_range  # there is no theme yet
    bars_of(found, 4)
    theme = found.settings.theme
    assert theme is not None
    found.control("panic")
    chain, theme_range = chain_of(found.score, found.settings)
    assert chain.path == (theme.stretch,) and theme_range == range(4)
    wanted = next_wanted(found.settings, found.score)
    assert wanted is not None and wanted.copies and wanted.first == 7
    assert [bar.number for bar in bars_of(found, 4)] == [8, 9, 10, 11]


def test_the_ends_of_half_periods_and_periods_lean_to_cadences(tiny_engine: Engine) -> None:
    found = Stream(REQUEST, engine=tiny_engine)
    chords, inside, n_notes = {}, 0, 0
    while found.score.n_bars < 3 * PERIOD_BARS:
        wanted = next_wanted(found.settings, found.score)
        assert wanted is not None
        chords[wanted.first + wanted.bars] = [
            [str(one) for one in bar if one is not None] for bar in wanted.chords
        ]
        for chord_bar, bar in zip(wanted.chords, bars_of(found, wanted.bars), strict=False):
            if chord_bar[0] is not None and len(set(chord_bar)) == 1:
                notes = [note for part in bar.music.parts for note in part.notes]
                inside += sum(note.pitch % 12 in chord_bar[0].pitch_classes for note in notes)
                n_notes += len(notes)
    assert chords[2] == chords[6] == []
    assert chords[4][0] == [] and set(chords[4][1]) == {"D"}
    assert set(chords[8][0]) == {"D7"} and set(chords[8][1]) == {"G"}
    assert n_notes > 8 and inside / n_notes > 0.6  # of nonsense three in twelve would be


def test_bars_lean_to_a_scale_where_the_key_is_unclear(tiny_engine: Engine) -> None:
    found = Stream(REQUEST, engine=tiny_engine)
    bars_of(found, THEME_BARS + 2)
    key = key_from_pitch_class(7, "major")
    clear = [(Fraction(beat), 67 + step, Fraction(1)) for beat, step in enumerate((0, 4, 7))]
    for notes, wanted_scales in (
        (clear, ()),
        ([(f, 66, d) for f, _, d in clear], (key.scale,) * 2),
    ):
        for bar in list(found.score.ring)[-2:]:
            parts = tuple(
                replace(part, notes=tuple(Note(*note) for note in notes))
                for part in bar.music.parts
            )
            place = found.score.ring.index(bar)
            music = replace(bar.music, parts=parts)
            found.score.ring[place] = replace(bar, music=music)
        assert is_clear(found.score, key, 2) is not bool(wanted_scales)
    wanted = next_wanted(found.settings, found.score)
    assert wanted is not None and wanted.heard_bars == 6


def test_candidates_are_drawn_again_while_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("composer.live.composing.ATTEMPTS", 3)
    costs = Costs()
    costs.note(8, 1.0)
    assert costs.attempts(8, None) == 3
    assert costs.attempts(8, 4.0) == 2
    assert costs.attempts(8, 0.5) == 1


def test_fewer_candidates_are_drawn_where_time_is_short() -> None:
    costs = Costs()
    assert costs.affordable(8, 1.0) == 8
    costs.note(8, 1.0)
    assert costs.affordable(8, 2.0) == 8
    assert costs.affordable(8, 1.0) == 4
    assert costs.affordable(8, 0.3) == 1
    assert costs.affordable(8, 0.0) == 1
    assert costs.affordable(4, None) == 4


def test_a_tempo_holds_from_its_beat_on() -> None:
    line = TempoLine(60)
    line.change(Fraction(4), 120)
    assert [line.seconds(Fraction(beat)) for beat in (2, 4, 6)] == [2.0, 4.0, 5.0]
    assert line.beats(4.5) == 5.0
    with pytest.raises(OptionError, match="20 to 300"):
        line.change(Fraction(6), float("nan"))


def test_a_file_of_controls_is_read() -> None:
    text = "5 key F# minor  # up\n\n# nothing\n2 mute 1,3\n9 close\n"
    assert read_cues(text) == (
        Cue(2, "mute", (1, 3)),
        Cue(5, "key", "F# minor"),
        Cue(9, "close", None),
    )


@pytest.mark.parametrize(
    "text",
    ["5", "0 tempo 90", "x tempo 90", "5 tempo", "5 tempo fast", "5 tempo 1000", "5 key H minor",
     "5 mute 0", "5 mode lydian", "5 wave 3", "5 close now", "5 transpose 1.5", "99999999999 turn",
     "5 liveliness nan", "5 composer", "5 temperature 9"],
)  # fmt: skip
def test_a_line_that_will_not_do_is_named(text: str) -> None:
    with pytest.raises(OptionError, match="line 1 of the controls"):
        read_cues(text)


@pytest.mark.parametrize(
    ("cue", "words"),
    [
        (Cue(2, "composer", "Nobody"), "not on the menu"),
        (Cue(3, "again"), "4 bars"),
        (Cue(3, "style", "jazz"), "`style` must be"),
    ],
)
def test_a_control_that_can_never_do_is_refused_at_once(
    cue: Cue, words: str, tiny_engine: Engine
) -> None:
    with pytest.raises(RequestError, match=words):
        stream(REQUEST, bars=4, engine=tiny_engine, controls=[cue])


def test_a_style_chooses_among_its_composers(tiny_engine: Engine) -> None:
    found = Stream(Request(seed=1, style="classical"), engine=tiny_engine)
    assert found.settings.request.composer == "Mozart"
    with pytest.raises(RequestError, match="does not go with Bach"):
        Stream(replace(REQUEST, style="Romantic"), engine=tiny_engine)
    for bars in (0, 10**9):
        with pytest.raises(RequestError, match="`bars`"):
            Stream(REQUEST, engine=tiny_engine, bars=bars)


def test_a_control_while_it_plays_drops_the_plan_and_not_the_music(tiny_engine: Engine) -> None:
    performance = Performance(Stream(REQUEST, engine=tiny_engine, bars=5), VirtualClock())
    heard = []
    for moment in performance.moments():
        if moment.bar is not None:
            heard.append(moment.bar.number)
            if moment.bar.number < 5:
                performance.stream.control("turn")
    assert heard == [1, 2, 3, 4, 5] and not performance.health.n_underruns
