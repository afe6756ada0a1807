"""`check`, `corpus --check` and `profile` find what is wrong, and say so in words."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from composer.checking import check_piece
from composer.cli import main
from composer.piece import Note, Piece
from composer.rendering import write_midi
from tests.training.corpus import write_packed


def with_note(piece: Piece, note: Note) -> Piece:
    """Return a piece with one more note in its first part."""
    first, *others = piece.parts
    notes = tuple(sorted((*first.notes, note), key=lambda one: (one.onset_beats, one.pitch)))
    return replace(piece, parts=(replace(first, notes=notes), *others))


def test_sound_files_pass(
    chorale: Piece, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_midi(chorale, tmp_path / "a.mid")
    assert main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "ok    a.mid: 8 bars, 114 notes\n"


def test_a_file_that_is_no_music_is_a_fault_and_the_others_are_still_checked(
    chorale: Piece, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_midi(chorale, tmp_path / "b.mid")
    (tmp_path / "a.mid").write_bytes(b"MThd")
    assert main(["check", "--json", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert [one["is_sound"] for one in json.loads(told.out)] == [False, True]
    assert told.err == "error: 1 of 2 pieces have faults\n"


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (Note(Fraction(1, 2), 71, Fraction(1, 4)), "part 1 strikes 1 keys while they sound"),
        (Note(Fraction(31), 90, Fraction(3)), "1 notes sound beyond the last bar"),
    ],
)
def test_notes_that_no_program_should_write_are_faults(
    chorale: Piece, note: Note, words: str
) -> None:
    assert words in check_piece(with_note(chorale, note)).faults


def test_what_a_person_may_have_wanted_is_a_remark(chorale: Piece) -> None:
    low = with_note(chorale, Note(Fraction(0), 30, Fraction(1)))
    silent = replace(chorale, parts=tuple(replace(p, notes=p.notes[-1:]) for p in chorale.parts))
    assert check_piece(low).remarks == ("1 notes of part 1 lie outside the soprano",)
    found = check_piece(silent)
    assert "nothing sounds in bar 1-7" in found.remarks and found.is_sound


def test_a_corpus_with_doubles_and_leaks_is_told_on_a_page(
    chorale: Piece, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(38, 44):  # number 42 is one that validates
        moved = chorale.transposed(number % 5)
        path = tmp_path / "scores" / "Bach" / f"chorale-{number}.mid"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_midi(moved, path)
    (tmp_path / "scores" / "Bach" / "broken.mid").write_bytes(b"no music")
    assert main(["corpus", str(tmp_path / "scores"), "--check", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "check.json").read_text())
    assert (found["pieces"], len(found["refused"])) == (6, 1)
    assert [len(one) for one in found["doubles"]] == [6] and len(found["leaks"]) == 1
    page = (tmp_path / "out" / "check.html").read_text()
    assert "Doubles: 1" in page and "broken.mid" in page
    assert str(tmp_path / "out" / "check.html") in capsys.readouterr().out


def test_a_profile_tells_the_phases_of_training_steps(
    chorale: Piece, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = write_packed(tmp_path / "events.npz", [("train", chorale), ("valid", chorale)])
    assert (
        main(["profile", "--events", str(events), "--preset", "tiny", "--steps", "1", "--json"])
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert set(found["seconds"]) == {"data", "forward", "backward", "optimiser"}
    assert 0 < sum(found["seconds"].values()) <= found["elapsed_s"]
    assert any("mm" in one["name"] for one in found["operations"])
