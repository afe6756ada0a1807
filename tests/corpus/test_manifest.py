from __future__ import annotations

import csv
from pathlib import Path

import pytest

from composer.corpus import Entry, Refusal, load_corpus
from composer.corpus.manifest import COLUMNS, read_key
from composer.errors import OptionError, ScoreFileError
from composer.piece import Piece
from composer.theory import Key
from tests.corpus.files import SCALE, score_bytes

ROW = {
    "path": "bach/one.mid",
    "split": "train",
    "composer": "Bach",
    "title": "One",
    "form": "chorale",
    "ensemble": "choir",
    "key": "F# minor",
    "meter": "4/4",
    "parts": "1",
    "bars": "2",
    "notes": "8",
    "licence": "CC0 1.0",
    "licence_class": "open",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three scores by two composers, without a manifest."""
    for name in ("bach/one.mid", "bach/Fuga 2.MID", "clara_schumann/romance.midi"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(score_bytes(SCALE, key=(1, 0)))
    (tmp_path / "bach" / "notes.txt").write_text("no music")
    return tmp_path


def write_manifest(folder: Path, *rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Path:
    path = folder / "manifest.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def only_result(place: Path) -> tuple[Entry, Piece | Refusal]:
    (result,) = load_corpus(place).pieces()
    return result


def test_the_manifest_names_what_the_file_does_not(folder):
    write_manifest(folder, ROW)
    _, piece = only_result(folder)
    assert (piece.composer, piece.form, piece.ensemble, piece.title) == (
        "Bach",
        "chorale",
        "choir",
        "One",
    )


def test_the_key_of_the_manifest_wins_over_that_of_the_file(folder):
    write_manifest(folder, ROW)
    assert only_result(folder)[1].key == Key("F#", "minor")


def test_a_key_beyond_seven_accidentals_is_respelled():
    assert read_key("Gb minor") == Key("F#", "minor")


def test_a_manifest_and_its_folder_are_the_same_corpus(folder):
    manifest = write_manifest(folder, ROW)
    assert load_corpus(folder) == load_corpus(manifest)


def test_licence_and_split_choose_entries(folder):
    rows = [
        ROW | {"split": split, "licence_class": licence}
        for split in ("train", "valid")
        for licence in ("open", "noncommercial")
    ]
    write_manifest(folder, *rows)
    (entry,) = load_corpus(folder, licence="open", split="valid").entries
    assert (entry.split, entry.licence_class) == ("valid", "open")


def test_a_licence_class_that_no_score_has_is_refused_with_those_there_are(folder):
    write_manifest(folder, ROW)
    with pytest.raises(OptionError, match="there is: open"):
        load_corpus(folder, licence="opne")


def test_a_split_that_does_not_exist_is_refused(folder):
    with pytest.raises(OptionError, match="train, valid, test"):
        load_corpus(folder, split="vaild")


def test_columns_but_the_path_may_be_missing(folder):
    write_manifest(folder, ROW, columns=("path",))
    entry, piece = only_result(folder)
    assert isinstance(piece, Piece)
    assert (entry.licence_class, entry.key, entry.notes) == ("unknown", "G major", 8)


@pytest.mark.parametrize(
    "column, value",
    [
        ("path", ""),
        ("path", "/etc/hostname"),
        ("path", "../one.mid"),
        ("path", "bach/../../one.mid"),
        ("path", "bach\\one.mid"),
        ("split", "training"),
        ("key", "H minor"),
        ("meter", "4/0"),
        ("bars", "many"),
        ("notes", "-1"),
        ("notes", "²"),
        ("title", "x" * 1_000),
    ],
)
def test_a_malformed_row_is_a_refusal_and_the_others_are_read(folder, column, value):
    write_manifest(folder, ROW | {column: value}, ROW)
    (_, refusal), (_, piece) = load_corpus(folder).pieces()
    assert isinstance(refusal, Refusal) and isinstance(piece, Piece)
    assert refusal.reason.isprintable()


@pytest.mark.parametrize("line", ["bach/one.mid", "bach/one.mid,train,too,many,cells" + "," * 40])
def test_a_row_with_too_few_or_too_many_cells_is_a_refusal(folder, line):
    manifest = write_manifest(folder)
    manifest.write_text(manifest.read_text() + line + "\n")
    assert "cells" in only_result(folder)[1].reason


@pytest.mark.parametrize("data", [b"", b"title,composer\r\n", b"\xff\xfe\x00path", b'path\r\n"a'])
def test_what_is_no_table_with_paths_is_refused_or_empty(folder, data):
    (folder / "manifest.csv").write_bytes(data)
    try:
        assert all(isinstance(piece, Refusal) for _, piece in load_corpus(folder).pieces())
    except ScoreFileError as refusal:
        assert "manifest" in str(refusal)


def test_a_missing_and_a_broken_file_are_refusals(folder):
    (folder / "bach" / "broken.mid").write_bytes(b"MThd")
    write_manifest(folder, ROW | {"path": "none.mid"}, ROW | {"path": "bach/broken.mid"})
    reasons = [piece.reason for _, piece in load_corpus(folder).pieces()]
    assert "there is no file" in reasons[0] and "cut off" in reasons[1]


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.mid"
    outside.write_bytes(score_bytes(SCALE))
    (folder / "bach" / "link.mid").symlink_to(outside)
    (folder / "linked").symlink_to(outside.parent)
    assert len(load_corpus(folder).entries) == 3
    write_manifest(folder, ROW | {"path": "bach/link.mid"}, ROW | {"path": "linked/secret.mid"})
    assert all(isinstance(piece, Refusal) for _, piece in load_corpus(folder).pieces())


def test_in_a_plain_folder_the_sub_folder_is_the_composer_and_the_name_tells_the_form(folder):
    entries = load_corpus(folder).entries
    assert [(e.composer, e.form) for e in entries] == [
        ("bach", "fugue"),
        ("bach", "piece"),
        ("clara schumann", "piece"),
    ]


def test_in_a_plain_folder_the_file_tells_the_rest(folder):
    for entry, piece in load_corpus(folder).pieces():
        assert (entry.key, entry.meter, entry.parts) == ("G major", "4/4", 1)
        assert (entry.bars, entry.notes, entry.ensemble) == (2, 8, "keyboard")
        assert piece.ensemble == "keyboard"


def test_licences_that_nobody_stated_cannot_be_chosen(folder):
    with pytest.raises(OptionError, match=r"manifest\.csv"):
        load_corpus(folder, licence="open")


def test_a_folder_that_is_not_there_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(OptionError, match="no folder of scores"):
        load_corpus(tmp_path / "none")


def test_an_empty_folder_is_an_empty_corpus(tmp_path):
    assert load_corpus(tmp_path).entries == ()
