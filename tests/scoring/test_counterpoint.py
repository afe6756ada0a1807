from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from composer.scoring import measure
from composer.scoring.counterpoint.dissonances import KINDS, find_dissonances
from composer.scoring.texture import build_texture
from tests.scoring.lines import piece_of, places_of, value_of

FAULTS = (
    "free_dissonances",
    "unprepared_dissonances",
    "unresolved_dissonances",
    "struck_dissonances",
)


def kinds_of(*lines: str) -> list[str]:
    """Name the dissonances between two voices in the order of time."""
    found = find_dissonances(build_texture(piece_of(*lines)))
    return [KINDS[kind] for kind in found.kinds]


@pytest.mark.parametrize(
    ("upper", "lower", "kind"),
    [
        ("E4:1/2 D4:1/2 C4", "C3 C3", "passing"),
        ("C4:1/2 D4:1/2 C4", "C3 C3", "passing"),  # a neighbour
        ("C5:2 B4:2", "A3 D3 G3:2", "suspension"),
        ("C5 C5 B4:2", "A3 D3 G3:2", "suspension"),  # struck again
        ("B4:2 C5:2", "G3 C3 C3:2", "suspension"),  # upwards: a retardation
        ("E4:1/2 D4:1/2 D4", "C3 G2", "anticipation"),
        ("G4 D4:1/2 C4:1/2", "E3 C3", "appoggiatura"),
        ("C4:1/2 D4:1/2 G4", "C3 C3", "escape"),
        ("G4:1/2 D4:1/2 G4", "C3 C3", "free"),
    ],
)
def test_a_dissonance_is_told_by_how_it_comes_and_goes(upper: str, lower: str, kind: str) -> None:
    """Figures by their approach and departure (Prout, § 327), and Fux's species."""
    assert kinds_of(upper, lower) == [kind]


def test_a_dissonance_is_explained_by_either_of_its_notes() -> None:
    assert kinds_of("C4 C4", "C3:1/2 D3:1/2 E3") == ["passing"]


def test_a_long_note_explains_no_dissonance_that_is_over_before_it_moves() -> None:
    assert kinds_of("C5:2 B4", "E3 D3 G3") == ["suspension"]
    assert kinds_of("C5:3 B4", "E3 D3 G3 G3") == ["escape"]


def test_fux_fourth_species_has_suspensions_and_no_faults() -> None:
    found = measure(piece_of("A4:2 G4:4 F4:4 E4:2", "F3:2 F3:2 E3:2 D3:4 C3:2", key="D minor"))
    assert found["suspensions"].value > 0
    assert [found[name].value for name in FAULTS] == [0, 0, 0, 0]


def test_what_leaps_in_and_out_is_free_and_has_a_place() -> None:
    place = places_of("free_dissonances", "G4 D4 G4", "C3 C3 C3")[0]
    assert (place.onset_beats, place.parts, place.note) == (
        1,
        (0, 1),
        "D4 against C3, neither prepared nor resolved",
    )


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("free_dissonances", "E4 D4 C4:2", "G4 D4 G4:2"),
        ("unprepared_dissonances", "E4 D4 C4:2", "G4 D4 C4:2"),
        ("unresolved_dissonances", "E4 D4 C4:2", "E4 D4 G4:2"),
        ("struck_dissonances", "E4:3/2 D4:1/2 C4:2", "E4 D4 C4:2"),
    ],
)
def test_every_fault_is_found_where_it_is_and_only_there(rule: str, good: str, bad: str) -> None:
    assert value_of(rule, good, "C3 C3 C3:2") == 0
    assert value_of(rule, bad, "C3 C3 C3:2") > 0


def test_one_voice_has_no_counterpoint() -> None:
    found = measure(piece_of("C4 D4 E4 F4 G4 A4 B4"))
    assert all(math.isnan(found[name].value) for name in (*FAULTS, "suspensions", "imitation"))


CHORDS = "E4+G4 E4+G4 E4+G4:2", "C3 C3 C3:2"


@pytest.mark.parametrize(
    ("tune", "fault"),
    [
        ("C5:1/2 D5:1/2 E5 C5:2", ""),  # passing
        ("C5:1/2 D5:1/2 C5 C5:2", ""),  # a neighbour
        ("C5 F5:1/2 E5:1/2 C5:2", "unprepared_strays"),  # an appoggiatura
        ("C5:3/4 D5:1/4 G4 C5:2", "unresolved_strays"),  # an escape note
        ("C5:3/4 F#5:1/4 C5 C5:2", "free_strays"),
    ],
)
def test_a_note_foreign_to_the_chord_needs_a_step_before_and_after(tune: str, fault: str) -> None:
    """Prout, § 327: auxiliary and passing notes go on by step."""
    found = measure(piece_of(tune, *CHORDS))
    names = ("free_strays", "unprepared_strays", "unresolved_strays")
    assert [name for name in names if found[name].value > 0] == [fault][: bool(fault)]


def test_a_foreign_note_inside_a_hand_is_found_with_its_part() -> None:
    place = places_of("free_strays", "C5 C5 C5:2", "E4+G4 E4+G4:3/4 C#4:1/4 E4+G4:2", CHORDS[1])[0]
    assert (place.note, place.parts, place.onset_beats) == ("C#4", (1,), Fraction(7, 4))


MOTIF = "C4:1/2 D4:1/2 E4:1/2 F4:1/2 G4"
ANSWER = "-:4 G3:1/2 A3:1/2 B3:1/2 C4:1/2 D4"


def test_a_motif_on_another_degree_in_another_voice_is_imitation() -> None:
    assert value_of("imitation", MOTIF, ANSWER) == 0.5
    assert value_of("imitation", MOTIF, "-:4 G3:1/2 A3:1/2 B3:1/2 C4:1/2 A3") == 0


def test_voices_that_run_together_do_not_imitate() -> None:
    assert value_of("imitation", MOTIF, MOTIF.replace("4", "3")) == 0


def test_what_comes_ten_bars_later_is_no_answer() -> None:
    assert value_of("imitation", MOTIF, f"-:40 {ANSWER}") == 0


@pytest.mark.parametrize("form", ["fugue", "invention"])
def test_the_subject_is_recalled_at_each_entry(form: str) -> None:
    subject = "C4 D4:1/2 E4:1/2 F4 E4 | D4:2 E4:2 | G4 F4 E4 D4 | C4:4"
    answer = "-:8 G3 A3:1/2 B3:1/2 C4 B3 | A3:2 C4:2"
    piece = replace(piece_of(subject, answer), form=form)
    found = measure(piece)["subject_entries"]
    assert found.value == 2
    assert [(place.bar, place.parts) for place in found.places] == [(1, (0,)), (3, (1,))]


def test_only_forms_built_on_imitation_have_a_subject() -> None:
    assert math.isnan(value_of("subject_entries", MOTIF * 4, ANSWER))
