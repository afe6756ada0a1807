from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from composer import pipeline
from composer.composition import replay
from composer.corpus import read_midi, read_midi_bytes
from composer.engines import Engine
from composer.errors import ComposerError, RequestError
from composer.piece import Piece
from composer.rendering import midi_bytes
from composer.ui.edit import handlers as edit_handlers
from composer.ui.edit.handlers import Editing, Version
from composer.ui.edit.jobs import harmonise_job, infill_job, remake_job, vary_job
from composer.ui.shared.history import MAX_STEPS
from composer.ui.shared.marked import fingerprint
from composer.ui.shared.running import STOPPED, Run
from composer.ui.shared.visit import Visit
from tests.fake_studio import FakeFiller, beep_audio

FILLER = FakeFiller()
MAKERS: dict[str, Any] = {
    "infill": FILLER.place,
    "vary": FILLER.place,
    "harmonise": FILLER.harmonise,
}
NUMBERS = {"candidates": 3, "temperature": None, "seed": 7}
MARKED = {"first_bar": 2, "last_bar": 3, "parts": [1, 2]}
REWRITE = (MARKED, False, "keep", NUMBERS)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def bench(chorale: Piece) -> Editing:
    return Editing(folder="f" * 32).add(Version(chorale, "as read"))


def run(state: Editing, makers: Any = MAKERS, edits: Any = None) -> Editing:
    """Rewrite the marked bars to the end."""
    begun = edit_handlers.begin(state, edits, infill_job, REWRITE)
    *_, (ended, _, _) = edit_handlers.draw(makers, begun)
    ended.run.end()
    return ended


def painted(piece: Piece, pitch: int = 60) -> dict[str, Any]:
    """Return what the browser sends when the first note was moved to a pitch."""
    rows = [part["notes"] for part in piece.to_dict()["parts"]]
    first = list(rows[0][0])
    first[1] = pitch
    return {"id": fingerprint(piece), "parts": [[first, *rows[0][1:]], *rows[1:]]}


def test_the_best_candidate_is_on_show_and_not_kept(bench: Editing, chorale: Piece) -> None:
    ended = run(bench)
    assert ended.version.candidate and ended.piece != chorale
    assert ended.version.piece is chorale
    assert "bars 2 to 3 of alto and tenor rewritten" in edit_handlers.show(ended)["heading"]
    assert "not kept yet" in edit_handlers.show(ended)["heading"]


def test_what_is_outside_the_marked_place_stays_the_same_objects(
    bench: Editing, chorale: Piece, tiny_engine: Engine
) -> None:
    steps = partial(pipeline.infill_steps, engine=tiny_engine)
    found = run(bench, {"infill": steps}).piece
    for index, (part, given) in enumerate(zip(found.parts, chorale.parts, strict=True)):
        outside = [n for n in given.notes if index not in (1, 2) or not 4 <= n.onset_beats < 12]
        assert all(any(note is one for one in part.notes) for note in outside)


def test_another_candidate_can_be_picked_and_kept(bench: Editing) -> None:
    picked = edit_handlers.pick(run(bench), 3)
    kept = edit_handlers.keep(picked)
    assert kept.version.piece is picked.piece
    assert kept.version.candidate is None
    assert edit_handlers.show(kept)["record"] is not None


@pytest.mark.parametrize("rank", [0, 4, -1, None, "1", True, 1.0])
def test_a_rank_that_is_none_is_refused(bench: Editing, rank: Any) -> None:
    with pytest.raises(RequestError, match="no candidate of rank"):
        edit_handlers.pick(run(bench), rank)


def test_undo_and_redo_go_through_paintings_and_results_alike(
    bench: Editing, chorale: Piece
) -> None:
    ended = run(bench)
    kept = edit_handlers.keep(ended)
    drawn = edit_handlers.take_edits(kept, painted(kept.piece))
    back = edit_handlers.undo(drawn)
    assert back.version == kept.version
    assert edit_handlers.undo(back).version == ended.version
    first = edit_handlers.undo(edit_handlers.undo(back))
    assert first.piece is chorale
    assert edit_handlers.redo(back).piece == drawn.piece
    with pytest.raises(RequestError, match="nothing to undo"):
        edit_handlers.undo(first)
    with pytest.raises(RequestError, match="nothing to redo"):
        edit_handlers.redo(drawn)


def test_undo_of_a_run_takes_its_candidates_away_and_redo_brings_them_back(
    bench: Editing, chorale: Piece
) -> None:
    """Undo once threw the run away: Redo stayed off, while its candidates stayed on show."""
    ended = run(bench)
    away = edit_handlers.undo(ended)
    assert away.piece is chorale
    assert edit_handlers.show(away)["ranking"] == ""
    again = edit_handlers.redo(away)
    assert again.version == ended.version
    assert 'data-rank="3"' in edit_handlers.show(again)["ranking"]


