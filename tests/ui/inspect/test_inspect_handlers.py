from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from composer.corpus import read_midi_bytes
from composer.corpus.uploads import MAX_UPLOAD_BYTES
from composer.errors import RequestError, ScoreFileError
from composer.piece import Piece
from composer.rendering import midi_bytes
from composer.ui.inspect import handlers as inspect_handlers
from composer.ui.inspect.handlers import ALL_FORMS, Inspection
from tests.corpus.files import HOSTILE_FILES
from tests.fake_studio import beep_audio


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


def upload(folder: Path, data: bytes, name: Any = "Minuet_in_D.mid") -> dict[str, Any]:
    path = folder / "upload.mid"
    path.write_bytes(data)
    return {"path": str(path), "orig_name": name}


def read(folder: Path, piece: Piece, name: Any = "Minuet_in_D.mid") -> Inspection:
    sent = upload(folder, midi_bytes(piece), name)
    return inspect_handlers.read_upload(read_midi_bytes, sent)


def test_a_file_is_read_and_its_name_tells_the_form(cache: Path, keyboard_piece: Piece) -> None:
    inspection = read(cache, keyboard_piece)
    assert inspection.piece is not None
    assert inspection.piece.title == "Minuet in D"
    assert (inspection.piece.ensemble, inspection.form) == ("keyboard", "minuet")


@pytest.mark.parametrize(
    "name", ["x.mid", None, 3, "", "../../etc/passwd", "a" * 9000, "\x00\u202e"]
)
def test_any_name_will_do(name: Any, cache: Path, chorale: Piece) -> None:
    inspection = read(cache, chorale, name)
    assert inspection.form == ALL_FORMS
    assert inspection.path(".mid").parent.parent == cache
    assert len(inspection.path(".mid").name) < 60


@pytest.mark.parametrize("data", HOSTILE_FILES.values(), ids=HOSTILE_FILES.keys())
def test_a_hostile_file_is_refused_in_one_sentence_or_read(cache: Path, data: bytes) -> None:
    try:
        inspection = inspect_handlers.read_upload(read_midi_bytes, upload(cache, data))
    except ScoreFileError as error:
        assert str(error).count("\n") == 0
        assert str(cache) not in str(error)
    else:
        assert inspect_handlers.show(inspection).facts


@pytest.mark.parametrize(
    "path", [__file__, "/etc/passwd", "/dev/zero", "", "\x00", "upload", 7, None]
)
def test_a_path_outside_the_cache_is_never_opened(path: Any) -> None:
    with pytest.raises(RequestError, match="choose"):
        inspect_handlers.read_upload(read_midi_bytes, {"path": path})


@pytest.mark.parametrize("sent", [None, "", [], {}, {"url": "http://127.0.0.1"}, 3.0])
def test_what_is_no_upload_is_refused(sent: Any) -> None:
    with pytest.raises(RequestError, match="no file came"):
        inspect_handlers.read_upload(read_midi_bytes, sent)


def test_a_link_out_of_the_cache_is_not_followed(cache: Path) -> None:
    link = cache / "link.mid"
    link.symlink_to(__file__)
    with pytest.raises(ScoreFileError, match="choose it once more"):
        inspect_handlers.read_upload(read_midi_bytes, {"path": str(link)})


def test_no_more_is_read_than_a_file_may_hold(cache: Path) -> None:
    sizes = []

    def note_size(data: bytes, *, title: str) -> Piece:
        sizes.append(len(data))
        raise ScoreFileError("too large")

    with pytest.raises(ScoreFileError):
        inspect_handlers.read_upload(note_size, upload(cache, bytes(MAX_UPLOAD_BYTES + 1_000_000)))
    assert sizes == [MAX_UPLOAD_BYTES + 1]


def test_a_piece_is_shown_with_its_facts_roll_and_scores(cache: Path, chorale: Piece) -> None:
    shown = inspect_handlers.show(read(cache, chorale, "Bach chorale.mid"))
    assert "Bach chorale" in shown.heading
    assert "<td>soprano</td>" in shown.facts
    assert len(json.loads(shown.score)["parts"]) == len(chorale.parts)
    assert "parallel fifths" in shown.scorecard


