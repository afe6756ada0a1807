from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from gradio.utils import get_upload_folder

from composer.corpus import read_midi
from composer.errors import MissingTool, OptionError, RequestError
from composer.ui.compose import handlers
from composer.ui.edit import handlers as edit
from composer.ui.edit.handlers import Editing
from composer.ui.extend import handlers as extend
from composer.ui.extend.handlers import Extending
from composer.ui.shared.marked import fingerprint
from composer.ui.shared.running import STOPPED, Run
from composer.ui.shared.visit import MAX_PAST, Visit
from tests.fake_studio import FakeComposer, beep_audio, silent_audio


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def values_of(**changes: Any) -> dict[str, Any]:
    return {"bars": 4, "candidates": 5, "seed": 7} | changes


def run(**changes: Any) -> Visit:
    """Compose to the end."""
    visit = handlers.begin(Visit(), True, values_of(**changes))
    *_, (visit, _, _) = handlers.draw(FakeComposer(), visit)
    visit.run.end()
    return visit


def test_a_kept_seed_stays() -> None:
    begun = handlers.begin(Visit(), True, values_of())
    assert begun.request is not None and begun.request.seed == 7


def test_an_open_seed_is_drawn_anew_for_every_run() -> None:
    begun = [handlers.begin(Visit(), False, values_of()) for _ in range(5)]
    seeds = {visit.request.seed for visit in begun if visit.request}
    assert len(seeds) == 5


def test_a_setting_that_will_not_do_is_refused_before_the_queue() -> None:
    with pytest.raises(OptionError, match="`bars`"):
        handlers.begin(Visit(), True, values_of(bars=0))


def test_a_second_run_waits_for_the_first() -> None:
    visit = handlers.begin(Visit(), True, values_of())
    with pytest.raises(RequestError, match="still under way"):
        handlers.begin(visit, True, values_of())


def test_drawing_ends_with_the_composition() -> None:
    visit = run()
    assert visit.composition is not None
    assert len(visit.composition.ranked) == 4
    assert visit.composition.request.seed == 7


def test_stop_keeps_what_there_is() -> None:
    visit = handlers.begin(Visit(), True, values_of(candidates=50))
    steps = handlers.draw(FakeComposer(), visit)
    next(steps)
    visit.run.stop()
    *_, (visit, status, _) = steps
    assert visit.composition is not None
    assert visit.composition.stopped
    assert "Stopped: 1 candidate ranked" in status


def test_stop_in_the_queue_draws_nothing() -> None:
    visit = handlers.begin(Visit(), True, values_of())
    visit.run.stop()
    [(visit, status, _)] = handlers.draw(FakeComposer(), visit)
    assert STOPPED in status and visit.composition is None


def test_stop_of_one_visit_leaves_another_alone() -> None:
    first = handlers.begin(Visit(), True, values_of())
    second = handlers.begin(Visit(), True, values_of())
    second.run.stop()
    *_, (first, _, _) = handlers.draw(FakeComposer(), first)
    assert first.composition is not None
    assert not first.composition.stopped


def test_what_is_shown_is_what_is_written() -> None:
    visit = run()
    shown = handlers.show(visit)
    candidate = visit.candidate()
    assert candidate is not None
    assert read_midi(shown["midi"]).n_notes == candidate.piece.n_notes
    assert json.loads(shown["record"].read_text(encoding="utf-8"))["request"]["seed"] == 7
    assert json.loads(shown["score"])["id"] == fingerprint(candidate.piece)


def test_files_are_named_after_their_content() -> None:
    names = {handlers.show(run())["midi"].name, handlers.show(run(composer="Haydn"))["midi"].name}
    assert all(name.endswith(".mid") and "4-bars" in name and "seed7" in name for name in names)
    assert len(names) == 2


def test_every_run_has_a_folder_that_cannot_be_guessed(cache: Path) -> None:
    folders = {handlers.show(run())["midi"].parent for _ in range(3)}
    assert len(folders) == 3
    assert all(folder.parent == cache and len(folder.name) == 32 for folder in folders)


def test_every_candidate_can_be_picked() -> None:
    visit = run()
    assert visit.composition is not None
    for rank in range(1, len(visit.composition.ranked) + 1):
        assert (
            f'data-rank="{rank}" aria-selected="true"'
            in (handlers.show(handlers.pick(visit, rank))["ranking"])
        )


@pytest.mark.parametrize("rank", [0, 5, -1, None, "1", 1.0, [1]])
def test_a_rank_that_is_not_there_is_refused(rank: Any) -> None:
    with pytest.raises(RequestError, match="no candidate of rank"):
        handlers.pick(run(), rank)


def test_nothing_can_be_picked_or_shown_before_a_run() -> None:
    with pytest.raises(RequestError):
        handlers.pick(Visit(), 1)
    with pytest.raises(RequestError, match="press Compose"):
        handlers.show(Visit())


@pytest.mark.parametrize("error", [MissingTool("no FluidSynth"), RequestError("too long")])
def test_without_sound_one_sentence_says_why(error: Exception) -> None:
    def refuse(piece: Any, path: Path, **_: Any) -> Path:
        raise error

    with pytest.raises(type(error), match=str(error)):
        handlers.make_file(refuse, "wav", run())


