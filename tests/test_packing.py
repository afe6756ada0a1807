"""A corpus becomes one packed file, and what it offers becomes the menu."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from composer.corpus import Entry, load_corpus
from composer.errors import OptionError
from composer.packing import MIN_PIECES_MENU, build_menu, build_vocabulary, pack, work_of
from composer.piece import Piece
from composer.rendering import write_midi
from composer.theory import ENSEMBLES
from composer.tokenizer import Vocabulary, decode
from composer.training import PackedEvents

WORKS = map(str, count())  # every piece a work, unless a test says otherwise


def name_of(**changes: Any) -> dict[str, Any]:
    facts = {"split": "train", "composer": "Bach", "form": "chorale", "ensemble": "choir"}
    facts |= {"parts": 4, "meter": "4/4", "key": "G major", "bars": 16, "work": next(WORKS)}
    return facts | changes


@pytest.fixture
def corpus_folder(chorale: Piece, keyboard_piece: Piece, tmp_path: Path) -> Path:
    """Return a folder of two scores by two composers, and a file that is none."""
    for composer, piece in (("Bach", chorale), ("Mozart", keyboard_piece)):
        folder = tmp_path / "scores" / composer
        folder.mkdir(parents=True)
        write_midi(piece, folder / f"{piece.form}.mid")
    (tmp_path / "scores" / "Bach" / "broken.mid").write_bytes(b"MThd and no more")
    return tmp_path / "scores"


@pytest.mark.slow
def test_a_packed_corpus_spells_its_pieces(
    corpus_folder: Path, tmp_path: Path, chorale: Piece, keyboard_piece: Piece
) -> None:
    report = pack([load_corpus(corpus_folder)], tmp_path / "out" / "events.npz", workers=1)
    packed = PackedEvents.load(tmp_path / "out" / "events.npz")
    vocabulary = Vocabulary.from_dict(packed.vocabulary)
    assert (report.pieces, report.events, report.fingerprint) == (
        2,
        len(packed.events),
        vocabulary.fingerprint,
    )
    found = {packed.names[i]["composer"]: decode(packed.piece(i), vocabulary) for i in range(2)}
    assert [part.notes for part in found["Bach"].parts] == [part.notes for part in chorale.parts]
    assert found["Mozart"].n_notes == keyboard_piece.n_notes
    assert report.notes == chorale.n_notes + keyboard_piece.n_notes
    assert report.moved_share == 0


@pytest.mark.slow
def test_what_cannot_be_packed_is_listed_with_a_reason(corpus_folder: Path, tmp_path: Path) -> None:
    report = pack([load_corpus(corpus_folder)], tmp_path / "events.npz", workers=1)
    ((path, reason),) = report.refused
    assert path == "Bach/broken.mid"
    assert reason


@pytest.mark.slow
def test_packing_twice_gives_the_same_events(corpus_folder: Path, tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        pack([load_corpus(corpus_folder)], tmp_path / name, workers=2)
    first, second = (PackedEvents.load(tmp_path / name) for name in ("a.npz", "b.npz"))
    assert np.array_equal(first.events, second.events)
    assert first.names == second.names


@pytest.mark.slow
def test_a_folder_without_a_piece_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scores").mkdir()
    with pytest.raises(OptionError, match="no piece"):
        pack([load_corpus(tmp_path / "scores")], tmp_path / "events.npz", workers=1)


def test_names_that_are_seen_seldom_share_one_id() -> None:
    entries = [Entry(path=f"{i}", composer="Bach", form="fugue") for i in range(5)]
    entries += [Entry(path=f"x{i}", composer="Seldom", form="gigue") for i in range(2)]
    entries += [
        Entry(path=f"v{i}", composer="Later", form="fugue", split="valid") for i in range(9)
    ]
    vocabulary = build_vocabulary(entries)
    assert vocabulary.composers == ("other", "Bach")
    assert vocabulary.forms == ("other", "fugue")
    assert vocabulary.ensembles == ENSEMBLES


def test_the_vocabulary_does_not_depend_on_the_order_of_the_corpus() -> None:
    entries = [
        Entry(path=f"{composer}{i}", composer=composer, form="fugue")
        for composer in ("Bach", "Abel", "Zelenka")
        for i in range(4)
    ]
    there, back = build_vocabulary(entries), build_vocabulary(tuple(reversed(entries)))
    assert there == back


def test_known_names_keep_their_ids_and_new_ones_follow() -> None:
    entries = [
        Entry(path=f"{composer}{i}", composer=composer, form="fugue")
        for composer in ("Abel", "Bach")
        for i in range(5)
    ]
    known = Vocabulary(composers=("other", "Zelenka", "Bach"), forms=("other",), ensembles=())
    found = build_vocabulary(entries, known)
    assert found.composers == ("other", "Zelenka", "Bach", "Abel")
    assert found.forms == ("other", "fugue")
    assert found.continues(known)
    assert not known.continues(found)
    assert not build_vocabulary(entries).continues(known)


@pytest.mark.slow
def test_folders_are_packed_into_one_file(corpus_folder: Path, tmp_path: Path) -> None:
    corpora = [load_corpus(corpus_folder / name) for name in ("Bach", "Mozart")]
    report = pack(corpora, tmp_path / "events.npz", workers=1)
    assert report.pieces == len(PackedEvents.load(tmp_path / "events.npz").names) == 2
    with pytest.raises(OptionError, match="stand in two places"):
        pack([corpora[0], corpora[0]], tmp_path / "events.npz", workers=1)


def test_movements_and_groups_of_one_score_are_one_work() -> None:
    kyrie = Entry(path="a", composer="Elsner", title="Missa in D: Kyrie", source="r:a.krn")
    gloria = Entry(path="b", composer="Elsner", title="Missa in D: Gloria", source="r:b.krn")
    winds, choir = (Entry(path=p, title="Salve Regina", source="r:c.krn") for p in "cd")
    assert work_of(kyrie) == work_of(gloria) == "Elsner: Missa in D"
    assert work_of(winds) == work_of(choir) == "r:c.krn"
    assert work_of(Entry(path="e")) == "e"


def test_the_menu_offers_pairs_with_enough_training_pieces_only() -> None:
    names = [name_of() for _ in range(MIN_PIECES_MENU)]
    names += [name_of(form="fugue") for _ in range(MIN_PIECES_MENU - 1)]
    names += [name_of(form="fugue", split="valid")]
    (row,) = build_menu(names)
    assert (row["composer"], row["form"], row["pieces"]) == ("Bach", "chorale", MIN_PIECES_MENU)


def test_the_groups_of_one_or_two_works_are_not_offered() -> None:
    mass = [name_of(form="mass", work="Missa in D" if i % 2 else "Missa in F") for i in range(40)]
    assert build_menu(mass) == []
    (row,) = build_menu([*mass, name_of(form="mass", work="Missa in C")])
    assert (row["pieces"], row["works"]) == (41, 3)


def test_a_menu_row_says_what_is_usual() -> None:
    names = [name_of(bars=bars) for bars in range(10, 21)]
    names += [name_of(meter="3/4", key="D minor"), name_of(meter="")]
    names += [name_of(ensemble="keyboard", parts=2, meter="6/8")] * 5
    (row,) = build_menu(names)
    assert (row["ensemble"], row["parts"], row["pieces"]) == ("choir", 4, 18)
    assert row["meters"] == ["4/4", "3/4"]
    assert row["keys"] == ["G major", "D minor"]
    assert (row["bars_low"], row["bars_high"]) == (11, 18)


def test_the_pair_with_most_pieces_comes_first() -> None:
    names = [name_of() for _ in range(12)] + [name_of(composer="Mozart") for _ in range(15)]
    assert [row["composer"] for row in build_menu(names)] == ["Mozart", "Bach"]