def test_the_scorecard_follows_the_form(cache: Path, chorale: Piece) -> None:
    inspection = read(cache, chorale)
    tables = {
        form: inspect_handlers.score_against(inspect_handlers.choose_form(inspection, form))[1]
        for form in (ALL_FORMS, "chorale", "minuet")
    }
    assert len(set(tables.values())) == 3
    assert "real pieces (all forms)" in tables[ALL_FORMS]
    assert "real pieces (chorale in 4 parts)" in tables["chorale"]


@pytest.mark.parametrize("form", inspect_handlers.form_names())
def test_every_form_on_offer_can_be_chosen(form: str, cache: Path, chorale: Piece) -> None:
    assert inspect_handlers.choose_form(Inspection(piece=chorale), form).form == form


@pytest.mark.parametrize("form", ["sonnet", "", None, 3, "chorale/4", "ensemble:choir", ["all"]])
def test_a_form_that_is_none_is_refused(form: Any, chorale: Piece) -> None:
    with pytest.raises(RequestError, match="there is no form"):
        inspect_handlers.choose_form(Inspection(piece=chorale), form)


def test_values_that_a_piece_does_not_have_are_left_out(cache: Path, chorale: Piece) -> None:
    assert "–" not in inspect_handlers.show(read(cache, chorale)).scorecard


def test_nothing_can_be_done_before_a_file_came() -> None:
    empty = Inspection()
    assert inspect_handlers.show_sheet(empty, 1360) == ""
    for act in (
        lambda: inspect_handlers.show(empty),
        lambda: inspect_handlers.choose_form(empty, "chorale"),
        lambda: inspect_handlers.make_file(beep_audio, "mid", empty),
    ):
        with pytest.raises(RequestError, match="there is no piece yet"):
            act()


def test_files_are_named_after_their_content(cache: Path, chorale: Piece) -> None:
    first, again = (read(cache, chorale, "Ächte Töne.mid") for _ in range(2))
    other = read(cache, chorale.transposed(1), "Ächte Töne.mid")
    assert first.stem.startswith("achte-tone-")
    assert first.stem == again.stem != other.stem
    assert len({inspection.folder for inspection in (first, again, other)}) == 3


def test_a_file_is_made_in_the_visitors_own_folder(cache: Path, chorale: Piece) -> None:
    inspection = read(cache, chorale)
    path = inspect_handlers.make_file(beep_audio, "musicxml", inspection)
    assert path == cache / inspection.folder / f"{inspection.stem}.musicxml"
    assert path.read_bytes().startswith(b"<?xml")


def test_a_quartet_is_compared_with_quartets_whatever_its_name(cache: Path, chorale: Piece) -> None:
    def read_quartet(data: bytes, *, title: str) -> Piece:
        return replace(chorale, ensemble="string quartet", form="", title=title)

    sent = upload(cache, b"", "opus 3.mid")
    assert inspect_handlers.read_upload(read_quartet, sent).form == "string quartet"


def test_figures_hold_the_piece_and_the_other_one_by_their_names(
    cache: Path, chorale: Piece, keyboard_piece: Piece
) -> None:
    assert inspect_handlers.show_figures(Inspection()) == ""
    first = read(cache, keyboard_piece)
    second = upload(cache, midi_bytes(chorale), "Minuet_in_D.mid")
    both = inspect_handlers.read_other(read_midi_bytes, first, second)
    assert both.other is not None and both.other.ensemble == "choir"
    drawn = json.loads(inspect_handlers.show_figures(both))["figures"]
    assert [one["name"] for one in drawn][-1] == "scorecard"
    names = {trace.get("name") for one in drawn[:-1] for trace in one["figure"]["data"]}
    assert {"Minuet in D", "Minuet in D, second file", "usual in real minuets in 2 parts"} <= names
    assert "Minuet in D, second file" not in inspect_handlers.show_figures(first)


def test_figures_beside_all_pieces_know_no_form(cache: Path, chorale: Piece) -> None:
    inspection = inspect_handlers.choose_form(read(cache, chorale), ALL_FORMS)
    assert 'usual in real pieces"' in inspect_handlers.show_figures(inspection)


def test_a_second_file_needs_a_first_and_must_be_music(cache: Path, chorale: Piece) -> None:
    with pytest.raises(RequestError, match="there is no piece yet"):
        inspect_handlers.read_other(read_midi_bytes, Inspection(), upload(cache, b""))
    with pytest.raises(ScoreFileError):
        inspect_handlers.read_other(read_midi_bytes, read(cache, chorale), upload(cache, b"no"))