def test_a_pick_and_another_piece_are_undone_too(bench: Editing, chorale: Piece) -> None:
    ended = run(bench)
    picked = edit_handlers.pick(ended, 2)
    assert edit_handlers.undo(picked).piece == ended.piece
    other = edit_handlers.take_melody(picked, "L:1/4\nG A B c |")
    assert edit_handlers.undo(other).version == picked.version


def test_painting_on_a_candidate_keeps_it(bench: Editing) -> None:
    ended = run(bench)
    drawn = edit_handlers.keep_all(ended, painted(ended.piece))
    assert drawn.version.candidate is None and drawn.piece.parts[0].notes[0].pitch == 60
    assert "rewritten, then painted" in edit_handlers.show(drawn)["heading"]


def test_what_is_painted_is_judged_at_once_and_kept_by_nobody(
    bench: Editing, chorale: Piece
) -> None:
    said = edit_handlers.judge(bench, painted(chorale, 50))
    assert "as read, then painted" in said["heading"]
    assert "real chorales" in said["heading"]
    found = json.loads(said["judged"])
    assert found["id"] == fingerprint(chorale)
    before = json.loads(edit_handlers.judge(bench, None)["judged"])
    assert any("crossed voices" in one["words"] for one in found["findings"])
    assert found["findings"] != before["findings"] and bench.piece is chorale
    with pytest.raises(RequestError, match="another piece"):
        edit_handlers.judge(bench, painted(chorale) | {"id": "0"})


@pytest.mark.parametrize("whole_chord", [False, True])
def test_a_single_note_or_chord_is_remade_and_all_else_stays(
    bench: Editing, chorale: Piece, tiny_engine: Engine, whole_chord: bool
) -> None:
    note = chorale.parts[1].notes[5]
    caret = {"part": 1, "row": [str(note.onset_beats), note.pitch, "1", 80, None, ""]}
    job = partial(remake_job, whole_chord=whole_chord)
    begun = edit_handlers.begin(bench, None, job, (caret, NUMBERS))
    makers = {"paint": partial(pipeline.paint_steps, engine=tiny_engine)}
    *_, (ended, _, _) = edit_handlers.draw(makers, begun)
    for index, (part, given) in enumerate(zip(ended.piece.parts, chorale.parts, strict=True)):
        open_here = whole_chord or index == 1
        gone = [n for n in given.notes if not any(n is one for one in part.notes)]
        assert all(n.onset_beats == note.onset_beats for n in gone)
        assert len(gone) == (1 if open_here else 0)
    assert "remade: candidate 1 of" in edit_handlers.show(ended)["heading"]


def test_a_run_works_on_what_was_painted(bench: Editing, chorale: Piece) -> None:
    ended = run(bench, edits=painted(chorale))
    assert ended.piece.parts[0].notes[0].pitch == 60
    assert ended.version.words == "as read, then painted"


def test_a_run_on_a_candidate_keeps_it_first(bench: Editing) -> None:
    first = run(bench)
    again = run(first)
    assert again.version.piece is first.piece


def test_what_is_shown_anew_has_another_turn(bench: Editing) -> None:
    ended = run(bench)
    shown = [ended, edit_handlers.undo(ended), edit_handlers.pick(ended, 2)]
    turns = [json.loads(edit_handlers.show(state)["score"])["turn"] for state in shown]
    assert turns[1] > turns[0] and turns[2] > turns[0]


def test_the_rewritten_bars_stay_marked(bench: Editing) -> None:
    score = json.loads(edit_handlers.show(run(bench))["score"])
    assert score["selected"] == {"first_bar": 2, "last_bar": 3, "parts": [1, 2]}


def test_painting_that_belongs_to_another_piece_is_refused(
    bench: Editing, keyboard_piece: Piece
) -> None:
    with pytest.raises(RequestError, match="painted notes"):
        edit_handlers.take_edits(bench, painted(keyboard_piece))


@pytest.mark.parametrize(
    ("read_job", "values"),
    [
        (infill_job, (None, False, "keep", NUMBERS)),
        (infill_job, ({"first_bar": 0}, False, "keep", NUMBERS)),
        (vary_job, (None, 0.5, "keep", NUMBERS)),
        (harmonise_job, (9, "Bach", "chorale", NUMBERS)),
        (harmonise_job, ("x", "Bach", "chorale", NUMBERS)),
        (infill_job, (MARKED, False, "keep", {"candidates": "many"})),
    ],
)
def test_a_setting_that_will_not_do_is_refused_before_the_queue(
    bench: Editing, read_job: Callable[..., Any], values: Any
) -> None:
    with pytest.raises(ComposerError):
        edit_handlers.begin(bench, None, read_job, values)


