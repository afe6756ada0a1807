"""From a sound file to a score, in a process of its own; by the command too."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from composer.cli import main
from composer.corpus import read_midi
from composer.errors import OptionError, ScoreFileError
from composer.theory import Meter
from composer.transcription import transcribe, transcribe_bytes
from tests.transcription.tones import RATE_HZ, file_of, play, scale

SONG = file_of(play(scale(0.625), 6.0))


def test_a_song_is_written_down_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "My song.wav", tmp_path / "new" / "song.mid"
    path.write_bytes(SONG)
    known = ["--tempo", "96", "--meter", "4/4", "--first-bar", "0.5"]
    assert main(["transcribe", str(path), "--out", str(out), *known]) == 0
    assert "8 notes in 2 bars of 4/4, C major, 96 quarters a minute" in capsys.readouterr().out
    piece = read_midi(out)
    notes = [(float(n.onset_beats), n.pitch) for n in piece.parts[0].notes]
    assert notes == list(enumerate((60, 62, 64, 65, 67, 65, 64, 60)))
    assert main(["transcribe", str(path), "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "line" and len(found["notes"]) == 8
    assert found["notes"][0]["onset_s"] == pytest.approx(0.5, abs=0.03)
    assert set(found) >= {"tempo_bpm", "meter", "meter_certainty", "key", "bars", "bar_lines_s"}


def test_both_versions_stand_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(SONG)
    found = transcribe(tmp_path / "song.wav", tempo_bpm=96.0, meter="4/4", first_bar_s=0.5)
    assert found.piece.title == "song" and found.piece.n_notes == len(found.notes) == 8
    assert found.to_dict()["bar_lines_s"] == pytest.approx([0.5, 3.0], abs=0.05)
    assert found.grid.meter == Meter(4, 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "x.pdf"], "`--out` must end in .mid or .musicxml"),
        (["--tempo", "1000"], "`tempo_bpm` must be from 20 to 300"),
        (["--meter", "waltz"], "`meter` must be a time signature"),
        (["--first-bar", "1"], "a first bar needs a meter, and a tempo or taps"),
        (["--taps", "1,2,3"], "`taps` must be 4 to 4000 moments"),
    ],
)
def test_the_command_refuses_in_a_sentence(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "song.wav").write_bytes(SONG)
    call = ["transcribe", str(tmp_path / "song.wav"), "--out", str(tmp_path / "x.mid"), *arguments]
    assert main(call) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "x.mid").exists()


def test_a_file_that_is_not_there_or_no_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoreFileError, match="cannot be opened"):
        transcribe(tmp_path / "none.wav")
    with pytest.raises(ScoreFileError, match="is no sound"):
        transcribe_bytes(b"Once upon a time")
    with pytest.raises(ScoreFileError, match="is silent"):
        transcribe_bytes(file_of(np.zeros(RATE_HZ)))
    with pytest.raises(OptionError, match="`kind` must be"):
        transcribe_bytes(SONG, kind="opera")


def test_what_takes_too_long_is_killed_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("composer.transcription.transcribing.WALL_S", 0.05)
    with pytest.raises(ScoreFileError, match="took longer than"):
        transcribe_bytes(SONG)
