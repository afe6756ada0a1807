from __future__ import annotations

from pathlib import Path

import pytest

from composer.cli import main
from composer.novelty import load_index, longest_shared_run
from composer.piece import Piece
from composer.rendering import write_midi
from composer.scoring.harmony.chord_table import load_chord_table

HEADING = "path,split,composer,title,licence_class\n"


def test_open_training_pieces_are_indexed_by_composer_and_title(
    chorale: Piece, keyboard_piece: Piece, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_midi(chorale, tmp_path / "a.mid")
    write_midi(keyboard_piece, tmp_path / "b.mid")
    rows = (
        "a.mid,train,Bach,Chorale in G,open\n",
        "b.mid,valid,Mozart,Minuet,open\n",
        "b.mid,train,Mozart,Minuet,noncommercial\n",
        "none.mid,train,Bach,Lost,open\n",
    )
    (tmp_path / "manifest.csv").write_text(HEADING + "".join(rows))
    out = tmp_path / "index.npz"
    assert main(["novelty", str(tmp_path), "--licence", "open", "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith("1 pieces, ")
    index = load_index(out)
    assert index.names == ("Bach: Chorale in G",)
    assert longest_shared_run(chorale, index).piece_name == "Bach: Chorale in G"
    assert longest_shared_run(keyboard_piece, index).notes == 0


def test_the_chords_of_open_training_pieces_are_counted_by_family(
    chorale: Piece, keyboard_piece: Piece, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_midi(chorale, tmp_path / "a.mid")
    write_midi(keyboard_piece, tmp_path / "b.mid")
    heading = HEADING.replace("title", "form")
    rows = "a.mid,train,Bach,chorale,open\nb.mid,valid,Mozart,minuet,open\n"
    (tmp_path / "manifest.csv").write_text(heading + rows)
    out = tmp_path / "chords.json"
    assert main(["chords", str(tmp_path), "--licence", "open", "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith("2 families of forms in ")
    assert set(load_chord_table(out)) == {"all", "chorales"}