def test_a_second_run_waits_for_the_first(bench: Editing) -> None:
    busy = replace(bench, run=Run(is_under_way=True))
    with pytest.raises(RequestError, match="still under way"):
        edit_handlers.begin(busy, None, infill_job, REWRITE)


def test_stop_keeps_what_is_finished(bench: Editing) -> None:
    begun = edit_handlers.begin(
        bench, None, infill_job, (MARKED, False, "keep", {"candidates": 50})
    )
    steps = edit_handlers.draw(MAKERS, begun)
    next(steps)
    begun.run.stop()
    *_, (ended, status, _) = steps
    assert ended.version.trial and len(ended.version.trial.found.ranked) == 1
    assert "Stopped: 1 candidate ranked" in status


def test_stop_in_the_queue_draws_nothing(bench: Editing) -> None:
    begun = edit_handlers.begin(bench, None, infill_job, REWRITE)
    begun.run.stop()
    [(ended, status, _)] = edit_handlers.draw(MAKERS, begun)
    assert STOPPED in status and ended.version == bench.version


def test_a_written_melody_is_harmonised_and_stays(tiny_engine: Engine) -> None:
    melody = edit_handlers.take_melody(Editing(), "M:3/4 L:1/4 K:G\nG A B | d2 B | c A F | G3 |")
    values = (0, "Bach", "chorale", {"candidates": 1, "seed": 7})
    begun = edit_handlers.begin(melody, None, harmonise_job, values)
    makers = {"harmonise": partial(pipeline.harmonise_steps, engine=tiny_engine)}
    *_, (ended, _, _) = edit_handlers.draw(makers, begun)
    given = edit_handlers.given_part(ended)
    notes = melody.piece.parts[0].notes
    assert all(a is b for a, b in zip(ended.piece.parts[given].notes, notes, strict=True))
    record = Path(edit_handlers.show(ended)["record"])
    assert replay(record.read_text(encoding="utf-8")).parts == ended.piece.parts


@pytest.mark.parametrize("text", ["", "  ", None, 7, "not notes at all", "x" * 30_000])
def test_a_melody_that_is_none_is_refused_in_a_sentence(text: Any) -> None:
    with pytest.raises(ComposerError) as caught:
        edit_handlers.take_melody(Editing(), text)
    assert "\n" not in str(caught.value)


def test_an_upload_or_what_was_composed_can_be_edited(cache: Path, chorale: Piece) -> None:
    path = cache / "mine.mid"
    path.write_bytes(midi_bytes(chorale))
    upload = {"path": str(path), "orig_name": "x.mid"}
    read = edit_handlers.take_upload(read_midi_bytes, Editing(), upload)
    assert read.piece.n_notes == chorale.n_notes
    with pytest.raises(RequestError, match="nothing is composed yet"):
        edit_handlers.take_composed(Editing(), Visit())


def test_nothing_can_be_done_without_a_piece() -> None:
    for act in (edit_handlers.show, edit_handlers.undo, edit_handlers.redo, edit_handlers.keep):
        with pytest.raises(RequestError):
            act(Editing())
    with pytest.raises(RequestError, match="no music yet"):
        edit_handlers.begin(Editing(), None, infill_job, REWRITE)


def test_files_have_what_was_painted(bench: Editing, chorale: Piece) -> None:
    plain = edit_handlers.make_file(beep_audio, "mid", bench)
    drawn = edit_handlers.make_file(beep_audio, "mid", bench, painted(chorale))
    assert plain != drawn and plain.name.startswith("edited-bach-chorale-g-major")
    assert 60 in {note.pitch for part in read_midi(drawn).parts[:1] for note in part.notes}


def test_only_so_many_versions_are_remembered(bench: Editing) -> None:
    state = bench
    for pitch in (60, 61) * MAX_STEPS:
        state = edit_handlers.take_edits(state, painted(state.piece, pitch))
    assert len(state.history.steps) == MAX_STEPS
    assert state.history.at == MAX_STEPS - 1


def test_kept_versions_come_back_note_for_note_and_can_be_undone(
    bench: Editing, chorale: Piece, cache: Path
) -> None:
    ended = edit_handlers.take_edits(run(bench), None)
    told = json.loads(edit_handlers.show(ended)["saved"])
    opened = edit_handlers.open_kept(Editing(), told["path"], told["id"])
    assert opened.piece == ended.piece
    assert edit_handlers.undo(opened).piece == chorale
    assert opened.version.key == told["id"]
