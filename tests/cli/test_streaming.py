"""The command stream: it plays, records, repeats, and refuses in one sentence."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import mido
import pytest

from composer.cli import main
from composer.cli.streaming import _Port, _turn
from composer.corpus import read_midi
from composer.engines import open_shelf
from composer.live import Performance, Stream, VirtualClock
from composer.request import Request


@pytest.fixture(autouse=True)
def small_model(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Compose nonsense, quickly."""
    monkeypatch.setenv("COMPOSER_CHECKPOINT", str(tiny_folder))
    monkeypatch.setattr("composer.pipeline.chunks.ATTEMPTS", 1)
    open_shelf.cache_clear()
    yield
    open_shelf.cache_clear()


def play(*arguments: object) -> int:
    command = ["stream", "--virtual-clock", "--candidates", "1", "--bars", "4"]
    return main([*command, *map(str, arguments)])


def test_a_stream_is_recorded_and_repeats_by_its_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "controls").write_text("2 tempo 100\n3 turn\n")
    for name in ("one", "other"):
        assert not play(
            "--composer", "Bach", "--style", "baroque", "--form", "minuet", "--key", "C minor",
            "--temperature", 0.9, "--seed", 3, "--controls", tmp_path / "controls",
            "--record", tmp_path / f"{name}.mid",
        )  # fmt: skip
    assert (tmp_path / "one.mid").read_bytes() == (tmp_path / "other.mid").read_bytes()
    piece = read_midi(tmp_path / "one.mid")
    assert (piece.n_bars, str(piece.key), piece.tempo_at(piece.bars[1].onset_beats)) == (
        4,
        "C minor",
        100,
    )
    assert "4 bars, none came late; recorded in" in capsys.readouterr().out


def test_events_are_printed_as_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert not play("--json")
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [event["kind"] for event in events]
    assert kinds[0] == "program" and kinds[-1] == "end"
    assert kinds.count("on") == kinds.count("off") > 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--bars", 0),
        ("--style", "jazz"),
        ("--key", "H minor"),
        ("--tempo-bpm", 1e9),
        ("--candidates", 9),
        ("--composer", "Nobody"),
        ("--controls", "nowhere"),
        ("--record", "/dev/null/take.mid"),
    ],
)
def test_what_will_not_do_is_said_in_one_sentence(
    arguments: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert play(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1


def test_a_recording_is_a_midi_file_of_a_track_a_part(tmp_path: Path) -> None:
    assert not play("--composer", "Bach", "--form", "chorale", "--record", tmp_path / "take.mid")
    file = mido.MidiFile(tmp_path / "take.mid")
    assert file.type == 1 and len(file.tracks) == 5


class Ledger:
    """A sender that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *values: self.told.append((name, *values))

    def of(self, name: str) -> list[list[Any]]:
        return [values for kind, *values in self.told if kind == name]


def test_lines_of_the_input_turn_what_the_port_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sender: Any = Ledger()
    stream = Stream(Request(composer="Bach", form="minuet", candidates=1, seed=3), bars=4)
    performance = Performance(stream, VirtualClock(), outlet=_Port(sender, stream.tempo.tempo_bpm))
    moments = performance.moments()
    next(moments), next(moments)
    before_bpm = stream.tempo.tempo_bpm
    lines = f"tempo {before_bpm / 2:g}\n\ntranspose 3\nmute 1\nwave 4\npanic\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    _turn(performance)
    told = capsys.readouterr()
    assert "transpose 3, now" in told.out and "no control 'wave'" in told.err
    assert [factor for _, factor in sender.of("warp")] == [pytest.approx(2.0)]
    assert [values[1:] for values in sender.of("mix")] == [[3, set()], [3, {0}]]
    assert sender.told[-1] == ("panic",)
    list(moments)
    assert len(sender.of("mix")) == 2  # the next bars are played as before
