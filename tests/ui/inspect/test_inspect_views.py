from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from composer.piece import MeterChange, Note, Part, Piece
from composer.scoring import score
from composer.theory import INSTRUMENTS, Key, Meter, estimate_key
from composer.ui.inspect import views as inspect_views
from composer.ui.shared import tables

SCRIPT = "<img src=x onerror=alert(1)>"


def test_a_key_that_the_notes_agree_with_says_so(chorale: Piece) -> None:
    assert inspect_views.key_words(chorale) == "G major; its notes agree"


def test_a_key_that_the_notes_deny_is_told_beside_theirs(chorale: Piece) -> None:
    words = inspect_views.key_words(replace(chorale, key=Key("C", "minor")))
    assert words == "C minor as read; by its notes G major"


@pytest.mark.parametrize("seed", range(20))
def test_random_notes_have_no_clear_key(seed: int) -> None:
    piece = random_piece(6_000, seed)
    assert inspect_views.key_words(piece).startswith("no clear key")
    assert inspect_views.estimated_key(piece) is None
    assert "no clear key, " in inspect_views.heading(piece, score(piece))


def random_piece(n_notes: int, seed: int) -> Piece:
    """Return quarters at random over four octaves, said to be in a key that fits them best."""
    pitches = np.random.default_rng(seed).integers(36, 84, n_notes).tolist()
    notes = tuple(Note(Fraction(i), pitch, Fraction(1)) for i, pitch in enumerate(pitches))
    meters = (MeterChange(Fraction(0), Meter(4, 4)),)
    piece = Piece((Part(INSTRUMENTS["piano"], notes),), meters, Key("C", "major"))
    counts = np.bincount([pitch % 12 for pitch in pitches], minlength=12)
    return replace(piece, key=estimate_key(counts.tolist())[0])


def test_two_keys_that_fit_alike_are_not_told_apart() -> None:
    """C, D and E alone, with the E at the end, may be in C major or in another key."""
    notes = tuple(Note(Fraction(i), 60 + 2 * (i % 3), Fraction(1)) for i in range(9))
    piece = Piece(
        (Part(INSTRUMENTS["piano"], notes),),
        (MeterChange(Fraction(0), Meter(4, 4)),),
        Key("C", "major"),
    )
    _, margin = inspect_views._estimate(piece)
    assert margin < inspect_views.CLOSE_FIT
    assert inspect_views.key_words(piece).startswith("C major as read; not clear")


def test_the_total_is_called_closeness_and_never_stands_alone(chorale: Piece) -> None:
    card = score(replace(chorale, title="Dull"), form="nocturne")
    html = inspect_views.heading(chorale, card)
    assert f"<b>{card.total:.0f}</b><span>closeness, of 100</span>" in html
    assert "closer to real nocturnes than those of" in html and "not how good" in html
    assert html.count("<li>") == 3 and "; real nocturnes have " in html


def test_what_matters_most_is_what_costs_most_then_what_nearly_does(chorale: Piece) -> None:
    card = score(chorale, form="nocturne")
    shown = tables.mattering(card)
    costs = sorted((one.lost for one in card.scores), reverse=True)
    assert [one.lost for one in shown] == costs[:3]
    free = replace(card, scores=tuple(replace(one, lost=0.0) for one in card.scores))
    nearest = tables.mattering(free)[0]
    assert tables._nearness(nearest) > 0.9 and math.isfinite(nearest.value)


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