def test_the_sound_is_made_anew_without_expression() -> None:
    visit, asked = run(), []

    def note(piece: Any, path: Path, *, is_expressive: bool) -> Path:
        asked.append(is_expressive)
        return beep_audio(piece, path)

    names = [
        handlers.make_file(note, "wav", visit, setting).name for setting in (True, False, None)
    ]
    assert asked == [True, False]
    assert names[0] == names[2] != names[1]


def test_everything_comes_in_one_file_named_after_its_content() -> None:
    visit = run()
    path = handlers.make_file(beep_audio, "zip", visit)
    stem = handlers.show(visit)["midi"].stem
    assert path.name == f"{stem}.zip"
    kinds = ("mid", "musicxml", "pdf", "mp3", "wav", "json")
    assert sorted(ZipFile(path).namelist()) == sorted(f"{stem}.{kind}" for kind in kinds)


def test_what_needs_a_missing_tool_is_left_out_of_the_bundle() -> None:
    names = ZipFile(handlers.make_file(silent_audio, "zip", run())).namelist()
    assert {Path(name).suffix for name in names} == {".mid", ".musicxml", ".pdf", ".json"}


def test_earlier_results_of_the_visit_can_be_reopened() -> None:
    first = run(seed=1)
    again = handlers.begin(first, True, values_of(seed=2))
    *_, (second, _, _) = handlers.draw(FakeComposer(), again)
    assert [past.composition.request.seed for past in second.past] == [2, 1]
    reopened = handlers.reopen(second, 1)
    assert reopened.candidate() == first.candidate()
    assert handlers.show(reopened)["midi"] == handlers.show(first)["midi"]


@pytest.mark.parametrize("number", [1, -1, None, "0", True, 0.0])
def test_a_result_that_is_not_there_is_refused(number: Any) -> None:
    with pytest.raises(RequestError, match="gone"):
        handlers.reopen(run(), number)


def test_a_visit_keeps_a_few_results() -> None:
    visit = Visit()
    for _ in range(MAX_PAST + 2):
        visit = handlers.begin(replace(visit, run=Run()), True, values_of(candidates=1))
        *_, (visit, _, _) = handlers.draw(FakeComposer(), visit)
    assert len(visit.past) == MAX_PAST


@pytest.mark.parametrize("kind", ["musicxml", "pdf", "mp3"])
def test_a_file_is_made_when_it_is_asked_for_and_once(kind: str) -> None:
    visit = run()
    path = handlers.make_file(beep_audio, kind, visit)
    assert path.suffix == f".{kind}"
    assert path.parent == handlers.show(visit)["midi"].parent
    written_s = path.stat().st_mtime_ns
    assert handlers.make_file(beep_audio, kind, visit).stat().st_mtime_ns == written_s


def test_no_file_is_made_before_a_run() -> None:
    with pytest.raises(RequestError, match="press Compose"):
        handlers.make_file(beep_audio, "pdf", Visit())


@pytest.mark.parametrize("window_px", [390, 1360, None, "wide", float("nan"), -1, True, [390]])
def test_the_sheet_of_what_is_on_show_fits_any_window(window_px: Any) -> None:
    assert "<img" in handlers.show_sheet(run(), window_px)
    assert handlers.show_sheet(Visit(), window_px) == ""


def uploaded(saved: str) -> tuple[str, str]:
    """Return path and key of what the browser brings back: the bytes that it was told to keep."""
    told = json.loads(saved)
    path = Path(get_upload_folder()) / "piece.json"
    path.write_bytes(Path(told["path"]).read_bytes())
    return str(path), told["id"]


def test_a_kept_piece_comes_back_with_exactly_its_notes() -> None:
    visit = handlers.pick(run(candidates=6), 3)
    path, key = uploaded(handlers.show(visit)["saved"])
    opened = handlers.open_kept(Visit(), path, key)
    assert opened.composition and visit.composition
    assert [one.piece for one in opened.composition.ranked] == [
        one.piece for one in visit.composition.ranked
    ]
    assert (opened.shown, opened.folder, opened.request) == (3, visit.folder, visit.request)
    assert json.loads(handlers.show(opened)["saved"])["id"] == key


PAGES: tuple[tuple[Any, Any], ...] = (
    (handlers.open_kept, Visit()),
    (extend.open_kept, Extending()),
    (edit.open_kept, Editing()),
)


@pytest.mark.parametrize("text", ["", "{}", "[]", "no json", '{"format": 2}', '{"format": 1}'])
@pytest.mark.parametrize(("open_kept", "state"), PAGES)
def test_what_is_no_kept_piece_is_refused(open_kept: Any, state: Any, text: str) -> None:
    path = Path(get_upload_folder()) / "piece.json"
    path.write_text(text)
    with pytest.raises(RequestError):
        open_kept(state, str(path), "0" * 32)
    with pytest.raises(RequestError):
        open_kept(state, "/etc/hostname", "0" * 32)
