from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from composer.piece import MeterChange, Note, Part, Piece
from composer.scoring import score
from composer.theory import INSTRUMENTS, Key, Meter
from composer.ui.inspect import views as inspect_views

SCRIPT = "<img src=x onerror=alert(1)>"


def test_a_key_that_the_notes_agree_with_says_so(chorale: Piece) -> None:
    assert inspect_views.key_words(chorale) == "G major; its notes agree"


def test_a_key_that_the_notes_deny_is_told_beside_theirs(chorale: Piece) -> None:
    words = inspect_views.key_words(replace(chorale, key=Key("C", "minor")))
    assert words == "C minor as read; by its notes G major"


def test_enharmonic_names_are_one_key() -> None:
    scale = (1, 3, 5, 6, 8, 10, 12, 13, 13, 8, 5, 1)
    notes = tuple(Note(Fraction(i), 60 + step, Fraction(1)) for i, step in enumerate(scale))
    part = Part(INSTRUMENTS["piano"], notes)
    piece = Piece((part,), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C#", "major"))
    assert inspect_views.key_words(piece) == "C# major; its notes agree"


def test_an_empty_piece_has_its_written_key_only(empty_piece: Piece) -> None:
    assert inspect_views.key_words(empty_piece) == "C major"
    assert "–" in inspect_views.facts(empty_piece)


def test_meter_changes_are_named_with_their_bars(chorale: Piece) -> None:
    changes = (MeterChange(Fraction(0), Meter(4, 4)), MeterChange(Fraction(8), Meter(3, 4)))
    words = inspect_views.meter_words(replace(chorale, meters=changes))
    assert words == "4/4, 3/4 from bar 3"


def test_many_meter_changes_are_counted(chorale: Piece) -> None:
    changes = tuple(MeterChange(Fraction(2 * i), Meter(2, 4)) for i in range(9))
    words = inspect_views.meter_words(replace(chorale, meters=changes))
    assert words.endswith("bar 6 and 2 further changes")


def test_a_change_of_meter_after_an_upbeat_is_told_as_printed(upbeat_chorale: Piece) -> None:
    changes = (*upbeat_chorale.meters, MeterChange(Fraction(8), Meter(3, 4)))
    words = inspect_views.meter_words(replace(upbeat_chorale, meters=changes))
    assert words == "4/4, 3/4 from bar 2"


@pytest.mark.parametrize(
    ("onset", "words"),
    [
        (0, "1"),
        (3, "1, the first an upbeat of 1 quarter, bar 0"),
        (Fraction(7, 2), "1, the first an upbeat of 0.5 quarters, bar 0"),
    ],
)
def test_an_upbeat_is_told(onset: Fraction, words: str) -> None:
    part = Part(INSTRUMENTS["flute"], (Note(Fraction(onset), 72, 4 - Fraction(onset)),))
    piece = Piece((part,), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C", "major"))
    assert f"<dt>bars</dt><dd>{words}</dd>" in inspect_views.facts(piece)


@pytest.mark.parametrize(("tempo_bpm", "words"), [(96, "20 s"), (30, "1 min 4 s")])
def test_the_length_follows_the_tempo(chorale: Piece, tempo_bpm: float, words: str) -> None:
    assert inspect_views.length_words(replace(chorale, tempo_bpm=tempo_bpm)) == words


def test_every_part_has_instrument_range_and_notes(chorale: Piece) -> None:
    facts = inspect_views.facts(chorale)
    assert facts.count("<tr><th scope") == len(chorale.parts) + 1
    assert "<td>bass</td><td>F#2 to G3<br><small>28 notes</small></td>" in facts


def test_foreign_text_is_shown_as_text(chorale: Piece) -> None:
    parts = tuple(replace(part, name=SCRIPT) for part in chorale.parts)
    hostile = replace(chorale, parts=parts, title=SCRIPT, composer=SCRIPT, ensemble=SCRIPT)
    html = inspect_views.facts(hostile) + inspect_views.heading(hostile, score(chorale))
    assert "<img" not in html
    assert "&lt;img" in html
