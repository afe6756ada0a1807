"""A whole piece transposed, given to other players, or begun with empty bars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from composer.errors import ComposerError, RequestError
from composer.piece import Piece
from composer.theory import INSTRUMENTS
from composer.ui.edit import handlers, whole
from composer.ui.edit.handlers import Editing, Version


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def bench(chorale: Piece) -> Editing:
    return Editing(folder="f" * 32).add(Version(chorale, "as read"))


@pytest.mark.parametrize(
    ("semitones", "key", "words"),
    [(2, "A major", "up by a major second"), (-1, "F# major", "down"), (-12, "G major", "octave")],
)
def test_all_notes_move_and_the_key_with_them(
    bench: Editing, chorale: Piece, semitones: int, key: str, words: str
) -> None:
    moved = whole.rework(bench, None, whole.transpose, semitones)
    assert str(moved.piece.key) == key and words in moved.version.words
    pairs = zip(moved.piece.parts, chorale.parts, strict=True)
    for part, given in pairs:
        assert [n.pitch - semitones for n in part.notes] == [n.pitch for n in given.notes]
    assert handlers.undo(moved).piece is chorale


@pytest.mark.parametrize("semitones", [0, None, "", 13, 2.5, "up", [], True])
def test_what_is_no_interval_is_refused(bench: Editing, semitones: Any) -> None:
    with pytest.raises(ComposerError):
        whole.rework(bench, None, whole.transpose, semitones)


def test_every_interval_of_the_list_is_one(bench: Editing) -> None:
    for _, semitones in whole.interval_choices():
        whole.rework(bench, None, whole.transpose, semitones)


def test_a_part_is_given_to_another_instrument(bench: Editing, chorale: Piece) -> None:
    changed = whole.rework(bench, None, whole.give_to, 1, "flute")
    assert changed.piece.parts[1].instrument == INSTRUMENTS["flute"]
    assert changed.piece.parts[1].notes == chorale.parts[1].notes
    assert "alto now played by flute" in changed.version.words
    assert "beyond its usual range" in whole.give_to(chorale, 3, "flute")[1]
    for part, name in ((9, "flute"), (0, "kazoo"), (None, "flute"), (0, ["flute"])):
        with pytest.raises(RequestError):
            whole.give_to(chorale, part, name)


def test_empty_bars_are_painted_on_judged_and_written(cache: Path) -> None:
    begun = whole.take_empty(Editing(), "", " 3/4 ", 4)
    assert (begun.piece.n_bars, str(begun.piece.meter), begun.piece.n_notes) == (4, "3/4", 0)
    shown = handlers.show(begun)
    edits = {"id": handlers.marked.fingerprint(begun.piece), "parts": [[["0", 67, "1", 80]]]}
    assert "empty bars" in shown["heading"]
    assert "then painted" in handlers.judge(begun, edits)["heading"]
    assert handlers.take_edits(begun, edits).piece.n_notes == 1
    for key, meter, bars in (("H", "", 4), ("", "5", 4), ("", "", 0), ("", "", 999)):
        with pytest.raises(ComposerError):
            whole.take_empty(Editing(), key, meter, bars)
